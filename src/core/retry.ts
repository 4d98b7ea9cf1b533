import { RETRY_AFTER_MS_MAX } from './retry-after.js';

export interface RetryPolicy {
  /** Waits between the end of an attempt and the next; as many as there are retries. */
  readonly delaysMs: readonly number[];
  /** Lengthens a wait by up to this share, never shortens it. */
  readonly jitterRatio: number;
}

/**
 * How long to wait before the next attempt, or undefined when the policy is spent.
 *
 * A receiver's Retry-After may lengthen a wait, never shorten it; more than a day counts as a day.
 *
 * @param attemptsMade attempts of this schedule already finished, 1 or more
 * @param random       number in [0, 1)
 * @param retryAfterMs what the receiver asked for, in milliseconds
 * @returns whole milliseconds, at least 0
 * @see Standard Webhooks 1.0, "Deliverability and reliability"
 */
export function retryDelayMs(
  policy: RetryPolicy,
  attemptsMade: number,
  random: number,
  retryAfterMs = 0,
): number | undefined {
  const plannedMs = policy.delaysMs[attemptsMade - 1];
  if (plannedMs === undefined) return undefined;
  const askedMs = Math.min(retryAfterMs, RETRY_AFTER_MS_MAX);
  return Math.round(Math.max(plannedMs, askedMs) * (1 + policy.jitterRatio * random));
}

/** The longest wait that {@link retryDelayMs} can plan: a longer one found in the store means that the clock went back. */
export function longestDelayMs(policy: RetryPolicy): number {
  return Math.round(Math.max(RETRY_AFTER_MS_MAX, ...policy.delaysMs) * (1 + policy.jitterRatio));
}
