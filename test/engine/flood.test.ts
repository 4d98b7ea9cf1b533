import { held } from '../../src/core/delivery.js';
import { sweep } from '../../src/engine/sweeper.js';
import { collect } from '../support/collect.js';
import { until } from '../support/turn.js';
import { openDispatchStage } from './dispatch-stage.js';
import { startDoor } from './door.js';
import { openPollStage, type PollStage, routed } from './poll-stage.js';
import { deliveryOf, webhookTo } from './sinks.js';

const DAY_MS = 86_400_000;

/** A source past its first poll, with so many recordings that came later. */
async function openFlood(count: number, options: Parameters<typeof openPollStage>[0] = {}): Promise<PollStage> {
  const stage = await openPollStage({ floodLimit: 3, ...options });
  await stage.poll();
  for (let n = 0; n < count; n += 1) stage.api.recordings.add({ uuid: `r${n}`, status: 'available' });
  return stage;
}

async function statesOf({ ledger }: Pick<PollStage, 'ledger'>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { state } of await collect(ledger.pending())) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

test.each([
  { name: 'as many events as the limit all go', count: 3, want: { pending: 3 }, heldCount: 0 },
  { name: 'one more is held', count: 4, want: { pending: 3, held: 1 }, heldCount: 1 },
  { name: 'the rest is held, over all pages', count: 10, want: { pending: 3, held: 7 }, heldCount: 7 },
])('$name', async ({ count, want, heldCount }) => {
  await using stage = await openFlood(count, { api: { mode: { pageSizeMax: 2 } } });
  expect(await stage.poll()).toMatchObject({ events: count, deliveries: count, held: heldCount });
  expect(await statesOf(stage)).toEqual(want);
  expect(stage.offered).toHaveLength(3);
  expect(stage.told).toHaveLength(count);
});

test('each poll counts anew, and what was held stays so', async () => {
  await using stage = await openFlood(5);
  await stage.poll();
  stage.api.recordings.add({ uuid: 'later', status: 'available' });
  expect(await stage.poll()).toMatchObject({ events: 1, held: 0 });
  expect(await statesOf(stage)).toEqual({ pending: 4, held: 2 });
});

test('an event is held for every sink that wants it, and one that nobody wants does not count', async () => {
  const only = { rooms: ['mine'] };
  await using stage = await openFlood(10, { sinks: [routed('a', { only }), routed('b', { only })] });
  for (let n = 0; n < 5; n += 1) stage.api.recordings.add({ roomId: 'mine', status: 'available' });
  expect(await stage.poll()).toMatchObject({ events: 15, deliveries: 10, held: 4 });
  expect(await statesOf(stage)).toEqual({ pending: 6, held: 4 });
});

test('a first poll that announces has no limit', async () => {
  const recordings = Array.from({ length: 10 }, (_, n) => ({ uuid: `r${n}`, status: 'available' }));
  await using stage = await openPollStage({ floodLimit: 3, firstPoll: 'announce', api: { recordings } });
  expect(await stage.poll()).toMatchObject({ events: 10, deliveries: 10, held: 0 });
  expect(await statesOf(stage)).toEqual({ pending: 10 });
});

test('a write that fails holds nothing, and the next poll decides anew', async () => {
  await using stage = await openFlood(5);
  stage.store.fail(1, 'before', 'setMany');
  expect(await stage.poll()).toMatchObject({ result: 'failed', held: 0 });
  stage.store.heal();
  expect(await stage.poll()).toMatchObject({ result: 'complete', events: 5, held: 2 });
  expect(await statesOf(stage)).toEqual({ pending: 3, held: 2 });
});

describe('a held delivery', () => {
  async function openHeld(...[sinks]: Parameters<typeof openDispatchStage>) {
    const stage = await openDispatchStage(sinks);
    const delivery = held(deliveryOf('hook', 'r', stage.clock.nowMs()));
    await stage.ledger.commit([delivery], []);
    await stage.restart(sinks);
    return { stage, id: delivery.id };
  }

  test('is not attempted by time, at a start, or when its sink is back', async () => {
    await using door = await startDoor();
    const sinks = [webhookTo('hook', door.url)];
    const { stage, id } = await openHeld(sinks);
    await using _ = stage;
    expect(stage.dispatcher.held).toEqual(new Map([['production', 1]]));
    stage.clock.advance(DAY_MS);
    await stage.restart([webhookTo('hook', door.url, { enabled: false })]);
    await stage.restart(sinks);
    await stage.dispatcher.attemptDue();
    expect(door.messages).toEqual([]);
    expect(await stage.delivery(id)).toMatchObject({ state: 'held', attempts: 0, nextAttemptAtMs: null });
  });

  test('is not given up, however long its sink is gone', async () => {
    const { stage, id } = await openHeld([]);
    await using _ = stage;
    expect(stage.dispatcher.parked).toEqual(new Map());
    stage.clock.advance(1_000 * DAY_MS);
    const { ledger, dispatcher, clock, log } = stage;
    await sweep({ ledger, dispatcher, clock, log, retention: () => ({ keepDeliveredMs: 0, keepDeadMs: 0 }) });
    expect(await stage.delivery(id)).toMatchObject({ state: 'held' });
  });

  test('is released and attempted by redelivering it', async () => {
    await using door = await startDoor();
    const { stage, id } = await openHeld([webhookTo('hook', door.url)]);
    await using _ = stage;
    expect(await stage.dispatcher.orders.redeliver(id)).toMatchObject({
      kind: 'attempted',
      delivery: { state: 'delivered', attempts: 1 },
    });
    await until(() => stage.dispatcher.held.size === 0);
    expect(door.messages).toHaveLength(1);
  });
});
