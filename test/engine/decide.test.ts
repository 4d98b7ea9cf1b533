import { type Delivery, held } from '../../src/core/delivery.js';
import type { CountLine, DecideOrder } from '../../src/core/order.js';
import { decide } from '../../src/engine/decide.js';
import { sweep } from '../../src/engine/sweeper.js';
import { collect } from '../support/collect.js';
import { until } from '../support/turn.js';
import { type DispatchStage, openDispatchStage } from './dispatch-stage.js';
import { startDoor } from './door.js';
import { deliveryOf, sinkThat, webhookTo } from './sinks.js';

const DAY_MS = 86_400_000;

/** What the order says that it did, by source and sink. */
async function order({ ledger, dispatcher, clock }: DispatchStage, kind: DecideOrder['kind'], source?: string) {
  const lines = await collect(decide({ kind, source: source ?? null }, { ledger, dispatcher, clock }));
  return lines.sort((left, right) => textOf(left).localeCompare(textOf(right)));
}

function textOf({ source, sink }: CountLine): string {
  return `${source} ${sink}`;
}

async function hold({ ledger, clock }: DispatchStage, count: number, sink = 'hook', source = 'production') {
  const deliveries = Array.from({ length: count }, (_, n): Delivery => {
    const made = deliveryOf(sink, `${source}-${n}`, clock.nowMs());
    return held({ ...made, event: { ...made.event, source } as Delivery['event'] });
  });
  for (let from = 0; from < count; from += 1_000) await ledger.commit(deliveries.slice(from, from + 1_000), []);
  return deliveries;
}

test('released ones are due at once, and go with the ids that they had', async () => {
  await using door = await startDoor();
  await using stage = await openDispatchStage([webhookTo('hook', door.url, { concurrency: 20 })]);
  const deliveries = await hold(stage, 600);
  stage.clock.advance(60_000);
  expect(await order(stage, 'release')).toEqual([
    { source: 'production', sink: 'hook', result: 'released', count: 600 },
  ]);
  await door.waitFor(600);
  await stage.idle();
  expect(new Set(door.messages.map(({ id }) => id))).toEqual(new Set(deliveries.map(({ event }) => event.id)));
  expect(door.messages).toHaveLength(600);
});

test('more than a lane keeps in memory all go, each once', async () => {
  const arrived: string[] = [];
  const sink = sinkThat(
    'hook',
    async ({ id }) => {
      arrived.push(id);
      return { kind: 'delivered', receipt: 'taken' };
    },
    { concurrency: 100 },
  );
  await using stage = await openDispatchStage([sink]);
  await hold(stage, 11_000);
  await order(stage, 'release');
  await until(async () => (await collect(stage.ledger.pending())).length === 0);
  expect(arrived).toHaveLength(11_000);
  expect(new Set(arrived).size).toBe(11_000);
});

test('discarded ones are dead, were not attempted, and can be redelivered', async () => {
  await using door = await startDoor();
  await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
  const [one] = await hold(stage, 3);
  expect(await order(stage, 'discard')).toMatchObject([{ result: 'discarded', count: 3 }]);
  expect(door.messages).toEqual([]);
  expect(stage.dispatcher.ends.count('dead')).toBe(0);
  if (one === undefined) throw new Error('three are held');
  expect(await stage.delivery(one.id)).toMatchObject({
    state: 'dead',
    attempts: 0,
    lastError: { reason: 'discarded' },
    finishedAtMs: stage.clock.nowMs(),
  });
  expect(await stage.dispatcher.orders.redeliver(one.id)).toMatchObject({ delivery: { state: 'delivered' } });
});

test('counts are by source and sink, a source narrows, and a second order finds the rest', async () => {
  await using stage = await openDispatchStage([]);
  await hold(stage, 2, 'a', 'one');
  await hold(stage, 3, 'b', 'one');
  await hold(stage, 4, 'a', 'two');
  expect(await order(stage, 'discard', 'one')).toMatchObject([
    { source: 'one', sink: 'a', count: 2 },
    { source: 'one', sink: 'b', count: 3 },
  ]);
  expect(await order(stage, 'discard', 'nowhere')).toEqual([]);
  expect(await order(stage, 'release')).toMatchObject([{ source: 'two', sink: 'a', result: 'released', count: 4 }]);
  expect(await order(stage, 'release')).toEqual([]);
});

test('released for a sink that is gone: it waits for that, and is given up after thirty days', async () => {
  await using stage = await openDispatchStage([]);
  const [one] = await hold(stage, 1);
  await stage.restart([]);
  stage.clock.advance(100 * DAY_MS);
  await order(stage, 'release');
  await until(() => stage.dispatcher.parked.get('hook') === 1);
  expect(stage.dispatcher.held).toEqual(new Map());
  const { ledger, dispatcher, clock, log } = stage;
  const ports = { ledger, dispatcher, clock, log, retention: () => ({ keepDeliveredMs: 0, keepDeadMs: DAY_MS }) };
  stage.clock.advance(30 * DAY_MS - 1);
  await sweep(ports);
  if (one === undefined) throw new Error('one is held');
  expect(await stage.delivery(one.id)).toMatchObject({ state: 'pending' });
  stage.clock.advance(1);
  await sweep(ports);
  expect(await stage.delivery(one.id)).toMatchObject({ state: 'dead', lastError: { reason: 'sink_removed' } });
});

test('what is not held stays as it is', async () => {
  await using door = await startDoor({ status: 500 });
  await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
  const id = await stage.add('hook', 'r');
  const before = await stage.attempted(id, 1);
  for (const kind of ['release', 'discard'] as const) expect(await order(stage, kind)).toEqual([]);
  expect(await stage.delivery(id)).toEqual(before);
});

test('two who decide at once: each is released or discarded, and counted once', async () => {
  await using door = await startDoor();
  await using stage = await openDispatchStage([webhookTo('hook', door.url, { concurrency: 20 })]);
  await hold(stage, 500);
  const lines = (await Promise.all([order(stage, 'release'), order(stage, 'discard')])).flat();
  expect(lines.reduce((sum, { count }) => sum + count, 0)).toBe(500);
  const released = lines.find(({ result }) => result === 'released')?.count ?? 0;
  await door.waitFor(released);
  await until(async () => (await collect(stage.ledger.pending())).length === 0);
  const finished = await collect(stage.ledger.finished());
  expect(finished.filter(({ state }) => state === 'delivered')).toHaveLength(released);
  expect(finished).toHaveLength(500);
});

test('a program that stops leaves the rest held, and the order given again goes on there', async () => {
  await using stage = await openDispatchStage([]);
  await hold(stage, 300);
  await stage.dispatcher.stop();
  expect(await order(stage, 'release')).toEqual([]);
  await stage.restart([]);
  expect(stage.dispatcher.held).toEqual(new Map([['production', 300]]));
  expect(await order(stage, 'release')).toMatchObject([{ count: 300 }]);
});

test('a store that fails in the middle loses none', async () => {
  await using door = await startDoor();
  await using stage = await openDispatchStage([webhookTo('hook', door.url, { concurrency: 20 })]);
  await hold(stage, 400);
  stage.store.fail(1, 'before', 'getMany');
  await expect(order(stage, 'release')).rejects.toMatchObject({ name: 'StoreError' });
  stage.store.heal();
  await order(stage, 'release');
  await door.waitFor(400);
  await stage.idle();
  expect(new Set(door.messages.map(({ id }) => id)).size).toBe(400);
  expect(door.messages).toHaveLength(400);
});
