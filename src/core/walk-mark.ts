import type { RecordingUuid } from './id.js';

/** What is remembered of the walks through a source's list, so that a poll need not read all of it. */
export interface WalkMark {
  /** What the source listed; a mark of another list says nothing. */
  readonly scope: string;
  /** A walk has written and not come to its end: what it had not reached may be news below what is known. */
  readonly isOpen: boolean;
  /** Recordings in the list, as it said at the end of the last walk that ended well; null: it does not say. */
  readonly total: number | null;
  /** Of those, how many were available. */
  readonly available: number;
  /** When a walk went through all of it last, wall clock. */
  readonly fullAtMs: number;
  /** In processing and not told as stuck: their end is waited for. */
  readonly awaited: readonly Awaited[];
}

export interface Awaited {
  readonly uuid: RecordingUuid;
  /** Null: it cannot be asked for by that. */
  readonly meetingId: string | null;
}

/** More are not kept by name: then only full walks look, which see all of them. */
export const AWAITED_MAX = 1_000;
