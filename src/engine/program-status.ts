import type { Pause } from '../core/pause.js';
import type { SinkState } from '../core/suspension.js';

/** How the program stands, from memory. Times are wall clock. */
export interface ProgramStatus {
  readonly sources: readonly SourceStatus[];
  /** Of the sinks that are enabled. */
  readonly lanes: readonly LaneStatus[];
  /** What a person keeps still; also what the config does not have any more. */
  readonly pauses: readonly Pause[];
  /** Deliveries of other sinks, by their names. */
  readonly parked: ReadonlyMap<string, number>;
  /** Deliveries that wait for a decision, by the source of their events. */
  readonly held: ReadonlyMap<string | null, number>;
  /** For how long the store has taken nothing; undefined while it does. */
  readonly storeFailsForMs: number | undefined;
}

export interface SourceStatus {
  readonly name: string;
  readonly isPolling: boolean;
  /** Null: not scheduled. */
  readonly nextPollAtMs: number | null;
  /** For how long polls have been made without one that was complete. */
  readonly overdueMs: number;
  /** Null: nothing says so. */
  readonly credentialExpiresAtMs: number | null;
}

export interface LaneStatus {
  readonly sink: string;
  readonly waiting: number;
  readonly inFlight: number;
  /** When something is tried next, wall clock; null while nothing is planned. */
  readonly nextAttemptAtMs: number | null;
  readonly state: SinkState;
  /** A person keeps it still. */
  readonly pausedSinceMs: number | null;
}
