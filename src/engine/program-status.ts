import type { Pause } from '../core/pause.js';
import type { SinkState } from '../core/suspension.js';
import type { PolledSource } from './polled-source.js';
import type { SourceSchedule } from './scheduler.js';

/** How the program stands, from memory. Times are wall clock. */
export interface ProgramStatus {
  readonly sources: readonly SourceStatus[];
  /** Of the sinks that are enabled. */
  readonly lanes: readonly SinkStatus[];
  /** What a person keeps still; also what the config does not have any more. */
  readonly pauses: readonly Pause[];
  /** Deliveries of other sinks, by their names. */
  readonly parked: ReadonlyMap<string, number>;
  /** Deliveries that wait for a decision, by the source of their events. */
  readonly held: ReadonlyMap<string | null, number>;
  /** For how long the store has taken nothing; undefined while it does. */
  readonly storeFailsForMs: number | undefined;
  readonly config: ConfigStatus;
}

/** The config that is in use. */
export interface ConfigStatus {
  readonly loadedAtMs: number;
  /** The last reload, where it did not put another one in its place. */
  readonly refused: RefusedReload | null;
}

export interface RefusedReload {
  readonly atMs: number;
  /** `failed`: the config has none, and could not be put in place. */
  readonly kind: 'mistakes' | 'failed';
  /** Mistakes that it has. */
  readonly count: number;
  /** The first of them, each with its place; none holds a secret. */
  readonly problems: readonly string[];
}

export interface SourceStatus {
  readonly name: string;
  readonly isPolling: boolean;
  /** Null: not scheduled. */
  readonly nextPollAtMs: number | null;
  /** For how long polls have been made without one that was complete. */
  readonly overdueMs: number;
  /** For five minutes or more. */
  readonly isOverdue: boolean;
  /** Null: nothing says so. */
  readonly credentialExpiresAtMs: number | null;
  /** That it fails, as operators are told of it; null while it works. */
  readonly failing: FailingNote | null;
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

/** A sink that is enabled, as {@link LaneStatus}, and whether it fails. */
export interface SinkStatus extends LaneStatus {
  readonly failing: FailingNote | null;
}

/** It outlasts the process. */
export interface FailingNote {
  /** Of the first failure of the series. */
  readonly sinceMs: number;
  /** Of the latest one that this process or the one before it has stored. */
  readonly reason: string;
  readonly message: string;
}

/** Counted from the start of the process at the earliest. */
const OVERDUE_MS = 5 * 60_000;

export function sourceStatusOf(
  { config, source }: PolledSource,
  { isPolling, nextPollAtMs, overdueMs }: SourceSchedule,
  failing: FailingNote | null,
): SourceStatus {
  const { credentialExpiresAtMs } = source;
  const isOverdue = overdueMs >= OVERDUE_MS;
  return { name: config.name, isPolling, nextPollAtMs, overdueMs, isOverdue, credentialExpiresAtMs, failing };
}

/** Why it is not ready, in words; empty when it is. */
export function reasonsNotReady({
  sources,
  storeFailsForMs,
}: Pick<ProgramStatus, 'sources' | 'storeFailsForMs'>): readonly string[] {
  const store =
    storeFailsForMs === undefined ? [] : [`the store has taken nothing for ${secondsOf(storeFailsForMs)} s`];
  const overdue = sources.filter((source) => source.isOverdue);
  return [
    ...store,
    ...overdue.map(({ name, overdueMs }) => `source ${name}: no poll was complete for ${secondsOf(overdueMs)} s`),
  ];
}

function secondsOf(ms: number): number {
  return Math.round(ms / 1_000);
}
