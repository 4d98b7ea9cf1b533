import { SINK_WORKS, suspend } from '../../src/core/suspension.js';
import { SourceError } from '../../src/source/define.js';
import { collect } from '../support/collect.js';
import { until } from '../support/turn.js';
import { type DispatchStage, openDispatchStage } from './dispatch-stage.js';
import { startDoor, uuidsOf } from './door.js';
import { deliveryOf, sinkThat, sourceThat, webhookTo } from './sinks.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const GONE = { status: 410 };
const FINE = { status: 204 };

async function suspended(stage: DispatchStage, sink = 'hook') {
  await until(() => stage.dispatcher.stateOf(sink).suspension !== null);
  await stage.idle();
}

test.each([
  { name: '410', answer: GONE, reason: 'gone' },
  {
    name: 'webhook-delivery: disable',
    answer: { status: 400, headers: { 'webhook-delivery': 'disable' } },
    reason: 'disabled_by_receiver',
  },
])('$name: nothing more is sent, no attempt is used up, and time changes nothing', async ({ answer, reason }) => {
  await using door = await startDoor(answer);
  await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
  const cause = await stage.add('hook', 'cause');
  await suspended(stage);
  const other = await stage.add('hook', 'other');
  stage.clock.advance(29 * DAY_MS);
  await stage.add('hook', 'more');
  expect(stage.dispatcher.status()).toMatchObject([{ waiting: 3, inFlight: 0, state: { suspension: { reason } } }]);
  expect(door.messages).toHaveLength(1);
  expect(await stage.delivery(cause)).toMatchObject({ state: 'pending', attempts: 0, lastError: { reason } });
  expect(await stage.delivery(other)).toMatchObject({ state: 'pending', attempts: 0, lastError: null });
});

test('several in flight: the suspension is one line of the log, which names no attempt in the past', async () => {
  await using door = await startDoor(GONE);
  await using stage = await openDispatchStage([webhookTo('hook', door.url, { concurrency: 3 })]);
  const ids = await Promise.all(['r1', 'r2', 'r3'].map((uuid) => stage.add('hook', uuid)));
  await until(async () =>
    (await Promise.all(ids.map((id) => stage.delivery(id)))).every(({ history }) => history.length > 0),
  );
  await suspended(stage);
  const { lines } = stage.log;
  expect(lines.filter(({ message }) => message.startsWith('sink suspended'))).toEqual([
    expect.objectContaining({ level: 'error', fields: { sink: 'hook', reason: 'gone', detail: expect.any(String) } }),
  ]);
  const failed = lines.filter(({ message }) => message === 'attempt failed');
  expect(failed.map(({ fields }) => 'nextAttemptAt' in fields)).toEqual([false, false, false]);
});

test('a sink that time may heal: the line of its suspension names the next trial', async () => {
  const sink = sinkThat('hook', async () => ({ kind: 'failed', reason: 'login_refused', detail: 'no' }));
  await using stage = await openDispatchStage([sink]);
  await stage.add('hook', 'r1');
  await suspended(stage);
  const nextTrialAt = new Date(stage.clock.nowMs() + HOUR_MS).toISOString();
  expect(stage.log.lines.find(({ message }) => message.startsWith('sink suspended'))?.fields).toMatchObject({
    nextTrialAt,
  });
});

test('one delivery is tried at a start, and its success drains the rest', async () => {
  await using door = await startDoor(GONE);
  const sinks = [webhookTo('hook', door.url, { concurrency: 8 })];
  await using stage = await openDispatchStage(sinks);
  await stage.add('hook', 'r1');
  await suspended(stage);
  for (const uuid of ['r2', 'r3']) await stage.add('hook', uuid);
  await stage.dispatcher.stop();

  await stage.restart(sinks);
  expect(stage.dispatcher.status()).toMatchObject([{ inFlight: 1 }]);
  await stage.idle();
  expect(uuidsOf(door)).toEqual(['r1', 'r1']);
  await stage.dispatcher.stop();

  door.answer(FINE);
  await stage.restart(sinks);
  await until(async () => (await collect(stage.ledger.pending())).length === 0);
  expect(uuidsOf(door).slice(2)).toEqual(['r1', 'r2', 'r3']);
  expect(stage.dispatcher.stateOf('hook').suspension).toBeNull();
  await stage.dispatcher.stop();
  expect((await stage.ledger.sinkStates()).get('hook')).toMatchObject({ suspension: null });
});

test('a suspension that time may heal: one delivery is tried at the start, after six hours, then daily', async () => {
  await using door = await startDoor({ status: 500 });
  const sinks = [webhookTo('hook', door.url)];
  await using stage = await openDispatchStage([]);
  // No sink of this version suspends itself for a reason that time may heal.
  const suspension = suspend(null, 'client_error', 'login refused', stage.clock.nowMs());
  await stage.ledger.save([], new Map([['hook', { ...SINK_WORKS, suspension }]]));
  const retry = deliveryOf('hook', 'r1', stage.clock.nowMs(), DAY_MS);
  await stage.ledger.commit([retry], []);
  await stage.restart(sinks);
  for (const [made, waitMs] of [6 * HOUR_MS, DAY_MS, DAY_MS].entries()) {
    await door.waitFor(made + 1);
    await stage.idle();
    stage.clock.advance(waitMs - 1);
    expect(stage.dispatcher.status()).toMatchObject([{ inFlight: 0 }]);
    if (made === 2) door.answer(FINE);
    stage.clock.advance(1);
    expect(stage.dispatcher.status()).toMatchObject([{ inFlight: 1 }]);
  }
  expect(await stage.attempted(retry.id, 1)).toMatchObject({ state: 'delivered', attempts: 1 });
  expect(door.messages).toHaveLength(4);
  expect(stage.dispatcher.stateOf('hook').suspension).toBeNull();
});

