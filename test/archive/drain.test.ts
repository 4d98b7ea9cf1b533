import {
  type ArchivedFile,
  type ArchivedRecording,
  ArchiveError,
  type ArchiveTarget,
} from '../../src/archive/define.js';
import { type Carried, createDrain, type DrainNews, type Link } from '../../src/archive/drain.js';
import { type FakeApi, startFakeApi } from '../../src/fake/api.js';
import type { NewRecording } from '../../src/fake/api-schema.js';
import type { Clock } from '../../src/ports.js';
import { many, openSource } from '../source/support.js';
import { realClock } from '../support/real-clock.js';

const DOWN = { kind: 'bad_gateway' } as const;
const ROUNDS = [1_000, 10_000];

interface Given {
  readonly recordings?: readonly NewRecording[];
  readonly there?: readonly string[];
  readonly carry?: (recording: ArchivedRecording, link: Link, signal: AbortSignal) => Promise<Carried>;
  /** Between the opening of the API and the drain. */
  readonly prepare?: (api: FakeApi) => void;
  /** A list request has come. */
  readonly onRequest?: (api: FakeApi) => void;
  readonly walkWaitsMs?: readonly number[];
  readonly signal?: AbortSignal;
  readonly concurrency?: number;
  readonly emptyList?: 'believe';
  readonly find?: ArchiveTarget['find'];
}

/** Drains the real source on a real API; only the bytes are made up. Waits are over at once, and remembered. */
async function drain({ recordings = [], there = [], prepare, walkWaitsMs = [5_000], ...given }: Given) {
  const { carry = carryAll, signal = new AbortController().signal, concurrency = 4, emptyList = 'doubt' } = given;
  const { find = async () => undefined } = given;
  await using api = await startFakeApi({ clock: realClock, recordings, onRequest: () => given.onRequest?.(api) });
  await using opened = openSource(api.url, { paging: { size: 10 } });
  prepare?.(api);
  const waits: number[] = [];
  const carried: string[] = [];
  const news: DrainNews[] = [];
  const drained = createDrain(
    [{ name: 'production', source: opened.source, address: api.url, emptyList }],
    {
      clock: impatient(waits),
      target: { files: () => filesOf(there), find },
      carry: async (recording, link, ofSignal, received) => {
        carried.push(recording.uuid);
        received(5);
        return carry(recording, link, ofSignal);
      },
      tell: async (each) => void news.push(each),
    },
    { concurrency, roundWaitsMs: ROUNDS, walkWaitsMs },
  );
  const halt = await drained.run(signal).then(
    () => undefined,
    (error: unknown) => error,
  );
  return {
    tally: drained.tally,
    waits,
    carried,
    news,
    halt,
    listRequests: api.requestCount,
    lacks: lacksOf(drained.tally),
  };
}

function lacksOf({ missing }: { missing: ReadonlyMap<string, { recording: { uuid: string }; reason: string }> }) {
  return Object.fromEntries([...missing.values()].map(({ recording, reason }) => [recording.uuid, reason]));
}

function impatient(waits: number[]): Clock {
  return {
    ...realClock,
    after: (delayMs, callback) => {
      waits.push(delayMs);
      return realClock.after(0, callback);
    },
  };
}

async function carryAll(recording: ArchivedRecording): Promise<Carried> {
  return { kind: 'archived', file: fileOf(recording) };
}

function fileOf(recording: ArchivedRecording): ArchivedFile {
  const { uuid } = recording;
  const archivedAt = '2024-05-13T17:14:00.941Z';
  return { ...recording, path: `${uuid}.mp4`, bytes: 5, sha256: '0'.repeat(64), contentType: 'video/mp4', archivedAt };
}

async function* filesOf(uuids: readonly string[]): AsyncGenerator<ArchivedFile> {
  const rest = { source: 'production', roomId: null, meetingId: null, createdAt: null };
  for (const uuid of uuids) yield fileOf({ ...rest, uuid: uuid as ArchivedRecording['uuid'], occurrence: 2 });
}

function available(count: number): NewRecording[] {
  return many(count).map((recording) => ({ ...recording, status: 'available' }));
}

