import { saveFullWalk } from '../../src/engine/save-full-walk.js';
import { openPollStage, type PollStage, type PollStageOptions, routed, SOURCE } from './poll-stage.js';

const HOUR_MS = 3_600_000;
const SIZE = 10;
const SETTINGS = { settings: { paging: { size: SIZE } } };

/** A second apart, the first one the oldest. */
function olderRows(count: number, status = 'available') {
  return Array.from({ length: count }, (_, n) => ({
    ...{ uuid: `old-${n}`, meetingId: `m-${n}`, status },
    createdAt: new Date((n + 1) * 1_000).toISOString(),
  }));
}

/** Past a first poll, a walk through all of it. */
async function openWalked(options: PollStageOptions = {}, count = 95): Promise<PollStage> {
  const stage = await openPollStage({ ...SETTINGS, ...options, api: { recordings: olderRows(count), ...options.api } });
  await stage.poll();
  return stage;
}

/** Pages that a poll asked for, and meetings. */
async function askedBy(stage: PollStage): Promise<readonly string[]> {
  const before = stage.api.requests.length;
  await stage.poll();
  return stage.api.requests.slice(before).map(({ query }) => query['meetingId'] ?? `page ${query['page']}`);
}

const ALL_PAGES = Array.from({ length: 10 }, (_, n) => `page ${n + 1}`);

const facts = ({ told }: PollStage) => told.map(({ type, data }) => `${data.recording.uuid} ${type.split('.')[1]}`);

test('where nothing is new, a poll asks for one page and writes nothing', async () => {
  await using stage = await openWalked();
  const writes = stage.store.batches.length;
  expect(await askedBy(stage)).toEqual(['page 1']);
  expect(await stage.poll()).toMatchObject({
    result: 'complete',
    isFull: false,
    rows: SIZE,
    listed: 95,
    available: 95,
  });
  expect(stage.store.batches.length).toBe(writes);
});

test('what is new on the first page is told, and the page below it says that it is all', async () => {
  await using stage = await openWalked();
  for (const uuid of ['a', 'b']) stage.api.recordings.add({ uuid, status: 'available' });
  expect(await askedBy(stage)).toEqual(['page 1', 'page 2']);
  expect(facts(stage).toSorted()).toEqual(['a available', 'b available']);
  expect(await askedBy(stage)).toEqual(['page 1']);
  expect(await stage.poll()).toMatchObject({ listed: 97, available: 97 });
});

/** Walks that find everything settled, so that the next ones look nothing up. */
async function openKnown(): Promise<PollStage> {
  const stage = await openWalked({
    sinks: [routed('hook', { events: ['recording.available', 'recording.processing'] })],
  });
  await pollAll(stage);
  return stage;
}

function pollAll(stage: PollStage) {
  stage.walks().isFullDue = true;
  return stage.poll();
}

test('what was found settled and changes is told, as often as it does', async () => {
  await using stage = await openKnown();
  for (const status of ['processing', 'available', 'processing', 'available']) {
    stage.api.recordings.setStatus('old-3', status);
    expect(await pollAll(stage)).toMatchObject({ events: 1, rows: 95, available: status === 'available' ? 95 : 94 });
    expect(await pollAll(stage)).toMatchObject({ events: 0, rows: 95 });
  }
  expect(facts(stage)).toEqual([...['old-3 processing', 'old-3 available', 'old-3 processing', 'old-3 available']]);
});

test('a change that could not be stored is told by the next walk', async () => {
  await using stage = await openKnown();
  stage.api.recordings.setStatus('old-3', 'processing');
  stage.store.failAlways('before', 'setMany');
  expect(await pollAll(stage)).toMatchObject({ result: 'failed' });
  stage.store.heal();
  expect(await pollAll(stage)).toMatchObject({ result: 'complete', events: 1 });
  stage.api.recordings.setStatus('old-3', 'available');
  expect(await pollAll(stage)).toMatchObject({ events: 1 });
  expect(facts(stage)).toEqual(['old-3 processing', 'old-3 available']);
});

