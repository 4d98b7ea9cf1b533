import { createRepeats, type Trouble } from '../../src/engine/repeats.js';
import { createManualClock } from '../support/manual-clock.js';
import { createMemoryLog } from '../support/memory-log.js';

const MINUTE_MS = 60_000;

function stageOf() {
  const [clock, log] = [createManualClock(), createMemoryLog()];
  const repeats = createRepeats({ clock, log });
  const trouble = (n: number, change: Partial<Trouble> = {}): Trouble => ({
    ...{ subject: 'sink hook', kind: 'timeout', level: 'warn', message: 'it failed', fields: { n } },
    sum: { message: 'it goes on failing', fields: { latest: n }, counts: 'failed', of: ['deliveries', `d${n % 2}`] },
    end: { message: 'it failed until it worked', isNews: false },
    ...change,
  });
  const lines = () =>
    log.lines.filter(({ level }) => level !== 'debug').map(({ level, message }) => `${level} ${message}`);
  return { clock, log, repeats, trouble, lines };
}

test('a sum says how many, of how many, since when and the latest; the lines it stands for are there at debug', () => {
  const { clock, log, repeats, trouble } = stageOf();
  for (let n = 0; n < 7; n += 1) repeats.failed(trouble(n));
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', ...Array(6).fill('debug')]);
  clock.advance(MINUTE_MS);
  expect(log.lines.at(-1)).toEqual({
    level: 'warn',
    message: 'it goes on failing',
    fields: { latest: 6, failed: 7, deliveries: 2, sinceAt: '2024-05-13T17:14:00.941Z' },
  });
  clock.advance(100 * MINUTE_MS);
  expect(log.lines).toHaveLength(8);
  expect(clock.timers()).toBe(0);
});

test('what works tells what was untold, for how long it failed, and nothing of others', () => {
  const { clock, log, repeats, trouble, lines } = stageOf();
  for (const subject of ['sink hook', 'sink other']) {
    for (let n = 0; n < 3; n += 1) repeats.failed(trouble(n, { subject }));
  }
  clock.advance(30_000);
  repeats.works('sink hook', { took: 1 });
  repeats.works('sink hook');
  expect(lines()).toEqual(['warn it failed', 'warn it failed', 'info it failed until it worked']);
  expect(log.lines.at(-1)?.fields).toMatchObject({ took: 1, failed: 3, failedForMs: 30_000 });
});

test('each kind of a subject is summed up by itself', () => {
  const { clock, repeats, trouble, lines } = stageOf();
  for (let n = 0; n < 4; n += 1) repeats.failed(trouble(n, { kind: n % 2 === 0 ? 'timeout' : 'server_error' }));
  clock.advance(MINUTE_MS);
  expect(lines()).toEqual([...Array(2).fill('warn it failed'), ...Array(2).fill('warn it goes on failing')]);
});

test('a variant is told at once when it is new, eight of them at most, and has the counts', () => {
  const { log, repeats, trouble } = stageOf();
  for (let n = 0; n < 40; n += 1) repeats.failed(trouble(n, { variant: `${n % 20}` }));
  const told = log.lines.filter(({ level }) => level === 'warn');
  expect(told.map(({ fields }) => fields['failed'])).toEqual([undefined, 2, 3, 4, 5, 6, 7, 8]);
});

test('a stop tells the rest, and leaves no timer, whatever fails afterwards', () => {
  const { clock, repeats, trouble, lines } = stageOf();
  for (let n = 0; n < 3; n += 1) repeats.failed(trouble(n));
  repeats.stop();
  expect(lines()).toEqual(['warn it failed', 'warn it goes on failing']);
  for (let n = 0; n < 3; n += 1) repeats.failed(trouble(n));
  expect(clock.timers()).toBe(0);
});

test('a thousand troubles and more: what is too much shares a sum, and things that are counted are at least so many', () => {
  const { clock, log, repeats, trouble, lines } = stageOf();
  for (let n = 0; n < 1_100; n += 1) repeats.failed(trouble(n, { subject: `sink ${n}` }));
  expect(lines()).toHaveLength(1_001);
  clock.advance(MINUTE_MS);
  expect(log.lines.at(-1)).toMatchObject({ message: 'it goes on failing', fields: { failed: 100 } });
  for (let n = 0; n < 3_000; n += 1) {
    repeats.failed(trouble(n, { sum: { ...trouble(n).sum, of: ['deliveries', `d${n}`] }, subject: 'sink 0' }));
  }
  clock.advance(10 * MINUTE_MS);
  expect(log.lines.at(-1)?.fields).toMatchObject({ failed: 3_001, deliveriesMin: 2_000 });
});

test('troubles that are over make room', () => {
  const { clock, repeats, trouble, lines } = stageOf();
  for (let n = 0; n < 1_000; n += 1) repeats.failed(trouble(n, { subject: `sink ${n}`, isPassing: true }));
  clock.advance(10 * MINUTE_MS);
  for (let n = 0; n < 2; n += 1) repeats.failed(trouble(n, { subject: `sink later ${n}` }));
  expect(lines()).toHaveLength(1_002);
});
