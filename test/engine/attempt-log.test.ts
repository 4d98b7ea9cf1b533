import { logGivenUp, logUrlWait } from '../../src/engine/attempt-log.js';
import { createRepeats } from '../../src/engine/repeats.js';
import { createManualClock } from '../support/manual-clock.js';
import { createMemoryLog } from '../support/memory-log.js';
import { deliveryOf } from './sinks.js';

const MINUTE_MS = 60_000;

function stageOf() {
  const [clock, log] = [createManualClock(), createMemoryLog()];
  const lines = () => log.lines.filter(({ level }) => level !== 'debug');
  return { clock, log, lines, repeats: createRepeats({ clock, log }) };
}

test('deliveries that wait for fresh URLs: five in full, then how many wait, and how often', () => {
  const { clock, lines, repeats } = stageOf();
  for (let n = 0; n < 100; n += 1) {
    logUrlWait(repeats, deliveryOf('hook', `r${n % 50}`, clock.nowMs(), 0, true), 'HTTP 503');
  }
  expect(lines()).toHaveLength(5);
  clock.advance(MINUTE_MS);
  expect(lines()).toHaveLength(6);
  expect(lines().at(-1)).toMatchObject({
    ...{ level: 'info', message: 'deliveries go on waiting for fresh URLs' },
    fields: { source: 'production', detail: 'HTTP 503', waits: 100, deliveries: 50 },
  });
});

test('deliveries that are given up for two reasons are summed up for each, and a quiet time makes the next ones new', () => {
  const { clock, lines, repeats } = stageOf();
  const giveUp = (reason: 'payload_too_large' | 'sink_removed') =>
    logGivenUp(
      ...([repeats, deliveryOf('hook', 'r', clock.nowMs()), { reason, detail: 'why' }, { reason }] as const),
      'delivery given up; redeliver it by hand',
    );
  for (let n = 0; n < 20; n += 1) for (const reason of ['payload_too_large', 'sink_removed'] as const) giveUp(reason);
  clock.advance(MINUTE_MS);
  expect(lines()).toHaveLength(12);
  expect(lines().slice(10)).toMatchObject([
    { message: 'deliveries go on being given up', fields: { sink: 'hook', reason: 'payload_too_large', givenUp: 20 } },
    { message: 'deliveries go on being given up', fields: { sink: 'hook', reason: 'sink_removed', givenUp: 20 } },
  ]);
  clock.advance(10 * MINUTE_MS);
  giveUp('sink_removed');
  expect(lines().at(-1)).toMatchObject({ level: 'error', fields: { reason: 'sink_removed' } });
  expect(lines()).toHaveLength(13);
});
