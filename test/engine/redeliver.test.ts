import { givenUp, newDelivery } from '../../src/core/delivery.js';
import { deliveryIdOf } from '../../src/core/id.js';
import { operatorEventOf, type SinkEvent } from '../../src/core/operator-event.js';
import type { DeliveryLine, RedeliverOrder } from '../../src/core/order.js';
import { redeliver } from '../../src/engine/redeliver.js';
import { sha256 } from '../../src/system.js';
import { until } from '../support/turn.js';
import { type DispatchStage, openDispatchStage } from './dispatch-stage.js';
import { startDoor, uuidsOf } from './door.js';
import { deliveryOf, webhookTo } from './sinks.js';

const HOUR_MS = 3_600_000;

/** Everything that the order names, as lines in the order of their ids. */
async function order(stage: DispatchStage, change: Partial<RedeliverOrder>): Promise<DeliveryLine[]> {
  const whole = { kind: 'redeliver' as const, ids: [], dead: false, sink: null, to: null, sinceMs: null, ...change };
  const lines = await linesOf(stage, whole);
  return lines.filter((line) => 'id' in line).sort((left, right) => left.id.localeCompare(right.id));
}

function linesOf(stage: DispatchStage, whole: RedeliverOrder) {
  return Array.fromAsync(redeliver(whole, { ...portsOf(stage), sha256, sinks: () => [] }));
}

function portsOf({ ledger, dispatcher, clock }: DispatchStage) {
  return { ledger, dispatcher, clock };
}

async function giveUp({ ledger, clock }: DispatchStage, sink: string, uuid: string) {
  const delivery = deliveryOf(sink, uuid, clock.nowMs());
  await ledger.save([givenUp(delivery, 'server_error', clock.nowMs())]);
  return delivery;
}

test.each(['delivered', 'dead'] as const)('%s: one attempt at once, with the same event id', async (state) => {
  await using door = await startDoor(state === 'dead' ? { status: 413 } : { status: 204 });
  await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
  const id = await stage.add('hook', 'r');
  expect(await stage.attempted(id, 1)).toMatchObject({ state });
  door.answer({ status: 204 });
  const detail = state === 'dead' ? 'HTTP 204' : 'HTTP 204; a repeat: the sink had it already';
  expect(await order(stage, { ids: [id] })).toMatchObject([{ id, sink: 'hook', result: 'delivered', detail }]);
  expect(await stage.delivery(id)).toMatchObject({ state: 'delivered', attempts: 2, round: 1 });
  expect(new Set(door.messages.map((message) => message.id)).size).toBe(1);
});

test('a planned retry is replaced by an attempt at once and a new schedule', async () => {
  await using door = await startDoor({ status: 500 });
  await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
  const id = await stage.add('hook', 'r');
  for (const [index, waitMs] of [5_000, 60_000].entries()) {
    await stage.attempted(id, index + 1);
    stage.clock.advance(waitMs);
  }
  await stage.attempted(id, 3);
  const [line] = await order(stage, { ids: [id] });
  const next = new Date(stage.clock.nowMs() + 5_000).toISOString();
  expect(line).toMatchObject({ result: 'pending', detail: `server_error: HTTP 500; the next attempt is at ${next}` });
  const { nextAttemptAtMs, attempts, roundAttempts } = await stage.delivery(id);
  expect({ attempts, roundAttempts, waitMs: (nextAttemptAtMs ?? 0) - stage.clock.nowMs() }).toEqual({
    attempts: 4,
    roundAttempts: 1,
    waitMs: 5_000,
  });
  stage.clock.advance(4_999);
  expect(door.messages).toHaveLength(4);
  stage.clock.advance(1);
  await stage.attempted(id, 5);
});

