import { UNNOTED_RATIO } from '../../src/engine/flights.js';
import { DOWN_INTERVAL_MS, FAILURES_MIN } from '../../src/engine/pace.js';
import { startReceiver } from '../../src/fake/receiver.js';
import type { Store } from '../../src/ports.js';
import { prefixes } from '../../src/store/keys.js';
import { collect } from '../support/collect.js';
import { openTestStore } from '../support/open-store.js';
import { realClock as clock } from '../support/real-clock.js';
import { turn, until } from '../support/turn.js';
import { openDispatchStage } from './dispatch-stage.js';
import { startDoor, uuidsOf } from './door.js';
import { deliveryOf, SCHEDULE_MS, sinkThat, sourceThat, webhookTo } from './sinks.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test('what is offered is delivered, in the order in which it is due', async () => {
  await using door = await startDoor();
  await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
  const late = await stage.add('hook', 'late', 2_000);
  await stage.add('hook', 'early', 1_000);
  const now = await stage.add('hook', 'now');
  expect(await stage.attempted(now, 1)).toMatchObject({ state: 'delivered', attempts: 1, nextAttemptAtMs: null });
  stage.clock.advance(2_000);
  await stage.attempted(late, 1);
  expect(uuidsOf(door)).toEqual(['now', 'early', 'late']);
  expect(await collect(stage.ledger.pending())).toEqual([]);
});

test.each([
  { name: 'and is offered then', isOffered: true },
  { name: 'and is found there if storing it seemed to fail', isOffered: false },
])('what is being stored is not taken out of the outbox, $name', async ({ isOffered }) => {
  await using door = await startDoor();
  await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
  const delivery = deliveryOf('hook', 'r', stage.clock.nowMs());
  const isOver = stage.dispatcher.expect([delivery]);
  await stage.ledger.commit([delivery], []);
  stage.dispatcher.readAgain();
  await stage.dispatcher.attemptDue();
  expect(uuidsOf(door)).toEqual([]);
  isOver();
  if (isOffered) stage.dispatcher.offer([delivery]);
  else stage.dispatcher.readAgain();
  await stage.attempted(delivery.id, 1);
  expect(uuidsOf(door)).toEqual(['r']);
});

test('no more are in flight at once than the sink takes', async () => {
  let open = 0;
  let most = 0;
  const ends: (() => void)[] = [];
  const sink = sinkThat(
    'slow',
    async () => {
      open += 1;
      most = Math.max(most, open);
      await new Promise<void>((resolve) => ends.push(resolve));
      open -= 1;
      return { kind: 'delivered', receipt: 'ok' };
    },
    { concurrency: 3 },
  );
  await using stage = await openDispatchStage([sink]);
  for (let n = 0; n < 10; n += 1) await stage.add('slow', `r${n}`);
  for (let n = 0; n < 10; n += 1) {
    await until(() => ends.length > n);
    ends[n]?.();
  }
  await stage.idle();
  expect(most).toBe(3);
  expect(await collect(stage.ledger.pending())).toEqual([]);
});

describe('what the receiver has taken and the store has not noted', () => {
  function takesAtOnce() {
    let sent = 0;
    const deliver = async () => {
      sent += 1;
      return { kind: 'delivered', receipt: 'taken' } as const;
    };
    return { sink: sinkThat('hook', deliver, { concurrency: 2 }), sent: () => sent };
  }

  test('keeps no other waiting, up to its bound', async () => {
    const store = await openTestStore();
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const slow: Store = {
      label: store.label,
      getMany: (keys) => store.getMany(keys),
      getUnlike: (keys, like) => store.getUnlike(keys, like),
      async setMany(entries) {
        if (entries.some(([key]) => key.startsWith(prefixes.finished))) await held;
        return store.setMany(entries);
      },
      deleteMany: (keys) => store.deleteMany(keys),
      replaceMany: (entries, gone) => store.replaceMany(entries, gone),
      scan: (prefix) => store.scan(prefix),
      close: () => store.close(),
    };
    const { sink, sent } = takesAtOnce();
    await using stage = await openDispatchStage([sink], { on: slow });
    const count = 30;
    for (let n = 0; n < count; n += 1) await stage.add('hook', `r${n}`);
    await until(() => sent() === 2 + 2 * UNNOTED_RATIO);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(sent()).toBe(2 + 2 * UNNOTED_RATIO);
    expect(stage.dispatcher.ends.count('delivered')).toBe(0);
    letGo();
    await until(() => stage.dispatcher.ends.count('delivered') === count);
    expect(sent()).toBe(count);
  });

  test('keeps its place while the store fails, so that a crash repeats no more than was in flight', async () => {
    const { sink, sent } = takesAtOnce();
    await using stage = await openDispatchStage([sink]);
    const [first, ...others] = Array.from({ length: 11 }, (_, n) => deliveryOf('hook', `r${n}`, 0));
    stage.store.failAlways('before', 'setMany');
    stage.dispatcher.offer(first === undefined ? [] : [first]);
    await until(() => stage.dispatcher.storeFailsForMs !== undefined);
    stage.dispatcher.offer(others);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(sent()).toBe(2);
    stage.store.heal();
    stage.clock.advance(60_000);
    await until(() => stage.dispatcher.ends.count('delivered') === 11);
    expect(sent()).toBe(11);
  });
});

