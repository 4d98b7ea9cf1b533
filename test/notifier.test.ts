import { startFakeApi } from '../src/fake/api.js';
import { keys } from '../src/store/keys.js';
import { askOwner } from '../src/store/requests.js';
import { startDoor, uuidsOf } from './engine/door.js';
import { sinkThat, webhookTo } from './engine/sinks.js';
import {
  configOf,
  createProgram,
  openWorld,
  pendingOf,
  sourceOf,
  sourcePolled,
  startProgram,
  stopProgram,
} from './support/notifier-stage.js';
import { until } from './support/turn.js';

test.each(['memory', 'sqlite'] as const)(
  '%s: what is there at the start is remembered, what becomes available is delivered once',
  async (kind) => {
    await using world = await openWorld(kind);
    await using door = await startDoor();
    await using program = await startProgram(world, configOf([sourcePolled(world)], [webhookTo('hook', door.url)]));
    world.api.recordings.setStatus('soon', 'available');
    await program.notifier.pollAll();
    await door.waitFor(1);
    await program.notifier.pollAll();
    await until(async () => (await pendingOf(world)) === 0);
    expect(door.messages.map(({ json }) => json)).toMatchObject([
      {
        type: 'recording.available',
        data: {
          source: 'production',
          recording: { uuid: 'soon', status: 'available' },
          previousStatus: 'processing',
          occurrence: 1,
        },
      },
    ]);
    await stopProgram(program, world);
  },
);

test('the log says of an event which sinks want it, and when none does', async () => {
  await using world = await openWorld();
  await using door = await startDoor();
  const choosy = webhookTo('choosy', door.url, { only: { rooms: ['lobby'] } });
  const off = webhookTo('off', door.url, { enabled: false });
  await using program = await startProgram(world, configOf([sourcePolled(world)], [choosy, off]));
  world.api.recordings.add({ uuid: 'wanted', roomId: 'lobby', status: 'available' });
  world.api.recordings.add({ uuid: 'unwanted', roomId: 'attic', status: 'available' });
  await program.notifier.pollAll();
  const told = program.log.lines.filter(({ message }) => message.startsWith('event'));
  expect(new Map(told.map(({ message, fields }) => [fields['recording'], [message, fields['sinks']]]))).toEqual(
    new Map([
      ['wanted', ['event', ['choosy']]],
      ['unwanted', ['event that no sink wants', []]],
    ]),
  );
  await stopProgram(program, world);
});

test('the cron polls; a receiver that hangs stops neither polls nor other sinks', async () => {
  await using world = await openWorld();
  await using door = await startDoor();
  const hanging = sinkThat('hanging', () => new Promise(() => undefined));
  const config = configOf([sourcePolled(world)], [hanging, webhookTo('hook', door.url)]);
  await using program = await startProgram(world, config);
  for (let n = 1; n <= 3; n += 1) {
    world.api.recordings.add({ uuid: `r${n}`, status: 'available' });
    world.clock.advance(1_000);
    program.fire();
    await door.waitFor(n);
  }
  expect(uuidsOf(door)).toEqual(['r1', 'r2', 'r3']);
  await stopProgram(program, world);
});

test('stop leaves nothing behind: no schedule, no timer', async () => {
  await using world = await openWorld();
  await using door = await startDoor({ status: 500 });
  await using program = await startProgram(world, configOf([sourcePolled(world)], [webhookTo('hook', door.url)]));
  world.api.recordings.setStatus('soon', 'available');
  await program.notifier.pollAll();
  await door.waitFor(1);
  world.api.fault({ kind: 'unauthorized' });
  await program.notifier.pollAll();
  expect(program.schedules()).toBe(1);
  await stopProgram(program, world);
  expect(program.schedules()).toBe(0);
  expect(world.clock.timers()).toBe(0);
});

test.each(['before', 'after'] as const)(
  'the one write fails %s it is done: delivered exactly once, without a restart',
  async (fault) => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using program = await startProgram(world, configOf([sourcePolled(world)], [webhookTo('hook', door.url)]));
    world.api.recordings.setStatus('soon', 'available');
    world.store.fail(1, fault, 'setMany');
    expect(await program.notifier.pollAll()).toMatchObject([{ result: 'failed' }]);
    if (fault === 'after') await door.waitFor(1);
    expect(await program.notifier.pollAll()).toMatchObject([{ result: 'complete' }]);
    await door.waitFor(1);
    await until(async () => (await pendingOf(world)) === 0);
    expect(door.messages).toHaveLength(1);
    await stopProgram(program, world);
  },
);

