import type { SinkConfig } from '../../src/config/config.js';
import { type Delivery, givenUp } from '../../src/core/delivery.js';
import type { Outcome } from '../../src/core/failure.js';
import type { DeliveryId } from '../../src/core/id.js';
import { sweep } from '../../src/engine/sweeper.js';
import type { Store } from '../../src/ports.js';
import type { Digest } from '../../src/sinks/define.js';
import { collect } from '../support/collect.js';
import { openTestStore } from '../support/open-store.js';
import { turn, until } from '../support/turn.js';
import { type DispatchStage, openDispatchStage } from './dispatch-stage.js';
import { deliveryOf, sinkThat } from './sinks.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const EVERY_MS = 10 * MINUTE_MS;
const YES: Outcome = { kind: 'delivered', receipt: 'ok' };
const NO: Outcome = { kind: 'failed', reason: 'server_error', detail: 'HTTP 500' };
const GONE: Outcome = { kind: 'failed', reason: 'destination_refused', detail: 'no such channel' };

/** A sink that notes what it gets: a list of uuids for each message, and the id that a digest had. */
interface Collector {
  readonly sink: SinkConfig;
  readonly messages: string[][];
  readonly digests: string[];
  answer: Outcome | Promise<Outcome>;
}

function collector(change: Partial<SinkConfig> = {}): Collector {
  const messages: string[][] = [];
  const digests: string[] = [];
  const made: Collector = {
    messages,
    digests,
    answer: YES,
    sink: withDigests(
      sinkThat(
        'chat',
        async ({ data }) => {
          messages.push([data.recording.uuid]);
          return made.answer;
        },
        { digest: { everyMs: EVERY_MS, max: 3 }, ...change },
      ),
      async ({ id, events }) => {
        messages.push(events.map(({ data }) => data.recording.uuid));
        digests.push(id);
        return made.answer;
      },
    ),
  };
  return made;
}

function withDigests(sink: SinkConfig, deliverDigest: (digest: Digest) => Promise<Outcome>): SinkConfig {
  return { ...sink, definition: { ...sink.definition, deliverDigest } };
}

async function addAll(stage: DispatchStage, ...uuids: string[]): Promise<DeliveryId[]> {
  const ids: DeliveryId[] = [];
  for (const uuid of uuids) ids.push(await stage.add('chat', uuid));
  return ids;
}

async function sent({ messages }: Collector, stage: DispatchStage, count: number): Promise<void> {
  await until(() => messages.length >= count);
  await stage.idle();
}

function statesOf(stage: DispatchStage, ids: readonly DeliveryId[]): Promise<Delivery[]> {
  return Promise.all(ids.map((id) => stage.delivery(id)));
}

test('the first waits for others, and all go in one message in the order in which they were due', async () => {
  const chat = collector();
  await using stage = await openDispatchStage([chat.sink]);
  const [first] = await addAll(stage, 'a');
  stage.clock.advance(EVERY_MS - 1);
  const [second] = await addAll(stage, 'b');
  await stage.idle();
  expect(chat.messages).toEqual([]);
  stage.clock.advance(1);
  await sent(chat, stage, 1);
  expect(chat.messages).toEqual([['a', 'b']]);
  for (const id of [first, second]) {
    expect(await stage.delivery(id as DeliveryId)).toMatchObject({ state: 'delivered', attempts: 1 });
  }
  expect(stage.log.lines.filter(({ message }) => message === 'delivered').map(({ fields }) => fields)).toMatchObject([
    { digest: chat.digests[0], events: 2 },
    { digest: chat.digests[0], events: 2 },
  ]);
});

test('as many as it takes go at once; the rest waits from when it was due', async () => {
  const chat = collector();
  await using stage = await openDispatchStage([chat.sink]);
  await addAll(stage, 'a', 'b', 'c', 'd');
  await sent(chat, stage, 1);
  expect(chat.messages).toEqual([['a', 'b', 'c']]);
  stage.clock.advance(EVERY_MS);
  await sent(chat, stage, 2);
  expect(chat.messages[1]).toEqual(['d']);
  expect(chat.digests).toHaveLength(1);
});

