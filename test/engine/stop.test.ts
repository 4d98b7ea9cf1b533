import { collect } from '../support/collect.js';
import { turn, until } from '../support/turn.js';
import { openDispatchStage } from './dispatch-stage.js';
import { startDoor } from './door.js';
import { sinkThat, webhookTo } from './sinks.js';

/** A sink whose attempts end when the test says so. */
function heldSink(name: string, concurrency = 1) {
  const ends: (() => void)[] = [];
  const attempts: string[] = [];
  const sink = sinkThat(
    name,
    async ({ data }) => {
      attempts.push(data.recording.uuid);
      await new Promise<void>((resolve) => ends.push(resolve));
      return { kind: 'delivered', receipt: 'ok' };
    },
    { concurrency },
  );
  return { sink, ends, attempts };
}

describe('stop', () => {
  test('finishes what is in flight, starts nothing more, and leaves no timer', async () => {
    const { sink, ends, attempts } = heldSink('held');
    await using stage = await openDispatchStage([sink]);
    const first = await stage.add('held', 'first');
    const second = await stage.add('held', 'second');
    await stage.add('held', 'later', 60_000);
    await until(() => ends.length === 1);
    const stopped = stage.dispatcher.stop();
    ends[0]?.();
    await stopped;
    expect(attempts).toEqual(['first']);
    expect(await stage.delivery(first)).toMatchObject({ state: 'delivered' });
    expect(await stage.delivery(second)).toMatchObject({ state: 'pending', attempts: 0 });
    expect(stage.clock.timers()).toBe(0);
  });

  test('cuts off after eight seconds what takes longer, and that does not count', async () => {
    await using door = await startDoor();
    const { sink, ends } = heldSink('held');
    await using stage = await openDispatchStage([sink]);
    const id = await stage.add('held', 'r');
    await until(() => ends.length === 1);
    let isOver = false;
    const stopped = stage.dispatcher.stop().then(() => {
      isOver = true;
    });
    stage.clock.advance(7_999);
    expect(isOver).toBe(false);
    stage.clock.advance(1);
    await stopped;
    expect(await stage.delivery(id)).toMatchObject({ state: 'pending', attempts: 0, history: [] });
    expect(stage.clock.timers()).toBe(0);
    await stage.restart([webhookTo('held', door.url)]);
    expect(await stage.attempted(id, 1)).toMatchObject({ state: 'delivered', attempts: 1 });
  });

  test('stores a suspension that came with the last attempt', async () => {
    await using door = await startDoor({ status: 410 });
    await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
    await stage.add('hook', 'r');
    await door.waitFor(1);
    await stage.dispatcher.stop();
    expect((await stage.ledger.sinkStates()).get('hook')).toMatchObject({ suspension: { reason: 'gone' } });
  });

  test('answers whoever waits for a redelivery, and leaves it pending', async () => {
    const { sink, ends } = heldSink('held');
    await using stage = await openDispatchStage([sink]);
    await stage.add('held', 'first');
    const second = await stage.add('held', 'second');
    await until(() => ends.length === 1);
    const redelivery = stage.dispatcher.orders.redeliver(second);
    await until(() => stage.dispatcher.orders.has(second) && stage.dispatcher.orders.changing === 0);
    const stopped = stage.dispatcher.stop();
    ends[0]?.();
    await stopped;
    expect(await redelivery).toMatchObject({ kind: 'put_off', why: 'stopped' });
    expect(await stage.delivery(second)).toMatchObject({ state: 'pending', round: 1 });
  });

  test('does not wait for ever for a store that takes nothing', async () => {
    await using door = await startDoor();
    await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
    stage.store.failAlways('before', 'setMany');
    const id = await stage.add('hook', 'r').catch(() => undefined);
    expect(id).toBeUndefined();
    stage.store.heal();
    const added = await stage.add('hook', 'r');
    stage.store.failAlways('before', 'setMany');
    await door.waitFor(1);
    await until(() => stage.log.lines.some(({ message }) => message.startsWith('the store does not take results')));
    const stopped = stage.dispatcher.stop();
    stage.clock.advance(8_000);
    await stopped;
    expect(stage.clock.timers()).toBe(0);
    stage.store.heal();
    expect(await stage.delivery(added)).toMatchObject({ state: 'pending', attempts: 0 });
  });
});

