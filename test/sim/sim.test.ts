import { tellMany, transcriptOf } from './report.js';

const SEEDS = Array.from({ length: 200 }, (_, index) => index + 1);

test('every story of two hundred ends with everything told, nothing invented and every repeat explained', async () => {
  const { tally, failures } = await tellMany(SEEDS);
  expect(failures).toEqual([]);
  // They are stories in which something goes on.
  expect(tally.of('deliveries')).toBeGreaterThan(5_000);
  expect(tally.of('deaths')).toBeGreaterThan(200);
  expect(tally.of('store failures')).toBeGreaterThan(1_000);
  expect(tally.of('repeats after death')).toBeGreaterThan(5);
  expect(tally.of('arrivals timed')).toBeGreaterThan(500);
  expect(tally.of('recordings with too many possibilities')).toBeLessThan(10);
});

test('the same seed tells the same story, byte for byte', async () => {
  const [first, second, other] = [await transcriptOf(4), await transcriptOf(4), await transcriptOf(5)];
  expect(first.length).toBeGreaterThan(100);
  expect(second).toEqual(first);
  expect(other).not.toEqual(first);
});
