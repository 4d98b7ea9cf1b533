import { createPace } from '../../src/archive/pace.js';
import { createManualClock } from '../support/manual-clock.js';
import { turn } from '../support/turn.js';

const GOING = new AbortController().signal;

/** A pace of 1,000 bytes a second, and how many takings are over. */
function openPace(bytesPerSecond?: number) {
  const clock = createManualClock();
  const pace = createPace(clock, bytesPerSecond);
  const over: string[] = [];
  return {
    ...{ clock, pace, over },
    take: (name: string, bytes: number, signal = GOING) => void pace.take(bytes, signal).then(() => over.push(name)),
    async pass(ms: number) {
      clock.advance(ms);
      await turn();
    },
  };
}

test('what is taken takes the time that its bytes have at the rate', async () => {
  const { take, pass, over } = openPace(1_000);
  take('a', 500);
  await pass(499);
  expect(over).toEqual([]);
  await pass(1);
  expect(over).toEqual(['a']);
});

test('several stay below the rate together', async () => {
  const { take, pass, over } = openPace(1_000);
  for (const name of ['a', 'b', 'c']) take(name, 1_000);
  const seen: number[] = [];
  for (let seconds = 0; seconds < 3; seconds += 1) {
    await pass(1_000);
    seen.push(over.length);
  }
  expect(seen).toEqual([1, 2, 3]);
});

test('a pause leads to no flood', async () => {
  const { take, pass, over } = openPace(1_000);
  await pass(60_000);
  take('a', 1_000);
  await pass(999);
  expect(over).toEqual([]);
  await pass(1);
  expect(over).toEqual(['a']);
});

test('a stop ends the wait, and leaves no timer', async () => {
  const { take, pass, over, clock } = openPace(1_000);
  const stop = new AbortController();
  take('a', 60_000, stop.signal);
  stop.abort();
  await pass(0);
  expect(over).toEqual(['a']);
  expect(clock.timers()).toBe(0);
});

test('without a rate nothing waits', async () => {
  const { take, pass, over, clock } = openPace();
  take('a', 1e12);
  await pass(0);
  expect(over).toEqual(['a']);
  expect(clock.timers()).toBe(0);
});

test('another rate holds for all from then on', async () => {
  const { take, pass, over, pace } = openPace();
  pace.limit(1_000);
  take('a', 1_000);
  await pass(999);
  expect(over).toEqual([]);
  await pass(1);
  pace.limit(undefined);
  take('b', 1e12);
  await pass(0);
  expect(over).toEqual(['a', 'b']);
});
