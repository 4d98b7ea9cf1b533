import { createLedger } from '../../src/store/ledger.js';
import { collect } from '../support/collect.js';
import { openPollStage, type PollStage, routed, SOURCE } from './poll-stage.js';

const EVERYTHING = ['recording.available', 'recording.processing', 'recording.stuck'] as const;

function facts({ told }: Pick<PollStage, 'told'>): string[] {
  return told.map(({ type, data }) => `${data.recording.uuid} ${type.slice('recording.'.length)} ${data.occurrence}`);
}

async function statuses({ ledger }: PollStage): Promise<Record<string, string>> {
  const remembered = await collect(ledger.allRecordings(SOURCE));
  return Object.fromEntries(remembered.map(({ uuid, state }) => [uuid, state.status]));
}

/** Newest first in the list, so the last of them is on page one. */
function rows(count: number, status = 'available') {
  return Array.from({ length: count }, (_, index) => ({ uuid: `r${index + 1}`, status }));
}

describe('a first poll', () => {
  test('remembers and tells nothing; what changes afterwards is told once', async () => {
    await using stage = await openPollStage({
      api: {
        recordings: [
          { uuid: 'old', status: 'available' },
          { uuid: 'soon', status: 'processing' },
        ],
      },
      sinks: [routed('hook', { events: EVERYTHING })],
    });
    expect(await stage.poll()).toMatchObject({ result: 'complete', phase: 'first', rows: 2, unknown: 2, available: 1 });
    stage.api.recordings.setStatus('soon', 'available');
    stage.api.recordings.add({ uuid: 'new', status: 'available' });
    stage.api.recordings.add({ uuid: 'newest', status: 'processing' });
    expect(await stage.poll()).toMatchObject({ phase: 'normal', events: 3, deliveries: 3 });
    expect(await stage.poll()).toMatchObject({ phase: 'normal', events: 0, deliveries: 0 });
    expect(facts(stage).sort()).toEqual(['new available 1', 'newest processing 1', 'soon available 1']);
    expect(stage.offered).toHaveLength(3);
    expect(stage.told.find(({ data }) => data.recording.uuid === 'soon')?.data.previousStatus).toBe('processing');
  });

  test('announces everything that is available, once it is complete', async () => {
    await using stage = await openPollStage({
      firstPoll: 'announce',
      api: { recordings: [...rows(3), { uuid: 'soon', status: 'processing' }], mode: { pageSizeMax: 2 } },
    });
    stage.api.fault({ kind: 'unauthorized' }, { after: 1 });
    expect(await stage.poll()).toMatchObject({ result: 'failed', events: 0 });
    expect(stage.offered).toEqual([]);
    expect(await stage.poll()).toMatchObject({ result: 'complete', events: 3, deliveries: 3 });
    expect(facts(stage).sort()).toEqual(['r1 available 1', 'r2 available 1', 'r3 available 1']);
    expect(await stage.poll()).toMatchObject({ phase: 'normal', events: 0 });
  });

  test.each(['remember', 'announce'] as const)(
    '%s: one that broke is no first poll that is over',
    async (firstPoll) => {
      await using stage = await openPollStage({ firstPoll, api: { recordings: rows(4), mode: { pageSizeMax: 2 } } });
      stage.api.fault({ kind: 'bad_gateway' }, { after: 1, times: 3 });
      expect(await stage.poll()).toMatchObject({ result: 'failed', phase: 'first', rows: 2 });
      stage.api.recordings.setStatus('r3', 'processing');
      expect(await stage.poll()).toMatchObject({ result: 'complete', phase: 'first' });
      expect(facts(stage).sort()).toEqual(
        firstPoll === 'remember' ? [] : ['r1 available 1', 'r2 available 1', 'r4 available 1'],
      );
      stage.api.recordings.setStatus('r3', 'available');
      await stage.poll();
      // Available when it was remembered, so this is its second time, announced or not.
      expect(facts(stage).at(-1)).toBe('r3 available 2');
    },
  );

  test('that was to announce and now is to remember announces nothing', async () => {
    await using stage = await openPollStage({
      firstPoll: 'announce',
      api: { recordings: rows(4), mode: { pageSizeMax: 2 } },
    });
    stage.api.fault({ kind: 'bad_gateway' }, { after: 1, times: 3 });
    expect(await stage.poll()).toMatchObject({ result: 'failed' });
    stage.configure({ firstPoll: 'remember' });
    expect(await stage.poll()).toMatchObject({ result: 'complete', events: 0 });
    expect(await stage.poll()).toMatchObject({ phase: 'normal', events: 0 });
  });

  test('is walked again until nothing new turns up', async () => {
    await using stage = await openPollStage({ api: { recordings: rows(4), mode: { pageSizeMax: 2 } } });
    stage.api.fault({ kind: 'change', add: [{ uuid: 'late', status: 'available' }] }, { after: 1 });
    expect(await stage.poll()).toMatchObject({ result: 'complete', phase: 'first', unknown: 5, rows: 5 });
    expect(await stage.poll()).toMatchObject({ phase: 'normal', events: 0 });
  });

  test('is walked three times at most', async () => {
    await using stage = await openPollStage({ api: { recordings: rows(3), mode: { pageSizeMax: 2 } } });
    for (const uuid of ['a', 'b', 'c', 'd']) {
      stage.api.fault({ kind: 'change', add: [{ uuid, status: 'available' }] }, { after: 1 });
    }
    expect(await stage.poll()).toMatchObject({ result: 'complete', phase: 'first' });
    expect(stage.api.requestCount).toBe(2 + 2 + 3);
  });

  test('of one page is walked once', async () => {
    await using stage = await openPollStage({ api: { recordings: rows(3), mode: { form: 'array' } } });
    expect(await stage.poll()).toMatchObject({ result: 'complete', rows: 3 });
    expect(stage.api.requestCount).toBe(1);
  });

  test.each([
    { phase: 'first', settings: {} },
    { phase: 'new-scope', settings: { roomId: 'lobby' } },
  ])('an empty list is believed at the second look only: $phase', async ({ phase, settings }) => {
    await using stage = await openPollStage();
    if (phase === 'new-scope') {
      await stage.poll();
      stage.configure({ settings });
    }
    stage.api.recordings.add({ uuid: 'there', status: 'available', roomId: 'lobby' });
    stage.api.fault({ kind: 'answer', status: 200, body: [] });
    expect(await stage.poll()).toMatchObject({ result: 'complete', phase, rows: 1 });
    expect(await stage.poll()).toMatchObject({ phase: 'normal', events: 0 });
    expect(stage.told).toEqual([]);
  });

  test('of an account without recordings is over, and its first recording is told', async () => {
    await using stage = await openPollStage();
    expect(await stage.poll()).toMatchObject({ result: 'complete', phase: 'first', rows: 0 });
    expect(stage.api.requestCount).toBe(2);
    stage.api.recordings.add({ uuid: 'one', status: 'available' });
    await stage.poll();
    expect(facts(stage)).toEqual(['one available 1']);
  });
});

