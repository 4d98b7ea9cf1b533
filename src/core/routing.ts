import { type EventType, isRecordingEvent, isRecordingEventType, type StoredEvent } from './event.js';

/** Globs of the recordings that a sink wants: all keys given must match, any glob of a list. */
export interface Only {
  readonly sources?: readonly string[] | undefined;
  readonly rooms?: readonly string[] | undefined;
  readonly meetings?: readonly string[] | undefined;
}

/** What decides whether a sink gets an event. */
export interface Route {
  readonly events: readonly EventType[];
  readonly only: Only;
}

/** Rooms and meetings are for recordings alone; an event without a source, of a sink, is nobody's by its source and kept from nobody. */
export function wants(route: Route, event: StoredEvent): boolean {
  return mismatchOf(route, event) === undefined;
}

/** The key of a sink that keeps an event from it. */
export interface Mismatch {
  readonly key: 'events' | 'only.sources' | 'only.rooms' | 'only.meetings';
  /** What the event has; null for a room or a meeting that is missing. */
  readonly found: string | null;
  readonly wanted: readonly string[];
}

/** What decides about an event, as far as it is known: null is for what it has not, undefined for what nobody has said. */
export interface Subject {
  readonly type: EventType;
  readonly source: string | null | undefined;
  readonly room: string | null | undefined;
  readonly meeting: string | null | undefined;
}

/** What one key says of an event. */
export interface Verdict extends Pick<Mismatch, 'key'> {
  readonly found: string | null | undefined;
  /** Undefined: the sink does not have the key, and takes any. */
  readonly wanted: readonly string[] | undefined;
  /** Undefined: it depends on what is not known. */
  readonly fits: boolean | undefined;
}

/** Why a sink does not get an event: the first key that does not match. Undefined when it gets it. */
export function mismatchOf(route: Route, event: StoredEvent): Mismatch | undefined {
  const { roomId = null, meetingId = null } = isRecordingEvent(event) ? event.data.recording : {};
  const subject = { type: event.type, source: event.source, room: roomId, meeting: meetingId };
  const first = verdictsOf(route, subject).find(({ fits }) => fits === false);
  return first && { key: first.key, found: first.found ?? null, wanted: first.wanted ?? [] };
}

/** What each key says that applies to events of the type. */
export function verdictsOf({ events, only }: Route, { type, source, room, meeting }: Subject): readonly Verdict[] {
  return [
    { key: 'events', found: type, wanted: events, fits: events.includes(type) },
    ...(source === null ? [] : [globVerdict('sources', only, source)]),
    ...(isRecordingEventType(type) ? [globVerdict('rooms', only, room), globVerdict('meetings', only, meeting)] : []),
  ];
}

function globVerdict(key: keyof Only, only: Only, found: string | null | undefined): Verdict {
  const globs = only[key];
  return { key: `only.${key}`, found, wanted: globs, fits: fitsAny(globs, found) };
}

function fitsAny(globs: readonly string[] | undefined, text: string | null | undefined): boolean | undefined {
  if (globs === undefined) return true;
  return text === undefined ? undefined : globs.some((glob) => fitsGlob(glob, text));
}

/** @param text null for a room or a meeting that is missing, which only `*` takes */
export function fitsGlob(glob: string, text: string | null): boolean {
  return text === null ? glob === '*' : matchesGlob(glob, text);
}

/**
 * `*` any characters, `/` too · `?` one character · `\` takes the next one literally · nothing else; case counts.
 *
 * Walks both texts once and goes back to the last `*` only, so that no room's name makes it slow.
 */
export function matchesGlob(glob: string, text: string): boolean {
  const pattern = tokens(glob);
  const characters = [...text];
  let at = 0;
  let patternAt = 0;
  let afterStar = -1;
  let starCovers = 0;
  while (at < characters.length) {
    const token = pattern[patternAt];
    if (token?.kind === 'any') {
      patternAt += 1;
      afterStar = patternAt;
      starCovers = at;
    } else if (token !== undefined && (token.kind === 'one' || token.character === characters[at])) {
      patternAt += 1;
      at += 1;
    } else if (afterStar >= 0) {
      starCovers += 1;
      at = starCovers;
      patternAt = afterStar;
    } else {
      return false;
    }
  }
  return pattern.slice(patternAt).every((token) => token.kind === 'any');
}

type GlobToken =
  | { readonly kind: 'any' }
  | { readonly kind: 'one' }
  | { readonly kind: 'literal'; readonly character: string };

function tokens(glob: string): GlobToken[] {
  const result: GlobToken[] = [];
  let escaped = false;
  for (const character of glob) {
    if (!escaped && character === '\\') {
      escaped = true;
      continue;
    }
    if (!escaped && character === '*') result.push({ kind: 'any' });
    else if (!escaped && character === '?') result.push({ kind: 'one' });
    else result.push({ kind: 'literal', character });
    escaped = false;
  }
  if (escaped) result.push({ kind: 'literal', character: '\\' });
  return result;
}