test.each([
  { first: 'available', second: 'processing' },
  { first: 'available', second: 'available' },
])('of two rows of a settled recording, $first and then $second, the first one counts', async ({ first, second }) => {
  await using stage = await openKnown();
  stage.api.recordings.setStatus('old-3', first);
  // The list ends with the oldest.
  stage.api.recordings.update('old-0', { overrides: { uuid: 'old-3', status: second } });
  for (let walks = 0; walks < 3; walks += 1) expect(await pollAll(stage)).toMatchObject({ events: 0, rows: 94 });
});

test('of two rows of a settled recording that changes, the first one counts', async () => {
  await using stage = await openKnown();
  stage.api.recordings.setStatus('old-3', 'processing');
  stage.api.recordings.update('old-0', { overrides: { uuid: 'old-3', status: 'available' } });
  expect(await pollAll(stage)).toMatchObject({ events: 1, rows: 94 });
  for (let walks = 0; walks < 3; walks += 1) expect(await pollAll(stage)).toMatchObject({ events: 0, rows: 94 });
});

test.each([
  {
    name: 'a recording that appears below the first page',
    change: ({ api }: PollStage) =>
      api.recordings.add({ uuid: 'late', status: 'available', createdAt: new Date(500).toISOString() }),
    want: ['late available'],
  },
  { name: 'a recording that is deleted', change: ({ api }: PollStage) => api.recordings.remove('old-3'), want: [] },
  {
    name: 'rows that are not newest first',
    change: ({ api }: PollStage) =>
      api.recordings.update('old-90', { overrides: { createdAt: new Date(99_000_000).toISOString() } }),
    want: [],
  },
  {
    name: 'a row without a time',
    change: ({ api }: PollStage) => api.recordings.update('old-90', { overrides: { createdAt: null } }),
    want: [],
  },
  {
    name: 'a list that does not say its total',
    change: ({ api }: PollStage) => api.mode({ pagination: { omits: ['total'] } }),
    want: [],
  },
  { name: 'a full walk that is due', change: (stage: PollStage) => (stage.walks().isFullDue = true), want: [] },
])('$name makes a poll walk the whole list', async ({ change, want }) => {
  await using stage = await openWalked();
  change(stage);
  expect(await askedBy(stage)).toEqual(expect.arrayContaining(ALL_PAGES));
  expect(facts(stage)).toEqual(want);
});

test.each(['a recording that appears', 'a recording that goes'])('after %s, polls stop early again', async (what) => {
  await using stage = await openWalked();
  if (what.endsWith('goes')) stage.api.recordings.remove('old-3');
  else stage.api.recordings.add({ uuid: 'late', status: 'available', createdAt: new Date(500).toISOString() });
  await stage.poll();
  expect(await askedBy(stage)).toEqual(['page 1']);
});

test('a walk that broke after it had written is walked to its end by the next poll', async () => {
  await using stage = await openWalked();
  // More than a page of news: the first page is stored, the second is not reached.
  for (let n = 0; n < 15; n += 1) stage.api.recordings.add({ uuid: `new-${n}`, status: 'available' });
  stage.api.fault({ kind: 'unauthorized' }, { after: 1, times: 1 });
  expect(await stage.poll()).toMatchObject({ result: 'failed', events: SIZE });
  // Also in another process: the memory of this one is gone.
  stage.configure(SETTINGS);
  stage.walks().fullEveryMs = HOUR_MS;
  expect(await askedBy(stage)).toEqual(expect.arrayContaining(ALL_PAGES));
  expect(facts(stage)).toHaveLength(15);
  expect(await askedBy(stage)).toEqual(['page 1']);
});