test('a request that a command left is carried out and answered', async () => {
  await using world = await openWorld();
  await using door = await startDoor({ status: 413 });
  await using program = await startProgram(world, configOf([sourcePolled(world)], [webhookTo('hook', door.url)]));
  world.api.recordings.setStatus('soon', 'available');
  await program.notifier.pollAll();
  await until(() => program.notifier.dispatcher.ends.count('dead') === 1);
  door.answer({ status: 204 });
  const order = { kind: 'redeliver' as const, ids: [], dead: true, sink: null, to: null, sinceMs: null };
  let answer: unknown;
  void askOwner(order, 'nonce', { ...world, isOwned: async () => true }).then((given) => {
    answer = given;
  });
  await until(async () => (await world.store.getMany([keys.request(0)])).size === 1);
  await until(() => {
    world.clock.advance(100);
    return answer !== undefined;
  });
  expect(answer).toMatchObject({ error: null, lines: [{ sink: 'hook', result: 'delivered' }] });
  await stopProgram(program, world);
});

describe('another configuration', () => {
  test('a source that is the same goes on; others end and begin', async () => {
    await using world = await openWorld();
    await using other = await startFakeApi({ clock: world.clock, recordings: [{ uuid: 'there' }] });
    await using door = await startDoor();
    const [kept, gone] = [sourcePolled(world), sourceOf('gone', other.url)];
    const sinks = [webhookTo('hook', door.url)];
    await using program = await startProgram(world, configOf([kept, gone], sinks));
    const requestsBefore = { kept: world.api.requestCount, other: other.requestCount };
    await program.notifier.reload(configOf([kept, sourceOf('come', other.url)], sinks));
    await program.notifier.pollAll();
    expect(program.schedules()).toBe(2);
    // The one that goes on is polled by the test alone, the one that came by itself as well.
    expect(world.api.requestCount).toBe(requestsBefore.kept + 1);
    expect(other.requestCount).toBeGreaterThan(requestsBefore.other);
    other.recordings.setStatus('there', 'available');
    await program.notifier.pollAll();
    await door.waitFor(1);
    expect(door.messages[0]?.json).toMatchObject({ data: { source: 'come' } });
    await stopProgram(program, world);
  });

  test('what waits for a source that comes with it is sent with its URL', async () => {
    await using world = await openWorld();
    await using door = await startDoor({ status: 500 });
    const sink = webhookTo('hook', door.url, { includeUrl: true });
    await using program = await startProgram(world, configOf([sourcePolled(world)], [sink]));
    world.api.recordings.setStatus('soon', 'available');
    await program.notifier.pollAll();
    await door.waitFor(1);
    await until(() => program.notifier.dispatcher.status().every(({ inFlight }) => inFlight === 0));
    await stopProgram(program, world);

    await using next = createProgram(world, configOf([], []));
    await next.notifier.load();
    next.notifier.start();
    expect([...next.notifier.dispatcher.parked]).toEqual([['hook', 1]]);
    door.answer({ status: 204 });
    world.clock.advance(60_000);
    await next.notifier.reload(configOf([sourcePolled(world)], [sink]));
    await door.waitFor(2);
    expect(door.messages[1]?.json).toMatchObject({
      data: { recording: { url: expect.stringContaining('Signature=') } },
    });
    await stopProgram(next, world);
  });

  test('makes no deliveries for sinks that it disables, and what changed then is not told to them later', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    const source = sourcePolled(world);
    const off = configOf([source], [webhookTo('hook', door.url, { enabled: false })]);
    const on = configOf([source], [webhookTo('hook', door.url)]);
    await using program = await startProgram(world, off);
    world.api.recordings.setStatus('soon', 'available');
    expect(await program.notifier.pollAll()).toMatchObject([{ events: 1, deliveries: 0 }]);
    await program.notifier.reload(on);
    world.api.recordings.add({ uuid: 'new', status: 'available' });
    await program.notifier.pollAll();
    await door.waitFor(1);
    expect(uuidsOf(door)).toEqual(['new']);
    await stopProgram(program, world);
  });
});