test('an event for operators goes by itself at once, past what is collected', async () => {
  const chat = collector({ events: ['recording.available', 'source.failing'] });
  const told: string[] = [];
  const sink = {
    ...chat.sink,
    definition: {
      ...chat.sink.definition,
      deliver: async ({ type }: { type: string }) => {
        told.push(type);
        return YES;
      },
    },
  };
  await using stage = await openDispatchStage([sink]);
  await addAll(stage, 'a');
  const alarm = deliveryOf('chat', 'alarm', stage.clock.nowMs());
  const { id, timestamp } = alarm.event;
  const data = { reason: 'timeout', message: 'no answer', since: timestamp };
  const delivery = { ...alarm, event: { id, timestamp, type: 'source.failing', source: 'production', data } as const };
  await stage.ledger.commit([delivery], []);
  stage.dispatcher.offer([delivery]);
  await stage.attempted(delivery.id, 1);
  expect(told).toEqual(['source.failing']);
  expect(chat.messages).toEqual([]);
});

test('what fails is tried again as the same message, and dies together', async () => {
  const chat = collector({ retry: { delaysMs: [5_000, MINUTE_MS], jitterRatio: 0.2 } });
  chat.answer = NO;
  await using stage = await openDispatchStage([chat.sink], { random: () => 0.5 });
  const ids = await addAll(stage, 'a', 'b', 'c');
  await sent(chat, stage, 1);
  await addAll(stage, 'd');
  for (const waitMs of [5_500, 66_000]) {
    stage.clock.advance(waitMs);
    await sent(chat, stage, chat.messages.length + 1);
  }
  expect(chat.messages).toEqual([
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
  ]);
  expect(new Set(chat.digests).size).toBe(1);
  const [digest] = chat.digests;
  for (const { state, attempts, history } of await statesOf(stage, ids)) {
    expect({ state, attempts }).toEqual({ state: 'dead', attempts: 3 });
    expect(history.map((attempt) => attempt.digest)).toEqual(Array(3).fill({ id: digest, events: 3 }));
  }
  expect(stage.dispatcher.ends.count('dead')).toBe(3);
  expect(stage.dispatcher.waiting('chat')).toEqual({ all: 1, ofRecordings: 1 });
});

/** As a death does for whatever comes after; what is under way is given up. */
async function die(stage: DispatchStage): Promise<void> {
  const stopped = stage.dispatcher.stop();
  stage.clock.advance(8_000);
  await stopped;
  stage.store.heal();
}

test('a process that dies once it is stored what goes together: the next one sends just that', async () => {
  const chat = collector();
  await using stage = await openDispatchStage([chat.sink]);
  await addAll(stage, 'a', 'b');
  stage.store.die(1, 'after');
  stage.clock.advance(EVERY_MS);
  await until(() => stage.log.lines.some(({ message }) => message.startsWith('the store does not take results')));
  await die(stage);
  expect(chat.messages).toEqual([]);
  await stage.ledger.commit([deliveryOf('chat', 'c', stage.clock.nowMs() - EVERY_MS)], []);
  await stage.restart([chat.sink]);
  await sent(chat, stage, 2);
  expect(chat.messages.toSorted()).toEqual([['a', 'b'], ['c']]);
});

test('a process that dies after the yes and before our note of it: the same message again', async () => {
  const chat = collector();
  await using stage = await openDispatchStage([chat.sink]);
  await addAll(stage, 'a', 'b');
  chat.answer = new Promise(() => undefined);
  stage.clock.advance(EVERY_MS);
  await until(() => chat.messages.length === 1);
  await die(stage);
  chat.answer = YES;
  await stage.restart([chat.sink]);
  await addAll(stage, 'c');
  await sent(chat, stage, 2);
  expect(chat.messages).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
  expect(new Set(chat.digests).size).toBe(1);
});