test('rate: so long at least between the starts of two attempts', async () => {
  const starts: number[] = [];
  const sink = sinkThat(
    'paced',
    async (_, context) => {
      starts.push(context.clock.nowMs());
      return { kind: 'delivered', receipt: 'ok' };
    },
    { concurrency: 5, intervalMs: 1_000 },
  );
  await using stage = await openDispatchStage([sink]);
  const startMs = stage.clock.nowMs();
  for (let n = 0; n < 4; n += 1) await stage.add('paced', `r${n}`);
  for (let n = 1; n < 4; n += 1) {
    await until(() => starts.length === n);
    await stage.idle();
    stage.clock.advance(999);
    expect(starts).toHaveLength(n);
    stage.clock.advance(1);
  }
  await until(() => starts.length === 4);
  expect(starts).toEqual([0, 1_000, 2_000, 3_000].map((ms) => startMs + ms));
});

test('a sink that is down is tried in a row with gaps, until one works', async () => {
  const starts: number[] = [];
  let isDown = true;
  const sink = sinkThat(
    'hook',
    async (_, context) => {
      starts.push(context.clock.nowMs());
      return isDown
        ? { kind: 'failed', reason: 'connection_failed', detail: 'refused' }
        : { kind: 'delivered', receipt: 'ok' };
    },
    { concurrency: 5 },
  );
  await using stage = await openDispatchStage([sink]);
  const startMs = stage.clock.nowMs();
  const count = FAILURES_MIN + 10;
  for (let n = 0; n < count; n += 1) await stage.add('hook', `r${n}`);
  await until(() => starts.length >= FAILURES_MIN);
  await stage.idle();
  const atOnce = starts.length;
  expect(starts).toEqual(Array.from({ length: atOnce }, () => startMs));
  expect(atOnce).toBeLessThan(FAILURES_MIN + 5);
  stage.clock.advance(DOWN_INTERVAL_MS);
  await until(() => starts.length === atOnce + 1);
  await stage.idle();
  isDown = false;
  stage.clock.advance(DOWN_INTERVAL_MS);
  // The rest goes with the one that works.
  await until(() => starts.length === count);
  expect(new Set(starts.slice(atOnce))).toEqual(new Set([1, 2].map((n) => startMs + n * DOWN_INTERVAL_MS)));
});

test('a receiver that fails: eleven attempts in 75.6 hours, then dead, with the same id each time', async () => {
  await using door = await startDoor({ status: 500 });
  await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
  const startMs = stage.clock.nowMs();
  const id = await stage.add('hook', 'r');
  for (const [index, delayMs] of SCHEDULE_MS.entries()) {
    const { nextAttemptAtMs, state } = await stage.attempted(id, index + 1);
    expect({ state, waitMs: (nextAttemptAtMs ?? 0) - stage.clock.nowMs() }).toEqual({
      state: 'pending',
      waitMs: delayMs,
    });
    stage.clock.advance(delayMs - 1);
    expect(door.messages).toHaveLength(index + 1);
    stage.clock.advance(1);
  }
  const dead = await stage.attempted(id, 11);
  expect(dead).toMatchObject({ state: 'dead', lastError: { reason: 'server_error', detail: 'HTTP 500' } });
  expect(dead.history).toHaveLength(11);
  expect((stage.clock.nowMs() - startMs) / HOUR_MS).toBeCloseTo(75.6, 2);
  expect(new Set(door.messages.map((message) => message.id)).size).toBe(1);
  expect(stage.dispatcher.ends.count('dead')).toBe(1);
  stage.clock.advance(30 * DAY_MS);
  expect(door.messages).toHaveLength(11);
});

test.each([
  { random: 0, waitMs: 5_000 },
  { random: 0.5, waitMs: 5_500 },
  { random: 0.999, waitMs: 5_999 },
])('jitter lengthens a wait and never shortens it: $random', async ({ random, waitMs }) => {
  await using door = await startDoor({ status: 500 });
  await using stage = await openDispatchStage([webhookTo('hook', door.url)], { random: () => random });
  const { nextAttemptAtMs } = await stage.attempted(await stage.add('hook', 'r'), 1);
  expect((nextAttemptAtMs ?? 0) - stage.clock.nowMs()).toBe(waitMs);
});

