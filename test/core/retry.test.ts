import { longestDelayMs, type RetryPolicy, retryDelayMs } from '../../src/core/retry.js';

const DAY_MS = 86_400_000;
const policy: RetryPolicy = { delaysMs: [5_000, 60_000, 300_000], jitterRatio: 0.2 };

test.each([
  { name: 'first retry, no jitter', made: 1, random: 0, after: undefined, want: 5_000 },
  { name: 'second retry', made: 2, random: 0, after: undefined, want: 60_000 },
  { name: 'last retry', made: 3, random: 0, after: undefined, want: 300_000 },
  { name: 'policy spent', made: 4, random: 0.5, after: undefined, want: undefined },
  { name: 'policy spent, whatever the receiver asks', made: 4, random: 0, after: 8_000, want: undefined },
  { name: 'half the jitter', made: 1, random: 0.5, after: undefined, want: 5_500 },
  { name: 'whole milliseconds', made: 1, random: 0.123_45, after: undefined, want: 5_123 },
  { name: 'nearly all the jitter', made: 1, random: 0.999_999_9, after: undefined, want: 6_000 },
  { name: 'Retry-After lengthens', made: 1, random: 0, after: 8_000, want: 8_000 },
  { name: 'Retry-After cannot shorten', made: 1, random: 0, after: 1_000, want: 5_000 },
  { name: 'Retry-After of nothing', made: 1, random: 0, after: 0, want: 5_000 },
  { name: 'jitter lengthens what the receiver asks', made: 1, random: 0.5, after: 8_000, want: 8_800 },
  { name: 'a day is what the receiver may ask', made: 1, random: 0, after: DAY_MS, want: DAY_MS },
  { name: 'more than a day counts as a day', made: 1, random: 0, after: DAY_MS + 1, want: DAY_MS },
])('retryDelayMs: $name', ({ made, random, after, want }) => {
  expect(retryDelayMs(policy, made, random, after)).toBe(want);
});

test('retryDelayMs: a plan longer than a day is not cut by Retry-After', () => {
  expect(retryDelayMs({ delaysMs: [2 * DAY_MS], jitterRatio: 0 }, 1, 0, DAY_MS)).toBe(2 * DAY_MS);
});

test('retryDelayMs: a plan of no wait is none', () => {
  expect(retryDelayMs({ delaysMs: [0], jitterRatio: 0.2 }, 1, 0.5)).toBe(0);
});

test('retryDelayMs: without retries the first attempt is the only one', () => {
  expect(retryDelayMs({ delaysMs: [], jitterRatio: 0.2 }, 1, 0)).toBeUndefined();
});

test('retryDelayMs: the default schedule takes eleven attempts and 75.6 hours', () => {
  const hours = [5 / 3_600, 1 / 60, 5 / 60, 0.5, 2, 5, 10, 14, 20, 24];
  const defaults = { delaysMs: hours.map((hour) => hour * 3_600_000), jitterRatio: 0 };
  let waitedMs = 0;
  let attempts = 1;
  for (let delay = retryDelayMs(defaults, 1, 0); delay !== undefined; delay = retryDelayMs(defaults, attempts, 0)) {
    waitedMs += delay;
    attempts += 1;
  }
  expect(attempts).toBe(11);
  expect((waitedMs / 3_600_000).toFixed(1)).toBe('75.6');
});

test.each([
  { name: 'a receiver may ask for a day', delaysMs: [5_000], jitterRatio: 0, want: DAY_MS },
  { name: 'with the jitter', delaysMs: [5_000], jitterRatio: 0.2, want: 1.2 * DAY_MS },
  { name: 'a plan of days is longer', delaysMs: [5_000, 3 * DAY_MS, 60_000], jitterRatio: 0.5, want: 4.5 * DAY_MS },
  { name: 'without retries', delaysMs: [], jitterRatio: 0, want: DAY_MS },
  { name: 'whole milliseconds', delaysMs: [], jitterRatio: 1e-9, want: DAY_MS },
])('longestDelayMs: $name', ({ delaysMs, jitterRatio, want }) => {
  expect(longestDelayMs({ delaysMs, jitterRatio })).toBe(want);
});
