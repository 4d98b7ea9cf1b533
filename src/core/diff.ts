import type { ListedEventType } from './event.js';
import type { RecordingUuid } from './id.js';
import type { Recording, RecordingState } from './recording.js';

/**
 * What a poll counts as. `first`: up to and including the first complete one · `new-scope`: the source lists something else than
 * before, so it is a first poll for recordings that are not remembered · `normal`: every change is told.
 */
export type PollPhase = 'first' | 'new-scope' | 'normal';

export interface DiffPolicy {
  readonly phase: PollPhase;
  /** What a first poll sees is announced once it is complete, instead of only remembered. */
  readonly announceFirst: boolean;
  readonly stuckAfterMs: number;
}

/** A fact worth telling. */
export interface Change {
  readonly type: ListedEventType;
  readonly recording: Recording;
  readonly previousStatus: string | null;
  readonly occurrence: number;
}

export interface Difference {
  /** What to remember from now on; undefined when that is what is remembered already. */
  readonly state: RecordingState | undefined;
  readonly change: Change | undefined;
}

const UNCHANGED: Difference = { state: undefined, change: undefined };

/** What a row of the list means, given what is known of the recording. Absence is no news, so only rows come here. */
export function diff(
  known: RecordingState | undefined,
  seen: Recording,
  nowMs: number,
  policy: DiffPolicy,
): Difference {
  if (isFirstPollFor(known, policy.phase)) return remember(known, seen, nowMs, policy.announceFirst);
  if (known === undefined || known.status !== seen.status) return statusChanged(known, seen, nowMs);
  if (isStuck(known, nowMs, policy.stuckAfterMs)) return becameStuck(known, seen);
  return UNCHANGED;
}

/** A recording that a first poll remembered as available, to be announced now that the list has been seen whole. */
export function announceRemembered(
  uuid: RecordingUuid,
  remembered: RecordingState,
): { readonly state: RecordingState; readonly change: Change } {
  const { status, roomId, meetingId, createdAt, availableCount } = remembered;
  const recording = { uuid, status, roomId, meetingId, createdAt, url: null };
  return {
    state: { ...remembered, awaitsAnnouncement: false },
    change: { type: 'recording.available', recording, previousStatus: null, occurrence: availableCount },
  };
}

function isFirstPollFor(known: RecordingState | undefined, phase: PollPhase): boolean {
  if (phase === 'new-scope') return known === undefined || known.awaitsAnnouncement;
  return phase === 'first';
}

/** A first poll counts occurrences like any other, so that a recording's next one has the right number; it tells nothing. */
function remember(
  known: RecordingState | undefined,
  seen: Recording,
  nowMs: number,
  announceFirst: boolean,
): Difference {
  const awaitsAnnouncement = announceFirst && seen.status === 'available';
  if (known?.status === seen.status && known.awaitsAnnouncement === awaitsAnnouncement) return UNCHANGED;
  const state = known?.status === seen.status ? known : nextState(known, seen, nowMs);
  return { state: { ...state, awaitsAnnouncement }, change: undefined };
}

function statusChanged(known: RecordingState | undefined, seen: Recording, nowMs: number): Difference {
  const state = nextState(known, seen, nowMs);
  const previousStatus = known?.status ?? null;
  if (seen.status === 'available') {
    const occurrence = state.availableCount;
    return { state, change: { type: 'recording.available', recording: seen, previousStatus, occurrence } };
  }
  if (seen.status === 'processing') {
    const occurrence = state.processingCount;
    return { state, change: { type: 'recording.processing', recording: seen, previousStatus, occurrence } };
  }
  return { state, change: undefined };
}

function nextState(known: RecordingState | undefined, seen: Recording, nowMs: number): RecordingState {
  const becomesAvailable = seen.status === 'available';
  const goesIntoProcessing = seen.status === 'processing';
  return {
    status: seen.status,
    roomId: seen.roomId,
    meetingId: seen.meetingId,
    createdAt: seen.createdAt,
    firstSeenAtMs: known?.firstSeenAtMs ?? nowMs,
    availableCount: (known?.availableCount ?? 0) + (becomesAvailable ? 1 : 0),
    availableAtMs: becomesAvailable ? nowMs : (known?.availableAtMs ?? null),
    processingCount: (known?.processingCount ?? 0) + (goesIntoProcessing ? 1 : 0),
    processingSinceMs: goesIntoProcessing ? nowMs : (known?.processingSinceMs ?? null),
    stuckTold: false,
    awaitsAnnouncement: false,
  };
}

function isStuck(known: RecordingState, nowMs: number, stuckAfterMs: number): boolean {
  const { status, processingSinceMs, stuckTold } = known;
  if (status !== 'processing' || processingSinceMs === null || stuckTold) return false;
  return nowMs - processingSinceMs > stuckAfterMs;
}

function becameStuck(known: RecordingState, seen: Recording): Difference {
  return {
    state: { ...known, stuckTold: true },
    change: {
      type: 'recording.stuck',
      recording: seen,
      previousStatus: known.status,
      occurrence: known.processingCount,
    },
  };
}