test('archives everything once, in two walks of a list of several pages', async () => {
  const { tally, carried, listRequests } = await drain({ recordings: available(25) });
  expect(carried.toSorted()).toEqual(
    available(25)
      .map(({ uuid }) => uuid)
      .toSorted(),
  );
  expect(tally).toMatchObject({ seen: 25, isAllSeen: true, before: 0, archived: 25, archivedBytes: 125 });
  expect(tally.missing.size).toBe(0);
  expect(listRequests).toBe(6);
});

test('a recording that has a file in the archive is passed over, whatever its occurrence', async () => {
  const { tally, carried } = await drain({ recordings: available(3), there: ['r2', 'r3', 'of-another-time'] });
  expect(carried).toEqual(['r1']);
  expect(tally).toMatchObject({ seen: 3, before: 2, beforeBytes: 10, archived: 1 });
});

test('an empty list is looked at twice, and then nothing is missing', async () => {
  const { tally, listRequests } = await drain({});
  expect(listRequests).toBe(2);
  expect(tally).toMatchObject({ seen: 0, isAllSeen: true, problems: [] });
});

test.each<{ name: string; there: number; emptyList?: 'believe'; problems: unknown[] }>([
  {
    name: 'is doubted where the archive has many of it',
    there: 100,
    problems: [{ source: 'production', detail: expect.stringContaining('the archive has 100 recordings of it') }],
  },
  { name: 'is believed where the archive has few of it', there: 99, problems: [] },
  { name: 'is believed where the config says so', there: 100, emptyList: 'believe', problems: [] },
])('an empty list $name', async ({ there, problems, ...given }) => {
  const { tally } = await drain({ there: available(there).map(({ uuid }) => uuid ?? ''), ...given });
  expect(tally.problems).toEqual(problems);
});

test.each<{ name: string; row: NewRecording; reason: string }>([
  { name: 'in processing', row: { status: 'processing' }, reason: 'processing' },
  { name: 'of another status', row: { status: 'failed' }, reason: 'other_status' },
  { name: 'without a URL', row: { status: 'available', overrides: { url: null } }, reason: 'no_url' },
])('a row $name is missing, and says why', async ({ row, reason }) => {
  const { lacks, carried } = await drain({ recordings: [{ uuid: 'odd', ...row }, ...available(2)] });
  expect(lacks).toEqual({ odd: reason });
  expect(carried.toSorted()).toEqual(['r1', 'r2']);
});

test('what becomes available while the list is walked again is archived', async () => {
  const recordings = [...available(12), { uuid: 'late', status: 'processing' }];
  const { carried, lacks } = await drain({
    recordings,
    onRequest: (api) => {
      if (api.requestCount === 2) api.recordings.setStatus('late', 'available');
    },
  });
  expect(carried).toContain('late');
  expect(lacks).toEqual({});
});

test('rows that are no recordings are a problem of the list', async () => {
  const { tally } = await drain({ recordings: [{ overrides: { uuid: 7 } }, ...available(2)] });
  expect(tally.archived).toBe(2);
  expect(tally.problems).toEqual([{ source: 'production', detail: expect.stringContaining('1 rows') }]);
});

test('what failed is tried again with a URL asked for anew, after longer and longer waits', async () => {
  const links: string[] = [];
  const { tally, carried, waits, news } = await drain({
    recordings: available(2),
    carry: async (recording, link) => {
      if (recording.uuid !== 'r1') return carryAll(recording);
      links.push(link.url);
      return links.length < 3 ? { kind: 'failed', detail: 'the server answered 500' } : carryAll(recording);
    },
  });
  expect(carried.filter((uuid) => uuid === 'r1')).toHaveLength(3);
  expect(new Set(links).size).toBe(3);
  expect(waits).toEqual(ROUNDS);
  expect(tally).toMatchObject({ archived: 2, failed: 0 });
  expect(news.map(({ kind }) => kind).toSorted()).toEqual(['archived', 'archived', 'failed', 'failed']);
});

