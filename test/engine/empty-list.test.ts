import { EVENT_TYPES, type EventType } from '../../src/core/event.js';
import type { OperatorEvent } from '../../src/core/operator-event.js';
import { startReceiver } from '../../src/fake/receiver.js';
import { collect } from '../support/collect.js';
import {
  configOf,
  openWorld,
  type Program,
  sourceOf,
  startProgram,
  stopProgram,
  type World,
} from '../support/notifier-stage.js';
import { realClock } from '../support/real-clock.js';
import { until } from '../support/turn.js';
import { openPollStage, type PollStage, SOURCE } from './poll-stage.js';
import { sinkThat } from './sinks.js';

const MINUTE_MS = 60_000;

function rows(count: number) {
  return Array.from({ length: count }, (_, index) => ({ uuid: `r${index + 1}`, status: 'available' }));
}

function facts({ told }: Pick<PollStage, 'told'>): string[] {
  return told.map(({ type, data }) => `${data.recording.uuid} ${type.slice('recording.'.length)} ${data.occurrence}`);
}

async function remembered({ ledger }: PollStage): Promise<number> {
  return (await collect(ledger.allRecordings(SOURCE))).length;
}

describe('an empty list after a long one', () => {
  const empty = {
    result: 'incomplete',
    isEmptyInDoubt: true,
    rows: 0,
    events: 0,
    reason: expect.stringMatching(/^the list is empty, .* 120 recordings.* sources\.production\.emptyList: believe$/),
  };

  test('is no complete poll, removes none, and what comes back with it is told no second time', async () => {
    await using stage = await openPollStage({ api: { recordings: rows(120) } });
    await stage.poll();
    stage.api.mode({ empty: true });
    expect(await stage.poll()).toMatchObject(empty);
    expect(await stage.poll()).toMatchObject(empty);
    expect(await remembered(stage)).toBe(120);
    stage.api.mode({ empty: false });
    stage.api.recordings.add({ uuid: 'new', status: 'available' });
    expect(await stage.poll()).toMatchObject({ result: 'complete', rows: 121, events: 1 });
    expect(facts(stage)).toEqual(['new available 1']);
  });

  test('is known to be one by a store from before that was kept', async () => {
    await using stage = await openPollStage({ api: { recordings: rows(120) } });
    await stage.poll();
    const mark = await stage.ledger.sourceMark(SOURCE);
    await stage.ledger.markSource(SOURCE, { scope: mark?.scope ?? '', firstPollDoneAtMs: 1 });
    stage.api.mode({ empty: true });
    expect(await stage.poll()).toMatchObject(empty);
    expect(await stage.ledger.sourceMark(SOURCE)).toMatchObject({ firstPollDoneAtMs: 1, listed: 120 });
  });

  test('is believed where the config says so, and from then on', async () => {
    await using stage = await openPollStage({ api: { recordings: rows(120) } });
    await stage.poll();
    stage.api.mode({ empty: true });
    expect(await stage.poll()).toMatchObject(empty);
    stage.configure({ emptyList: 'believe' });
    expect(await stage.poll()).toMatchObject({ result: 'complete', rows: 0 });
    stage.configure({ emptyList: 'doubt' });
    expect(await stage.poll()).toMatchObject({ result: 'complete', rows: 0 });
    expect(await remembered(stage)).toBe(120);
  });

  test('is believed when it has become short first', async () => {
    await using stage = await openPollStage({ api: { recordings: rows(120) } });
    await stage.poll();
    for (const { uuid } of rows(21)) stage.api.recordings.remove(uuid);
    expect(await stage.poll()).toMatchObject({ result: 'complete', rows: 99 });
    stage.api.mode({ empty: true });
    expect(await stage.poll()).toMatchObject({ result: 'complete', rows: 0 });
  });

  test('is believed of another scope', async () => {
    await using stage = await openPollStage({ api: { recordings: rows(120) } });
    await stage.poll();
    stage.configure({ settings: { roomId: 'elsewhere' } });
    expect(await stage.poll()).toMatchObject({ result: 'complete', phase: 'new-scope', rows: 0 });
    expect(await stage.poll()).toMatchObject({ result: 'complete', phase: 'normal', rows: 0 });
  });

  test('is none when it has rows that nobody can read', async () => {
    await using stage = await openPollStage({ api: { recordings: rows(120) } });
    await stage.poll();
    for (const { uuid } of rows(120)) stage.api.recordings.remove(uuid);
    stage.api.recordings.add({ overrides: { uuid: 7 } });
    const reason = 'none of the 1 rows of the list is a recording';
    expect(await stage.poll()).toMatchObject({ result: 'incomplete', isEmptyInDoubt: false, reason });
  });
});

