import type { SinkConfig } from '../../src/config/config.js';
import { EVENT_TYPES, type EventType } from '../../src/core/event.js';
import { operatorEventIdOf } from '../../src/core/id.js';
import type { OperatorEvent } from '../../src/core/operator-event.js';
import { createLedger } from '../../src/store/ledger.js';
import { sha256 } from '../../src/system.js';
import {
  configOf,
  createProgram,
  openWorld,
  type Program,
  pendingOf,
  sourceOf,
  sourcePolled,
  startProgram,
  stopProgram,
} from '../support/notifier-stage.js';
import { turn, until } from '../support/turn.js';
import { type Door, startDoor } from './door.js';
import { sinkThat, webhookTo } from './sinks.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

const OPERATOR_TYPES = (Object.keys(EVENT_TYPES) as EventType[]).filter((type) => !type.startsWith('recording.'));

/** A sink for operators; it keeps what it gets. */
function operators(name = 'ops') {
  const events: OperatorEvent[] = [];
  const sink = sinkThat(
    name,
    async (event) => {
      events.push(event as never);
      return { kind: 'delivered', receipt: 'kept' };
    },
    { events: OPERATOR_TYPES },
  );
  return { sink, events, types: () => events.map(({ type }) => type) };
}

type World = Awaited<ReturnType<typeof openWorld>>;

/** What is known of every source and sink is stored, and what was made of it is delivered. */
async function settled({ notifier }: Program): Promise<void> {
  await notifier.dispatcher.written();
  await until(() => notifier.dispatcher.status().every(({ inFlight }) => inFlight === 0));
  await notifier.dispatcher.written();
}

async function pollAfter(program: Program, world: World, waitMs: number): Promise<void> {
  world.clock.advance(waitMs);
  await program.notifier.pollAll();
  await settled(program);
}

/** The hook gets a recording, and answers as it does. */
async function announce(program: Program, world: World, uuid: string): Promise<void> {
  world.api.recordings.add({ uuid, status: 'available' });
  await program.notifier.pollAll();
  await settled(program);
}

/** Lets so much time pass, and what is due then. */
async function pass(program: Program, world: World, ms: number): Promise<void> {
  world.clock.advance(ms);
  await settled(program);
}

function sinksOf(door: Door, ...more: readonly SinkConfig[]): SinkConfig[] {
  return [webhookTo('hook', door.url), ...more];
}

