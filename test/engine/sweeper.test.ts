import { afterAttempt, again, type Delivery, givenUp } from '../../src/core/delivery.js';
import type { RecordingUuid } from '../../src/core/id.js';
import type { RecordingState } from '../../src/core/recording.js';
import { SINK_WORKS } from '../../src/core/suspension.js';
import { createSweeper, sweep } from '../../src/engine/sweeper.js';
import { collect } from '../support/collect.js';
import { until } from '../support/turn.js';
import { type DispatchStage, openDispatchStage } from './dispatch-stage.js';
import { startDoor } from './door.js';
import { deliveryOf, webhookTo } from './sinks.js';

const DAY_MS = 86_400_000;
const RETENTION = { keepDeliveredMs: 7 * DAY_MS, keepDeadMs: 90 * DAY_MS };

function portsOf({ ledger, dispatcher, clock, log }: DispatchStage) {
  return { ledger, dispatcher, clock, log, retention: () => RETENTION };
}

function remembered(availableCount: number): RecordingState {
  return {
    status: 'available',
    roomId: null,
    meetingId: null,
    createdAt: null,
    firstSeenAtMs: 0,
    availableCount,
    availableAtMs: 0,
    processingCount: 0,
    processingSinceMs: null,
    stuckTold: false,
    awaitsAnnouncement: false,
  };
}

function delivered(delivery: Delivery, nowMs: number): Delivery {
  const facts = { startedAtMs: nowMs, nowMs, durationMs: 0, random: 0, trial: false };
  const retry = { delaysMs: [], jitterRatio: 0 };
  return afterAttempt(delivery, { kind: 'delivered', receipt: 'ok' }, { ...facts, retry }).delivery;
}

function endFirstPoll({ ledger }: DispatchStage): Promise<void> {
  return ledger.markSource('production', { scope: 'all', firstPollDoneAtMs: 0 });
}

/** Stores it as finished, with a recording whose state has reached it. */
async function finish({ ledger, clock }: DispatchStage, uuid: string, state: 'delivered' | 'dead', availableCount = 1) {
  const delivery = deliveryOf('hook', uuid, clock.nowMs());
  const recording = { source: 'production', uuid: uuid as RecordingUuid };
  await ledger.commit([], [{ ...recording, state: remembered(availableCount) }]);
  await ledger.save([
    state === 'dead' ? givenUp(delivery, 'server_error', clock.nowMs()) : delivered(delivery, clock.nowMs()),
  ]);
  return delivery.id;
}

describe('what has waited for thirty days is dead', () => {
  test.each([
    { name: 'removed', reason: 'sink_removed', sinks: () => [] },
    { name: 'disabled', reason: 'sink_disabled', sinks: (url: string) => [webhookTo('hook', url, { enabled: false })] },
    { name: 'suspended', reason: 'sink_suspended', sinks: (url: string) => [webhookTo('hook', url)] },
  ])('for a $name sink', async ({ reason, sinks }) => {
    await using door = await startDoor({ status: 410 });
    await using stage = await openDispatchStage(sinks(door.url));
    const id = await stage.add('hook', 'r');
    await until(
      () => stage.dispatcher.status()[0] === undefined || stage.dispatcher.stateOf('hook').suspension !== null,
    );
    await stage.idle();
    await stage.restart(sinks(door.url));
    await stage.idle();
    stage.clock.advance(30 * DAY_MS - 1);
    await sweep(portsOf(stage));
    expect(await stage.delivery(id)).toMatchObject({ state: 'pending' });
    stage.clock.advance(1);
    await sweep(portsOf(stage));
    expect(await stage.delivery(id)).toMatchObject({ state: 'dead', attempts: 0, lastError: { reason } });
    expect(stage.log.lines.at(-1)).toMatchObject({ level: 'error', fields: { delivery: id, reason } });
  });

  test('counted from when it became due: a redelivery waits anew', async () => {
    await using stage = await openDispatchStage([]);
    const id = await stage.add('hook', 'r');
    await stage.restart([]);
    stage.clock.advance(31 * DAY_MS);
    await stage.ledger.save([again(await stage.delivery(id), stage.clock.nowMs())]);
    await sweep(portsOf(stage));
    expect(await stage.delivery(id)).toMatchObject({ state: 'pending' });
  });

  test('not for one that is merely retried', async () => {
    await using door = await startDoor({ status: 500 });
    await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
    const id = await stage.add('hook', 'r');
    await stage.attempted(id, 1);
    await stage.dispatcher.stop();
    stage.clock.advance(31 * DAY_MS);
    await sweep(portsOf(stage));
    expect(await stage.delivery(id)).toMatchObject({ state: 'pending' });
  });

  test('not one that is under way just now', async () => {
    await using door = await startDoor({ status: 410 });
    await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
    const id = await stage.add('hook', 'r');
    await until(() => stage.dispatcher.stateOf('hook').suspension !== null);
    await stage.idle();
    stage.clock.advance(31 * DAY_MS);
    door.answer({ status: 204 });
    const trial = stage.dispatcher.orders.redeliver(id);
    await sweep(portsOf(stage));
    expect(await trial).toMatchObject({ kind: 'attempted', delivery: { state: 'delivered' } });
    expect(await stage.delivery(id)).toMatchObject({ state: 'delivered' });
  });
});

