import { join } from 'node:path';
import type { ArchiveTarget } from '../../src/archive/define.js';
import { folderTarget } from '../../src/archive/folder.js';
import { placeOf } from '../../src/archive/place.js';
import { countArchive } from '../../src/commands/archive-count.js';
import { loadTree } from '../../src/config/load.js';
import { objectTree } from '../../src/config/object.js';
import type { RecordingUuid } from '../../src/core/id.js';
import type { RecordingState } from '../../src/core/recording.js';
import type { Clock } from '../../src/ports.js';
import { createLedger } from '../../src/store/ledger.js';
import { openStore } from '../../src/store/open.js';
import { nonce } from '../../src/system.js';
import { createManualClock } from '../support/manual-clock.js';
import { realClock } from '../support/real-clock.js';
import { BUCKET, startS3Server } from '../support/s3-server.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/turn.js';

const PROCESS = { environment: {}, host: 'here', pid: process.pid };
const COUNTED =
  'Counted by what the store remembers and the archive holds; no list was read, "drain --dry-run" does that';

/** A config with an archive in a folder of its own, and everything of it there. */
function openScene(more: object = {}, store?: string) {
  const folder = temporaryFolder();
  const written = {
    sources: { production: { auth: { clientId: 'c', secret: 's' } } },
    sinks: { films: { type: 'archive', to: 'archive', ...more } },
    store: store ?? `sqlite:${join(folder, 'state.sqlite')}`,
  };
  const loaded = loadTree(objectTree(written, 'test'));
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  const { config } = loaded;
  const [sink] = config.sinks;
  const settings = sink?.definition.archive?.(sink.settings);
  if (sink === undefined || settings === undefined) throw new Error('there is no archive');
  return {
    count: (clock?: Clock) => countArchive(sink, settings, config, { ...PROCESS, cwd: folder }, clock),
    open: () => openStore(config.store, 'own', { ...PROCESS, cwd: folder, clock: realClock }),
    archive: (uuids: readonly string[]) => archive(join(folder, 'archive'), uuids),
    archiveThere: (uuids: readonly string[]) => fill(placeOf(settings, { clock: realClock, nonce }).target, uuids),
  };
}

/** A thousand bytes each. */
async function archive(folder: string, uuids: readonly string[]): Promise<void> {
  await fill(folderTarget({ folder, clock: realClock, nonce }), uuids);
}

async function fill(target: ArchiveTarget, uuids: readonly string[]): Promise<void> {
  await target.open();
  for (const uuid of uuids) {
    const recording = { uuid: uuid as RecordingUuid, source: 'production', occurrence: 1, createdAt: null };
    const draft = await target.begin({ ...recording, roomId: null, meetingId: null }, `${uuid}.mp4`);
    await draft.describe({ bytes: 1_000, validator: null, contentType: 'video/mp4' });
    await draft.write(new Uint8Array(1_000));
    await draft.finish();
  }
  await target.close();
}

function state(status: string, change: Partial<RecordingState> = {}): RecordingState {
  const times = { firstSeenAtMs: 1, availableAtMs: 1, processingSinceMs: null };
  const counts = { availableCount: 2, processingCount: 1, stuckTold: false, awaitsAnnouncement: false };
  return { status, roomId: 'lobby', meetingId: null, createdAt: null, ...times, ...counts, ...change };
}

type Scene = ReturnType<typeof openScene>;

async function remember(scene: Scene, states: Readonly<Record<string, RecordingState>>) {
  const opened = await scene.open();
  const recordings = Object.entries(states).map(([uuid, each]) => ({
    source: 'production',
    uuid: uuid as RecordingUuid,
    state: each,
  }));
  await createLedger(opened.store).commit([], recordings);
  return opened.store;
}

const FOUR = { one: state('available'), two: state('available'), three: state('available'), soon: state('processing') };

test('says how many that are available are archived, and how many are not, while a program runs and after it', async () => {
  const scene = openScene();
  await scene.archive(['one', 'two', 'removed-long-ago']);
  const store = await remember(scene, FOUR);
  const said =
    '3 recordings available: 2 archived (2.00 kB), 1 not yet, about 1.00 kB, of which 0 wait for it; ' +
    `"drain" archives all that are still in the list. ${COUNTED}`;
  expect(await scene.count()).toMatchObject({
    result: 'notice',
    detail: `${said}. A running program owns the store and may have gone on meanwhile`,
  });
  await store.close();
  const archive = { files: 3, available: 3, archived: 2, missing: 1, archivedBytes: 2_000, waiting: 0 };
  expect(await scene.count()).toEqual({
    result: 'notice',
    detail: said,
    archive: { ...archive, aboutMissingBytes: 1_000 },
  });
});

test('is content when everything is there', async () => {
  const scene = openScene();
  await scene.archive(['one', 'two', 'three']);
  await (await remember(scene, FOUR)).close();
  expect(await scene.count()).toMatchObject({
    result: 'ok',
    detail: `3 recordings available: 3 archived (3.00 kB), 0 not yet. ${COUNTED}`,
  });
});

test('counts what the sink wants, and guesses no size from nothing', async () => {
  const scene = openScene({ only: { rooms: ['lobby'] } });
  await scene.archive([]);
  await (await remember(scene, { ...FOUR, elsewhere: state('available', { roomId: 'lab' }) })).close();
  expect(await scene.count()).toMatchObject({
    detail: expect.stringMatching(/^3 recordings available: 0 archived \(0 B\), 3 not yet, of which 0 wait/),
    archive: { aboutMissingBytes: null },
  });
});

test.each([
  { name: 'a store in memory', store: 'memory', why: 'a store in memory cannot be looked into' },
  { name: 'no store yet', store: undefined, why: 'there is no store yet' },
  { name: 'a store that cannot be reached', store: 'redis://127.0.0.1:1', why: 'the store cannot be read' },
])('says what the archive has beside $name', async ({ store, why }) => {
  const scene = openScene({}, store);
  await scene.archive(['one', 'two']);
  expect(await scene.count()).toMatchObject({
    result: 'notice',
    detail: `2 recordings archived (2.00 kB). What is not yet is unknown, since ${why}: "drain --dry-run" reads the lists`,
    archive: { files: 2, available: null, missing: null, archivedBytes: 2_000 },
  });
});

test('counts in storage as well, and gives up after twenty seconds without an answer', async () => {
  const server = await startS3Server();
  const scene = openScene({ to: `s3://${BUCKET}/films`, s3: server.settings });
  await scene.archiveThere(['one', 'two']);
  await (await remember(scene, FOUR)).close();
  expect(await scene.count()).toMatchObject({
    archive: { available: 3, archived: 2, archivedBytes: 2_000, missing: 1 },
  });

  server.fail('silence', () => true);
  const clock = createManualClock();
  const asked = server.requests.length;
  const counted = scene.count(clock);
  await until(() => server.requests.length > asked);
  clock.advance(20_000);
  expect(await counted).toEqual({
    result: 'notice',
    detail: 'it could not be counted within 20 s; "drain --dry-run" says what is missing',
  });
  await server.close();
});
