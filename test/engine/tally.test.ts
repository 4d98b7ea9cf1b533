import { createTally } from '../../src/engine/tally.js';
import { createManualClock } from '../support/manual-clock.js';
import { createMemoryLog } from '../support/memory-log.js';

const DAY_MS = 86_400_000;

test('each day has what it came to, the whole run has the sum, and a stop ends it', () => {
  const [clock, log] = [createManualClock(), createMemoryLog()];
  let delivered = 0;
  const tally = createTally({ clock, log, deliveries: () => ({ delivered, dead: 0, waiting: 3 }) });
  tally.start();
  for (let day = 1; day <= 2; day += 1) {
    tally.note({ result: 'complete', events: day });
    tally.note({ result: 'failed', events: 0 });
    delivered += day;
    clock.advance(DAY_MS);
  }
  const common = { durationMs: DAY_MS, polls: 2, failedPolls: 1, dead: 0, waiting: 3 };
  expect(log.lines).toEqual(
    [1, 2].map((n) => ({
      level: 'info',
      message: 'a day of running',
      fields: { ...common, events: n, delivered: n },
    })),
  );
  expect(tally.totals).toEqual({
    ...common,
    durationMs: 2 * DAY_MS,
    polls: 4,
    failedPolls: 2,
    events: 3,
    delivered: 3,
  });
  tally.stop();
  expect(clock.timers()).toBe(0);
});
