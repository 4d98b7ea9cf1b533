import { DOWN_INTERVAL_MS, FAILURES_MIN, Pace } from '../../src/engine/pace.js';

const FAST = { intervalMs: 0, concurrency: 4 };

function failing(pace: Pace, times: number): Pace {
  for (let n = 0; n < times; n += 1) pace.ended('fails');
  return pace;
}

test.each([
  { name: 'what works', sink: FAST, failures: 0, want: 0 },
  { name: 'a few failures', sink: FAST, failures: FAILURES_MIN - 1, want: 0 },
  { name: 'a sink that is down', sink: FAST, failures: FAILURES_MIN, want: DOWN_INTERVAL_MS },
  { name: 'failures that may all have been in flight', sink: { ...FAST, concurrency: 50 }, failures: 49, want: 0 },
  { name: 'more than those', sink: { ...FAST, concurrency: 50 }, failures: 50, want: DOWN_INTERVAL_MS },
  { name: 'a rate that is slower by itself', sink: { ...FAST, intervalMs: 1_000 }, failures: 20, want: 1_000 },
])('the next attempt waits after $name', ({ sink, failures, want }) => {
  const pace = failing(new Pace(sink), failures);
  expect(pace.waitMs(5)).toBe(Number.NEGATIVE_INFINITY);
  pace.started(5);
  expect(pace.waitMs(5)).toBe(want);
  expect(pace.waitMs(7)).toBe(want - 2);
});

test('one that works ends it', () => {
  const pace = failing(new Pace(FAST), 100);
  pace.started(5);
  pace.ended('works');
  expect(pace.waitMs(5)).toBe(0);
});

test('what says nothing of the sink does not count', () => {
  const pace = failing(new Pace(FAST), FAILURES_MIN - 1);
  pace.started(5);
  pace.ended('none');
  expect(pace.waitMs(5)).toBe(0);
  pace.ended('fails');
  expect(pace.waitMs(5)).toBe(DOWN_INTERVAL_MS);
});

test('a reload of the config ends nothing', () => {
  const before = failing(new Pace(FAST), 100);
  before.started(5);
  expect(new Pace({ intervalMs: 0, concurrency: 8 }, before).waitMs(5)).toBe(DOWN_INTERVAL_MS);
});