test.each([
  { status: 429, name: '429' },
  { status: 503, name: '503 with Retry-After' },
])('$name pauses the lane: the attempt counts, what waits behind it loses none', async ({ status }) => {
  await using door = await startDoor({ status, headers: { 'retry-after': '600' } });
  await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
  const first = await stage.add('hook', 'first');
  const behind = await stage.add('hook', 'behind');
  const refused = await stage.attempted(first, 1);
  expect((refused.nextAttemptAtMs ?? 0) - stage.clock.nowMs()).toBe(600_000);
  door.answer({ status: 204 });
  stage.clock.advance(599_999);
  expect(door.messages).toHaveLength(1);
  expect(await stage.delivery(behind)).toMatchObject({ attempts: 0 });
  stage.clock.advance(1);
  expect(await stage.attempted(first, 2)).toMatchObject({ state: 'delivered' });
  expect(await stage.attempted(behind, 1)).toMatchObject({ state: 'delivered', attempts: 1 });
});

test('a pause outlasts a restart', async () => {
  await using door = await startDoor({ status: 429, headers: { 'retry-after': '600' } });
  const sinks = [webhookTo('hook', door.url)];
  await using stage = await openDispatchStage(sinks);
  await stage.attempted(await stage.add('hook', 'first'), 1);
  await stage.dispatcher.stop();
  await stage.restart(sinks);
  await stage.add('hook', 'second');
  expect(stage.dispatcher.status()).toMatchObject([{ waiting: 2, inFlight: 0 }]);
  expect(door.messages).toHaveLength(1);
});

test('a receiver that hangs delays no other sink, and its attempt ends with its time', async () => {
  await using door = await startDoor();
  const hanging = await startReceiver({ clock, respond: () => new Promise(() => undefined) });
  await using stage = await openDispatchStage([webhookTo('hanging', hanging.url), webhookTo('healthy', door.url)]);
  const stuck = await stage.add('hanging', 'r1');
  await hanging.waitFor(1);
  for (let n = 0; n < 5; n += 1) await stage.add('healthy', `r${n}`);
  await door.waitFor(5);
  await until(async () => (await collect(stage.ledger.pending())).length === 1);
  stage.clock.advance(20_000);
  expect(await stage.attempted(stuck, 1)).toMatchObject({ state: 'pending', lastError: { reason: 'timeout' } });
  await hanging.close();
});

test('a sink that throws is a bug: logged with its error, and retried', async () => {
  const bug = new Error('a bug');
  const sink = sinkThat('buggy', async () => {
    throw bug;
  });
  await using stage = await openDispatchStage([sink]);
  const delivery = await stage.attempted(await stage.add('buggy', 'r'), 1);
  expect(delivery).toMatchObject({ state: 'pending', lastError: { reason: 'sink_threw' } });
  expect(stage.log.lines.filter(({ level }) => level === 'error')).toMatchObject([
    { fields: { sink: 'buggy', error: bug } },
  ]);
});

test('a sink that ignores its end is given up all the same', async () => {
  const sink = sinkThat('deaf', () => new Promise(() => undefined));
  await using stage = await openDispatchStage([sink]);
  const id = await stage.add('deaf', 'r');
  expect(stage.dispatcher.status()).toMatchObject([{ inFlight: 1 }]);
  await until(() => stage.clock.timers() > 0);
  stage.clock.advance(20_000);
  expect(await stage.attempted(id, 1)).toMatchObject({ lastError: { reason: 'timeout' } });
});

