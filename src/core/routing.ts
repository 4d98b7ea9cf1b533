import { type EventType, isRecordingEvent, type StoredEvent } from './event.js';

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

/** Why a sink does not get an event: the first key that does not match. Undefined when it gets it. */
export function mismatchOf({ events, only }: Route, event: StoredEvent): Mismatch | undefined {
  if (!events.includes(event.type)) return { key: 'events', found: event.type, wanted: events };
  if (event.source !== null && !matchesAny(only.sources, event.source))
    return globMismatch('sources', event.source, only);
  if (!isRecordingEvent(event)) return undefined;
  const { roomId, meetingId } = event.data.recording;
  if (!matchesAny(only.rooms, roomId)) return globMismatch('rooms', roomId, only);
  return matchesAny(only.meetings, meetingId) ? undefined : globMismatch('meetings', meetingId, only);
}

function globMismatch(key: keyof Only, found: string | null, only: Only): Mismatch {
  return { key: `only.${key}`, found, wanted: only[key] ?? [] };
}

function matchesAny(globs: readonly string[] | undefined, text: string | null): boolean {
  if (globs === undefined) return true;
  return globs.some((glob) => (text === null ? glob === '*' : matchesGlob(glob, text)));
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
