import { EVENT_TYPES, type EventType } from '../../src/core/event.js';
import {
  configOf,
  openWorld,
  type Program,
  pendingOf,
  sourceOf,
  sourcePolled,
  startProgram,
  stopProgram,
  type World,
} from '../support/notifier-stage.js';
import { turn, until } from '../support/turn.js';
import { startDoor } from './door.js';
import { sinkThat, webhookTo } from './sinks.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** A sink for operators, and the type and id of what it got. */
function operators() {
  const types: string[] = [];
  const ids: string[] = [];
  const events = (Object.keys(EVENT_TYPES) as EventType[]).filter((type) => !type.startsWith('recording.'));
  const sink = sinkThat(
    'ops',
    async ({ type, id }) => {
      types.push(type);
      ids.push(id);
      return { kind: 'delivered', receipt: 'kept' };
    },
    { events },
  );
  return { sink, types, ids };
}

async function settled({ notifier }: Program): Promise<void> {
  await notifier.dispatcher.written();
  await until(() => notifier.dispatcher.status().every(({ inFlight }) => inFlight === 0));
  await notifier.dispatcher.written();
}

async function pass(program: Program, world: World, ms: number): Promise<void> {
  world.clock.advance(ms);
  await settled(program);
}

async function announce(program: Program, world: World, uuid: string): Promise<void> {
  world.api.recordings.add({ uuid, status: 'available' });
  await program.notifier.pollAll();
  await settled(program);
}

async function passSeconds(world: World, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    world.clock.advance(SECOND_MS);
    await turn();
  }
}

/** Five sources that the platform refuses for long enough, while the store takes nothing. */
async function refusedWithoutStore(program: Program, world: Awaited<ReturnType<typeof openWorld>>): Promise<void> {
  world.store.failAlways('before', 'setMany');
  world.api.fault({ kind: 'unauthorized' }, { times: 1_000 });
  await program.notifier.pollAll();
  world.clock.advance(10 * SECOND_MS);
  await program.notifier.pollAll();
}

describe('while the store takes nothing', () => {
  test.each([
    { name: 'a short time sends nothing past it', seconds: 1, direct: 0 },
    { name: 'a long time sends three events past it, and the rest once it works', seconds: 60, direct: 3 },
  ])('$name', async ({ seconds, direct }) => {
    await using world = await openWorld();
    const ops = operators();
    const sources = Array.from({ length: 5 }, (_, number) => sourceOf(`s${number}`, world.api.url));
    await using program = await startProgram(world, configOf(sources, [ops.sink]));
    await refusedWithoutStore(program, world);
    await passSeconds(world, seconds);
    expect(ops.types).toEqual(Array.from({ length: direct }, () => 'source.failing'));
    world.store.heal();
    await passSeconds(world, 60);
    await until(() => ops.ids.length >= direct + sources.length);
    await settled(program);
    expect(ops.ids).toHaveLength(direct + sources.length);
    expect(new Set(ops.ids).size).toBe(sources.length);
    await stopProgram(program, world);
  });
});

test.each([
  { name: 'works again at once: nobody is told', status: 204, told: [] },
  { name: 'goes on failing: told a minute after the start', status: 500, told: ['sink.failing'] },
])('a sink that failed before the program was away for an hour $name', async ({ status, told }) => {
  await using world = await openWorld();
  await using door = await startDoor({ status: 500 });
  const ops = operators();
  const config = configOf([sourcePolled(world)], [webhookTo('hook', door.url), ops.sink]);
  await using first = await startProgram(world, config);
  await announce(first, world, 'r1');
  await pass(first, world, 10 * SECOND_MS);
  await stopProgram(first, world);
  expect(await pendingOf(world)).toBe(1);

  world.clock.advance(60 * MINUTE_MS);
  door.answer({ status });
  const before = door.messages.length;
  await using second = await startProgram(world, config);
  await until(() => door.messages.length > before);
  await settled(second);
  expect(ops.types).toEqual([]);
  await pass(second, world, MINUTE_MS + SECOND_MS);
  expect(ops.types).toEqual(told);
  await stopProgram(second, world);
});

test('a sink that is suspended while no recording waits for it is told of when one does', async () => {
  await using world = await openWorld();
  await using door = await startDoor({ status: 410 });
  const ops = operators();
  const hook = webhookTo('hook', door.url, { events: ['recording.available', 'source.failing'] });
  await using program = await startProgram(world, configOf([sourcePolled(world)], [hook, ops.sink]));
  world.api.fault({ kind: 'unauthorized' }, { times: 1_000 });
  await program.notifier.pollAll();
  world.clock.advance(10 * SECOND_MS);
  await program.notifier.pollAll();
  await until(() => program.notifier.dispatcher.stateOf('hook').suspension !== null);
  await pass(program, world, SECOND_MS);
  world.api.clearFaults();
  await program.notifier.pollAll();
  await pass(program, world, 5 * SECOND_MS);
  expect(ops.types).toEqual(['source.failing', 'source.recovered']);
  await announce(program, world, 'r1');
  await pass(program, world, SECOND_MS);
  expect(ops.types).toEqual(['source.failing', 'source.recovered', 'sink.failing']);
  await stopProgram(program, world);
});

test('a source that fails again and again: after three times it must work for ten minutes before anybody is told', async () => {
  await using world = await openWorld();
  const ops = operators();
  await using program = await startProgram(world, configOf([sourcePolled(world)], [ops.sink]));
  const poll = async (isRefused: boolean) => {
    world.api.clearFaults();
    if (isRefused) world.api.fault({ kind: 'unauthorized' }, { times: 1_000 });
    await program.notifier.pollAll();
    await pass(program, world, 10 * SECOND_MS);
  };
  for (let spell = 0; spell < 20; spell += 1) {
    for (const isRefused of [true, true, false]) await poll(isRefused);
  }
  const [failing, recovered] = ['source.failing', 'source.recovered'];
  const told = [failing, recovered, failing, recovered, failing];
  expect(ops.types).toEqual(told);
  await pass(program, world, 9 * MINUTE_MS);
  expect(ops.types).toEqual(told);
  await pass(program, world, MINUTE_MS);
  expect(ops.types).toEqual([...told, recovered]);
  expect(new Set(ops.ids).size).toBe(ops.ids.length);
  await stopProgram(program, world);
});
