import type { SinkConfig } from '../../src/config/config.js';
import type { NotifierEvent, RecordingEvent } from '../../src/core/event.js';
import type { Outcome } from '../../src/core/failure.js';
import { deliveryIdOf, eventIdOf, type RecordingUuid } from '../../src/core/id.js';
import { sha256 } from '../../src/system.js';
import { collect } from '../support/collect.js';
import { until } from '../support/turn.js';
import { type DispatchStage, openDispatchStage } from './dispatch-stage.js';
import { deliveryOf, sinkThat } from './sinks.js';

const ARCHIVED = { location: '/archive/r.mp4', bytes: 42, sha256: 'aa' };
const STORED: Outcome = { kind: 'delivered', receipt: 'archived', archived: ARCHIVED };
const EVENT_ID = eventIdOf(sha256, 'recording.archived', 'production', 'r' as RecordingUuid, 1);
const NEWS_ID = deliveryIdOf(sha256, EVENT_ID, 'listener');

function vault(name: string, outcome: () => Outcome = () => STORED): SinkConfig {
  return sinkThat(name, async () => outcome(), { concurrency: 2 });
}

async function newsArrived({ ledger, idle }: DispatchStage): Promise<void> {
  await until(async () => (await ledger.delivery(NEWS_ID))?.state === 'delivered');
  await idle();
}

/** Sinks that store what they are given, and one that hears of it. */
async function openNewsStage(vaults: readonly SinkConfig[]) {
  const heard: RecordingEvent[] = [];
  const told: NotifierEvent[] = [];
  const listener = sinkThat(
    'listener',
    async (event) => {
      heard.push(event);
      return { kind: 'delivered', receipt: 'heard' };
    },
    { events: ['recording.archived'] },
  );
  const sinks = [...vaults, listener];
  const news = { sha256, sinks: () => sinks, tell: (events: readonly NotifierEvent[]) => void told.push(...events) };
  return { stage: await openDispatchStage(sinks, { news }), sinks, heard, told };
}

test('the event and its delivery are in the write that says that the recording is stored', async () => {
  const { stage, heard, told } = await openNewsStage([vault('vault')]);
  await using _ = stage;
  const id = await stage.add('vault', 'r');
  await newsArrived(stage);
  const write = stage.store.batches.find((batch) => batch.some(([key]) => key === `fin/${id}`));
  expect(write?.map(([key]) => key)).toEqual([`fin/${id}`, expect.stringMatching(NEWS_ID)]);
  const event = {
    id: EVENT_ID,
    type: 'recording.archived',
    source: 'production',
    data: {
      recording: { uuid: 'r', url: null, urlExpiresAt: null },
      previousStatus: null,
      occurrence: 1,
      archive: { ...ARCHIVED, sink: 'vault' },
    },
  };
  expect(heard).toMatchObject([event]);
  expect(told).toMatchObject([event]);
});

test('what two archives store is told to a sink once', async () => {
  const { stage, heard } = await openNewsStage([vault('vault'), vault('cellar')]);
  await using _ = stage;
  const ids = [await stage.add('vault', 'r'), await stage.add('cellar', 'r')];
  await Promise.all(ids.map((id) => stage.attempted(id, 1)));
  await newsArrived(stage);
  await stage.idle();
  expect(heard).toHaveLength(1);
  expect(await collect(stage.ledger.pending())).toEqual([]);
});

test('an archiving that is repeated by hand is not told again', async () => {
  const { stage, heard } = await openNewsStage([vault('vault')]);
  await using _ = stage;
  const id = await stage.add('vault', 'r');
  await newsArrived(stage);
  const before = await stage.delivery(id);
  const again = { ...before, state: 'pending', round: 1, nextAttemptAtMs: 0, finishedAtMs: null } as const;
  await stage.ledger.save([again]);
  stage.dispatcher.offer([again]);
  expect((await stage.attempted(id, 2)).state).toBe('delivered');
  await stage.idle();
  expect(heard).toHaveLength(1);
  expect(await stage.delivery(NEWS_ID)).toMatchObject({ state: 'delivered', attempts: 1, round: 0 });
});

test.each(['before', 'after'] as const)(
  'a write that fails %s it is done is told once, when it succeeds',
  async (when) => {
    const { stage, heard, told } = await openNewsStage([vault('vault')]);
    await using _ = stage;
    const added = deliveryOf('vault', 'r', stage.clock.nowMs());
    await stage.ledger.commit([added], []);
    stage.store.fail(1, when, 'setMany');
    stage.dispatcher.offer([added]);
    await until(() => stage.log.lines.length === 1 && stage.clock.timers() > 0);
    expect([heard, told]).toEqual([[], []]);
    stage.clock.advance(1_000);
    await newsArrived(stage);
    await stage.idle();
    expect([heard.length, told.length]).toEqual([1, 1]);
    expect(await collect(stage.ledger.pending())).toEqual([]);
  },
);

test('a sink that fails tells nothing', async () => {
  const failed: Outcome = { kind: 'failed', reason: 'archive_failed', detail: 'it broke' };
  const { stage, told } = await openNewsStage([vault('vault', () => failed)]);
  await using _ = stage;
  const id = await stage.add('vault', 'r');
  await stage.attempted(id, 1);
  expect(await stage.ledger.delivery(NEWS_ID)).toBeUndefined();
  expect(told).toEqual([]);
});