describe('a store that does not take the results', () => {
  test.each(['before', 'after'] as const)(
    'failing %s it is done: nothing is sent twice, and it is stored later',
    async (fault) => {
      await using door = await startDoor();
      await using stage = await openDispatchStage([webhookTo('hook', door.url, { concurrency: 2 })]);
      const [first, second] = [await stage.add('hook', 'r1'), await stage.add('hook', 'r2')];
      stage.store.failAlways(fault, 'setMany');
      await door.waitFor(2);
      await until(() => stage.log.lines.some(({ message }) => message.startsWith('the store does not take results')));
      // Both attempts are over, and what is left to wait for is the store.
      await until(() => stage.clock.timers() === 1);
      for (let minutes = 0; minutes < 5; minutes += 1) stage.clock.advance(60_000);
      expect(door.messages).toHaveLength(2);
      stage.store.heal();
      await until(async () => {
        stage.clock.advance(30_000);
        return stage.dispatcher.status().every(({ inFlight }) => inFlight === 0);
      });
      expect(await stage.delivery(first)).toMatchObject({ state: 'delivered', attempts: 1 });
      expect(await stage.delivery(second)).toMatchObject({ state: 'delivered', attempts: 1 });
      expect(await collect(stage.ledger.pending())).toEqual([]);
      expect(door.messages).toHaveLength(2);
    },
  );
});