test('one that found no company stays alone after a crash', async () => {
  const chat = collector();
  await using stage = await openDispatchStage([chat.sink]);
  chat.answer = new Promise(() => undefined);
  await addAll(stage, 'a');
  stage.clock.advance(EVERY_MS);
  await until(() => chat.messages.length === 1);
  await die(stage);
  chat.answer = YES;
  await stage.restart([chat.sink]);
  await addAll(stage, 'b', 'c');
  await sent(chat, stage, 2);
  expect(chat.messages).toEqual([['a'], ['a']]);
});

test('nothing is sent before the store has it that it goes together', async () => {
  const chat = collector();
  await using stage = await openDispatchStage([chat.sink]);
  const [id] = await addAll(stage, 'a', 'b');
  stage.store.fail(1, 'before');
  stage.clock.advance(EVERY_MS);
  await until(() => stage.log.lines.some(({ message }) => message.startsWith('the store does not take results')));
  expect(chat.messages).toEqual([]);
  stage.store.heal();
  stage.clock.advance(1_000);
  await sent(chat, stage, 1);
  expect(chat.messages).toEqual([['a', 'b']]);
  expect((await stage.delivery(id as DeliveryId)).batch).toBeUndefined();
});

test('a batch whose members cannot be read just now goes later', async () => {
  const chat = collector();
  chat.answer = NO;
  await using stage = await openDispatchStage([chat.sink], { random: () => 0 });
  await addAll(stage, 'a', 'b', 'c');
  await sent(chat, stage, 1);
  chat.answer = YES;
  stage.store.fail(1, 'before');
  stage.clock.advance(5_000);
  await until(() => stage.log.lines.some(({ message }) => message.startsWith('a batch could not be read')));
  stage.store.heal();
  await stage.idle();
  stage.clock.advance(5_000);
  await sent(chat, stage, 2);
  expect(chat.messages[1]).toEqual(['a', 'b', 'c']);
});

test('one that somebody redelivers leaves its batch and goes alone, at once; the others go without it', async () => {
  const chat = collector();
  chat.answer = NO;
  await using stage = await openDispatchStage([chat.sink], { random: () => 0 });
  const [, second] = await addAll(stage, 'a', 'b', 'c');
  await sent(chat, stage, 1);
  const redelivered = await stage.dispatcher.orders.redeliver(second as DeliveryId);
  expect(redelivered).toMatchObject({ kind: 'attempted', delivery: { round: 1, attempts: 2 } });
  await stage.dispatcher.stop();
  await stage.restart([chat.sink]);
  chat.answer = YES;
  stage.clock.advance(5_000);
  await sent(chat, stage, 4);
  expect(chat.messages.slice(0, 2)).toEqual([['a', 'b', 'c'], ['b']]);
  expect(chat.messages.slice(2).toSorted()).toEqual([['a', 'c'], ['b']]);
  expect(new Set(chat.digests).size).toBe(2);
  expect(await collect(stage.ledger.pending())).toEqual([]);
});

test('a batch does not go while somebody changes one of it, and goes without that one afterwards', async () => {
  const chat = collector();
  chat.answer = NO;
  await using stage = await openDispatchStage([chat.sink], { random: () => 0 });
  const [, second] = await addAll(stage, 'a', 'b', 'c');
  await sent(chat, stage, 1);
  chat.answer = YES;
  const changed = stage.dispatcher.orders.change(second as DeliveryId, (stored) =>
    givenUp(stored, 'discarded', stage.clock.nowMs()),
  );
  // It comes due before the change is stored.
  stage.clock.advance(5_000);
  await changed;
  await sent(chat, stage, 2);
  expect(chat.messages.slice(1)).toEqual([['a', 'c']]);
});

test('a reading of the outbox takes no batch whose members are being looked for: it goes once', async () => {
  const chat = collector({ concurrency: 2 });
  chat.answer = NO;
  const slow = await openSlowStore();
  await using stage = await openDispatchStage([chat.sink], { random: () => 0, on: slow.store });
  await addAll(stage, 'a', 'b', 'c');
  await sent(chat, stage, 1);
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  chat.answer = promise;
  const goOn = slow.holdNextRead();
  stage.clock.advance(5_000);
  // Only a reading finds the other one.
  await stage.ledger.commit([deliveryOf('chat', 'd', stage.clock.nowMs())], []);
  stage.dispatcher.readAgain();
  await until(() => stage.dispatcher.waiting('chat').all > 0);
  await turn();
  expect(stage.dispatcher.status()).toMatchObject([{ inFlight: 1, waiting: 1 }]);
  goOn();
  resolve(YES);
  await sent(chat, stage, 2);
  expect(chat.messages.slice(1)).toEqual([['a', 'b', 'c']]);
});

