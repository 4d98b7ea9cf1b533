import { type ExpiryAlarm, expiryNews } from '../../src/core/alarm-expiry.js';
import { NOW_MS } from './support.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function warned(level: ExpiryAlarm['level'], expiresInMs: number): ExpiryAlarm {
  return { level, expiresAtMs: NOW_MS + expiresInMs };
}

test.each([
  { name: 'nobody knows', told: null, inMs: null, want: undefined },
  { name: 'more than a week', told: null, inMs: 7 * DAY_MS + 1, want: undefined },
  { name: 'a week', told: null, inMs: 7 * DAY_MS, want: 'week' },
  { name: 'told of the week', told: warned('week', 3 * DAY_MS), inMs: 3 * DAY_MS, want: undefined },
  { name: 'told of the week, a day left', told: warned('week', DAY_MS), inMs: DAY_MS, want: 'day' },
  { name: 'never told, an hour left', told: null, inMs: HOUR_MS, want: 'day' },
  { name: 'told of the day', told: warned('day', HOUR_MS), inMs: HOUR_MS, want: undefined },
  { name: 'dead, and told', told: warned('day', -HOUR_MS), inMs: -HOUR_MS, want: undefined },
  { name: 'dead, and never told', told: null, inMs: -HOUR_MS, want: 'day' },
  {
    name: 'told of the day, then the clock went back',
    told: warned('day', 2 * DAY_MS),
    inMs: 2 * DAY_MS,
    want: undefined,
  },
  { name: 'renewed for long', told: warned('day', HOUR_MS), inMs: 90 * DAY_MS, want: undefined },
  { name: 'renewed, and near its end anew', told: warned('day', HOUR_MS), inMs: 6 * DAY_MS, want: 'week' },
])('$name', ({ told, inMs, want }) => {
  expect(expiryNews(told, inMs === null ? null : NOW_MS + inMs, NOW_MS)?.alarm.level).toBe(want);
});

test('the two warnings of a credential differ in since when', () => {
  expect(expiryNews(null, NOW_MS + 6 * DAY_MS, NOW_MS)?.sinceMs).toBe(NOW_MS - DAY_MS);
  expect(expiryNews(null, NOW_MS + HOUR_MS, NOW_MS)?.sinceMs).toBe(NOW_MS + HOUR_MS - DAY_MS);
});
