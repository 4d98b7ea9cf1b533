import type { FailureReason } from './failure.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TRIAL_DELAYS_MS = [HOUR_MS, 6 * HOUR_MS] as const;
/** What our own operator mends, mostly at once, and what costs nobody anything to try. */
const TRIED_OFTEN: readonly FailureReason[] = [
  'archive_full',
  'archive_refused',
  'file_full',
  'file_refused',
  'program_unusable',
];
const OFTEN_MS = 10 * 60_000;
/** Between the later trials; no wait for one is longer. */
export const TRIAL_DELAY_MS_MAX = DAY_MS;

/** How long a delivery waits for a sink that gets nothing, before it is given up. */
const WAITS_FOR_SINK_MS_MAX = 30 * DAY_MS;

/** Reasons that no time heals: the receiver said that it wants no more, and only a person changes that. */
const NOT_TRIED_BY_TIME: readonly FailureReason[] = ['gone', 'disabled_by_receiver'];

export interface Suspension {
  readonly reason: FailureReason;
  readonly detail: string;
  readonly sinceMs: number;
  readonly trials: number;
  /** null: not by time. */
  readonly nextTrialAtMs: number | null;
}

/** What is remembered of a sink. */
export interface SinkState {
  readonly suspension: Suspension | null;
  /** The receiver asked for a pause of everything. */
  readonly pausedUntilMs: number | null;
  /** The config has it no longer, or with `enabled: false`. */
  readonly inactive: { readonly why: 'disabled' | 'removed'; readonly sinceMs: number } | null;
}

export const SINK_WORKS: SinkState = { suspension: null, pausedUntilMs: null, inactive: null };

/** A sink that says "never again", or a trial of it that failed. */
export function suspend(known: Suspension | null, reason: FailureReason, detail: string, nowMs: number): Suspension {
  const trials = known === null ? 0 : known.trials + 1;
  // A trial may fail for another reason (a 500 where a 410 was): what the receiver said first still stands.
  const cause = known === null ? reason : lasting(known.reason, reason);
  const delayMs = TRIED_OFTEN.includes(cause) ? OFTEN_MS : (TRIAL_DELAYS_MS[trials] ?? TRIAL_DELAY_MS_MAX);
  return {
    reason: cause,
    detail: cause === reason ? detail : (known?.detail ?? detail),
    sinceMs: known?.sinceMs ?? nowMs,
    trials,
    nextTrialAtMs: NOT_TRIED_BY_TIME.includes(cause) ? null : nowMs + delayMs,
  };
}

function lasting(first: FailureReason, latest: FailureReason): FailureReason {
  return NOT_TRIED_BY_TIME.includes(latest) ? latest : first;
}

/**
 * Why a delivery of this sink is given up, if it has waited for too long for a sink that gets nothing.
 *
 * @param dueAtMs when it would have gone; one that was made long ago and is redelivered waits since then only
 */
export function waitedTooLong(sink: SinkState, dueAtMs: number, nowMs: number): FailureReason | undefined {
  const waits = waitOf(sink);
  if (waits === undefined) return undefined;
  return nowMs - Math.max(dueAtMs, waits.sinceMs) >= WAITS_FOR_SINK_MS_MAX ? waits.reason : undefined;
}

function waitOf({ inactive, suspension }: SinkState): { sinceMs: number; reason: FailureReason } | undefined {
  if (inactive?.why === 'removed') return { sinceMs: inactive.sinceMs, reason: 'sink_removed' };
  if (inactive?.why === 'disabled') return { sinceMs: inactive.sinceMs, reason: 'sink_disabled' };
  if (suspension !== null) return { sinceMs: suspension.sinceMs, reason: 'sink_suspended' };
  return undefined;
}