test('what somebody asks for goes before what is due', async () => {
  await using door = await startDoor();
  await using stage = await openDispatchStage([]);
  const backlog = Array.from({ length: 20 }, (_, n) => deliveryOf('hook', `r${n}`, stage.clock.nowMs()));
  const asked = await giveUp(stage, 'hook', 'asked');
  await stage.ledger.commit(backlog, []);
  await stage.restart([webhookTo('hook', door.url)]);
  await order(stage, { ids: [asked.id] });
  expect(uuidsOf(door).slice(0, 3)).toContain('asked');
});

test('an event id stands for all sinks, or for one of them', async () => {
  await using door = await startDoor();
  const sinks = [webhookTo('a', door.url), webhookTo('b', door.url)];
  await using stage = await openDispatchStage(sinks);
  const [a, b] = [await giveUp(stage, 'a', 'r'), await giveUp(stage, 'b', 'r')];
  await giveUp(stage, 'a', 'other');
  expect(await order(stage, { ids: [a.event.id], sink: 'b' })).toMatchObject([{ id: b.id, result: 'delivered' }]);
  expect(await order(stage, { ids: [a.event.id] })).toHaveLength(2);
  expect(uuidsOf(door)).toEqual(['r', 'r', 'r']);
});

test('--dead is everything that was given up, of one sink, since then', async () => {
  await using door = await startDoor();
  const sinks = [webhookTo('a', door.url), webhookTo('b', door.url)];
  await using stage = await openDispatchStage(sinks);
  await giveUp(stage, 'a', 'old');
  stage.clock.advance(HOUR_MS);
  const sinceMs = stage.clock.nowMs();
  await giveUp(stage, 'a', 'new');
  await giveUp(stage, 'b', 'new');
  await stage.attempted(await stage.add('a', 'delivered'), 1);
  expect(await order(stage, { dead: true, sink: 'a', sinceMs })).toHaveLength(1);
  expect(await order(stage, { dead: true })).toHaveLength(2);
  expect(await order(stage, { dead: true })).toEqual([]);
  expect(uuidsOf(door).sort()).toEqual(['delivered', 'new', 'new', 'old']);
});

test('more than are attempted at once', async () => {
  await using door = await startDoor();
  const sinks = [webhookTo('hook', door.url, { concurrency: 50 })];
  await using stage = await openDispatchStage(sinks);
  for (let n = 0; n < 450; n += 1) await giveUp(stage, 'hook', `r${n}`);
  expect(await order(stage, { dead: true })).toHaveLength(450);
  await door.waitFor(450);
});

test('--to moves what is dead to another sink', async () => {
  await using door = await startDoor();
  const sinks = [webhookTo('new', door.url)];
  await using stage = await openDispatchStage(sinks);
  const old = await giveUp(stage, 'old', 'r');
  const id = deliveryIdOf(sha256, old.event.id, 'new');
  expect(await order(stage, { dead: true, sink: 'old', to: 'new' })).toMatchObject([
    { id, sink: 'new', eventId: old.event.id, result: 'delivered' },
  ]);
  expect(await stage.ledger.delivery(old.id)).toBeUndefined();
  const { attempts, lastError, history } = givenUp(old, 'server_error', stage.clock.nowMs());
  expect(await stage.delivery(id)).toMatchObject({
    ...{ sink: 'new', state: 'delivered', madeBy: 'redeliver' },
    movedFrom: [{ sink: 'old', atMs: stage.clock.nowMs(), attempts, lastError, history }],
  });
});

test('--to moves what waits for a sink that is gone, and once only', async () => {
  await using door = await startDoor();
  const sinks = [webhookTo('new', door.url)];
  await using stage = await openDispatchStage(sinks);
  const old = await stage.add('old', 'r');
  expect(await order(stage, { ids: [old], to: 'new' })).toMatchObject([{ sink: 'new', result: 'delivered' }]);
  expect(await stage.ledger.delivery(old)).toBeUndefined();
  expect(await order(stage, { ids: [old], to: 'new' })).toMatchObject([{ id: old, result: 'unknown' }]);
});

