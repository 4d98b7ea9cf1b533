import { givenUp } from '../../src/core/delivery.js';
import { SINK_WORKS } from '../../src/core/suspension.js';
import { createResults } from '../../src/engine/results.js';
import { createLedger } from '../../src/store/ledger.js';
import { createFailingStore } from '../support/failing-store.js';
import { createMemoryLog } from '../support/memory-log.js';
import { openTestStore } from '../support/open-store.js';
import { createTurningClock, turn, until } from '../support/turn.js';
import { deliveryOf } from './sinks.js';

async function openResults() {
  const store = createFailingStore(await openTestStore());
  const clock = createTurningClock();
  const log = createMemoryLog();
  const ledger = createLedger(store);
  return { store, clock, log, ledger, results: createResults({ ledger, clock, log }) };
}

function keysOf(batch: readonly (readonly [string, unknown])[] | undefined): string[] {
  return (batch ?? []).map(([key]) => key);
}

test('what comes in one turn is one write', async () => {
  const { store, results } = await openResults();
  const deliveries = Array.from({ length: 100 }, (_, n) => deliveryOf('hook', `r${n}`, 0));
  await Promise.all([...deliveries.map(results.saveDelivery), results.saveSink('hook', SINK_WORKS)]);
  expect(store.batches.map(({ length }) => length)).toEqual([101]);
});

test('a write has its bound', async () => {
  const { store, results } = await openResults();
  await Promise.all(Array.from({ length: 600 }, (_, n) => results.saveDelivery(deliveryOf('hook', `r${n}`, 0))));
  expect(store.batches.map(({ length }) => length)).toEqual([250, 250, 100]);
});

