import { parseRetryAfter } from '../../src/core/retry-after.js';

const NOW_MS = Date.parse('2024-05-13T17:14:00.000Z');

test.each([
  { name: 'no header', value: undefined, want: undefined },
  { name: 'empty', value: '', want: undefined },
  { name: 'seconds', value: '120', want: 120_000 },
  { name: 'zero', value: '0', want: 0 },
  { name: 'a day exactly', value: '86400', want: 86_400_000 },
  { name: 'more than a day counts as a day', value: '86401', want: 86_400_000 },
  { name: 'more digits than a number holds', value: '9'.repeat(400), want: 86_400_000 },
  { name: 'negative', value: '-5', want: undefined },
  { name: 'fraction', value: '1.5', want: undefined },
  { name: 'exponent', value: '1e3', want: undefined },
  { name: 'hexadecimal', value: '0x10', want: undefined },
  { name: 'spaces around', value: ' 5 ', want: undefined },
  { name: 'two headers joined', value: '120, 120', want: undefined },
  { name: 'with a unit', value: '30s', want: undefined },
  { name: 'date', value: 'Mon, 13 May 2024 17:15:30 GMT', want: 90_000 },
  { name: 'date that is over', value: 'Mon, 13 May 2024 17:00:00 GMT', want: 0 },
  { name: 'date in a year', value: 'Tue, 13 May 2025 17:14:00 GMT', want: 86_400_000 },
  { name: 'date that is none', value: 'Mon, 13 May 2024 99:99:99 GMT', want: undefined },
  { name: 'date without GMT', value: 'Mon, 13 May 2024 17:15:30', want: undefined },
  { name: 'date with text before it', value: 'x Mon, 13 May 2024 17:15:30 GMT', want: undefined },
  { name: 'date with text after it', value: 'Mon, 13 May 2024 17:15:30 GMT+1', want: undefined },
  { name: 'ISO date', value: '2024-05-13T17:15:30Z', want: undefined },
  { name: 'year alone', value: 'year 2024', want: undefined },
  { name: 'RFC 850 date', value: 'Monday, 13-May-24 17:15:30 GMT', want: undefined },
])('parseRetryAfter: $name', ({ value, want }) => {
  expect(parseRetryAfter(value, NOW_MS)).toBe(want);
});
