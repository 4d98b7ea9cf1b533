import type { AlarmRecord } from '../core/alarm-record.js';
import type { DeliveryId, RecordingUuid } from '../core/id.js';
import type { Pausable } from '../core/pause.js';

/**
 * The keys of the store, one place for all of them. Names of sources and sinks and ids hold neither `/` nor `%`; a uuid may hold
 * anything and comes last, encoded, so that every key is printable ASCII: no store has to agree with JavaScript about NUL, half
 * surrogates, collation or the order of characters.
 */
export const keys = {
  /** The version of the store; also the sentinel that proves that a read was answered. */
  meta: 'meta',
  /** Who owns the store. */
  owner: 'owner',
  recording: (source: string, uuid: RecordingUuid) => `${prefixes.recordingsOf(source)}${encodeUuid(uuid)}`,
  source: (name: string) => `${prefixes.sources}${name}`,
  walk: (source: string) => `${prefixes.walks}${source}`,
  pending: (id: DeliveryId) => `${prefixes.pending}${id}`,
  finished: (id: DeliveryId) => `${prefixes.finished}${id}`,
  sink: (name: string) => `${prefixes.sinks}${name}`,
  alarm: (kind: AlarmRecord['kind'], name: string) => `${prefixes.alarms}${kind}/${name}`,
  paused: ({ kind, name }: Pausable) => `${prefixes.pauses}${kind}/${name}`,
  request: (slot: number) => `${prefixes.requests}${slot}`,
  answer: (slot: number) => `${prefixes.answers}${slot}`,
} as const;

/** What to scan for. None is the beginning of another. */
export const prefixes = {
  recordings: 'rec/',
  recordingsOf: (source: string) => `${prefixes.recordings}${source}/`,
  sources: 'src/',
  walks: 'walk/',
  pending: 'out/',
  finished: 'fin/',
  sinks: 'sink/',
  alarms: 'alarm/',
  pauses: 'pause/',
  requests: 'req/',
  answers: 'ans/',
} as const;

/** The reverse of `keys.recording`; undefined for a key of something else. */
export function parseRecordingKey(key: string): { readonly source: string; readonly uuid: RecordingUuid } | undefined {
  const match = /^rec\/([^/]+)\/(.+)$/.exec(key);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { source: match[1], uuid: decodeUuid(match[2]) };
}

/** The reverse of `keys.alarm`; undefined for a key of something else. */
export function parseAlarmKey(key: string): { readonly kind: AlarmRecord['kind']; readonly name: string } | undefined {
  const match = /^alarm\/(source|expiry|sink|dead)\/([^/]+)$/.exec(key);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { kind: match[1] as AlarmRecord['kind'], name: match[2] };
}

/** The reverse of `keys.paused`; undefined for a key of something else. */
export function parsePauseKey(key: string): Pausable | undefined {
  const match = /^pause\/(sink|source)\/([^/]+)$/.exec(key);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { kind: match[1] as Pausable['kind'], name: match[2] };
}

/** `%` and four hex digits for each UTF-16 unit outside of printable ASCII, and for `%` itself. */
function encodeUuid(uuid: RecordingUuid): string {
  return uuid.replace(/[^ -$&-~]/g, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function decodeUuid(text: string): RecordingUuid {
  return text.replace(/%([0-9a-f]{4})/g, (_, digits) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  ) as RecordingUuid;
}