describe('a source', () => {
  test.each([
    { fault: 'unauthorized', reason: 'unauthorized', waitMs: 10 * SECOND_MS },
    { fault: 'bad_gateway', reason: 'server_error', waitMs: 5 * MINUTE_MS },
  ] as const)('$fault: told once that it fails and once that it works, also across restarts', async (row) => {
    await using world = await openWorld();
    await using door = await startDoor();
    const ops = operators();
    const config = configOf([sourcePolled(world)], sinksOf(door, ops.sink));
    await using first = await startProgram(world, config);
    world.api.fault({ kind: row.fault }, { times: 1_000 });
    await pollAfter(first, world, SECOND_MS);
    const sinceMs = world.clock.nowMs();
    expect(ops.events).toEqual([]);
    await stopProgram(first, world);

    await using second = await startProgram(world, config);
    await pollAfter(second, world, row.waitMs);
    await pollAfter(second, world, row.waitMs);
    const since = new Date(sinceMs).toISOString();
    expect(ops.events).toEqual([
      {
        id: operatorEventIdOf(sha256, 'source.failing', 'production', since),
        type: 'source.failing',
        timestamp: expect.any(String),
        source: 'production',
        data: { reason: row.reason, message: expect.stringMatching(/^status \d+/), since },
      },
    ]);
    await stopProgram(second, world);

    await using third = await startProgram(world, config);
    world.api.clearFaults();
    await pollAfter(third, world, SECOND_MS);
    await pollAfter(third, world, SECOND_MS);
    expect(ops.types()).toEqual(['source.failing', 'source.recovered']);
    expect(ops.events[1]).toMatchObject({ data: { reason: row.reason, since } });
    await stopProgram(third, world);
  });

  test('many at once: twenty a minute, the rest afterwards, and no word of what works again by then', async () => {
    await using world = await openWorld();
    const ops = operators();
    const names = Array.from({ length: 50 }, (_, number) => `s${number}`);
    world.api.fault({ kind: 'unauthorized' }, { times: 100_000 });
    const sources = names.map((name) => sourceOf(name, world.api.url));
    await using program = await startProgram(world, configOf(sources, [ops.sink]));
    await pollAfter(program, world, 10 * SECOND_MS);
    await settled(program);
    expect(ops.types()).toEqual(Array.from({ length: 20 }, () => 'source.failing'));
    await pass(program, world, MINUTE_MS);
    expect(ops.events).toHaveLength(40);
    world.api.clearFaults();
    await pollAfter(program, world, SECOND_MS);
    for (let minute = 0; minute < 4; minute += 1) await pass(program, world, MINUTE_MS);
    const about = (type: string) => ops.events.filter((event) => event.type === type).map(({ source }) => source);
    expect(about('source.failing').toSorted()).toEqual(about('source.recovered').toSorted());
    expect(ops.events).toHaveLength(80);
    await stopProgram(program, world);
  });

  test('one that the config has no longer is forgotten without a word', async () => {
    await using world = await openWorld();
    const ops = operators();
    const config = configOf([sourcePolled(world)], [ops.sink]);
    await using program = await startProgram(world, config);
    world.api.fault({ kind: 'unauthorized' }, { times: 1_000 });
    await pollAfter(program, world, SECOND_MS);
    await pollAfter(program, world, 10 * SECOND_MS);
    await program.notifier.reload(configOf([sourceOf('other', world.api.url)], [ops.sink]));
    world.api.clearFaults();
    await program.notifier.reload(config);
    await pollAfter(program, world, 10 * SECOND_MS);
    await pass(program, world, 10 * SECOND_MS);
    expect(ops.types()).toEqual(['source.failing']);
    expect(await createLedger(world.store).alarms()).toEqual([]);
    await stopProgram(program, world);
  });
});

test('a credential that dies is told of a week ahead, a day ahead, and anew once it was renewed', async () => {
  const DAY_MS = 24 * 60 * MINUTE_MS;
  await using world = await openWorld();
  const ops = operators();
  const startMs = world.clock.nowMs();
  const source = (expiresInMs: number) => {
    const expiresAt = new Date(startMs + expiresInMs).toISOString();
    return sourceOf('production', world.api.url, { auth: { clientId: 'c', secret: 's', expiresAt } });
  };
  const config = configOf([source(8 * DAY_MS)], [ops.sink]);
  await using first = await startProgram(world, config);
  await settled(first);
  expect(ops.events).toEqual([]);
  await pollAfter(first, world, DAY_MS);
  await pollAfter(first, world, DAY_MS);
  await stopProgram(first, world);

  await using second = await startProgram(world, config);
  await pollAfter(second, world, 5 * DAY_MS);
  await pollAfter(second, world, MINUTE_MS);
  const since = (days: number) => new Date(startMs + days * DAY_MS).toISOString();
  expect(ops.events.map(({ data }) => data)).toMatchObject([
    { reason: 'expires_within_a_week', since: since(1), message: expect.stringContaining(since(8)) },
    { reason: 'expires_within_a_day', since: since(7) },
  ]);
  expect(new Set(ops.events.map(({ id }) => id)).size).toBe(2);
  await second.notifier.reload(configOf([source(12 * DAY_MS)], [ops.sink]));
  await settled(second);
  expect(ops.events[2]).toMatchObject({ type: 'source.expiring', data: { since: since(5) } });
  await stopProgram(second, world);
});

