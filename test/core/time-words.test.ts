import { timeFromNow } from '../../src/core/time-words.js';

const NOW_MS = 1_800_000_000_000;
const MINUTE_MS = 60_000;

test.each([
  { name: 'at this moment', away: 0, want: 'now' },
  { name: 'less than a second ahead', away: 999, want: 'now' },
  { name: 'less than a second ago', away: -999, want: 'now' },
  { name: 'one second', away: 1_000, want: 'in 1 second' },
  { name: 'seconds up to two minutes', away: -119_999, want: '119 seconds ago' },
  { name: 'two minutes', away: 2 * MINUTE_MS, want: 'in 2 minutes' },
  { name: 'minutes up to two hours', away: 120 * MINUTE_MS - 1, want: 'in 119 minutes' },
  { name: 'hours up to two days', away: -47 * 60 * MINUTE_MS, want: '47 hours ago' },
  { name: 'days, rounded down', away: 4 * 24 * 60 * MINUTE_MS - 1, want: 'in 3 days' },
])('timeFromNow: $name', ({ away, want }) => {
  expect(timeFromNow(NOW_MS + away, NOW_MS)).toBe(want);
});