/** A real store of which a test holds up one reading. */
async function openSlowStore() {
  const store = await openTestStore();
  let before: Promise<void> | undefined;
  return {
    store: {
      label: store.label,
      async getMany(keys: readonly string[]) {
        const held = before;
        before = undefined;
        await held;
        return store.getMany(keys);
      },
      getUnlike: (keys, like) => store.getUnlike(keys, like),
      setMany: (entries) => store.setMany(entries),
      deleteMany: (keys) => store.deleteMany(keys),
      replaceMany: (entries, gone) => store.replaceMany(entries, gone),
      scan: (prefix) => store.scan(prefix),
      close: () => store.close(),
    } satisfies Store,
    /** @returns lets it go on */
    holdNextRead(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      before = promise;
      return resolve;
    },
  };
}

test('one that is collected and that somebody wants now goes alone', async () => {
  const chat = collector();
  await using stage = await openDispatchStage([chat.sink]);
  const [first] = await addAll(stage, 'a', 'b');
  await stage.dispatcher.orders.redeliver(first as DeliveryId);
  stage.clock.advance(EVERY_MS);
  await sent(chat, stage, 2);
  expect(chat.messages).toEqual([['a'], ['b']]);
});

test('a suspended sink is tried with one message, and its success drains the rest', async () => {
  const chat = collector();
  chat.answer = GONE;
  await using stage = await openDispatchStage([chat.sink]);
  const ids = await addAll(stage, 'a', 'b', 'c');
  await sent(chat, stage, 1);
  expect(stage.dispatcher.stateOf('chat').suspension).not.toBeNull();
  for (const delivery of await statesOf(stage, ids)) expect(delivery).toMatchObject({ state: 'pending', attempts: 0 });
  await addAll(stage, 'd', 'e', 'f', 'g');
  chat.answer = YES;
  stage.clock.advance(60 * MINUTE_MS);
  await sent(chat, stage, 4);
  expect(chat.messages).toEqual([['a', 'b', 'c'], ['a', 'b', 'c'], ['d', 'e', 'f'], ['g']]);
});

test('what has waited thirty days for a suspended sink is dead, and no empty batch is tried', async () => {
  const chat = collector();
  chat.answer = GONE;
  await using stage = await openDispatchStage([chat.sink]);
  await addAll(stage, 'a', 'b', 'c');
  await sent(chat, stage, 1);
  stage.clock.advance(31 * DAY_MS);
  await stage.idle();
  const { ledger, dispatcher, clock, log } = stage;
  await sweep({ ledger, dispatcher, clock, log, retention: () => ({ keepDeliveredMs: DAY_MS, keepDeadMs: DAY_MS }) });
  expect(await collect(ledger.pending())).toEqual([]);
  const tried = chat.messages.length;
  stage.clock.advance(2 * DAY_MS);
  await stage.idle();
  expect(chat.messages).toHaveLength(tried);
});

test('a reload that removes digest: what was stored as going together does, the rest goes one by one', async () => {
  const chat = collector();
  chat.answer = NO;
  await using stage = await openDispatchStage([chat.sink], { random: () => 0 });
  await addAll(stage, 'a', 'b', 'c');
  await sent(chat, stage, 1);
  await addAll(stage, 'd', 'e');
  chat.answer = YES;
  const { digest: _, ...single } = chat.sink;
  await stage.dispatcher.configure([single]);
  stage.dispatcher.open(Number.POSITIVE_INFINITY);
  await sent(chat, stage, 3);
  stage.clock.advance(5_000);
  await sent(chat, stage, 4);
  expect(chat.messages.slice(1)).toEqual([['d'], ['e'], ['a', 'b', 'c']]);
});

