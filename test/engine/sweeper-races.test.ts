import { type Delivery, givenUp } from '../../src/core/delivery.js';
import type { RecordingUuid } from '../../src/core/id.js';
import { announce } from '../../src/engine/announce.js';
import { Dispatcher } from '../../src/engine/dispatcher.js';
import { sweep } from '../../src/engine/sweeper.js';
import { createHttpClient } from '../../src/http/client.js';
import type { Ledger } from '../../src/ports.js';
import { sha256 } from '../../src/system.js';
import { collect } from '../support/collect.js';
import { realClock } from '../support/real-clock.js';
import { type DispatchStage, openDispatchStage } from './dispatch-stage.js';
import { type Door, startDoor } from './door.js';
import { openPollStage } from './poll-stage.js';
import { deliveryOf, webhookTo } from './sinks.js';

const DAY_MS = 86_400_000;
const RETENTION = { keepDeliveredMs: 7 * DAY_MS, keepDeadMs: 90 * DAY_MS };

interface Old extends AsyncDisposable {
  readonly stage: DispatchStage;
  readonly door: Door;
  readonly delivery: Delivery;
  /** A sweep, with something that happens after it has seen what is old and before it forgets it. */
  sweepWhile(meanwhile: () => Promise<unknown>): Promise<void>;
  sinks(): ReturnType<typeof webhookTo>[];
}

/** A delivery that was made so long ago that a sweep forgets it. */
async function openOld(): Promise<Old> {
  const door = await startDoor();
  const sinks = [webhookTo('hook', door.url)];
  const stage = await openDispatchStage(sinks);
  const { ledger, clock } = stage;
  const delivery = deliveryOf('hook', 'r', clock.nowMs());
  const state = {
    ...{ status: 'available', roomId: null, meetingId: 'r', createdAt: null, firstSeenAtMs: 0 },
    ...{ availableCount: 1, availableAtMs: 0, processingCount: 0, processingSinceMs: null },
    ...{ stuckTold: false, awaitsAnnouncement: false },
  };
  await ledger.commit([delivery], [{ source: 'production', uuid: 'r' as RecordingUuid, state }]);
  await ledger.markSource('production', { scope: '', firstPollDoneAtMs: 0 });
  await stage.restart(sinks);
  await stage.attempted(delivery.id, 1);
  clock.advance(8 * DAY_MS);

  function ledgerWith(meanwhile: () => Promise<unknown>): Ledger {
    return {
      ...ledger,
      async *finished() {
        const seen = await collect(ledger.finished());
        await meanwhile();
        yield* seen;
      },
    };
  }

  return {
    stage,
    door,
    delivery,
    sinks: () => sinks,
    sweepWhile: (meanwhile) => sweep({ ...portsOf(stage), ledger: ledgerWith(meanwhile), retention: () => RETENTION }),
    async [Symbol.asyncDispose]() {
      await stage[Symbol.asyncDispose]();
      await door.close();
    },
  };
}

function portsOf({ dispatcher, clock, log, ledger }: DispatchStage) {
  return { dispatcher, clock, log, ledger };
}

test('nothing happens meanwhile: it is forgotten', async () => {
  await using old = await openOld();
  await old.sweepWhile(async () => undefined);
  expect(await old.stage.ledger.delivery(old.delivery.id)).toBeUndefined();
});

test.each([
  { name: 'delivered', status: 204, state: 'delivered' },
  { name: 'dead', status: 413, state: 'dead' },
  { name: 'pending', status: 500, state: 'pending' },
])('redelivered meanwhile, and $name: it is kept as it is now', async ({ status, state }) => {
  await using old = await openOld();
  const { stage, door, delivery } = old;
  door.answer({ status });
  await old.sweepWhile(() => stage.dispatcher.orders.redeliver(delivery.id));
  expect(await stage.delivery(delivery.id)).toMatchObject({ state, round: 1, attempts: 2 });
});

test('redelivered meanwhile and to be retried: the retry comes when it is due', async () => {
  await using old = await openOld();
  const { stage, door, delivery } = old;
  door.answer({ status: 500 });
  await old.sweepWhile(() => stage.dispatcher.orders.redeliver(delivery.id));
  door.answer({ status: 204 });
  stage.clock.advance(5_000);
  expect(await stage.attempted(delivery.id, 3)).toMatchObject({ state: 'delivered' });
});

test('asked for at the same moment: it is delivered again, and kept', async () => {
  await using old = await openOld();
  const { stage, door, delivery } = old;
  const asked: Promise<unknown>[] = [];
  await old.sweepWhile(async () => asked.push(stage.dispatcher.orders.redeliver(delivery.id)));
  expect(await Promise.all(asked)).toMatchObject([{ kind: 'attempted', delivery: { state: 'delivered' } }]);
  expect(await stage.delivery(delivery.id)).toMatchObject({ state: 'delivered', round: 1 });
  expect(door.messages).toHaveLength(2);
});

test('announced after it was forgotten: made anew, with the same id', async () => {
  await using old = await openOld();
  const { stage, door } = old;
  await old.sweepWhile(async () => undefined);
  const lines = await collect(
    announce(
      { kind: 'announce', uuids: ['r'], sink: null },
      { ...portsOf(stage), sha256, sources: () => ['production'], sinks: old.sinks },
    ),
  );
  expect(lines).toMatchObject([{ id: old.delivery.id, result: 'delivered' }]);
  expect(new Set(door.messages.map(({ id }) => id))).toEqual(new Set([old.delivery.event.id]));
});

test('what is forgotten at once is not told again by polls that show it again', async () => {
  await using polled = await openPollStage();
  const { ledger, clock, log, urls, api, offered } = polled;
  await polled.poll();
  for (let n = 0; n < 5; n += 1) api.recordings.add({ uuid: `r${n}`, status: 'available' });
  await polled.poll();
  await ledger.save(offered.map((each) => givenUp(each, 'server_error', clock.nowMs())));
  clock.advance(1);
  const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
  const dispatcher = new Dispatcher({
    ledger,
    urls,
    random: () => 0,
    sha256,
    http,
    clock,
    log,
    print: async () => undefined,
    pausedSinceMs: () => undefined,
  });
  await sweep({ ledger, clock, log, dispatcher, retention: () => ({ keepDeliveredMs: 0, keepDeadMs: 0 }) });
  expect(await collect(ledger.finished())).toEqual([]);
  await polled.poll();
  expect(offered).toHaveLength(5);
  await http.close();
});
