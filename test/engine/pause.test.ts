import { SINK_WORKS, suspend } from '../../src/core/suspension.js';
import { sweep } from '../../src/engine/sweeper.js';
import { STORE_KINDS } from '../support/open-store.js';
import { until } from '../support/turn.js';
import { type DispatchStage, openDispatchStage } from './dispatch-stage.js';
import { startDoor, uuidsOf } from './door.js';
import { deliveryOf, sinkThat, webhookTo } from './sinks.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

async function suspended({ dispatcher }: DispatchStage): Promise<void> {
  await until(() => dispatcher.stateOf('hook').suspension !== null);
}

/** Lets so much time pass, step by step, and whatever is due then. */
async function pass(stage: DispatchStage, ms: number): Promise<void> {
  for (let step = 0; step < 10; step += 1) {
    stage.clock.advance(ms / 10);
    await stage.idle();
  }
}

describe('a paused sink', () => {
  test('new events make deliveries that wait, use up nothing, and go in their order when it is resumed', async () => {
    await using door = await startDoor();
    await using stage = await openDispatchStage([webhookTo('hook', door.url), webhookTo('other', door.url)]);
    await stage.pause('hook');
    const ids = [];
    for (const uuid of ['r1', 'r2', 'r3']) {
      ids.push(await stage.add('hook', uuid));
      await pass(stage, MINUTE_MS);
    }
    await stage.attempted(await stage.add('other', 'r4'), 1);
    await pass(stage, 40 * DAY_MS);
    expect(uuidsOf(door)).toEqual(['r4']);
    expect(stage.dispatcher.status()).toMatchObject([
      { sink: 'hook', waiting: 3, inFlight: 0, pausedSinceMs: expect.any(Number) },
      { sink: 'other', pausedSinceMs: null },
    ]);
    for (const id of ids) expect(await stage.delivery(id)).toMatchObject({ state: 'pending', attempts: 0 });
    await stage.resume('hook');
    for (const id of ids) expect(await stage.attempted(id, 1)).toMatchObject({ state: 'delivered' });
    expect(uuidsOf(door)).toEqual(['r4', 'r1', 'r2', 'r3']);
    expect(stage.dispatcher.status()[0]).toMatchObject({ pausedSinceMs: null });
  });

  test('what is in flight finishes, what is behind it waits', async () => {
    const answer = Promise.withResolvers<void>();
    const sink = sinkThat('hook', async () => {
      await answer.promise;
      return { kind: 'delivered', receipt: 'ok' };
    });
    await using stage = await openDispatchStage([sink]);
    const first = await stage.add('hook', 'r1');
    const second = await stage.add('hook', 'r2');
    await until(() => stage.dispatcher.status()[0]?.inFlight === 1);
    await stage.pause('hook');
    answer.resolve();
    expect(await stage.attempted(first, 1)).toMatchObject({ state: 'delivered' });
    await pass(stage, MINUTE_MS);
    expect(await stage.delivery(second)).toMatchObject({ state: 'pending', attempts: 0 });
  });

  test('a retry that comes due waits, and its schedule goes on where it was', async () => {
    await using door = await startDoor({ status: 500 });
    await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
    const id = await stage.add('hook', 'r1');
    await stage.attempted(id, 1);
    await stage.pause('hook');
    await pass(stage, DAY_MS);
    expect(await stage.delivery(id)).toMatchObject({ state: 'pending', attempts: 1 });
    await stage.resume('hook');
    const { nextAttemptAtMs } = await stage.attempted(id, 2);
    expect(nextAttemptAtMs).toBe(stage.clock.nowMs() + MINUTE_MS);
  });

  test('drains at its rate', async () => {
    await using door = await startDoor();
    await using stage = await openDispatchStage([webhookTo('hook', door.url, { intervalMs: 1_000 })]);
    await stage.pause('hook');
    const ids = [];
    for (const uuid of ['r1', 'r2', 'r3']) ids.push(await stage.add('hook', uuid));
    await stage.resume('hook');
    for (const [index, id] of ids.entries()) {
      await stage.attempted(id, 1);
      expect(door.messages).toHaveLength(index + 1);
      stage.clock.advance(1_000);
    }
  });

  test('trials of a suspended one wait: by time, and at a start', async () => {
    const sink = sinkThat('hook', async () => ({ kind: 'failed', reason: 'login_refused', detail: 'no' }));
    await using stage = await openDispatchStage([sink]);
    const id = await stage.add('hook', 'r1');
    await suspended(stage);
    await stage.idle();
    await stage.pause('hook');
    const { history } = await stage.delivery(id);
    await pass(stage, 2 * DAY_MS);
    await stage.restart([sink]);
    await pass(stage, 2 * DAY_MS);
    expect((await stage.delivery(id)).history).toEqual(history);
    await stage.resume('hook');
    await until(async () => (await stage.delivery(id)).history.length === history.length + 1);
  });

  test('a digest waits', async () => {
    const messages: number[] = [];
    const plain = sinkThat('hook', async () => ({ kind: 'delivered', receipt: 'ok' }), {
      digest: { everyMs: MINUTE_MS, max: 50 },
    });
    const deliverDigest = async ({ events }: { readonly events: readonly unknown[] }) => {
      messages.push(events.length);
      return { kind: 'delivered', receipt: 'ok' } as const;
    };
    await using stage = await openDispatchStage([{ ...plain, definition: { ...plain.definition, deliverDigest } }]);
    const id = await stage.add('hook', 'r1');
    await stage.pause('hook');
    await pass(stage, 10 * MINUTE_MS);
    await stage.add('hook', 'r2');
    await pass(stage, 10 * MINUTE_MS);
    expect(messages).toEqual([]);
    await stage.resume('hook');
    await stage.attempted(id, 1);
    expect(messages).toEqual([2]);
  });

  test.each(STORE_KINDS)('on %s: stays so after a crash, a reload and both', async (store) => {
    await using door = await startDoor();
    const sinks = [webhookTo('hook', door.url)];
    await using stage = await openDispatchStage(sinks, { store });
    await stage.pause('hook');
    await stage.restart(sinks);
    const id = await stage.add('hook', 'r1');
    await stage.dispatcher.configure(sinks);
    stage.dispatcher.open(Number.POSITIVE_INFINITY);
    await pass(stage, MINUTE_MS);
    await stage.dispatcher.attemptDue(stage.clock.nowMs());
    expect(await stage.delivery(id)).toMatchObject({ state: 'pending', attempts: 0 });
    await stage.dispatcher.configure([]);
    await stage.dispatcher.configure(sinks);
    stage.dispatcher.open(Number.POSITIVE_INFINITY);
    await pass(stage, MINUTE_MS);
    expect(door.messages).toEqual([]);
    await stage.resume('hook');
    await stage.attempted(id, 1);
    await stage.restart(sinks);
    await stage.attempted(await stage.add('hook', 'r2'), 1);
    expect(uuidsOf(door)).toEqual(['r1', 'r2']);
  });

  test('the attempt of a lane from before a reload finishes; its retry waits in the one after it', async () => {
    const answer = Promise.withResolvers<void>();
    let attempts = 0;
    const sink = sinkThat('hook', async () => {
      attempts += 1;
      await answer.promise;
      return { kind: 'failed', reason: 'server_error', detail: 'HTTP 500' };
    });
    await using stage = await openDispatchStage([sink]);
    const id = await stage.add('hook', 'r1');
    await until(() => attempts === 1);
    await stage.dispatcher.configure([{ ...sink, timeoutMs: 1 }]);
    stage.dispatcher.open(Number.POSITIVE_INFINITY);
    await stage.pause('hook');
    answer.resolve();
    await stage.attempted(id, 1);
    await pass(stage, DAY_MS);
    expect(await stage.delivery(id)).toMatchObject({ state: 'pending', attempts: 1 });
    expect(attempts).toBe(1);
  });

  test.each(['redelivered', 'delivered anew'])('what is to be %s is refused, and stays as it was', async (how) => {
    await using door = await startDoor();
    await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
    const id = await stage.add('hook', 'r1');
    const before = await stage.attempted(id, 1);
    await stage.pause('hook');
    const { orders } = stage.dispatcher;
    const asked = how === 'redelivered' ? orders.redeliver(id) : orders.deliver(deliveryOf('hook', 'r1', 0));
    expect(await asked).toEqual({ kind: 'refused', why: 'sink_paused' });
    expect(await stage.delivery(id)).toEqual(before);
  });

  test('whoever waits for a turn when it is paused is told, and the delivery goes when it is resumed', async () => {
    const answer = Promise.withResolvers<void>();
    const sink = sinkThat('hook', async () => {
      await answer.promise;
      return { kind: 'delivered', receipt: 'ok' };
    });
    await using stage = await openDispatchStage([sink]);
    await stage.add('hook', 'r1');
    const behind = deliveryOf('hook', 'r2', stage.clock.nowMs());
    await until(() => stage.dispatcher.status()[0]?.inFlight === 1);
    const asked = stage.dispatcher.orders.deliver(behind);
    await until(() => stage.dispatcher.status()[0]?.waiting === 1);
    await stage.pause('hook');
    expect(await asked).toMatchObject({ kind: 'put_off', why: 'sink_paused' });
    answer.resolve();
    await stage.idle();
    await stage.resume('hook');
    expect(await stage.attempted(behind.id, 1)).toMatchObject({ state: 'delivered' });
  });
});

