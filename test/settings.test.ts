import type { z } from 'zod';
import {
  boolean,
  duration,
  formatDuration,
  httpUrl,
  instant,
  integer,
  number,
  parseDuration,
  secret,
} from '../src/settings.js';

test.each([
  { name: 'seconds', text: '30s', want: { ms: 30_000 } },
  { name: 'a fraction', text: '1.5h', want: { ms: 5_400_000 } },
  { name: 'milliseconds', text: '250ms', want: { ms: 250 } },
  { name: 'blanks around it', text: ' 2d ', want: { ms: 172_800_000 } },
  { name: 'zero', text: '0s', want: { ms: 0 } },
  { name: 'a bare number', text: '30', want: { problem: '"30" has no unit; write 30s' } },
  {
    name: 'another unit',
    text: '2w',
    want: { problem: '"2w" is not a duration; write a number and one of ms, s, m, h, d, such as 30s' },
  },
  {
    name: 'below zero',
    text: '-1s',
    want: { problem: '"-1s" is not a duration; write a number and one of ms, s, m, h, d, such as 30s' },
  },
  {
    name: 'more than a life',
    text: '36501d',
    want: { problem: '"36501d" is longer than a hundred years; write a shorter one' },
  },
])('parseDuration: $name', ({ text, want }) => {
  expect(parseDuration(text)).toEqual(want);
});

test.each([
  { ms: 0, want: '0ms' },
  { ms: 1_500, want: '1500ms' },
  { ms: 90_000, want: '90s' },
  { ms: 3_600_000, want: '1h' },
  { ms: 172_800_000, want: '2d' },
])('formatDuration: $ms ms is $want', ({ ms, want }) => {
  expect(formatDuration(ms)).toBe(want);
});

test.each([
  { name: 'a boolean', schema: boolean(), given: false, want: false },
  { name: 'a boolean out of a variable', schema: boolean(), given: 'true', want: true },
  { name: 'an integer', schema: integer(1, 10), given: 10, want: 10 },
  { name: 'an integer out of a variable', schema: integer(1, 9_999), given: '8080', want: 8_080 },
  { name: 'a share out of a variable', schema: number(0, 1), given: '0.25', want: 0.25 },
  { name: 'a duration at its bound', schema: duration({ maxMs: 1_000 }), given: '1s', want: 1_000 },
  { name: 'a URL', schema: httpUrl(), given: 'https://a.example/b?c=d', want: 'https://a.example/b?c=d' },
  { name: 'a secret', schema: secret(), given: 'x', want: 'x' },
  { name: 'a date, as its beginning', schema: instant(), given: '2027-06-30', want: Date.UTC(2027, 5, 30) },
  { name: 'a time with its zone', schema: instant(), given: '2027-06-30T12:00+02:00', want: Date.UTC(2027, 5, 30, 10) },
  { name: 'a leap day', schema: instant(), given: '2028-02-29T23:59:59.999Z', want: Date.UTC(2028, 2, 1) - 1 },
])('$name is taken', ({ schema, given, want }) => {
  expect((schema as z.ZodType).parse(given)).toBe(want);
});

test.each([
  { name: 'a word for a boolean', schema: boolean(), given: 'yes', want: 'is neither true nor false' },
  { name: 'a fraction for an integer', schema: integer(1, 10), given: 1.5, want: 'is not a whole number' },
  { name: 'an integer below its bound', schema: integer(1, 10), given: 0, want: 'is too small' },
  { name: 'an integer above its bound', schema: integer(1, 10), given: '11', want: 'is too large' },
  { name: 'a number without digits', schema: number(0, 1), given: '', want: 'is not a number' },
  { name: 'a duration below its bound', schema: duration({ minMs: 1_000 }), given: '1ms', want: 'is too short' },
  { name: 'a URL of another scheme', schema: httpUrl(), given: 'ftp://a.example', want: 'is not an http URL' },
  { name: 'a URL without a host', schema: httpUrl(), given: 'http://', want: 'is not a URL' },
  { name: 'a date as others write it', schema: instant(), given: '30.6.2027', want: 'is not a date' },
  { name: 'a time without a zone', schema: instant(), given: '2027-06-30T12:00:00', want: 'has no time zone' },
  { name: 'a 29th of February too many', schema: instant(), given: '2027-02-29', want: 'is no day of the calendar' },
  { name: 'an hour too many', schema: instant(), given: '2027-02-28T25:00Z', want: 'is no day of the calendar' },
  { name: 'a URL with a fragment', schema: httpUrl(), given: 'http://a.example/#b', want: 'has a fragment' },
])('$name is refused without repeating it', ({ schema, given, want }) => {
  expect((schema as z.ZodType).safeParse(given).error?.issues[0]?.message).toBe(want);
});