test('a short list costs no write, and a long one only when its length changes', async () => {
  await using stage = await openPollStage({ api: { recordings: rows(99) } });
  await stage.poll();
  const noted = async () => (await stage.ledger.sourceMark(SOURCE))?.listed;
  stage.api.recordings.remove('r1');
  await stage.poll();
  expect(await noted()).toBe(99);
  for (const uuid of ['a', 'b', 'c']) stage.api.recordings.add({ uuid, status: 'available' });
  await stage.poll();
  expect(await noted()).toBe(101);
});

describe('operators', () => {
  const types = Object.keys(EVENT_TYPES) as EventType[];

  function watching() {
    const events: OperatorEvent[] = [];
    const sink = sinkThat(
      'ops',
      async (event) => {
        events.push(event as never);
        return { kind: 'delivered', receipt: 'kept' };
      },
      { events: types },
    );
    return { sink, events };
  }

  async function pollAfter(program: Program, world: World, waitMs: number): Promise<void> {
    const { notifier } = program;
    world.clock.advance(waitMs);
    await notifier.pollAll();
    await notifier.dispatcher.written();
    await until(() => notifier.dispatcher.status().every(({ inFlight }) => inFlight === 0));
    await notifier.dispatcher.written();
  }

  test('are told after five minutes and when there are rows again, across restarts, and nothing is announced', async () => {
    await using world = await openWorld();
    const { sink, events } = watching();
    for (const { uuid, status } of rows(150)) world.api.recordings.add({ uuid, status });
    const config = { ...configOf([sourceOf('production', world.api.url)], [sink]), keepDeliveredMs: 1 };
    await using first = await startProgram(world, config);
    await stopProgram(first, world);

    world.api.mode({ empty: true });
    await using second = await startProgram(world, config);
    await pollAfter(second, world, MINUTE_MS);
    expect(events).toEqual([]);
    await pollAfter(second, world, 4 * MINUTE_MS);
    expect(events).toMatchObject([
      {
        type: 'source.failing',
        source: 'production',
        data: { reason: 'list_empty', message: expect.stringMatching(/^the list is empty, .* 152 recordings/) },
      },
    ]);
    expect(second.notifier.notReady()).toEqual([expect.stringMatching(/^source production: no poll was complete for/)]);
    await stopProgram(second, world);

    await using third = await startProgram(world, config);
    await pollAfter(third, world, 30 * MINUTE_MS);
    await third.notifier.sweep();
    world.api.mode({ empty: false });
    await pollAfter(third, world, MINUTE_MS);
    expect(events.slice(1)).toMatchObject([{ type: 'source.recovered', data: { reason: 'list_empty' } }]);
    expect(third.notifier.notReady()).toEqual([]);
    await stopProgram(third, world);
  });

  test('who emptied the account say so in the config: the alarm is over, and the heartbeat goes on', async () => {
    await using world = await openWorld();
    const beats = await startReceiver({ clock: realClock, respond: () => ({ status: 200 }) });
    const { sink, events } = watching();
    for (const { uuid, status } of rows(150)) world.api.recordings.add({ uuid, status });
    const source = sourceOf('production', world.api.url);
    const config = { ...configOf([source], [sink]), heartbeat: beats.url };
    await using program = await startProgram(world, config);
    await until(() => beats.messages.length === 1);
    world.api.mode({ empty: true });
    await pollAfter(program, world, MINUTE_MS);
    await pollAfter(program, world, 5 * MINUTE_MS);
    await program.notifier.beat();
    expect(beats.messages).toHaveLength(1);
    await program.notifier.reload({ ...config, sources: [{ ...source, emptyList: 'believe' }] });
    await pollAfter(program, world, MINUTE_MS);
    await until(() => beats.messages.length > 1);
    expect(events.map(({ type }) => type)).toEqual(['source.failing', 'source.recovered']);
    await stopProgram(program, world);
    await beats.close();
  });
});