describe('another scope', () => {
  test.each(['remember', 'announce'] as const)(
    '%s: what is not remembered counts as at a first poll, the others go on',
    async (firstPoll) => {
      await using stage = await openPollStage({
        firstPoll: 'remember',
        api: {
          recordings: [
            { uuid: 'known', status: 'processing', roomId: 'lobby' },
            { uuid: 'elsewhere', status: 'available', roomId: 'stage' },
          ],
        },
        settings: { roomId: 'lobby' },
      });
      await stage.poll();
      stage.configure({ firstPoll });
      stage.api.recordings.setStatus('known', 'available');
      expect(await stage.poll()).toMatchObject({ result: 'complete', phase: 'new-scope' });
      expect(facts(stage)).toEqual([
        'known available 1',
        ...(firstPoll === 'announce' ? ['elsewhere available 1'] : []),
      ]);
      stage.api.recordings.add({ uuid: 'new', status: 'available', roomId: 'stage' });
      expect(await stage.poll()).toMatchObject({ phase: 'normal', events: 1 });
    },
  );

  test('goes on until a poll of it was complete', async () => {
    await using stage = await openPollStage({ api: { mode: { pageSizeMax: 1 } }, settings: { roomId: 'lobby' } });
    await stage.poll();
    stage.configure({});
    stage.api.recordings.add({ uuid: 'one', status: 'available', roomId: 'stage' });
    stage.api.recordings.add({ uuid: 'two', status: 'available', roomId: 'stage' });
    stage.api.fault({ kind: 'unauthorized' }, { after: 1 });
    expect(await stage.poll()).toMatchObject({ result: 'failed', phase: 'new-scope' });
    expect(await stage.poll()).toMatchObject({ result: 'complete', phase: 'new-scope' });
    expect(await stage.poll()).toMatchObject({ phase: 'normal' });
    expect(stage.told).toEqual([]);
  });
});