test('--to a sink that has it already delivers it there again', async () => {
  await using door = await startDoor();
  const sinks = [webhookTo('new', door.url)];
  await using stage = await openDispatchStage(sinks);
  const there = await stage.add('new', 'r');
  await stage.attempted(there, 1);
  const old = await giveUp(stage, 'old', 'r');
  await order(stage, { ids: [old.id], to: 'new' });
  const delivery = await stage.delivery(there);
  expect(delivery).toMatchObject({ state: 'delivered', attempts: 2, round: 1, movedFrom: [{ sink: 'old' }] });
  expect(delivery).not.toHaveProperty('madeBy');
});

test('all that is dead, to a sink that has been told, is about to be, or gets it from another: skipped, and stays dead', async () => {
  await using door = await startDoor();
  await using stage = await openDispatchStage([webhookTo('new', door.url)]);
  const told = await stage.add('new', 'told');
  await stage.attempted(told, 1);
  await stage.ledger.save([deliveryOf('new', 'waiting', stage.clock.nowMs() + HOUR_MS)]);
  for (const uuid of ['told', 'waiting', 'untold']) await giveUp(stage, 'old', uuid);
  await giveUp(stage, 'older', 'untold');
  const whole = { kind: 'redeliver' as const, ids: [], dead: true, sink: null, to: 'new', sinceMs: null };
  const lines = await linesOf(stage, whole);
  expect(lines).toMatchObject([
    { sink: 'new', result: 'delivered', detail: 'HTTP 204' },
    { sink: 'new', result: 'skipped', count: 3 },
  ]);
  expect(uuidsOf(door)).toEqual(['told', 'untold']);
  const dead = await Array.fromAsync(stage.ledger.finished());
  expect(dead.filter(({ state }) => state === 'dead')).toHaveLength(3);
});

test('--to the sink that an event is about is refused, and to another one it goes', async () => {
  await using door = await startDoor();
  await using stage = await openDispatchStage([webhookTo('hook', door.url), webhookTo('other', door.url)]);
  const nowMs = stage.clock.nowMs();
  const data = { sink: 'hook', reason: 'gone', message: '', since: '', waiting: 1 };
  const fact = { type: 'sink.failing', source: null, data } as const;
  const event = operatorEventOf<SinkEvent>(sha256, fact, 'hook', '', nowMs);
  const id = deliveryIdOf(sha256, event.id, 'ops');
  await stage.ledger.save([givenUp(newDelivery(id, 'ops', event, false, nowMs), 'server_error', nowMs)]);
  expect(await order(stage, { dead: true, to: 'hook' })).toMatchObject([
    { id, sink: 'hook', result: 'unwanted', detail: expect.stringContaining('name another sink') },
  ]);
  expect(await stage.delivery(id)).toMatchObject({ sink: 'ops', state: 'dead' });
  expect(door.messages).toEqual([]);
  expect(await order(stage, { dead: true, to: 'other' })).toMatchObject([{ sink: 'other', result: 'delivered' }]);
});

test.each([
  { name: 'a sink that is gone', sinks: () => [], result: 'sink_removed' },
  {
    name: 'a disabled sink',
    sinks: () => [webhookTo('hook', 'http://x/', { enabled: false })],
    result: 'sink_disabled',
  },
])('$name: refused, and it stays as it was', async ({ sinks, result }) => {
  await using stage = await openDispatchStage(sinks());
  const dead = await giveUp(stage, 'hook', 'r');
  expect(await order(stage, { ids: [dead.id] })).toMatchObject([{ id: dead.id, result }]);
  expect(await stage.delivery(dead.id)).toMatchObject({ state: 'dead', round: 0 });
});

test('an id that nothing has is said to be unknown', async () => {
  await using stage = await openDispatchStage([]);
  expect(await order(stage, { ids: ['evt_0'] })).toMatchObject([{ id: 'evt_0', sink: null, result: 'unknown' }]);
});