test('what fails in every round is missing in the end, with the reason', async () => {
  const { tally, lacks } = await drain({
    recordings: available(2),
    carry: async (recording) =>
      recording.uuid === 'r1' ? { kind: 'failed', detail: 'the server answered 500' } : carryAll(recording),
  });
  expect(lacks).toEqual({ r1: 'failed' });
  expect([...tally.missing.values()][0]?.detail).toBe('the server answered 500');
});

test('a walk that breaks has archived what it showed, and is tried again after a wait', async () => {
  const { tally, waits, carried } = await drain({
    recordings: available(25),
    // A request is repeated at once before a walk is given up.
    prepare: (api) => api.fault(DOWN, { after: 2, times: 3 }),
  });
  expect(waits).toEqual([5_000]);
  expect(carried).toHaveLength(25);
  expect(tally.problems).toEqual([]);
});

test('a list that cannot be read whole is said, and what was seen is archived', async () => {
  const { tally } = await drain({
    recordings: available(25),
    prepare: (api) => api.fault(DOWN, { after: 2, times: 900 }),
  });
  expect(tally).toMatchObject({ seen: 20, archived: 20 });
  expect(tally.problems).toEqual([
    { source: 'production', detail: expect.stringContaining('could not be read whole') },
  ]);
});

test('a list that shows something new each time that it is read may have more, which is said', async () => {
  const { tally } = await drain({
    recordings: available(25),
    onRequest: ({ requestCount, recordings }) => {
      if (requestCount % 3 === 0) recordings.add({ uuid: `late-${requestCount}`, status: 'available' });
    },
  });
  expect(tally.missing.size).toBe(0);
  expect(tally.problems).toEqual([{ source: 'production', detail: expect.stringContaining('run drain again') }]);
});

test('a platform that wants to be left alone for hours is not waited for', async () => {
  const { tally, waits } = await drain({
    prepare: (api) => api.fault({ kind: 'rate_limited', retryAfter: '7200' }, { times: 900 }),
  });
  expect(waits).toEqual([]);
  expect(tally.problems).toEqual([
    { source: 'production', detail: expect.stringContaining('start it again in 120 minutes') },
  ]);
});

test('a refused credential is not tried again', async () => {
  const { tally, waits } = await drain({ prepare: (api) => api.fault({ kind: 'unauthorized' }, { times: 900 }) });
  expect(waits).toEqual([]);
  expect(tally.problems).toHaveLength(1);
});

test('a list longer than the rows held in memory waits for those who archive', async () => {
  const { tally, carried } = await drain({ recordings: available(2_105), concurrency: 1 });
  expect(new Set(carried).size).toBe(2_105);
  expect(tally).toMatchObject({ seen: 2_105, archived: 2_105 });
});

test('a stop ends it at once: what is left is not reached', async () => {
  const stop = new AbortController();
  const { lacks, carried, halt } = await drain({
    recordings: available(25),
    concurrency: 1,
    signal: stop.signal,
    carry: async (recording) => {
      if (recording.uuid !== 'r24') return carryAll(recording);
      stop.abort();
      return { kind: 'failed', detail: 'aborted' };
    },
  });
  expect(halt).toBeUndefined();
  expect(carried).toEqual(['r25', 'r24']);
  expect(lacks).toHaveProperty('r24', 'not_reached');
});

test('an archive that takes nothing any more ends it', async () => {
  const full = new ArchiveError('no_space', 'the disk is full');
  const { halt, carried } = await drain({
    recordings: available(25),
    concurrency: 1,
    carry: () => Promise.reject(full),
  });
  expect(halt).toBe(full);
  expect(carried).toEqual(['r25']);
});

test('trouble with one recording in the archive is not the end of the others', async () => {
  const { lacks, tally } = await drain({
    recordings: available(3),
    find: async ({ uuid }) => {
      if (uuid === 'r2') throw new ArchiveError('broken', '/srv/archive/r2.mp4: the disk fails (EIO)');
      return undefined;
    },
  });
  expect(lacks).toEqual({ r2: 'failed' });
  expect([...tally.missing.values()][0]?.detail).toBe('/srv/archive/r2.mp4: the disk fails (EIO)');
  expect(tally.archived).toBe(2);
});