describe('a sink', () => {
  test('suspended: told once to the others, also across a restart, and once that it works', async () => {
    await using world = await openWorld();
    await using door = await startDoor({ status: 410 });
    const ops = operators();
    const config = configOf(
      [sourcePolled(world)],
      sinksOf(door, ops.sink, { ...operators('hook-2').sink, events: [] }),
    );
    await using first = await startProgram(world, config);
    await announce(first, world, 'r1');
    await announce(first, world, 'r2');
    expect(ops.events).toMatchObject([
      {
        type: 'sink.failing',
        source: null,
        data: { sink: 'hook', reason: 'gone', message: expect.stringContaining('410'), waiting: 1 },
      },
    ]);
    await stopProgram(first, world);

    await using second = await startProgram(world, config);
    await settled(second);
    expect(ops.events).toHaveLength(1);
    await stopProgram(second, world);

    door.answer({ status: 204 });
    await using third = await startProgram(world, config);
    await until(async () => (await pendingOf(world)) === 0);
    await settled(third);
    expect(ops.events.slice(1)).toMatchObject([{ type: 'sink.recovered', data: { sink: 'hook', reason: 'gone' } }]);
    await stopProgram(third, world);
  });

  test('suspended, taken out of the config and put back: its alarm goes without a word, and is another one then', async () => {
    await using world = await openWorld();
    await using door = await startDoor({ status: 410 });
    const ops = operators();
    const config = configOf([sourcePolled(world)], sinksOf(door, ops.sink));
    await using program = await startProgram(world, config);
    await announce(program, world, 'r1');
    await pass(program, world, 2 * MINUTE_MS);
    await program.notifier.reload(configOf([sourcePolled(world)], [ops.sink]));
    await settled(program);
    expect(ops.types()).toEqual(['sink.failing']);
    await program.notifier.reload(config);
    await settled(program);
    expect(ops.types()).toEqual(['sink.failing', 'sink.failing']);
    expect(new Set(ops.events.map(({ id }) => id)).size).toBe(2);
    await stopProgram(program, world);
  });

  test('fails for fifteen minutes: told then, not at the next attempt, which comes later', async () => {
    await using world = await openWorld();
    await using door = await startDoor({ status: 500 });
    const ops = operators();
    await using program = await startProgram(world, configOf([sourcePolled(world)], sinksOf(door, ops.sink)));
    await announce(program, world, 'r1');
    for (let minute = 0; minute < 14; minute += 1) await pass(program, world, MINUTE_MS);
    const attempts = door.messages.length;
    expect(ops.events).toEqual([]);
    await pass(program, world, MINUTE_MS + SECOND_MS);
    expect(door.messages).toHaveLength(attempts);
    expect(ops.events).toMatchObject([
      { type: 'sink.failing', data: { sink: 'hook', reason: 'server_error', waiting: 1 } },
    ]);
    door.answer({ status: 204 });
    await pass(program, world, 60 * MINUTE_MS);
    await until(async () => (await pendingOf(world)) === 0);
    await settled(program);
    expect(ops.types()).toEqual(['sink.failing', 'sink.recovered']);
    await stopProgram(program, world);
  });

  test('never told to the sink that it is about, and deliveries of what operators are told make no further alarm', async () => {
    await using world = await openWorld();
    await using door = await startDoor({ status: 410 });
    await using other = await startDoor({ status: 410 });
    const all = ['recording.available', ...OPERATOR_TYPES] as const;
    const sinks = [
      webhookTo('hook', door.url, { events: all }),
      webhookTo('other', other.url, { events: OPERATOR_TYPES }),
    ];
    await using program = await startProgram(world, configOf([sourcePolled(world)], sinks));
    await announce(program, world, 'r1');
    await pass(program, world, 20 * MINUTE_MS);
    expect(typesAt(door)).toEqual(['recording.available']);
    expect(typesAt(other)).toEqual(['sink.failing']);
    const failing = program.log.lines.filter(({ message }) => message === 'a sink is failing');
    expect(failing.map(({ fields }) => fields['sink'])).toEqual(['hook']);
    await stopProgram(program, world);
  });
});

