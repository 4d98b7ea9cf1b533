import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createDrain } from '../../src/archive/drain.js';
import { createCarrier } from '../../src/archive/drain-carry.js';
import { createVerification } from '../../src/archive/drain-verify.js';
import { folderTarget } from '../../src/archive/folder.js';
import { placeOf } from '../../src/archive/place.js';
import type { FakeApi } from '../../src/fake/api.js';
import { createHttpClient } from '../../src/http/client.js';
import type { Clock } from '../../src/ports.js';
import { nonce } from '../../src/system.js';
import { openSource } from '../source/support.js';
import { collect } from '../support/collect.js';
import { type FaultyFiles, startFaultyFiles } from '../support/faulty-files.js';
import { peakMemoryOf, TELLS_PEAK_MEMORY } from '../support/peak-memory.js';
import { realClock } from '../support/real-clock.js';
import { createStage, sourceOf } from '../support/stage.js';

/**
 * `RECORDINGS=10000 npm test -- test/archive/drain-many.test.ts` lets the built program drain as many, with all of its waits, and
 * prints figures; with `WAITS=none` they are drained here, as a few are without it, with waits that are over at once. `SEED=…` makes
 * other faults.
 */
const { RECORDINGS, WAITS, SEED = '1' } = process.env;
const isByProgram = RECORDINGS !== undefined && WAITS !== 'none';
const COUNT = Number(RECORDINGS ?? 150);
const SHARE = 0.5;
const PAGE = RECORDINGS === undefined ? 10 : 100;
const ROUNDS = 3;
/** Walks that are broken off on purpose, each by as many faults as a request is repeated. */
const BREAKS = 2;
const IN_A_ROW = 4;
const CONCURRENCY = 64;
/** The time of no byte after which a connection is given up, and what it is here. */
const IDLE_MS = 60_000;
const IDLE_HERE_MS = 1_000;

const stage = createStage();
let files: FaultyFiles;
let api: FakeApi;

beforeEach(async () => {
  files = await startFaultyFiles({ seed: SEED, share: SHARE, isSpoiled: (name) => name.startsWith('film') });
  const uuids = [...Array.from({ length: COUNT }, (_, index) => `film-${index}`), 'taken-away-1', 'taken-away-2'];
  const recordings = uuids.map((uuid) => ({ uuid, meetingId: uuid, status: 'available' }));
  api = await stage.api({ recordings, fileUrl: files.urlOf, credentials: undefined });
  spoil(api);
});
afterEach(() => files.close());

/** Rows that shift while the list is read, then requests that fail, once in a while and so that a walk breaks off. */
function spoil({ fault }: FakeApi): void {
  fault({ kind: 'change', add: [{ uuid: 'film-late-1', meetingId: 'late-1', status: 'available' }] }, { after: 2 });
  fault({ kind: 'change', remove: ['taken-away-1'] }, { after: 2 });
  fault({ kind: 'change', add: [{ uuid: 'film-late-2', meetingId: 'late-2', status: 'available' }] }, { after: 2 });
  fault({ kind: 'change', remove: ['taken-away-2'] }, { after: 2 });
  for (let number = 0; number < BREAKS; number += 1) fault({ kind: 'bad_gateway' }, { after: 5, times: IN_A_ROW });
  for (const kind of ['reset', 'broken', 'truncated', 'error_in_ok', 'bad_gateway'] as const)
    fault({ kind }, { after: 3 });
}

interface Drained {
  readonly missing: readonly unknown[];
  readonly archived: number;
  readonly isWhole: boolean;
  readonly wrong: number;
  readonly memoryMB: number;
}

async function drainHere(folder: string): Promise<Drained> {
  await using opened = openSource(api.url, { paging: { size: PAGE } });
  const http = createHttpClient({ privateAddresses: 'allow', clock: soonSilent, userAgent: 'test' });
  const place = placeOf({ to: folder, s3: {} }, { clock: impatient, nonce });
  await place.target.open();
  const { tally, run } = createDrain(
    [{ name: 'production', source: opened.source, address: api.url, emptyList: 'doubt' }],
    { clock: impatient, target: place.target, carry: createCarrier(place, http), tell: async () => undefined },
    { concurrency: CONCURRENCY, roundWaitsMs: Array(ROUNDS).fill(1_000), walkWaitsMs: Array(BREAKS + 1).fill(5_000) },
  );
  await run(new AbortController().signal);
  const wrong = await collect(createVerification(place.target).findings(new AbortController().signal));
  await http.close();
  await place.target.close();
  const missing = [...tally.missing.values(), ...tally.problems];
  return { missing, archived: tally.archived, isWhole: missing.length === 0, wrong: wrong.length, memoryMB: 0 };
}

const impatient: Clock = { ...realClock, after: (_, callback) => realClock.after(0, callback) };
const soonSilent: Clock = {
  ...realClock,
  after: (delayMs, callback) => realClock.after(delayMs === IDLE_MS ? IDLE_HERE_MS : delayMs, callback),
};

async function drainByProgram(folder: string): Promise<Drained> {
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { out: { type: 'stdout' } } });
  const options = ['--to', folder, '--json'];
  const args = ['drain', ...options, '--concurrency', String(CONCURRENCY), '--rounds', String(ROUNDS)];
  const drained = await (await stage.start(args, { env: TELLS_PEAK_MEMORY })).ended;
  const lines = drained.stdout.map((line) => JSON.parse(line));
  const verified = await stage.run(['drain', ...options, '--verify']);
  const { archived } = lines.at(-1);
  return {
    missing: lines.filter(({ kind }) => kind === 'missing' || kind === 'problem'),
    ...{ archived, isWhole: drained.code === 0, memoryMB: peakMemoryOf(drained) },
    wrong: JSON.parse(verified.stdout.at(-1) ?? '').wrong,
  };
}

test('an account whose files and lists go wrong in every way ends in the archive, whole, with few requests', async () => {
  const folder = join(stage.folder, 'archive');
  const startMs = performance.now();
  const { memoryMB, ...drained } = await (isByProgram ? drainByProgram(folder) : drainHere(folder));
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  const faults = [...files.faults.values()].reduce((sum, count) => sum + count, 0);
  if (RECORDINGS !== undefined) {
    const lists = api.requestCount;
    const sums = {
      recordings: COUNT,
      faults,
      fileRequests: files.requestCount,
      listRequests: lists,
      ...(isByProgram && { memoryMB }),
      seconds,
      kinds: files.faults.size,
    };
    process.stderr.write(`${JSON.stringify({ ...sums, ...Object.fromEntries(files.faults) }, undefined, 2)}\n`);
  }
  const count = COUNT + 4;
  expect(drained).toEqual({ missing: [], archived: count, isWhole: true, wrong: 0 });

  const archived = await collect(folderTarget({ folder, clock: realClock, nonce }).files());
  expect(archived).toHaveLength(count);
  expect(archived.filter(({ uuid, sha256 }) => sha256 !== files.sha256Of(uuid))).toEqual([]);
  expect(readdirSync(join(folder, '.partial')).filter((name) => !name.endsWith('.lock'))).toEqual([]);

  expect(faults).toBeGreaterThan(COUNT * SHARE);
  expect(files.faults.size).toBeGreaterThan(15);
  // What a fault spoils is asked for again; a few need to be told once more that what they have is of no use.
  expect(files.requestCount).toBeLessThanOrEqual(count + 1.2 * faults);
  const walks = (3 + BREAKS) * Math.ceil(count / PAGE + 1);
  expect(api.requestCount).toBeLessThanOrEqual(walks + BREAKS * IN_A_ROW + 5 + faults);
}, 3_600_000);
