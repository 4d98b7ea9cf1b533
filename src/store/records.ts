import type { Pause } from '../core/pause.js';
import type { RecordingState } from '../core/recording.js';
import type { Json, ListEnds } from '../ports.js';
import { StoreError } from './errors.js';
import { keys, parsePauseKey } from './keys.js';
import { packFlag, packTime, Row } from './row.js';

/**
 * What is stored under the keys of `keys.ts`: for each kind of record one pair of functions. A record is a list whose first element is
 * its version, since names of fields would be most of its bytes; a changed record gets a new version and a decoder for the old one.
 */

const RECORDING_VERSION = 1;

export function encodeRecording(state: RecordingState): Json {
  return [
    RECORDING_VERSION,
    state.status,
    state.roomId,
    state.meetingId,
    packTime(state.createdAt),
    state.firstSeenAtMs,
    state.availableCount,
    state.availableAtMs,
    state.processingCount,
    state.processingSinceMs,
    packFlag(state.stuckTold),
    packFlag(state.awaitsAnnouncement),
  ];
}

/** Of a record that says available and waits for nothing. */
export const SETTLED_ENDS: ListEnds = { first: [RECORDING_VERSION, 'available'], last: packFlag(false) };

export function decodeRecording(key: string, value: Json): RecordingState {
  const row = new Row(key, value, RECORDING_VERSION);
  const state: RecordingState = {
    status: row.text(),
    roomId: row.textOrNull(),
    meetingId: row.textOrNull(),
    createdAt: row.time(),
    firstSeenAtMs: row.count(),
    availableCount: row.count(),
    availableAtMs: row.countOrNull(),
    processingCount: row.count(),
    processingSinceMs: row.countOrNull(),
    stuckTold: row.flag(),
    awaitsAnnouncement: row.flag(),
  };
  row.end();
  return state;
}

const PAUSE_VERSION = 1;

export function encodePause({ sinceMs }: Pause): Json {
  return [PAUSE_VERSION, sinceMs];
}

export function decodePause(key: string, value: Json): Pause {
  const of = parsePauseKey(key);
  if (of === undefined) throw new StoreError('decode', key, 'no pause has such a key');
  const row = new Row(key, value, PAUSE_VERSION);
  const pause: Pause = { ...of, sinceMs: row.count() };
  row.end();
  return pause;
}

/** Who writes to the store. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
  readonly sinceMs: number;
  /** When it let go of the store; undefined: it has it still, or died with it. */
  readonly endedAtMs?: number | undefined;
}

const OWNER_VERSION = 1;

export function encodeOwner({ host, pid, sinceMs, endedAtMs }: Owner): Json {
  return [OWNER_VERSION, host, pid, sinceMs, ...(endedAtMs === undefined ? [] : [endedAtMs])];
}

export function decodeOwner(value: Json): Owner {
  const row = new Row(keys.owner, value, OWNER_VERSION);
  const owner: Owner = { host: row.text(), pid: row.count(), sinceMs: row.count() };
  const endedAtMs = row.isAtEnd ? undefined : row.count();
  row.end();
  return endedAtMs === undefined ? owner : { ...owner, endedAtMs };
}

/** The store's own record. Every version of the program must be able to read every other's, so it has names and may grow. */
export interface Meta {
  /** Of the store as a whole. */
  readonly version: number;
  readonly createdAtMs: number;
  /** It is on its way to its version: what it has reached so far, and where the copy of what it was is. */
  readonly migration?: { readonly from: number; readonly copy: string } | undefined;
}

export function encodeMeta({ version, createdAtMs, migration }: Meta): Json {
  return migration === undefined ? { version, createdAtMs } : { version, createdAtMs, migration };
}

export function decodeMeta(value: Json): Meta {
  const { version, createdAtMs, migration } = (value ?? {}) as Partial<Record<keyof Meta, Json>>;
  if (!isWhole(version) || version < 1) throw new StoreError('decode', keys.meta, 'it names no version of the store');
  if (!isWhole(createdAtMs)) throw new StoreError('decode', keys.meta, 'it does not say when the store was made');
  if (migration === undefined) return { version, createdAtMs };
  const { from, copy } = (migration ?? {}) as { readonly from?: Json; readonly copy?: Json };
  if (!isWhole(from) || from < 1 || typeof copy !== 'string')
    throw new StoreError('decode', keys.meta, 'it does not say how far its migration is');
  return { version, createdAtMs, migration: { from, copy } };
}

function isWhole(field: Json | undefined): field is number {
  return Number.isSafeInteger(field);
}
