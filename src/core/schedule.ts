const FIRST_MS = 10_000;
const LONGEST_MS = 300_000;
const JITTER_RATIO = 0.2;

/**
 * When to try again what failed without being anybody's fault that a schedule should count: a poll, or the fetch of a URL.
 *
 * @param failures failures in a row, 1 or more
 * @param random   number in [0, 1)
 * @returns 10 s, doubling, to 5 min at most
 */
export function backoffMs(failures: number, random: number): number {
  const plannedMs = FIRST_MS * 2 ** Math.min(failures - 1, 10);
  return Math.min(LONGEST_MS, Math.round(plannedMs * (1 + JITTER_RATIO * random)));
}
