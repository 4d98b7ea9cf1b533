import type { SinkConfig } from '../../src/config/config.js';
import { UNNOTED_RATIO } from '../../src/engine/flights.js';
import type { FailingStore, StoreMethod } from '../support/failing-store.js';
import { openDispatchStage } from './dispatch-stage.js';
import { openPollStage } from './poll-stage.js';
import { deliveryOf, sinkThat } from './sinks.js';

/** What work grows with, counted: times depend on the machine. `npm run bench` has those. */

const PAGE = 100;
const AT_ONCE = 50;

function countOf({ operations }: FailingStore, method: StoreMethod): number {
  return operations.filter((each) => each === method).length;
}

test.each([100, 500, 1_000])('a full walk through %d unchanged recordings writes nothing', async (count) => {
  const recordings = Array.from({ length: count }, (_, n) => ({ uuid: `r-${n}`, status: 'available' }));
  await using stage = await openPollStage({ settings: { paging: { size: PAGE } }, api: { recordings } });
  await stage.poll();
  const pages = count / PAGE;
  // The first one of a process asks the store for each page; what was found settled need not be asked for again.
  for (const looksUp of [pages, 0, 0]) {
    stage.store.heal();
    stage.walks().isFullDue = true;
    const before = stage.api.requestCount;
    expect(await stage.poll()).toMatchObject({ result: 'complete', isFull: true, rows: count, available: count });
    expect(stage.api.requestCount - before).toBe(pages);
    // One for each of the two marks.
    expect(countOf(stage.store, 'getMany')).toBe(2);
    expect(countOf(stage.store, 'getUnlike')).toBe(looksUp);
    expect(stage.store.operations).toHaveLength(looksUp + 2);
  }
});

test('a poll without news costs the same at any length of the list', async () => {
  const costs: object[] = [];
  for (const count of [200, 1_000, 5_000]) {
    const recordings = Array.from({ length: count }, (_, n) => {
      return { uuid: `r-${n}`.padEnd(36), status: 'available', createdAt: new Date((n + 1) * 1_000).toISOString() };
    });
    await using stage = await openPollStage({ settings: { paging: { size: PAGE } }, api: { recordings } });
    await stage.poll();
    stage.store.heal();
    const [bytes, requests] = [stage.bytesRead(), stage.api.requestCount];
    expect(await stage.poll()).toMatchObject({ result: 'complete', isFull: false, rows: PAGE, listed: count });
    // To the hundred, since numbers in it have more or fewer digits.
    const bytesARow = Math.round((stage.bytesRead() - bytes) / PAGE / 100) * 100;
    costs.push({ requests: stage.api.requestCount - requests, bytesARow, operations: [...stage.store.operations] });
  }
  expect(costs[0]).toEqual({ requests: 1, bytesARow: 400, operations: ['getMany', 'getMany', 'getUnlike'] });
  expect(costs.slice(1)).toEqual([costs[0], costs[0]]);
});

test.each([100, 500, 1_000])(
  '%d deliveries are noted in a write and a deletion for as many as may be under way',
  async (count) => {
    await using stage = await openDispatchStage([]);
    const deliveries = Array.from({ length: count }, (_, n) => deliveryOf('hook', `r-${n}`, stage.clock.nowMs()));
    await stage.ledger.commit(deliveries, []);
    await stage.load([instantSink()]);
    stage.store.heal();
    await stage.dispatcher.attemptDue();
    expect(stage.dispatcher.ends.count('delivered')).toBe(count);
    const groups = Math.ceil(count / (AT_ONCE + UNNOTED_RATIO * AT_ONCE));
    expect(countOf(stage.store, 'setMany')).toBe(groups);
    expect(countOf(stage.store, 'deleteMany')).toBe(groups);
    expect(countOf(stage.store, 'getMany') + countOf(stage.store, 'scan')).toBe(0);
  },
);

function instantSink(): SinkConfig {
  return sinkThat('hook', async () => ({ kind: 'delivered', receipt: 'taken' }), { concurrency: AT_ONCE });
}
