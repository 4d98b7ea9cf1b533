import { DatabaseSync } from 'node:sqlite';
import { afterAttempt, type Delivery } from '../../src/core/delivery.js';
import type { RecordingUuid } from '../../src/core/id.js';
import type { RecordingState } from '../../src/core/recording.js';
import { sweep } from '../../src/engine/sweeper.js';
import type { RememberedRecording, Store } from '../../src/ports.js';
import { createLedger } from '../../src/store/ledger.js';
import { openStore } from '../../src/store/open.js';
import { openDispatchStage } from '../engine/dispatch-stage.js';
import { deliveryOf } from '../engine/sinks.js';
import { collect } from '../support/collect.js';
import { realClock } from '../support/real-clock.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const DAY_MS = 86_400_000;
const KEEP_DAYS = 7;
const SINKS = ['mail', 'pipeline', 'slack'];

interface Day {
  readonly recordings: number;
  readonly finished: number;
  readonly pending: number;
  readonly bytes: number;
}

/** So many days of use, each with its recordings, their deliveries to every sink, and a sweep. */
async function live(days: number, recordingsADay: number): Promise<Day[]> {
  const file = `${temporaryFolder()}/store.sqlite`;
  const { store } = await openStore({ kind: 'sqlite', file }, 'own', { clock: realClock, cwd: '/', host: 'h', pid: 1 });
  const ledger = createLedger(store);
  await using stage = await openDispatchStage([], { on: store });
  const { dispatcher, log } = stage;
  await ledger.markSource('production', { scope: 'all', firstPollDoneAtMs: 0 });
  const lived: Day[] = [];
  for (let day = 0; day < days; day += 1) {
    const nowMs = day * DAY_MS;
    const uuids = Array.from({ length: recordingsADay }, (_, number) => `recording ${number} of day ${day}`);
    const deliveries = uuids.flatMap((uuid) => SINKS.map((sink) => deliveryOf(sink, uuid, nowMs)));
    await ledger.commit(
      deliveries,
      uuids.map((uuid) => rememberedOf(uuid, nowMs)),
    );
    await ledger.save(deliveries.map((delivery) => delivered(delivery, nowMs)));
    const retention = () => ({ keepDeliveredMs: KEEP_DAYS * DAY_MS, keepDeadMs: 90 * DAY_MS });
    await sweep({ ledger, dispatcher, log, retention, clock: { ...stage.clock, nowMs: () => nowMs + DAY_MS / 2 } });
    lived.push({ ...(await countsOf(store)), bytes: bytesIn(file) });
  }
  return lived;
}

/** What is in the write-ahead log counts at its place in the file: the log itself is bounded, and used again. */
function bytesIn(file: string): number {
  using database = new DatabaseSync(file, { readOnly: true });
  const read = (pragma: string) => Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
  return read('page_count') * read('page_size');
}

function rememberedOf(uuid: string, nowMs: number): RememberedRecording {
  const state: RecordingState = {
    status: 'available',
    roomId: 'a room with a name',
    meetingId: '0b7a3d2e-6a5f-4a53-8e0d-5d6f8f6f0c11',
    createdAt: new Date(nowMs).toISOString(),
    firstSeenAtMs: nowMs,
    availableCount: 1,
    availableAtMs: nowMs,
    processingCount: 1,
    processingSinceMs: null,
    stuckTold: false,
    awaitsAnnouncement: false,
  };
  return { source: 'production', uuid: uuid as RecordingUuid, state };
}

function delivered(delivery: Delivery, nowMs: number): Delivery {
  const facts = { startedAtMs: nowMs, nowMs, durationMs: 80, random: 0, trial: false };
  const retry = { delaysMs: [], jitterRatio: 0 };
  return afterAttempt(delivery, { kind: 'delivered', receipt: 'ok' }, { ...facts, retry }).delivery;
}

async function countsOf(store: Store): Promise<Omit<Day, 'bytes'>> {
  const count = async (prefix: string) => (await collect(store.scan(prefix))).length;
  return { recordings: await count('rec/'), finished: await count('fin/'), pending: await count('out/') };
}

test('only the memory of recordings grows: deliveries go after their time, and their room is used again', async () => {
  const recordingsADay = 20;
  const lived = await live(40, recordingsADay);
  for (const [index, { recordings, finished, pending }] of lived.entries()) {
    expect(recordings).toBe((index + 1) * recordingsADay);
    expect(finished).toBe(Math.min(index + 1, KEEP_DAYS) * recordingsADay * SINKS.length);
    expect(pending).toBe(0);
  }
  const [full, last] = [lived[KEEP_DAYS * 2], lived.at(-1)];
  if (full === undefined || last === undefined) throw new Error('too few days');
  const bytesARecording = (last.bytes - full.bytes) / (last.recordings - full.recordings);
  expect(bytesARecording).toBeLessThan(600);
});