describe('the list', () => {
  test.each([
    { name: 'HTML of a proxy', fault: { kind: 'bad_gateway' } },
    { name: 'an error in a 200', fault: { kind: 'error_in_ok' } },
    { name: 'half of the JSON', fault: { kind: 'truncated' } },
    { name: 'a connection that breaks', fault: { kind: 'broken' } },
    { name: 'a dead credential', fault: { kind: 'unauthorized' } },
  ] as const)('$name on page two: page one is told, the rest by the next poll', async ({ fault }) => {
    await using stage = await openPollStage({ api: { recordings: rows(4, 'processing'), mode: { pageSizeMax: 2 } } });
    await stage.poll();
    for (const { uuid } of rows(4)) stage.api.recordings.setStatus(uuid, 'available');
    stage.api.fault(fault, { after: 1, times: 3 });
    expect(await stage.poll()).toMatchObject({ result: 'failed', events: 2, reason: expect.stringContaining(SOURCE) });
    expect(facts(stage)).toEqual(['r4 available 1', 'r3 available 1']);
    stage.api.clearFaults();
    expect(await stage.poll()).toMatchObject({ result: 'complete', events: 2 });
    expect(facts(stage)).toHaveLength(4);
  });

  test('that is empty although recordings were known removes none and tells none', async () => {
    await using stage = await openPollStage({ api: { recordings: rows(3) } });
    await stage.poll();
    stage.api.mode({ empty: true });
    expect(await stage.poll()).toMatchObject({ result: 'complete', rows: 0, events: 0 });
    stage.api.mode({ empty: false });
    expect(await stage.poll()).toMatchObject({ rows: 3, events: 0 });
  });

  test('whose second page repeats the first: incomplete, names the key, and page one is told', async () => {
    await using stage = await openPollStage({ api: { recordings: rows(2, 'processing'), mode: { pageSizeMax: 2 } } });
    await stage.poll();
    stage.api.recordings.add({ uuid: 'r3', status: 'available' });
    stage.api.mode({ pageParam: 'p' });
    expect(await stage.poll()).toMatchObject({
      result: 'incomplete',
      reason: expect.stringContaining('sources.production.paging.pageParam'),
      events: 1,
    });
    expect(facts(stage)).toEqual(['r3 available 1']);
  });

  test('with one uuid twice: the first row counts, poll after poll', async () => {
    await using stage = await openPollStage({
      api: {
        recordings: [
          { uuid: 'twin', status: 'processing' },
          { uuid: 'other', status: 'available' },
          { uuid: 'twin', status: 'available' },
        ],
        mode: { pageSizeMax: 1 },
      },
      sinks: [routed('hook', { events: EVERYTHING })],
    });
    for (let polls = 0; polls < 10; polls += 1) expect(await stage.poll()).toMatchObject({ rows: 2, events: 0 });
    expect(await statuses(stage)).toEqual({ twin: 'available', other: 'available' });
  });

  test('a list of which no row can be read ends no first poll: what it holds is not announced later', async () => {
    const rows = ['a', 'b'].map((uuid) => ({ uuid, status: 'available', overrides: { status: 7 } }));
    await using stage = await openPollStage({ api: { recordings: rows } });
    expect(await stage.poll()).toMatchObject({
      result: 'incomplete',
      rejected: 2,
      reason: expect.stringMatching(/none of the 2 rows/),
    });
    for (const uuid of ['a', 'b']) stage.api.recordings.update(uuid, { overrides: {} });
    expect(await stage.poll()).toMatchObject({ result: 'complete', phase: 'first', rows: 2 });
    await stage.poll();
    expect(stage.told).toEqual([]);
  });

  test('with rows that are none: they are counted, reported with their reasons, and harm no other', async () => {
    await using stage = await openPollStage({ api: { recordings: [{ uuid: 'good' }, { omits: ['uuid'] }] } });
    expect(await stage.poll()).toMatchObject({
      ...{ result: 'complete', rows: 1, rejected: 1 },
      rejectedReasons: [expect.stringMatching(/has no uuid/)],
    });
  });

  test('an unknown status makes no event and can be a previous one; a status that goes back counts', async () => {
    await using stage = await openPollStage({
      api: { recordings: [{ uuid: 'r', status: 'available' }] },
      sinks: [routed('hook', { events: EVERYTHING })],
    });
    for (const status of ['available', 'processing', 'failed', 'available', 'processing', 'available']) {
      stage.api.recordings.setStatus('r', status);
      await stage.poll();
    }
    expect(facts(stage)).toEqual(['r processing 1', 'r available 2', 'r processing 2', 'r available 3']);
    expect(stage.told.map(({ data }) => data.previousStatus)).toEqual([
      'available',
      'failed',
      'available',
      'processing',
    ]);
  });

  test('a recording that vanishes and returns with its status is no news', async () => {
    await using stage = await openPollStage({ api: { recordings: rows(2) } });
    for (const hidden of [false, true, false]) {
      stage.api.recordings.update('r1', { hidden });
      expect(await stage.poll()).toMatchObject({ events: 0 });
    }
  });
});