describe('a recording in processing below the first page', () => {
  /** `deep` is on page 10. */
  async function openWithDeep(options: PollStageOptions = {}): Promise<PollStage> {
    const stage = await openWalked(options);
    stage.api.recordings.setStatus('old-2', 'processing');
    stage.walks().isFullDue = true;
    await stage.poll();
    stage.told.length = 0;
    return stage;
  }

  test('is asked for by its meeting, and told when it is available', async () => {
    await using stage = await openWithDeep();
    expect(await askedBy(stage)).toEqual(['page 1', 'm-2']);
    expect(await stage.poll()).toMatchObject({ awaited: 1, processing: 1, available: 94 });
    stage.api.recordings.setStatus('old-2', 'available');
    expect(await stage.poll()).toMatchObject({ isFull: false, events: 1, awaited: 0, available: 95 });
    expect(facts(stage)).toEqual(['old-2 available']);
    expect(await askedBy(stage)).toEqual(['page 1']);
  });

  test('is not asked for where the platform ignores the filter: a full walk finds it', async () => {
    await using stage = await openWithDeep();
    stage.api.recordings.update('old-94', { overrides: { meetingId: 'm-2' } });
    stage.api.recordings.update('old-2', { overrides: { meetingId: 'another' } });
    await stage.poll();
    expect(await askedBy(stage)).toEqual(['page 1']);
    stage.api.recordings.setStatus('old-2', 'available');
    stage.walks().isFullDue = true;
    await stage.poll();
    expect(facts(stage)).toEqual(['old-2 available']);
  });

  test('that is told as stuck is waited for no longer, but for full walks', async () => {
    await using stage = await openWithDeep({ stuckAfterMs: 60_000 });
    stage.clock.advance(60_001);
    expect(await stage.poll()).toMatchObject({ events: 1, awaited: 0 });
    expect(facts(stage)).toEqual(['old-2 stuck']);
    expect(await askedBy(stage)).toEqual(['page 1']);
    stage.api.recordings.setStatus('old-2', 'available');
    stage.walks().isFullDue = true;
    await stage.poll();
    expect(facts(stage)).toEqual(['old-2 stuck', 'old-2 available']);
  });

  test('is still waited for after a restart', async () => {
    await using stage = await openWithDeep();
    stage.configure(SETTINGS);
    stage.walks().fullEveryMs = HOUR_MS;
    stage.api.recordings.setStatus('old-2', 'available');
    expect(await askedBy(stage)).toEqual(['page 1', 'm-2']);
    expect(facts(stage)).toEqual(['old-2 available']);
  });
});

test('of many in processing, twenty are asked for in a poll, the longest unasked first', async () => {
  await using stage = await openPollStage({ ...SETTINGS, api: { recordings: olderRows(95) } });
  for (let n = 0; n < 30; n += 1) stage.api.recordings.setStatus(`old-${n}`, 'processing');
  await stage.poll();
  const rounds = [await askedBy(stage), await askedBy(stage), await askedBy(stage)].map((asked) => asked.slice(1));
  expect(rounds.map(({ length }) => length)).toEqual([20, 20, 20]);
  expect(new Set(rounds.slice(0, 2).flat()).size).toBe(30);
  expect(new Set(rounds.slice(1).flat()).size).toBe(30);
});

test.each([
  { name: 'shorter ago than the period: no full walk', agoMs: HOUR_MS - 1, want: ['page 1'] },
  { name: 'longer ago than the period: a full walk', agoMs: HOUR_MS + 1, want: ALL_PAGES },
  { name: 'ahead, since the clock went back: a full walk', agoMs: -HOUR_MS, want: ALL_PAGES },
])('after a start, the last full walk being $name', async ({ agoMs, want }) => {
  await using stage = await openWalked();
  stage.configure(SETTINGS);
  stage.walks().fullEveryMs = HOUR_MS;
  stage.clock.advance(agoMs);
  expect(await askedBy(stage)).toEqual(want);
});

test('when the whole list was walked last is stored at the end of a process, and only then', async () => {
  await using stage = await openWalked();
  stage.clock.advance(HOUR_MS);
  stage.walks().isFullDue = true;
  await stage.poll();
  const stored = async () => (await stage.ledger.walkMark(SOURCE))?.fullAtMs;
  const before = await stored();
  await saveFullWalk(stage.polled(), stage.ledger);
  expect(await stored()).toBe((before ?? 0) + HOUR_MS);
});

test('at 2,000 recordings a poll without news does the work of one at 100', async () => {
  const work = async (count: number) => {
    await using stage = await openWalked({}, count);
    stage.store.heal();
    const requests = (await askedBy(stage)).length;
    return { requests, operations: [...stage.store.operations] };
  };
  expect(await work(2_000)).toEqual(await work(100));
});