test('after a large group the next one gathers for some times as long as the write took', async () => {
  const { store, clock, log, ledger } = await openResults();
  async function save(...of: Parameters<typeof ledger.save>) {
    await ledger.save(...of);
    clock.advance(5);
  }
  const results = createResults({ ledger: { ...ledger, save }, clock, log });
  const saveAll = (names: readonly string[]) =>
    Promise.all(names.map((name) => results.saveDelivery(deliveryOf('hook', name, 0))));
  await saveAll(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  const later = saveAll(['i', 'j']);
  await until(() => clock.timers() === 1);
  clock.advance(14);
  await turn();
  expect(store.batches).toHaveLength(1);
  clock.advance(1);
  await later;
  await saveAll(['k']);
  await results.settled();
  expect(store.batches.map(({ length }) => length)).toEqual([8, 2, 1]);
});

test('the same delivery twice is two writes, the later one last', async () => {
  const { store, ledger, results } = await openResults();
  const [one, other] = [deliveryOf('hook', 'one', 0), deliveryOf('hook', 'other', 0)];
  await Promise.all([
    results.saveDelivery(one),
    results.saveDelivery(other),
    results.saveDelivery({ ...one, attempts: 1 }),
    results.saveSink('hook', SINK_WORKS),
    results.saveSink('hook', { ...SINK_WORKS, pausedUntilMs: 1 }),
  ]);
  expect(store.batches.map(({ length }) => length)).toEqual([2, 2, 1]);
  expect(await ledger.delivery(one.id)).toMatchObject({ attempts: 1 });
  expect((await ledger.sinkStates()).get('hook')).toMatchObject({ pausedUntilMs: 1 });
});

test('while the store fails everything waits, and is stored in its order afterwards', async () => {
  const { store, clock, log, ledger, results } = await openResults();
  const delivery = deliveryOf('hook', 'r', 0);
  store.failAlways('before', 'setMany');
  const debugLines = () => log.lines.filter(({ level }) => level === 'debug').length;
  let stored = 0;
  const first = results.saveDelivery(delivery).then(() => (stored += 1));
  await until(() => log.lines.length === 1);
  const second = results.saveDelivery({ ...delivery, attempts: 1 }).then(() => (stored += 1));
  for (const waitMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    const before = store.operations.length;
    const failures = debugLines();
    clock.advance(waitMs - 1);
    expect(store.operations).toHaveLength(before);
    clock.advance(1);
    expect(store.operations).toHaveLength(before + 1);
    await until(() => debugLines() > failures);
  }
  expect(stored).toBe(0);
  store.heal();
  clock.advance(30_000);
  await Promise.all([first, second]);
  expect(await ledger.delivery(delivery.id)).toMatchObject({ attempts: 1 });
  const told = log.lines.filter(({ level }) => level !== 'debug');
  expect(told.map(({ level, fields }) => [level, fields['failedWrites']])).toEqual([
    ['error', undefined],
    ['error', 6],
    ['info', 8],
  ]);
});

test('a finished delivery whose move broke half-way is moved by the next try', async () => {
  const { store, clock, log, ledger, results } = await openResults();
  const delivery = deliveryOf('hook', 'r', 0);
  await ledger.commit([delivery], []);
  store.fail(1, 'before', 'deleteMany');
  const saved = results.saveDelivery(givenUp(delivery, 'sink_removed', 0));
  await until(() => log.lines.length === 1 && clock.timers() === 1);
  clock.advance(1_000);
  await saved;
  expect(keysOf(store.batches.at(-1))).toEqual([`fin/${delivery.id}`]);
  expect(await ledger.delivery(delivery.id)).toMatchObject({ state: 'dead' });
});

describe('abandon', () => {
  test('rejects what waits for a store that fails, and leaves no timer', async () => {
    const { store, clock, log, results } = await openResults();
    store.failAlways('before', 'setMany');
    const saved = results.saveDelivery(deliveryOf('hook', 'r', 0));
    await until(() => log.lines.length === 1 && clock.timers() === 1);
    const settled = results.settled();
    results.abandon();
    await expect(saved).rejects.toThrow('did not take it');
    await settled;
    expect(clock.timers()).toBe(0);
  });

  test('lets a write that is under way decide', async () => {
    const { results, ledger } = await openResults();
    const delivery = deliveryOf('hook', 'r', 0);
    const saved = results.saveDelivery(delivery);
    results.abandon();
    await saved;
    expect(await ledger.delivery(delivery.id)).toEqual(delivery);
  });

  test('gives what comes afterwards one try', async () => {
    const { store, results } = await openResults();
    results.abandon();
    store.fail(1, 'before', 'setMany');
    await expect(results.saveDelivery(deliveryOf('hook', 'r', 0))).rejects.toMatchObject({ name: 'StoreError' });
    await results.settled();
    await results.saveDelivery(deliveryOf('hook', 'r', 0));
  });
});

describe('what follows from a result', () => {
  const [result, news] = [deliveryOf('vault', 'r', 0), deliveryOf('hook', 'r', 0)];

  test('is stored in its write, and is given back as new', async () => {
    const { store, results } = await openResults();
    expect(await results.saveWith(result, [news])).toEqual([news]);
    expect(store.batches.map(keysOf)).toEqual([[`out/${result.id}`, `out/${news.id}`]]);
  });

  test('stays as it is when it is stored already', async () => {
    const { ledger, results } = await openResults();
    const finished = givenUp(news, 'discarded', 0);
    await ledger.save([finished]);
    expect(await results.saveWith(result, [news])).toEqual([]);
    expect(await ledger.delivery(news.id)).toEqual(finished);
  });

  test('is new to the first of two results that have it, in a write of their own', async () => {
    const { store, results } = await openResults();
    const other = deliveryOf('cellar', 'r', 0);
    const saved = [results.saveWith(result, [news]), results.saveWith(other, [news])];
    expect(await Promise.all(saved)).toEqual([[news], []]);
    expect(store.batches.map(({ length }) => length)).toEqual([2, 1]);
  });

  test('counts for the bound of a write', async () => {
    const { store, results } = await openResults();
    const following = (n: number) => Array.from({ length: 100 }, (_, sink) => deliveryOf(`hook-${sink}`, `r${n}`, 0));
    await Promise.all(
      Array.from({ length: 5 }, (_, n) => results.saveWith(deliveryOf('vault', `r${n}`, 0), following(n))),
    );
    expect(store.batches.map(({ length }) => length)).toEqual([202, 202, 101]);
  });
});
