import { EVENT_TYPES, type EventType } from '../src/core/event.js';
import { createLedger } from '../src/store/ledger.js';
import { startDoor, uuidsOf } from './engine/door.js';
import { sinkThat, webhookTo } from './engine/sinks.js';
import {
  configOf,
  createProgram,
  openWorld,
  type Program,
  sourceOf,
  sourcePolled,
  startProgram,
  stopProgram,
} from './support/notifier-stage.js';
import { until } from './support/turn.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const OPERATOR_TYPES = (Object.keys(EVENT_TYPES) as EventType[]).filter((type) => !type.startsWith('recording.'));

/** A sink for operators, and the types of what it gets. */
function operators() {
  const types: string[] = [];
  const sink = sinkThat(
    'ops',
    async ({ type }) => {
      types.push(type);
      return { kind: 'delivered', receipt: 'kept' };
    },
    { events: OPERATOR_TYPES },
  );
  return { sink, types };
}

async function settled({ notifier }: Program): Promise<void> {
  await notifier.dispatcher.written();
  await until(() => notifier.dispatcher.status().every(({ inFlight }) => inFlight === 0));
  await notifier.dispatcher.written();
}

/** Half a minute at a time, in which the cron fires once. */
async function pass(program: Program, world: Awaited<ReturnType<typeof openWorld>>, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 30 * SECOND_MS) {
    world.clock.advance(30 * SECOND_MS);
    program.fire();
    await program.notifier.pollAll();
    await settled(program);
  }
}

function listRequests(api: { readonly requests: readonly unknown[] }): number {
  return api.requests.length;
}

test('a paused source asks nothing and misses nothing: what changed meanwhile is told when it is resumed', async () => {
  await using world = await openWorld();
  await using door = await startDoor();
  await using program = await startProgram(world, configOf([sourcePolled(world)], [webhookTo('hook', door.url)]));
  const { notifier } = program;
  await notifier.pause('source', 'production');
  expect(notifier.paused()).toEqual([{ kind: 'source', name: 'production', sinceMs: world.clock.nowMs() }]);
  const before = listRequests(world.api);
  world.api.recordings.add({ uuid: 'new', status: 'available' });
  await pass(program, world, 20 * MINUTE_MS);
  expect(await notifier.pollAll()).toEqual([]);
  expect(listRequests(world.api)).toBe(before);
  expect(notifier.notReady()).toEqual([]);
  await notifier.resume('source', 'production');
  expect(notifier.paused()).toEqual([]);
  await until(() => door.messages.length === 1);
  expect(uuidsOf(door)).toEqual(['new']);
  await stopProgram(program, world);
});

test('deliveries of a paused source get fresh URLs', async () => {
  await using world = await openWorld();
  await using door = await startDoor({ status: 500 });
  const sinks = [webhookTo('hook', door.url, { includeUrl: true })];
  await using program = await startProgram(world, configOf([sourcePolled(world)], sinks));
  world.api.recordings.add({ uuid: 'new', status: 'available' });
  await program.notifier.pollAll();
  await until(() => door.messages.length === 1);
  await program.notifier.pause('source', 'production');
  door.answer({ status: 204 });
  // Longer than any URL that was seen before.
  await settled(program);
  world.clock.advance(3 * 24 * 60 * MINUTE_MS);
  await until(() => door.messages.length === 2);
  expect(door.messages[1]?.json).toMatchObject({ data: { recording: { url: expect.stringMatching(/^http/) } } });
  await stopProgram(program, world);
});

test('the heartbeat goes on without a paused source, and waits for it once it is resumed', async () => {
  await using world = await openWorld();
  await using pings = await startDoor();
  const sources = [sourcePolled(world), sourceOf('other', world.api.url)];
  await using program = await startProgram(world, { ...configOf(sources, []), heartbeat: pings.url });
  const { notifier } = program;
  await until(() => pings.messages.length === 1);
  await notifier.pause('source', 'other');
  await notifier.pollAll();
  await until(() => pings.messages.length === 2);
  await notifier.pause('source', 'production');
  await notifier.pollAll();
  await notifier.beat();
  expect(pings.messages).toHaveLength(2);
  world.api.fault({ kind: 'unauthorized' }, { times: 1 });
  await notifier.resume('source', 'other');
  await notifier.pollNow('other');
  await notifier.resume('source', 'production');
  await notifier.pollNow('production');
  await notifier.beat();
  expect(pings.messages).toHaveLength(2);
  await notifier.pollNow('other');
  await until(() => pings.messages.length === 3);
  await stopProgram(program, world);
});

test('operators hear nothing of how a paused source does, and of how it does afterwards', async () => {
  await using world = await openWorld();
  const ops = operators();
  await using program = await startProgram(world, configOf([sourcePolled(world)], [ops.sink]));
  const { notifier } = program;
  world.api.fault({ kind: 'bad_gateway' }, { times: 100_000 });
  await notifier.pollAll();
  await notifier.pause('source', 'production');
  await pass(program, world, 20 * MINUTE_MS);
  await notifier.resume('source', 'production');
  await notifier.pollAll();
  await settled(program);
  expect(ops.types).toEqual([]);
  await pass(program, world, 4 * MINUTE_MS);
  expect(ops.types).toEqual([]);
  await pass(program, world, 2 * MINUTE_MS);
  expect(ops.types).toEqual(['source.failing']);
  await stopProgram(program, world);
});