test.each([
  { name: 'suspended and paused: nothing dies of the pause', config: 'whole', isPaused: true, want: 'pending' },
  { name: 'suspended and not paused', config: 'whole', isPaused: false, want: 'dead' },
  { name: 'removed and paused', config: 'removed', isPaused: true, want: 'dead' },
  { name: 'disabled and paused', config: 'disabled', isPaused: true, want: 'dead' },
] as const)('after 30 days of waiting for a sink that is $name', async ({ config, isPaused, want }) => {
  const sink = sinkThat('hook', async () => ({ kind: 'failed', reason: 'gone', detail: 'HTTP 410' }));
  const configured = { whole: [sink], disabled: [{ ...sink, enabled: false }], removed: [] }[config];
  await using stage = await openDispatchStage(configured);
  const { clock, ledger, log, dispatcher } = stage;
  const delivery = deliveryOf('hook', 'r1', clock.nowMs());
  const state = { ...SINK_WORKS, suspension: suspend(null, 'gone', '', clock.nowMs()) };
  await ledger.save([delivery], new Map([['hook', state]]));
  if (isPaused) await stage.pause('hook');
  await dispatcher.load(configured);
  await dispatcher.written();
  clock.advance(31 * DAY_MS);
  const retention = () => ({ keepDeliveredMs: 90 * DAY_MS, keepDeadMs: 90 * DAY_MS });
  await sweep({ ledger, clock, log, dispatcher, retention });
  expect(await stage.delivery(delivery.id)).toMatchObject({ state: want });
});
