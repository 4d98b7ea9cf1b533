import type { RecordingUuid } from './id.js';

/** One valid row of a source's list. */
export interface Recording {
  readonly uuid: RecordingUuid;
  /** As the list gives it. Only `available` and `processing` have a meaning; others are remembered and make no event. */
  readonly status: string;
  readonly roomId: string | null;
  readonly meetingId: string | null;
  readonly createdAt: string | null;
  /** A credential with a short life: never stored, never logged. */
  readonly url: string | null;
}

/** What is remembered of a recording, for ever: forgetting one would announce it again. */
export interface RecordingState {
  readonly status: string;
  readonly roomId: string | null;
  readonly meetingId: string | null;
  readonly createdAt: string | null;
  readonly firstSeenAtMs: number;
  /** How often it has become available, a first sight counting as one, announced or not. */
  readonly availableCount: number;
  /** When it last became available by our clock. */
  readonly availableAtMs: number | null;
  /** How often it has gone into processing, a first sight counting as one. */
  readonly processingCount: number;
  /** When its last spell in processing was first seen, whether it is over or not. */
  readonly processingSinceMs: number | null;
  /** Whether this spell has been told as stuck. */
  readonly stuckTold: boolean;
  /** Seen by a first poll that announces once it is complete. */
  readonly awaitsAnnouncement: boolean;
}