test('operators hear that a sink fails by the time in which it was not paused', async () => {
  await using world = await openWorld();
  await using door = await startDoor({ status: 500 });
  const ops = operators();
  const sinks = [webhookTo('hook', door.url), ops.sink];
  await using program = await startProgram(world, configOf([sourcePolled(world)], sinks));
  const { notifier } = program;
  world.api.recordings.add({ uuid: 'new', status: 'available' });
  await notifier.pollAll();
  await until(() => door.messages.length === 1);
  await pass(program, world, 10 * MINUTE_MS);
  await notifier.pause('sink', 'hook');
  await pass(program, world, 60 * MINUTE_MS);
  await notifier.resume('sink', 'hook');
  await pass(program, world, 4 * MINUTE_MS);
  expect(ops.types).toEqual([]);
  await pass(program, world, 2 * MINUTE_MS);
  expect(ops.types).toEqual(['sink.failing']);
  await notifier.pause('sink', 'hook');
  await pass(program, world, 60 * MINUTE_MS);
  door.answer({ status: 204 });
  expect(ops.types).toEqual(['sink.failing']);
  await notifier.resume('sink', 'hook');
  world.clock.advance(120 * MINUTE_MS);
  await until(() => ops.types.length === 2);
  expect(ops.types).toEqual(['sink.failing', 'sink.recovered']);
  await stopProgram(program, world);
});

test('what the store does not take is not sent directly to a paused sink', async () => {
  await using world = await openWorld();
  const [still, ops] = [operators(), operators()];
  const sinks = [{ ...still.sink, name: 'still' }, ops.sink];
  await using program = await startProgram(world, configOf([sourcePolled(world)], sinks));
  await program.notifier.pause('sink', 'still');
  world.store.failAlways('before', 'setMany');
  world.api.fault({ kind: 'unauthorized' }, { times: 100_000 });
  await program.notifier.pollAll();
  world.clock.advance(10 * SECOND_MS);
  await program.notifier.pollAll();
  await until(() => {
    world.clock.advance(SECOND_MS);
    return ops.types.length > 0;
  });
  expect(still.types).toEqual([]);
  world.store.heal();
  await stopProgram(program, world);
});

describe('as an order', () => {
  async function carryOut({ notifier }: Program, kind: 'pause' | 'resume', name = 'hook') {
    return Array.fromAsync(notifier.carryOut({ kind, subject: 'sink', name }));
  }

  test('what is so already is fine, and keeps its time', async () => {
    await using world = await openWorld();
    await using program = createProgram(world, configOf([], []));
    await program.notifier.load();
    const since = new Date(world.clock.nowMs()).toISOString();
    expect(await carryOut(program, 'resume')).toEqual([
      { kind: 'sink', name: 'hook', result: 'not_paused', since: null },
    ]);
    expect(await carryOut(program, 'pause')).toEqual([{ kind: 'sink', name: 'hook', result: 'paused', since }]);
    world.clock.advance(SECOND_MS);
    expect(await carryOut(program, 'pause')).toMatchObject([{ result: 'already_paused', since }]);
    await using next = createProgram(world, configOf([], []));
    await next.notifier.load();
    expect(await carryOut(next, 'resume')).toMatchObject([{ result: 'resumed', since }]);
    expect(await createLedger(world.store).pauses()).toEqual([]);
  });

  test.each(['before', 'after'] as const)(
    'a store that fails %s it is done: the order fails, and given again it holds',
    async (when) => {
      await using world = await openWorld();
      await using program = createProgram(world, configOf([], []));
      const { notifier } = program;
      await notifier.load();
      world.store.fail(1, when, 'setMany');
      await expect(carryOut(program, 'pause')).rejects.toThrow();
      expect(notifier.paused()).toEqual([]);
      expect(await carryOut(program, 'pause')).toMatchObject([{ result: 'paused' }]);
      world.store.fail(1, when, 'deleteMany');
      await expect(carryOut(program, 'resume')).rejects.toThrow();
      expect(notifier.paused()).toHaveLength(1);
      await carryOut(program, 'pause');
      expect(await createLedger(world.store).pauses()).toHaveLength(1);
      await carryOut(program, 'resume');
      expect(await createLedger(world.store).pauses()).toEqual([]);
    },
  );

  test('orders at once end as the last of them says, in the store and in memory', async () => {
    await using world = await openWorld('sqlite');
    await using program = createProgram(world, configOf([], []));
    await program.notifier.load();
    const kinds = ['pause', 'resume', 'pause', 'resume', 'pause'] as const;
    const lines = await Promise.all(kinds.map((kind) => carryOut(program, kind)));
    expect(lines.flat().map(({ result }) => result)).toEqual(['paused', 'resumed', 'paused', 'resumed', 'paused']);
    expect(program.notifier.paused()).toEqual(await createLedger(world.store).pauses());
    expect(program.notifier.paused()).toHaveLength(1);
  });
});
