import { SourceError } from '../../src/source/define.js';
import { collect } from '../support/collect.js';
import { until } from '../support/turn.js';
import { type DispatchStage, openDispatchStage } from './dispatch-stage.js';
import { startDoor, uuidsOf } from './door.js';
import { deliveryOf, sinkThat, sourceThat, webhookTo } from './sinks.js';

/** In the store, for the next start to find. */
async function leave({ ledger, clock }: DispatchStage, sink: string, uuids: readonly string[], dueInMs = 0) {
  const deliveries = uuids.map((uuid) => deliveryOf(sink, uuid, clock.nowMs(), dueInMs));
  for (let from = 0; from < deliveries.length; from += 1_000) {
    await ledger.commit(deliveries.slice(from, from + 1_000), []);
  }
}

async function pendingOf({ ledger }: DispatchStage): Promise<number> {
  return (await collect(ledger.pending())).length;
}

test('one attempt of everything that is due, and of nothing else; no retry is waited for', async () => {
  await using good = await startDoor();
  await using bad = await startDoor({ status: 500 });
  await using stage = await openDispatchStage([]);
  await leave(stage, 'good', ['r1', 'r2', 'r3']);
  await leave(stage, 'bad', ['r1', 'r2']);
  await leave(stage, 'good', ['later'], 1);
  await stage.load([webhookTo('good', good.url), webhookTo('bad', bad.url)]);
  await stage.dispatcher.attemptDue();
  expect(uuidsOf(good)).toEqual(['r1', 'r2', 'r3']);
  expect(uuidsOf(bad)).toEqual(['r1', 'r2']);
  expect(await pendingOf(stage)).toBe(3);
  await stage.dispatcher.stop();
});

test('nothing is sent before it', async () => {
  await using door = await startDoor();
  await using stage = await openDispatchStage([]);
  await leave(stage, 'hook', ['r']);
  await stage.load([webhookTo('hook', door.url)]);
  await stage.add('hook', 'new');
  expect(stage.dispatcher.status()).toMatchObject([{ waiting: 2, inFlight: 0 }]);
  await stage.dispatcher.attemptDue();
  expect(uuidsOf(door).sort()).toEqual(['new', 'r']);
});

test('the pace of a sink is waited for', async () => {
  await using door = await startDoor();
  await using stage = await openDispatchStage([]);
  await leave(stage, 'paced', ['r1', 'r2', 'r3']);
  await stage.load([webhookTo('paced', door.url, { intervalMs: 1_000 })]);
  let isOver = false;
  const over = stage.dispatcher.attemptDue().then(() => {
    isOver = true;
  });
  for (let n = 1; n <= 3; n += 1) {
    await door.waitFor(n);
    await stage.idle();
    expect(isOver).toBe(n === 3);
    stage.clock.advance(1_000);
  }
  await over;
});

test('a pause that the receiver asks for is not', async () => {
  await using door = await startDoor({ status: 429, headers: { 'retry-after': '600' } });
  await using stage = await openDispatchStage([]);
  await leave(stage, 'hook', ['r1', 'r2', 'r3']);
  await stage.load([webhookTo('hook', door.url)]);
  await stage.dispatcher.attemptDue();
  expect(door.messages).toHaveLength(1);
});

test('a suspended sink gets one trial, and everything once that has succeeded', async () => {
  await using door = await startDoor({ status: 410 });
  await using stage = await openDispatchStage([]);
  const sinks = [webhookTo('hook', door.url)];
  await leave(stage, 'hook', ['r1', 'r2', 'r3']);
  for (let starts = 1; starts <= 3; starts += 1) {
    await stage.load(sinks);
    await stage.dispatcher.attemptDue();
    expect(door.messages).toHaveLength(starts);
    await stage.dispatcher.stop();
  }
  door.answer({ status: 204 });
  await stage.load(sinks);
  await stage.dispatcher.attemptDue();
  expect(await pendingOf(stage)).toBe(0);
});

test('a URL that cannot be had is not waited for, be it that of a trial', async () => {
  await using door = await startDoor({ status: 410 });
  const source = sourceThat(async () => {
    throw new SourceError('timeout', 'no answer');
  });
  await using stage = await openDispatchStage([], { source });
  const sinks = [webhookTo('hook', door.url)];
  await leave(stage, 'hook', ['plain']);
  await stage.load(sinks);
  await stage.dispatcher.attemptDue();
  await stage.dispatcher.stop();
  await stage.ledger.remove((await collect(stage.ledger.pending())).map(({ id }) => id));
  await stage.ledger.commit([deliveryOf('hook', 'with-url', stage.clock.nowMs(), 0, true)], []);
  await stage.load(sinks);
  await stage.dispatcher.attemptDue();
  expect(door.messages).toHaveLength(1);
});

test('more than memory holds', async () => {
  const seen = new Set<string>();
  const sink = sinkThat(
    'many',
    async ({ id }) => {
      seen.add(id);
      return { kind: 'delivered', receipt: '' };
    },
    { concurrency: 500 },
  );
  await using stage = await openDispatchStage([]);
  await leave(
    stage,
    'many',
    Array.from({ length: 10_050 }, (_, n) => `r${n}`),
  );
  await stage.load([sink]);
  await stage.dispatcher.attemptDue();
  expect(seen.size).toBe(10_050);
  expect(await pendingOf(stage)).toBe(0);
});

test('is over when the program stops', async () => {
  await using door = await startDoor();
  await using stage = await openDispatchStage([]);
  await leave(stage, 'paced', ['r1', 'r2']);
  await stage.load([webhookTo('paced', door.url, { intervalMs: 60_000 })]);
  const over = stage.dispatcher.attemptDue();
  await door.waitFor(1);
  await stage.idle();
  await stage.dispatcher.stop();
  await over;
  await until(() => stage.clock.timers() === 0);
  expect(door.messages).toHaveLength(1);
});