test('stuck is told once for each spell in processing', async () => {
  await using stage = await openPollStage({
    api: { recordings: [{ uuid: 'r', status: 'processing' }] },
    stuckAfterMs: 60_000,
    sinks: [routed('hook', { events: ['recording.stuck'] })],
  });
  await stage.poll();
  stage.clock.advance(60_000);
  expect(await stage.poll()).toMatchObject({ events: 0 });
  stage.clock.advance(1);
  expect(await stage.poll()).toMatchObject({ events: 1, deliveries: 1 });
  stage.clock.advance(60_000);
  expect(await stage.poll()).toMatchObject({ events: 0 });
  stage.api.recordings.setStatus('r', 'available');
  await stage.poll();
  stage.api.recordings.setStatus('r', 'processing');
  await stage.poll();
  stage.clock.advance(60_001);
  await stage.poll();
  expect(facts(stage)).toEqual(['r stuck 1', 'r available 1', 'r processing 2', 'r stuck 2']);
  expect(stage.offered).toHaveLength(2);
});

describe('the write', () => {
  test('is one for what is delivered and what is remembered, deliveries first; another says that the walk is over', async () => {
    await using stage = await openPollStage({ sinks: [routed('a'), routed('b'), routed('none', { events: [] })] });
    await stage.poll();
    const before = stage.store.batches.length;
    stage.api.recordings.add({ uuid: 'r1', status: 'available' });
    stage.api.recordings.add({ uuid: 'r2', status: 'available' });
    await stage.poll();
    const written = stage.store.batches.slice(before).map((batch) => batch.map(([key]) => key.split('/')[0]));
    expect(written).toEqual([['out', 'out', 'out', 'out', 'rec', 'rec', 'walk'], ['walk']]);
  });

  test.each([1, 3, 40])('of a page of a thousand rows stays within its bound with %i sinks', async (sinkCount) => {
    const sinks = Array.from({ length: sinkCount }, (_, index) => routed(`sink-${index}`));
    const paging = { size: 1_000 };
    await using stage = await openPollStage({ sinks, settings: { paging }, api: { recordings: [{ uuid: 'old' }] } });
    await stage.poll();
    for (const { uuid } of rows(1_000)) stage.api.recordings.add({ uuid, status: 'available' });
    // The store itself refuses a batch that is too large.
    expect(await stage.poll()).toMatchObject({ result: 'complete', events: 1_000, deliveries: 1_000 * sinkCount });
  });

  test('leaves out a sink that does not want the event', async () => {
    const only = { rooms: ['lobby'] };
    await using stage = await openPollStage({ sinks: [routed('lobby', { only }), routed('all')] });
    await stage.poll();
    stage.api.recordings.add({ uuid: 'r', status: 'available', roomId: 'stage' });
    await stage.poll();
    expect(stage.offered.map(({ sink }) => sink)).toEqual(['all']);
  });

  test('makes no deliveries while there is no sink, and none for what changed then', async () => {
    await using stage = await openPollStage({ sinks: [] });
    await stage.poll();
    stage.api.recordings.add({ uuid: 'r', status: 'available' });
    expect(await stage.poll()).toMatchObject({ events: 1, deliveries: 0 });
    stage.configure({ sinks: [routed('hook')] });
    expect(await stage.poll()).toMatchObject({ events: 0, deliveries: 0 });
  });

  test('never holds the URL', async () => {
    await using stage = await openPollStage();
    await stage.poll();
    stage.api.recordings.add({ uuid: 'r', status: 'available' });
    await stage.poll();
    expect(stage.offered).toHaveLength(1);
    expect(JSON.stringify(stage.store.batches)).not.toMatch(/Signature|Expires=|AWSAccessKeyId/);
  });
});

