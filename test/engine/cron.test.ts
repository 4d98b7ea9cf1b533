import { jest } from '@jest/globals';
import { createCron } from '../../src/engine/cron.js';
import { systemClock } from '../../src/system.js';

const YEAR_MS = 365 * 86_400_000;

beforeEach(() => {
  jest.useFakeTimers({ now: Date.parse('2024-05-13T17:14:00.250Z') });
});

afterEach(() => {
  jest.useRealTimers();
});

/** Counts how often it is time. */
function startCron(expression: string, timezone = 'UTC') {
  const times: string[] = [];
  const timer = createCron(systemClock)(expression, timezone, () => times.push(new Date().toISOString().slice(11, 19)));
  return { times, timer };
}

test.each([
  { expression: '* * * * * *', passMs: 3_000, times: ['17:14:01', '17:14:02', '17:14:03'] },
  { expression: '*/30 * * * * *', passMs: 60_000, times: ['17:14:30', '17:15:00'] },
  { expression: '*/2 * * * *', passMs: 240_000, times: ['17:16:00', '17:18:00'] },
  { expression: '17 * * * *', passMs: 3_600_000, times: ['17:17:00'] },
])('$expression', ({ expression, passMs, times }) => {
  const cron = startCron(expression);
  jest.advanceTimersByTime(passMs);
  expect(cron.times).toEqual(times);
  cron.timer.cancel();
});

test('the hours of another timezone', () => {
  const cron = startCron('0 20 * * *', 'Europe/Berlin');
  jest.advanceTimersByTime(86_400_000);
  expect(cron.times).toEqual(['18:00:00']);
  cron.timer.cancel();
});

test('a clock that goes back by a year stops nothing', () => {
  const cron = startCron('*/5 * * * * *');
  jest.setSystemTime(Date.now() - YEAR_MS);
  jest.advanceTimersByTime(60_000);
  expect(cron.times.length).toBeGreaterThanOrEqual(10);
  cron.timer.cancel();
});

test('a clock that goes forward by a year is one time, not thirty million', () => {
  const cron = startCron('* * * * * *');
  jest.setSystemTime(Date.now() + YEAR_MS);
  jest.advanceTimersByTime(1_000);
  expect(cron.times.length).toBeLessThanOrEqual(2);
  jest.advanceTimersByTime(10_000);
  expect(cron.times.length).toBeGreaterThanOrEqual(10);
  cron.timer.cancel();
});

test('cancelling leaves no timer', () => {
  const cron = startCron('* * * * * *');
  jest.advanceTimersByTime(1_500);
  cron.timer.cancel();
  expect(jest.getTimerCount()).toBe(0);
});

test('those that have the same schedule share one timer, and begin one after the other', () => {
  const cron = createCron(systemClock);
  const begun: number[] = [];
  const timers = Array.from({ length: 2_000 }, () => cron('*/30 * * * * *', 'UTC', () => begun.push(Date.now())));
  expect(jest.getTimerCount()).toBe(1);
  jest.advanceTimersByTime(30_000);
  expect(begun.length).toBeGreaterThan(0);
  expect(begun.length).toBeLessThan(100);
  jest.advanceTimersByTime(15_500);
  expect(begun).toHaveLength(2_000);
  expect(new Set(begun).size).toBeGreaterThan(1_000);
  for (const timer of timers) timer.cancel();
  expect(jest.getTimerCount()).toBe(0);
});

test('one that is cancelled before its turn is not called', () => {
  const cron = createCron(systemClock);
  const begun: string[] = [];
  cron('* * * * * *', 'UTC', () => begun.push('first'));
  const second = cron('* * * * * *', 'UTC', () => begun.push('second'));
  jest.advanceTimersByTime(750);
  second.cancel();
  jest.advanceTimersByTime(1_000);
  expect(begun).toEqual(['first', 'first']);
});