describe('another configuration', () => {
  test('while attempts are in flight makes none of them twice', async () => {
    const old = heldSink('held', 2);
    await using stage = await openDispatchStage([old.sink]);
    const ids = [];
    for (const uuid of ['r1', 'r2', 'r3']) ids.push(await stage.add('held', uuid));
    await until(() => old.ends.length === 2);
    const now = heldSink('held', 2);
    await stage.dispatcher.configure([now.sink]);
    stage.dispatcher.open(Number.POSITIVE_INFINITY);
    await until(() => now.ends.length === 1);
    for (const end of [...old.ends, ...now.ends]) end();
    for (const id of ids) await stage.attempted(id, 1);
    expect(old.attempts).toEqual(['r1', 'r2']);
    expect(now.attempts).toEqual(['r3']);
  });

  test('of the same sink counts the attempts that are in flight already', async () => {
    const { sink, ends } = heldSink('held', 2);
    await using stage = await openDispatchStage([sink]);
    const ids = [];
    for (const uuid of ['r1', 'r2', 'r3', 'r4']) ids.push(await stage.add('held', uuid));
    await until(() => ends.length === 2);
    for (let reloads = 0; reloads < 2; reloads += 1) {
      await stage.dispatcher.configure([{ ...sink }]);
      stage.dispatcher.open(Number.POSITIVE_INFINITY);
    }
    for (let turns = 0; turns < 50; turns += 1) await turn();
    expect(ends).toHaveLength(2);
    ends[0]?.();
    await until(() => ends.length === 3);
    ends[1]?.();
    ends[2]?.();
    await until(() => ends.length === 4);
    ends[3]?.();
    for (const id of ids) expect(await stage.attempted(id, 1)).toMatchObject({ state: 'delivered', attempts: 1 });
  });

  test('of the same sink starts none sooner than its rate allows', async () => {
    const { sink, attempts, ends } = heldSink('held', 9);
    const paced = { ...sink, intervalMs: 1_000 };
    await using stage = await openDispatchStage([paced]);
    for (const uuid of ['r1', 'r2']) await stage.add('held', uuid);
    await until(() => attempts.length === 1);
    await stage.dispatcher.configure([{ ...paced }]);
    stage.dispatcher.open(Number.POSITIVE_INFINITY);
    for (let turns = 0; turns < 50; turns += 1) await turn();
    stage.clock.advance(999);
    expect(attempts).toEqual(['r1']);
    stage.clock.advance(1);
    await until(() => attempts.length === 2);
    await until(() => ends.length === 2);
    for (const end of ends) end();
    await stage.idle();
  });

  test('takes over what an attempt of the one before leaves to be retried', async () => {
    let fail: () => void = () => undefined;
    const old = sinkThat('hook', async () => {
      await new Promise<void>((resolve) => {
        fail = resolve;
      });
      return { kind: 'failed', reason: 'server_error', detail: '' };
    });
    await using door = await startDoor();
    await using stage = await openDispatchStage([old]);
    const id = await stage.add('hook', 'r');
    await until(() => stage.dispatcher.status()[0]?.inFlight === 1);
    await stage.dispatcher.configure([webhookTo('hook', door.url)]);
    stage.dispatcher.open(Number.POSITIVE_INFINITY);
    fail();
    await stage.attempted(id, 1);
    stage.clock.advance(5_000);
    expect(await stage.attempted(id, 2)).toMatchObject({ state: 'delivered', attempts: 2 });
  });

  test.each([
    { name: 'removed', without: () => [] },
    { name: 'disabled', without: (url: string) => [webhookTo('hook', url, { enabled: false })] },
  ])(
    'a $name sink: what waits for it is kept and counted, uses up nothing, and goes on when it is back',
    async ({ name, without }) => {
      await using door = await startDoor();
      await using stage = await openDispatchStage(without(door.url));
      const ids = [await stage.add('hook', 'r1'), await stage.add('hook', 'r2')];
      await stage.restart(without(door.url));
      expect(stage.dispatcher.parked).toEqual(new Map([['hook', 2]]));
      expect(stage.dispatcher.stateOf('hook')).toMatchObject({ inactive: { why: name, sinceMs: stage.clock.nowMs() } });
      expect(await stage.dispatcher.orders.redeliver(ids[0] ?? ('' as never))).toEqual({
        kind: 'refused',
        why: `sink_${name}`,
      });
      await stage.dispatcher.stop();
      expect((await stage.ledger.sinkStates()).get('hook')).toMatchObject({ inactive: { why: name } });

      await stage.restart([webhookTo('hook', door.url)]);
      for (const id of ids) expect(await stage.attempted(id, 1)).toMatchObject({ state: 'delivered', attempts: 1 });
      expect(stage.dispatcher.parked.size).toBe(0);
      await stage.dispatcher.stop();
      expect((await stage.ledger.sinkStates()).get('hook')).toMatchObject({ inactive: null });
    },
  );

  test('since when a sink gets nothing stays the same through restarts', async () => {
    await using stage = await openDispatchStage([]);
    await stage.add('hook', 'r');
    await stage.restart([]);
    const sinceMs = stage.clock.nowMs();
    await stage.dispatcher.stop();
    stage.clock.advance(86_400_000);
    await stage.restart([webhookTo('hook', 'http://127.0.0.1:9/', { enabled: false })]);
    expect(stage.dispatcher.stateOf('hook').inactive).toEqual({ why: 'disabled', sinceMs });
  });

  test('while the store cannot be read: the lanes go on, and the outbox is read when it can be', async () => {
    await using door = await startDoor();
    await using stage = await openDispatchStage([]);
    const id = await stage.add('hook', 'r1');
    stage.store.failAlways('before', 'scan');
    await stage.dispatcher.configure([webhookTo('hook', door.url)]);
    stage.dispatcher.open(Number.POSITIVE_INFINITY);
    const fresh = await stage.add('hook', 'r2');
    expect(await stage.attempted(fresh, 1)).toMatchObject({ state: 'delivered' });
    stage.store.heal();
    await until(async () => {
      stage.clock.advance(5_000);
      return (await stage.delivery(id)).state === 'delivered';
    });
  });

  test('a start whose outbox cannot be read whole is none', async () => {
    await using stage = await openDispatchStage([]);
    stage.store.failAlways('after', 'scan');
    await expect(stage.restart([])).rejects.toMatchObject({ name: 'StoreError' });
  });
});

describe('what a sink keeps open', () => {
  test('is ended after its last attempt, when a reload takes the sink away', async () => {
    const story: string[] = [];
    const attempt = Promise.withResolvers<void>();
    const sink = sinkThat(
      'pool',
      async () => {
        story.push('begun');
        await attempt.promise;
        story.push('over');
        return { kind: 'delivered', receipt: '' };
      },
      {},
      async () => void story.push('closed'),
    );
    await using stage = await openDispatchStage([sink]);
    await stage.add('pool', 'r');
    await until(() => story.length === 1);
    await stage.dispatcher.configure([]);
    expect(story).toEqual(['begun']);
    attempt.resolve();
    await until(() => story.length === 3);
    expect(story).toEqual(['begun', 'over', 'closed']);
  });

  test('is ended at the stop, and a failure there is only logged', async () => {
    const sink = sinkThat(
      'pool',
      async () => ({ kind: 'delivered', receipt: '' }),
      {},
      async () => {
        throw new Error('it hangs');
      },
    );
    await using stage = await openDispatchStage([sink]);
    await stage.dispatcher.stop();
    expect(stage.log.lines).toMatchObject([{ level: 'warn', fields: { sink: 'pool' } }]);
  });
});