test('a year that the clock goes back makes nobody wait for longer than a day for a trial', async () => {
  await using door = await startDoor({ status: 500 });
  await using stage = await openDispatchStage([]);
  const suspension = suspend(null, 'client_error', 'login refused', stage.clock.nowMs());
  await stage.ledger.save([], new Map([['hook', { ...SINK_WORKS, suspension }]]));
  await stage.restart([webhookTo('hook', door.url)]);
  await stage.add('hook', 'r1');
  await door.waitFor(1);
  await stage.idle();
  stage.clock.jump(-365 * DAY_MS);
  for (const uuid of ['r2', 'r3']) {
    await stage.add('hook', uuid);
    stage.clock.advance(DAY_MS / 2);
  }
  await door.waitFor(2);
});

test('a trial waits for its URL, and is made once there is one', async () => {
  await using door = await startDoor(GONE);
  const sinks = [webhookTo('hook', door.url)];
  let isFailing = false;
  const source = sourceThat(async () => {
    if (isFailing) throw new SourceError('timeout', 'no answer');
    return undefined;
  });
  await using stage = await openDispatchStage(sinks, { source });
  await stage.add('hook', 'r1', 0, true);
  await suspended(stage);
  await stage.dispatcher.stop();
  isFailing = true;
  door.answer(FINE);
  await stage.restart(sinks);
  await stage.idle();
  expect(stage.dispatcher.stateOf('hook').suspension).toMatchObject({ trials: 0 });
  expect(door.messages).toHaveLength(1);
  isFailing = false;
  stage.clock.advance(10_000);
  await door.waitFor(2);
  await until(() => stage.dispatcher.stateOf('hook').suspension === null);
});

describe('somebody redelivers', () => {
  test('to a suspended sink: that one is tried though others are due before it, and its success drains them', async () => {
    await using door = await startDoor(GONE);
    await using stage = await openDispatchStage([webhookTo('hook', door.url)]);
    await stage.add('hook', 'r1');
    await suspended(stage);
    await stage.add('hook', 'r2');
    const asked = await stage.add('hook', 'asked');
    door.answer(FINE);
    expect(await stage.dispatcher.orders.redeliver(asked)).toMatchObject({
      kind: 'attempted',
      delivery: { state: 'delivered', attempts: 1, round: 1 },
    });
    await until(async () => (await collect(stage.ledger.pending())).length === 0);
    expect(uuidsOf(door)).toEqual(['r1', 'asked', 'r1', 'r2']);
  });

  test('several to a sink that is still suspended: one is tried, the others are put off and stay pending', async () => {
    await using door = await startDoor(GONE);
    await using stage = await openDispatchStage([webhookTo('hook', door.url, { concurrency: 8 })]);
    const ids = [];
    for (const uuid of ['r1', 'r2', 'r3', 'r4']) ids.push(await stage.add('hook', uuid));
    await suspended(stage);
    const before = door.messages.length;
    const answers = await Promise.all(ids.map((id) => stage.dispatcher.orders.redeliver(id)));
    expect(door.messages).toHaveLength(before + 1);
    expect(answers.map(({ kind }) => kind).sort()).toEqual(['attempted', 'put_off', 'put_off', 'put_off']);
    expect(answers).toContainEqual(expect.objectContaining({ kind: 'put_off', why: 'suspended' }));
    expect(stage.dispatcher.status()).toMatchObject([{ waiting: 4, inFlight: 0 }]);
  });

  test('while a trial is under way: its own attempt comes next', async () => {
    const ends: (() => void)[] = [];
    const attempts: string[] = [];
    const sink = sinkThat('slow', async ({ data }) => {
      attempts.push(data.recording.uuid);
      await new Promise<void>((resolve) => ends.push(resolve));
      return { kind: 'failed', reason: 'gone', detail: '' };
    });
    await using stage = await openDispatchStage([sink]);
    await stage.add('slow', 'r1');
    const r2 = await stage.add('slow', 'r2');
    const r3 = await stage.add('slow', 'r3');
    await until(() => ends.length === 1);
    ends[0]?.();
    await suspended(stage, 'slow');
    const second = stage.dispatcher.orders.redeliver(r2);
    await until(() => ends.length === 2);
    const third = stage.dispatcher.orders.redeliver(r3);
    await until(() => stage.dispatcher.orders.has(r3) && stage.dispatcher.orders.changing === 0);
    ends[1]?.();
    expect(await second).toMatchObject({ kind: 'attempted' });
    expect(await third).toMatchObject({ kind: 'put_off', why: 'suspended' });
    expect(attempts).toEqual(['r1', 'r2']);
  });
});

test('what succeeds beside the one that suspended it lifts the suspension', async () => {
  const ends = new Map<string, (status: 'fine' | 'gone') => void>();
  const sink = sinkThat(
    'two',
    async ({ data }) => {
      const how = await new Promise<'fine' | 'gone'>((resolve) => ends.set(data.recording.uuid, resolve));
      return how === 'fine'
        ? { kind: 'delivered', receipt: '' }
        : { kind: 'failed', reason: 'gone', detail: 'HTTP 410' };
    },
    { concurrency: 2 },
  );
  await using stage = await openDispatchStage([sink]);
  await stage.add('two', 'bad');
  await stage.add('two', 'good');
  await until(() => ends.size === 2);
  ends.get('bad')?.('gone');
  await until(() => stage.dispatcher.stateOf('two').suspension !== null);
  ends.delete('bad');
  ends.get('good')?.('fine');
  await until(() => ends.has('bad'));
  expect(stage.dispatcher.stateOf('two').suspension).toBeNull();
  ends.get('bad')?.('fine');
  await stage.idle();
});
