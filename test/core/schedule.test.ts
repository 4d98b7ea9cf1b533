import { backoffMs } from '../../src/core/schedule.js';

test.each([
  { name: 'the first', failures: 1, random: 0, want: 10_000 },
  { name: 'the first with half the jitter', failures: 1, random: 0.5, want: 11_000 },
  { name: 'whole milliseconds', failures: 1, random: 0.123_456, want: 10_247 },
  { name: 'the second', failures: 2, random: 0, want: 20_000 },
  { name: 'the fifth', failures: 5, random: 0, want: 160_000 },
  { name: 'the fifth with all the jitter', failures: 5, random: 0.999_999_9, want: 192_000 },
  { name: 'the sixth', failures: 6, random: 0, want: 300_000 },
  { name: 'no jitter goes over five minutes', failures: 6, random: 0.9, want: 300_000 },
  { name: 'after a year of failures', failures: 1e6, random: 0, want: 300_000 },
])('backoffMs: $name', ({ failures, random, want }) => {
  expect(backoffMs(failures, random)).toBe(want);
});
