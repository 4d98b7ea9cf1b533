import { tellMany, transcriptOf } from './report.js';

// Stacks of errors that are expected would be a good part of the time.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

const SEEDS = Array.from({ length: 200 }, (_, index) => index + 1);

test('every story of two hundred ends with everything told, nothing invented and every repeat explained', async () => {
  const { tally, failures } = await tellMany(SEEDS);
  expect(failures).toEqual([]);
  // They are stories in which something goes on.
  expect(tally.of('deliveries')).toBeGreaterThan(3_000);
  expect(tally.of('deaths')).toBeGreaterThan(100);
  expect(tally.of('store failures')).toBeGreaterThan(1_000);
  expect(tally.of('repeats after death')).toBeGreaterThan(5);
  expect(tally.of('arrivals timed')).toBeGreaterThan(300);
  for (const type of ['source.failing', 'source.recovered', 'sink.failing', 'sink.recovered', 'delivery.dead']) {
    expect(tally.of(`told ${type}`)).toBeGreaterThan(20);
  }
  expect(tally.of('recordings with too many possibilities')).toBeLessThan(10);
});

test('the same seed tells the same story, byte for byte', async () => {
  const [first, second, other] = [await transcriptOf(4), await transcriptOf(4), await transcriptOf(5)];
  expect(first.length).toBeGreaterThan(100);
  expect(second).toEqual(first);
  expect(other).not.toEqual(first);
});
