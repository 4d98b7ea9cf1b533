import { deliveryIdOf, eventIdOf, type RecordingUuid } from '../../src/core/id.js';
import type { AnnounceOrder, DeliveryLine } from '../../src/core/order.js';
import type { RecordingState } from '../../src/core/recording.js';
import { announce } from '../../src/engine/announce.js';
import { sha256 } from '../../src/system.js';
import { collect } from '../support/collect.js';
import { type DispatchStage, openDispatchStage } from './dispatch-stage.js';
import { startDoor, uuidsOf } from './door.js';
import { deliveryOf, webhookTo } from './sinks.js';

const AVAILABLE: RecordingState = {
  status: 'available',
  roomId: 'lobby',
  meetingId: 'm-1',
  createdAt: null,
  firstSeenAtMs: 1_000,
  availableCount: 1,
  availableAtMs: 2_000,
  processingCount: 0,
  processingSinceMs: null,
  stuckTold: false,
  awaitsAnnouncement: false,
};

/** A source that is past its first poll and remembers this one. */
async function remember(
  { ledger }: DispatchStage,
  uuid: string,
  change: Partial<RecordingState> = {},
  source = 'production',
) {
  await ledger.commit([], [{ source, uuid: uuid as RecordingUuid, state: { ...AVAILABLE, ...change } }]);
  await ledger.markSource(source, { scope: 'all', firstPollDoneAtMs: 1_000 });
}

async function order(
  { ledger, dispatcher, clock }: DispatchStage,
  uuids: readonly string[],
  sinks: Parameters<typeof openDispatchStage>[0],
  change: { sink?: string; sources?: readonly string[] } = {},
): Promise<DeliveryLine[]> {
  const whole: AnnounceOrder = { kind: 'announce', uuids, sink: change.sink ?? null };
  const sources = () => change.sources ?? ['production'];
  return collect(
    announce(whole, {
      ledger,
      dispatcher,
      clock,
      sha256,
      sources,
      sinks: () => sinks.filter(({ enabled }) => enabled),
    }),
  );
}

function eventId(uuid: string, occurrence = 1, source = 'production') {
  return eventIdOf(sha256, 'recording.available', source, uuid as RecordingUuid, occurrence);
}

test('one that was never told is told to every sink that wants it, with the id of its occurrence', async () => {
  await using door = await startDoor();
  const sinks = [
    webhookTo('a', door.url),
    webhookTo('b', door.url),
    webhookTo('other-room', door.url, { only: { rooms: ['mine'] } }),
    webhookTo('stuck-only', door.url, { events: ['recording.stuck'] }),
    webhookTo('off', door.url, { enabled: false }),
  ];
  await using stage = await openDispatchStage(sinks);
  await remember(stage, 'r', { availableCount: 3 });
  const lines = await order(stage, ['r', 'r'], sinks);
  expect(lines).toMatchObject([
    { eventId: eventId('r', 3), sink: 'a', result: 'delivered', id: deliveryIdOf(sha256, eventId('r', 3), 'a') },
    { eventId: eventId('r', 3), sink: 'b', result: 'delivered' },
  ]);
  expect(door.messages).toHaveLength(2);
  expect(door.messages[0]?.json).toMatchObject({
    type: 'recording.available',
    timestamp: new Date(2_000).toISOString(),
    data: { recording: { uuid: 'r', roomId: 'lobby', status: 'available' }, previousStatus: null, occurrence: 3 },
  });
});

test('what is stored is delivered again and what is missing is made, both of the event as it was told', async () => {
  await using door = await startDoor();
  const sinks = [webhookTo('hook', door.url), webhookTo('late', door.url)];
  await using stage = await openDispatchStage(sinks);
  await remember(stage, 'r');
  const told = deliveryOf('hook', 'r', stage.clock.nowMs());
  const event = { ...told.event, timestamp: '2026-01-01T00:00:00.000Z' };
  await stage.ledger.commit([{ ...told, event }], []);
  await stage.restart(sinks);
  await stage.attempted(told.id, 1);
  const lines = await order(stage, ['r'], sinks);
  expect(lines.map(({ sink, result }) => `${sink} ${result}`)).toEqual(['hook delivered', 'late delivered']);
  expect(await stage.delivery(told.id)).toMatchObject({ state: 'delivered', attempts: 2, round: 1 });
  expect(await stage.delivery(told.id)).not.toHaveProperty('madeBy');
  expect(await stage.delivery(deliveryIdOf(sha256, event.id, 'late'))).toMatchObject({ madeBy: 'announce' });
  expect(new Set(door.messages.map(({ id }) => id))).toEqual(new Set([event.id]));
  expect(new Set(door.messages.map(({ json }) => (json as { timestamp: string }).timestamp))).toEqual(
    new Set([event.timestamp]),
  );
});

test('--sink needs no match, and leaves the others alone', async () => {
  await using door = await startDoor();
  const sinks = [webhookTo('wants', door.url), webhookTo('asked', door.url, { events: ['recording.stuck'] })];
  await using stage = await openDispatchStage(sinks);
  await remember(stage, 'r');
  expect(await order(stage, ['r'], sinks, { sink: 'asked' })).toMatchObject([{ sink: 'asked', result: 'delivered' }]);
  expect(door.messages).toHaveLength(1);
});