describe('what was finished long ago is forgotten', () => {
  test.each([
    { state: 'delivered', keptDays: 7 },
    { state: 'dead', keptDays: 90 },
  ] as const)('$state: after $keptDays days', async ({ state, keptDays }) => {
    await using stage = await openDispatchStage([]);
    await endFirstPoll(stage);
    const id = await finish(stage, 'r', state);
    stage.clock.advance(keptDays * DAY_MS);
    await sweep(portsOf(stage));
    expect(await stage.ledger.delivery(id)).toBeDefined();
    stage.clock.advance(1);
    await sweep(portsOf(stage));
    expect(await stage.ledger.delivery(id)).toBeUndefined();
  });

  test('never before the state of its recording has reached it', async () => {
    await using stage = await openDispatchStage([]);
    await endFirstPoll(stage);
    const id = await finish(stage, 'r', 'delivered', 0);
    stage.clock.advance(1_000 * DAY_MS);
    await sweep(portsOf(stage));
    expect(await stage.ledger.delivery(id)).toBeDefined();
  });

  test('never before the first poll of its source is over, which may announce it again', async () => {
    await using stage = await openDispatchStage([]);
    const id = await finish(stage, 'r', 'delivered');
    stage.clock.advance(1_000 * DAY_MS);
    await sweep(portsOf(stage));
    expect(await stage.ledger.delivery(id)).toBeDefined();
    await endFirstPoll(stage);
    await sweep(portsOf(stage));
    expect(await stage.ledger.delivery(id)).toBeUndefined();
  });

  test('however many they are', async () => {
    await using stage = await openDispatchStage([]);
    await endFirstPoll(stage);
    const deliveries = Array.from({ length: 1_200 }, (_, n) => delivered(deliveryOf('hook', `r${n}`, 0), 0));
    await stage.ledger.save(deliveries);
    const states = deliveries.map((_, n) => ({
      source: 'production',
      uuid: `r${n}` as RecordingUuid,
      state: remembered(1),
    }));
    for (let from = 0; from < states.length; from += 1_000) {
      await stage.ledger.commit([], states.slice(from, from + 1_000));
    }
    await sweep(portsOf(stage));
    expect(await collect(stage.ledger.finished())).toEqual([]);
  });
});

test('sweeps at the start and every hour, also after a sweep that failed, until it is stopped', async () => {
  await using stage = await openDispatchStage([]);
  await endFirstPoll(stage);
  const id = await finish(stage, 'r', 'delivered');
  const sweeper = createSweeper(portsOf(stage));
  stage.store.fail(1, 'before', 'scan');
  sweeper.start();
  await until(() => stage.clock.timers() === 1);
  expect(stage.log.lines.at(-1)).toMatchObject({ level: 'error' });
  stage.clock.advance(8 * DAY_MS);
  await until(async () => (await stage.ledger.delivery(id)) === undefined);
  await until(() => stage.clock.timers() === 1);
  await sweeper.stop();
  expect(stage.clock.timers()).toBe(0);
});

test('a sink that is back loses nothing that waited', async () => {
  await using door = await startDoor();
  await using stage = await openDispatchStage([]);
  const id = await stage.add('hook', 'r');
  await stage.restart([]);
  stage.clock.advance(29 * DAY_MS);
  await sweep(portsOf(stage));
  await stage.restart([webhookTo('hook', door.url)]);
  expect(await stage.attempted(id, 1)).toMatchObject({ state: 'delivered' });
  expect(stage.dispatcher.stateOf('hook')).toEqual(SINK_WORKS);
});
