/** A longer wait than a day counts as a day. */
export const RETRY_AFTER_MS_MAX = 86_400_000;

const SECONDS = /^\d+$/;
const IMF_FIXDATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * How long a `Retry-After` header asks us to wait, or undefined when it says nothing that can be trusted.
 *
 * Only whole seconds and an IMF-fixdate count: `Date.parse('120')` is the year 120 and `Number('')` is 0.
 *
 * @returns whole milliseconds from 0 (a date that is over) to a day
 * @see RFC 9110, 10.2.3 and 5.6.7
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (SECONDS.test(value)) return bounded(Number(value) * 1_000);
  if (!IMF_FIXDATE.test(value)) return undefined;
  const dateMs = Date.parse(value);
  return Number.isNaN(dateMs) ? undefined : bounded(dateMs - nowMs);
}

function bounded(waitMs: number): number {
  return Math.min(Math.max(Math.ceil(waitMs), 0), RETRY_AFTER_MS_MAX);
}