test.each([
  { name: 'disabled', sink: 'off', result: 'sink_disabled' },
  { name: 'not in the config', sink: 'nowhere', result: 'sink_removed' },
])('--sink that is $name is refused, and nothing is stored', async ({ sink, result }) => {
  const sinks = [webhookTo('off', 'http://x/', { enabled: false })];
  await using stage = await openDispatchStage(sinks);
  await remember(stage, 'r');
  expect(await order(stage, ['r'], sinks, { sink })).toMatchObject([{ sink, result }]);
  expect(await collect(stage.ledger.pending())).toEqual([]);
});

test('one that two sources list makes both events', async () => {
  await using door = await startDoor();
  const sinks = [webhookTo('hook', door.url)];
  await using stage = await openDispatchStage(sinks);
  await remember(stage, 'r', {}, 'one');
  await remember(stage, 'r', { availableCount: 2 }, 'two');
  const lines = await order(stage, ['r'], sinks, { sources: ['one', 'two', 'three'] });
  expect(lines).toMatchObject([{ eventId: eventId('r', 1, 'one') }, { eventId: eventId('r', 2, 'two') }]);
  expect(uuidsOf(door)).toEqual(['r', 'r']);
});

test('a source where it is not available does not keep the other from telling', async () => {
  await using door = await startDoor();
  const sinks = [webhookTo('hook', door.url)];
  await using stage = await openDispatchStage(sinks);
  await remember(stage, 'r', { status: 'processing' }, 'one');
  await remember(stage, 'r', {}, 'two');
  expect(await order(stage, ['r'], sinks, { sources: ['one', 'two'] })).toMatchObject([{ result: 'delivered' }]);
});

describe('refused, in words, and nothing is stored', () => {
  test.each([
    { name: 'unknown', change: undefined, result: 'unknown', detail: /no configured source has shown/ },
    {
      name: 'in processing',
      change: { status: 'processing' },
      result: 'not_available',
      detail: /production: .*"processing"/,
    },
    {
      name: 'waiting for the end of a first poll',
      change: { awaitsAnnouncement: true },
      result: 'not_available',
      detail: /first poll is not complete/,
    },
  ])('$name', async ({ change, result, detail }) => {
    const sinks = [webhookTo('hook', 'http://x/')];
    await using stage = await openDispatchStage(sinks);
    if (change !== undefined) await remember(stage, 'r', change);
    expect(await order(stage, ['r'], sinks)).toEqual([
      { id: 'r', eventId: null, sink: null, result, detail: expect.stringMatching(detail) },
    ]);
    expect(await collect(stage.ledger.pending())).toEqual([]);
  });

  test('seen by a first poll that is not over', async () => {
    const sinks = [webhookTo('hook', 'http://x/')];
    await using stage = await openDispatchStage(sinks);
    await stage.ledger.commit([], [{ source: 'production', uuid: 'r' as RecordingUuid, state: AVAILABLE }]);
    expect(await order(stage, ['r'], sinks)).toMatchObject([{ result: 'not_available' }]);
  });

  test('wanted by no sink', async () => {
    const sinks = [webhookTo('hook', 'http://x/', { only: { rooms: ['mine'] } })];
    await using stage = await openDispatchStage(sinks);
    await remember(stage, 'r');
    expect(await order(stage, ['r'], sinks)).toMatchObject([{ id: 'r', result: 'unwanted', eventId: eventId('r') }]);
  });
});

test('two who announce the same at once make one delivery of it', async () => {
  await using door = await startDoor();
  const sinks = [webhookTo('hook', door.url)];
  await using stage = await openDispatchStage(sinks);
  await remember(stage, 'r');
  const lines = (await Promise.all([order(stage, ['r'], sinks), order(stage, ['r'], sinks)])).flat();
  expect(lines.map(({ result }) => result).sort()).toEqual(['delivered', 'under_way']);
  expect(door.messages).toHaveLength(1);
});

test('it is stored before it is attempted: what fails is pending, and retried', async () => {
  await using door = await startDoor({ status: 500 });
  const sinks = [webhookTo('hook', door.url)];
  await using stage = await openDispatchStage(sinks);
  await remember(stage, 'r');
  const [line] = await order(stage, ['r'], sinks);
  expect(line).toMatchObject({
    result: 'pending',
    detail: expect.stringMatching(/^server_error: HTTP 500; the next attempt is at /),
  });
  const id = deliveryIdOf(sha256, eventId('r'), 'hook');
  door.answer({ status: 204 });
  await stage.restart(sinks);
  stage.clock.advance(5_000);
  expect(await stage.attempted(id, 2)).toMatchObject({ state: 'delivered', round: 0 });
});

test('what is announced goes by itself from then on, also where its sink collects', async () => {
  await using door = await startDoor({ status: 500 });
  const sinks = [webhookTo('hook', door.url)];
  await using stage = await openDispatchStage(sinks);
  await remember(stage, 'r');
  const [line] = await order(stage, ['r'], sinks);
  const id = deliveryIdOf(sha256, eventId('r'), 'hook');
  expect(line).toMatchObject({ id, result: 'pending' });
  // Were the process to die now, a digest would otherwise take what a receiver may have had by itself.
  expect((await stage.ledger.delivery(id))?.batch).toEqual([id]);
});