describe('what was given up', () => {
  test('is told once for many, then once in ten minutes, also when the program ends while they are collected', async () => {
    await using world = await openWorld();
    await using door = await startDoor({ status: 413 });
    const ops = operators();
    const config = configOf([sourcePolled(world)], sinksOf(door, ops.sink));
    await using first = await startProgram(world, config);
    for (let number = 0; number < 25; number += 1)
      world.api.recordings.add({ uuid: `r${number}`, status: 'available' });
    await announce(first, world, 'last');
    await until(async () => (await pendingOf(world)) === 0);
    expect(ops.events).toEqual([]);
    await stopProgram(first, world);
    await using second = await startProgram(world, config);
    await pass(second, world, 5 * SECOND_MS);
    expect(ops.events).toMatchObject([
      { type: 'delivery.dead', source: null, data: { sink: 'hook', reason: 'payload_too_large', count: 26 } },
    ]);
    expect(ops.events[0]?.data).toHaveProperty('deliveries.length', 20);
    await announce(second, world, 'later');
    await pass(second, world, 9 * MINUTE_MS);
    expect(ops.events).toHaveLength(1);
    await pass(second, world, 2 * MINUTE_MS);
    expect(ops.events[1]).toMatchObject({ data: { count: 1, deliveries: [{ uuid: 'later' }] } });
    await stopProgram(second, world);
  });
});

test('each process of a cron job tells what it may, and sends it in the same run', async () => {
  await using world = await openWorld();
  await using door = await startDoor({ status: 413 });
  const ops = operators();
  const config = configOf([sourcePolled(world)], sinksOf(door, ops.sink));
  async function pollOnce(): Promise<void> {
    await using program = createProgram(world, config);
    await program.notifier.load();
    await program.notifier.pollAll();
    await program.notifier.attemptDue();
    await stopProgram(program, world);
  }
  await pollOnce();
  world.api.recordings.setStatus('soon', 'available');
  await pollOnce();
  expect(ops.types()).toEqual(['delivery.dead']);
  world.api.fault({ kind: 'unauthorized' }, { times: 1_000 });
  await pollOnce();
  world.clock.advance(MINUTE_MS);
  await pollOnce();
  world.clock.advance(MINUTE_MS);
  await pollOnce();
  world.api.clearFaults();
  await pollOnce();
  expect(ops.types()).toEqual(['delivery.dead', 'source.failing', 'source.recovered']);
  expect(await pendingOf(world)).toBe(0);
});

test('a store that takes nothing: told once directly, and stored with the same id when it works again', async () => {
  await using world = await openWorld();
  const ops = operators();
  await using program = await startProgram(world, configOf([sourcePolled(world)], [ops.sink]));
  world.store.failAlways('before', 'setMany');
  world.api.fault({ kind: 'unauthorized' }, { times: 1_000 });
  await program.notifier.pollAll();
  world.clock.advance(10 * SECOND_MS);
  await program.notifier.pollAll();
  for (let second = 0; second < 60; second += 1) {
    world.clock.advance(SECOND_MS);
    await turn();
  }
  await until(() => ops.events.length > 0);
  expect(ops.types()).toEqual(['source.failing']);
  expect(program.notifier.notReady()).toEqual([expect.stringContaining('the store has taken nothing for')]);
  world.store.heal();
  world.clock.advance(MINUTE_MS);
  await until(() => ops.events.length > 1);
  expect(ops.events[1]?.id).toBe(ops.events[0]?.id);
  world.api.clearFaults();
  await pollAfter(program, world, SECOND_MS);
  expect(ops.types()).toEqual(['source.failing', 'source.failing', 'source.recovered']);
  await stopProgram(program, world);
});

function typesAt({ messages }: Door): unknown[] {
  return messages.map(({ json }) => (json as { type: string }).type);
}