describe('the clock', () => {
  test.each([
    { name: 'an hour', backMs: HOUR_MS, waitMs: HOUR_MS + 5_000 },
    { name: 'a year', backMs: 365 * DAY_MS, waitMs: 1.2 * DAY_MS },
  ])('goes back by $name: a wait is as long as a plan could be, at most', async ({ backMs, waitMs }) => {
    await using door = await startDoor({ status: 500 });
    const sinks = [webhookTo('hook', door.url)];
    await using stage = await openDispatchStage(sinks);
    const id = await stage.add('hook', 'r');
    await stage.attempted(id, 1);
    await stage.dispatcher.stop();
    stage.clock.jump(-backMs);
    await stage.restart(sinks);
    // News come in meanwhile, and must not make it wait anew each time.
    for (let part = 0; part < 4; part += 1) {
      stage.clock.advance(waitMs / 4 - 1);
      stage.dispatcher.offer([]);
      stage.dispatcher.open(Number.POSITIVE_INFINITY);
    }
    expect(stage.dispatcher.status()).toMatchObject([{ waiting: 1, inFlight: 0 }]);
    stage.clock.advance(4);
    expect(await stage.attempted(id, 2)).toMatchObject({ attempts: 2 });
  });

  test('goes back by a year while a lane is paused: a day is the longest pause', async () => {
    await using door = await startDoor({ status: 429, headers: { 'retry-after': '60' } });
    await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
    const id = await stage.add('hook', 'r');
    await stage.attempted(id, 1);
    door.answer({ status: 204 });
    stage.clock.jump(-365 * DAY_MS);
    const other = await stage.add('hook', 'other');
    stage.clock.advance(DAY_MS);
    expect(await stage.attempted(other, 1)).toMatchObject({ state: 'delivered' });
  });

  test('goes back: what was cut is stored, so that restarts do not push it away', async () => {
    await using door = await startDoor({ status: 500 });
    await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
    const id = await stage.add('hook', 'r');
    await stage.attempted(id, 1);
    stage.clock.jump(-365 * DAY_MS);
    stage.dispatcher.open(Number.POSITIVE_INFINITY);
    const latestMs = stage.clock.nowMs() + 2 * DAY_MS;
    await until(async () => ((await stage.delivery(id)).nextAttemptAtMs ?? Number.POSITIVE_INFINITY) < latestMs);
  });

  test('goes forward: what has become due goes', async () => {
    await using door = await startDoor({ status: 500 });
    await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
    const id = await stage.add('hook', 'r');
    await stage.attempted(id, 1);
    door.answer({ status: 204 });
    stage.clock.jump(365 * DAY_MS);
    await stage.add('hook', 'other');
    expect(await stage.attempted(id, 2)).toMatchObject({ state: 'delivered' });
  });
});

test('an attempt that breaks off by a mistake of ours is logged, answered and made again', async () => {
  await using door = await startDoor();
  let breaks = true;
  const source = sourceThat(async () => {
    if (breaks) throw new TypeError('a mistake');
    return undefined;
  });
  await using stage = await openDispatchStage([webhookTo('hook', door.url)], { source });
  const id = await stage.add('hook', 'r', 0, true);
  await until(() => stage.log.lines.some(({ message }) => message.startsWith('an attempt broke off')));
  expect(await stage.dispatcher.orders.redeliver(id)).toMatchObject({ kind: 'put_off', why: 'broken' });
  breaks = false;
  stage.clock.advance(30_000);
  expect(await stage.attempted(id, 1)).toMatchObject({ state: 'delivered' });
});

test('of several that are told to wait, the longest wait holds the lane', async () => {
  const waits = [3_600_000, 1_000];
  const sink = sinkThat(
    'busy',
    async () => ({ kind: 'failed', reason: 'rate_limited', detail: '', retryAfterMs: waits.shift() ?? 0 }),
    { concurrency: 2 },
  );
  await using stage = await openDispatchStage([sink]);
  const now = stage.clock.nowMs();
  await stage.add('busy', 'one');
  const two = await stage.add('busy', 'two');
  await stage.attempted(two, 1);
  expect(stage.dispatcher.stateOf('busy').pausedUntilMs).toBeGreaterThanOrEqual(now + 3_600_000);
});

test('more than memory holds: what is due already goes before the retries of the rest, and nothing is lost', async () => {
  const COUNT = 10_050;
  let fails = true;
  const attempts = new Map<string, number>();
  const sink = sinkThat(
    'many',
    async ({ id }) => {
      attempts.set(id, (attempts.get(id) ?? 0) + 1);
      // One now and then works, or the sink would count as down.
      const isFailure = fails && attempts.size % 400 > 0;
      return isFailure ? { kind: 'failed', reason: 'server_error', detail: '' } : { kind: 'delivered', receipt: '' };
    },
    { concurrency: 500 },
  );
  await using stage = await openDispatchStage([]);
  const deliveries = Array.from({ length: COUNT }, (_, n) => deliveryOf('many', `r${n}`, stage.clock.nowMs()));
  for (let from = 0; from < COUNT; from += 1_000) await stage.ledger.commit(deliveries.slice(from, from + 1_000), []);
  await stage.restart([sink]);
  await until(() => attempts.size === COUNT);
  await stage.idle();
  expect(Math.max(...attempts.values())).toBe(1);
  fails = false;
  stage.clock.advance(5_000);
  await until(async () => stage.dispatcher.status().every(({ waiting, inFlight }) => waiting + inFlight === 0));
  await until(async () => (await collect(stage.ledger.pending())).length === 0);
  expect(Math.max(...attempts.values())).toBe(2);
});