test('a reload during an attempt: the batch is in one message only', async () => {
  const chat = collector();
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  chat.answer = promise;
  await using stage = await openDispatchStage([chat.sink]);
  await addAll(stage, 'a', 'b', 'c');
  await until(() => chat.messages.length === 1);
  await stage.dispatcher.configure([chat.sink]);
  stage.dispatcher.open(Number.POSITIVE_INFINITY);
  await addAll(stage, 'd');
  chat.answer = YES;
  resolve(YES);
  stage.clock.advance(EVERY_MS);
  await sent(chat, stage, 2);
  expect(chat.messages).toEqual([['a', 'b', 'c'], ['d']]);
});

test('a type under the same name that cannot tell several at once is told them one by one', async () => {
  const chat = collector();
  chat.answer = NO;
  await using stage = await openDispatchStage([chat.sink], { random: () => 0 });
  await addAll(stage, 'a', 'b', 'c');
  await sent(chat, stage, 1);
  const { deliverDigest: _, ...definition } = chat.sink.definition;
  chat.answer = YES;
  await stage.dispatcher.stop();
  await stage.restart([{ ...chat.sink, definition }]);
  stage.clock.advance(5_000);
  await sent(chat, stage, 4);
  expect(chat.messages.slice(1).toSorted()).toEqual([['a'], ['b'], ['c']]);
});

test('one-shot: what is due goes as one digest at once, since nobody collects afterwards', async () => {
  const chat = collector({ digest: { everyMs: EVERY_MS, max: 50 } });
  await using stage = await openDispatchStage([]);
  await stage.load([chat.sink]);
  await addAll(stage, 'a', 'b', 'c', 'd');
  await stage.dispatcher.attemptDue();
  expect(chat.messages).toEqual([['a', 'b', 'c', 'd']]);
  expect(await collect(stage.ledger.pending())).toEqual([]);
});

test('a graceful stop keeps what is collected, and its wait goes on where it was', async () => {
  const chat = collector();
  await using stage = await openDispatchStage([chat.sink]);
  await addAll(stage, 'a', 'b');
  stage.clock.advance(EVERY_MS - MINUTE_MS);
  await stage.dispatcher.stop();
  expect(chat.messages).toEqual([]);
  await stage.restart([chat.sink]);
  stage.clock.advance(MINUTE_MS - 1);
  await stage.idle();
  expect(chat.messages).toEqual([]);
  stage.clock.advance(1);
  await sent(chat, stage, 1);
  expect(chat.messages).toEqual([['a', 'b']]);
});

test('a clock that goes back keeps nobody longer than one wait', async () => {
  const chat = collector();
  await using stage = await openDispatchStage([chat.sink]);
  await stage.add('chat', 'a', 3 * DAY_MS);
  stage.clock.advance(EVERY_MS);
  await sent(chat, stage, 1);
  expect(chat.messages).toEqual([['a']]);
});

test('more than a lane keeps in memory all go, each once, in batches', async () => {
  const chat = collector({ digest: { everyMs: EVERY_MS, max: 50 }, concurrency: 4 });
  await using stage = await openDispatchStage([]);
  const deliveries = Array.from({ length: 10_100 }, (_, n) => deliveryOf('chat', `r${n}`, stage.clock.nowMs()));
  for (let n = 0; n < deliveries.length; n += 1_000) await stage.ledger.commit(deliveries.slice(n, n + 1_000), []);
  await stage.load([chat.sink]);
  expect(stage.dispatcher.waiting('chat').all).toBe(10_000);
  stage.dispatcher.open(Number.POSITIVE_INFINITY);
  await until(async () => {
    stage.clock.advance(EVERY_MS);
    return chat.messages.flat().length >= 10_100;
  });
  await stage.idle();
  expect(new Set(chat.messages.flat()).size).toBe(10_100);
  expect(chat.messages.flat()).toHaveLength(10_100);
  expect(Math.max(...chat.messages.map(({ length }) => length))).toBe(50);
  expect(chat.messages.length).toBeLessThan(220);
});