test('one that is under way, or asked for already, is refused', async () => {
  await using door = await startDoor();
  await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
  const id = await stage.add('hook', 'r');
  expect(stage.dispatcher.status()).toMatchObject([{ inFlight: 1 }]);
  expect(await order(stage, { ids: [id] })).toMatchObject([{ id, result: 'under_way' }]);
  await stage.attempted(id, 1);
  const both = await Promise.all([order(stage, { ids: [id] }), order(stage, { ids: [id] })]);
  expect(
    both
      .flat()
      .map(({ result }) => result)
      .sort(),
  ).toEqual(['delivered', 'under_way']);
  expect(door.messages).toHaveLength(2);
});

test('while the receiver has asked for a pause it is put off, due then', async () => {
  await using door = await startDoor({ status: 429, headers: { 'retry-after': '600' } });
  await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
  const [first, second] = [await stage.add('hook', 'r1'), await stage.add('hook', 'r2')];
  await stage.attempted(first, 1);
  door.answer({ status: 204 });
  const untilTime = new Date(stage.clock.nowMs() + 600_000).toISOString();
  expect(await order(stage, { ids: [second] })).toMatchObject([
    { result: 'paused', detail: expect.stringContaining(untilTime) },
  ]);
  expect(door.messages).toHaveLength(1);
  stage.clock.advance(600_000);
  expect(await stage.attempted(second, 1)).toMatchObject({ state: 'delivered', attempts: 1 });
});

test('to a sink that says 410: one is tried, the others say why they wait', async () => {
  await using door = await startDoor({ status: 410 });
  await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
  for (const uuid of ['r1', 'r2', 'r3']) await giveUp(stage, 'hook', uuid);
  const lines = await order(stage, { dead: true });
  expect(door.messages).toHaveLength(1);
  expect(lines.map(({ result, detail }) => `${result} ${detail}`).sort()).toEqual([
    'pending gone: HTTP 410; the sink is suspended, and it goes once a trial has succeeded',
    ...Array(2).fill('pending the sink is suspended: gone: HTTP 410; it goes once a trial has succeeded'),
  ]);
});

test('while the program stops: what was not attempted stays pending and says so', async () => {
  await using door = await startDoor();
  await using stage = await openDispatchStage([webhookTo('hook', door.url, { intervalMs: 60_000 })]);
  for (const uuid of ['r1', 'r2', 'r3']) await giveUp(stage, 'hook', uuid);
  const lines = order(stage, { dead: true });
  await until(() => stage.dispatcher.orders.changing === 0 && door.messages.length === 1);
  await stage.dispatcher.stop();
  const results = (await lines).map(({ result }) => result).sort();
  expect(results).toEqual(['delivered', 'pending', 'pending']);
});

test('nothing starts a delivery while somebody is changing it', async () => {
  await using door = await startDoor({ status: 500 });
  await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
  const id = await stage.add('hook', 'r');
  await stage.attempted(id, 1);
  const redelivery = stage.dispatcher.orders.redeliver(id);
  // Its retry comes due, and the outbox is read, before the change is stored.
  stage.clock.advance(5_000);
  stage.dispatcher.readAgain();
  door.answer({ status: 204 });
  expect(await redelivery).toMatchObject({
    kind: 'attempted',
    delivery: { state: 'delivered', attempts: 2, round: 1 },
  });
  await stage.idle();
  expect(door.messages).toHaveLength(2);
});

test('a store that fails just then loses nothing', async () => {
  await using door = await startDoor({ status: 500 });
  await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
  const id = await stage.add('hook', 'r');
  await stage.attempted(id, 1);
  stage.store.fail(1, 'before', 'getMany');
  await expect(stage.dispatcher.orders.redeliver(id)).rejects.toMatchObject({ name: 'StoreError' });
  stage.store.heal();
  await until(() => stage.dispatcher.status()[0]?.waiting === 1);
  door.answer({ status: 204 });
  stage.clock.advance(5_000);
  expect(await stage.attempted(id, 2)).toMatchObject({ state: 'delivered', round: 0 });
});