describe.each(['memory', 'sqlite'] as const)('a %s store that fails at every operation in turn', (store) => {
  /** Three pages, so that some are good when the store fails; every kind of event among the news. */
  async function openNews(firstPoll: 'remember' | 'announce' = 'remember') {
    const stage = await openPollStage({
      store,
      firstPoll,
      api: {
        recordings: [
          { uuid: 'stuck', status: 'processing' },
          { uuid: 'soon', status: 'processing' },
          { uuid: 'old', status: 'available' },
          { uuid: 'older', status: 'available' },
        ],
        mode: { pageSizeMax: 2 },
      },
      sinks: [routed('a', { events: EVERYTHING }), routed('b')],
    });
    return stage;
  }

  async function makeNews(stage: PollStage): Promise<void> {
    await stage.poll();
    stage.clock.advance(3_600_001);
    stage.api.recordings.setStatus('soon', 'available');
    stage.api.recordings.add({ uuid: 'new', status: 'available' });
    stage.api.recordings.add({ uuid: 'newest', status: 'processing' });
  }

  async function outcome({ store: stored }: PollStage) {
    const ledger = createLedger(stored);
    const pending = await collect(ledger.pending());
    const remembered = await collect(ledger.allRecordings());
    return {
      deliveries: pending.map(({ id, event }) => `${id} ${event.id}`).sort(),
      recordings: remembered
        .map(({ uuid, state }) => [uuid, state.status, state.availableCount, state.stuckTold])
        .sort(),
    };
  }

  async function operationsOf(run: (stage: PollStage) => Promise<unknown>, firstPoll?: 'remember' | 'announce') {
    await using stage = await openNews(firstPoll);
    await run(stage);
    stage.store.heal();
    await stage.poll();
    return { count: stage.store.operations.length, want: await outcome(stage) };
  }

  test.each(['before', 'after'] as const)('news, failing %s it is done', async (fault) => {
    const { count, want } = await operationsOf(makeNews);
    expect(count).toBeGreaterThan(7);
    expect(want.deliveries).toHaveLength(6);
    for (let n = 1; n <= count; n += 1) {
      await using stage = await openNews();
      await makeNews(stage);
      stage.store.fail(n, fault);
      expect(await stage.poll()).toMatchObject({ result: 'failed', error: { name: 'StoreError' } });
      // The last write is that of the end of the walk, which makes no delivery.
      const isCommit = stage.store.operations.at(-1) === 'setMany' && n < count;
      expect(stage.doubts()).toBe(isCommit ? 1 : 0);
      // What had been written although the write failed is in the outbox, where the doubt finds it.
      const known = new Set([
        ...stage.offered.map(({ id }) => id),
        ...(await collect(stage.ledger.pending())).map(({ id }) => id),
      ]);
      stage.store.heal();
      expect(await stage.poll()).toMatchObject({ result: 'complete' });
      expect(await outcome(stage)).toEqual(want);
      const offeredTwice = stage.offered.length - new Set(stage.offered.map(({ id }) => id)).size;
      expect(offeredTwice).toBe(0);
      expect(new Set([...known, ...stage.offered.map(({ id }) => id)]).size).toBe(want.deliveries.length);
    }
  });

  test.each(['before', 'after'] as const)('a first poll that remembers, failing %s it is done', async (fault) => {
    const { count, want } = await operationsOf(async () => undefined);
    for (let n = 1; n <= count; n += 1) {
      await using stage = await openNews();
      stage.store.fail(n, fault);
      expect(await stage.poll()).toMatchObject({ result: 'failed', events: 0 });
      stage.store.heal();
      expect(await stage.poll()).toMatchObject({ result: 'complete', events: 0 });
      expect(await stage.poll()).toMatchObject({ phase: 'normal', events: 0 });
      expect(await outcome(stage)).toEqual(want);
    }
  });

  test.each(['before', 'after'] as const)('a first poll that announces, failing %s it is done', async (fault) => {
    const { count, want } = await operationsOf(async () => undefined, 'announce');
    expect(want.deliveries).toHaveLength(4);
    for (let n = 1; n <= count; n += 1) {
      await using stage = await openNews('announce');
      stage.store.fail(n, fault);
      expect(await stage.poll()).toMatchObject({ result: 'failed' });
      stage.store.heal();
      expect(await stage.poll()).toMatchObject({ result: 'complete' });
      expect(await stage.poll()).toMatchObject({ phase: 'normal', events: 0 });
      expect(await outcome(stage)).toEqual(want);
      expect(new Set(stage.offered.map(({ id }) => id)).size).toBe(stage.offered.length);
    }
  });
});
