import type { AlarmRecord } from '../../src/core/alarm-record.js';
import { again, type Delivery, givenUp } from '../../src/core/delivery.js';
import type { RecordingUuid } from '../../src/core/id.js';
import type { RecordingState } from '../../src/core/recording.js';
import { SINK_WORKS } from '../../src/core/suspension.js';
import { STORE_BATCH_MAX } from '../../src/ports.js';
import { keys } from '../../src/store/keys.js';
import { createLedger } from '../../src/store/ledger.js';
import { deliveryOf } from '../engine/sinks.js';
import { collect } from '../support/collect.js';
import { createFailingStore } from '../support/failing-store.js';
import { openTestStore, STORE_KINDS } from '../support/open-store.js';

const STATE: RecordingState = {
  status: 'processing',
  roomId: 'lobby',
  meetingId: null,
  createdAt: '2024-05-13T17:14:00.941Z',
  firstSeenAtMs: 1,
  availableCount: 0,
  availableAtMs: null,
  processingCount: 1,
  processingSinceMs: 1,
  stuckTold: false,
  awaitsAnnouncement: false,
};

function remembered(source: string, uuid: string) {
  return { source, uuid: uuid as RecordingUuid, state: STATE };
}

function dead(delivery: Delivery): Delivery {
  return givenUp(delivery, 'sink_removed', 2);
}

describe.each(STORE_KINDS)('on %s', (kind) => {
  async function openLedger() {
    const store = createFailingStore(await openTestStore(kind));
    return { store, ledger: createLedger(store), [Symbol.asyncDispose]: () => store.close() };
  }

  test('what is paused, by kind and name; a store that has never heard of pauses has none', async () => {
    await using opened = await openLedger();
    const { ledger } = opened;
    expect(await ledger.pauses()).toEqual([]);
    const pauses = [
      { kind: 'sink', name: 'both', sinceMs: 1 },
      { kind: 'source', name: 'both', sinceMs: 2 },
    ] as const;
    for (const pause of pauses) await ledger.storePause(pause);
    await ledger.storePause({ ...pauses[0], sinceMs: 3 });
    expect((await ledger.pauses()).toSorted((left, right) => left.sinceMs - right.sinceMs)).toEqual([
      pauses[1],
      { ...pauses[0], sinceMs: 3 },
    ]);
    await ledger.forgetPause({ kind: 'sink', name: 'both' });
    await ledger.forgetPause({ kind: 'sink', name: 'never' });
    expect(await ledger.pauses()).toEqual([pauses[1]]);
  });

  test('what operators were told; one that is over is gone, or known to be over where it could not be deleted', async () => {
    await using opened = await openLedger();
    const { ledger, store } = opened;
    const alarm = { sinceMs: 1, reason: 'gone', message: 'HTTP 410', told: 'yes', endedAtMs: null } as const;
    const records: AlarmRecord[] = [
      { kind: 'sink', name: 'a', alarm: { ...alarm, isSuspended: true } },
      { kind: 'source', name: 'a', alarm: { ...alarm, told: 'no', refusedSinceMs: 1, isConfirmed: false } },
      { kind: 'expiry', name: 'a', alarm: { expiresAtMs: 5, level: 'week' } },
      { kind: 'dead', name: 'a', alarm: { sinceMs: 1, count: 0, reason: 'gone', listed: [], toldAtMs: 1 } },
    ];
    await ledger.save([], new Map(), records);
    expect(await ledger.alarms()).toEqual(expect.arrayContaining(records));
    await ledger.save([], new Map(), [{ kind: 'sink', name: 'a', alarm: null }]);
    expect((await ledger.alarms()).map(({ kind }) => kind).sort()).toEqual(['dead', 'expiry', 'source']);
    store.fail(1, 'before', 'deleteMany');
    await expect(ledger.save([], new Map(), [{ kind: 'source', name: 'a', alarm: null }])).rejects.toThrow();
    expect(await ledger.alarms()).toContainEqual({ kind: 'source', name: 'a', alarm: null });
  });

  test('a source and what it listed', async () => {
    await using opened = await openLedger();
    const { ledger } = opened;
    expect(await ledger.sourceMark('a')).toBeUndefined();
    await ledger.markSource('a', { scope: '["superviz"]', firstPollDoneAtMs: 5 });
    expect(await ledger.sourceMark('a')).toEqual({ scope: '["superviz"]', firstPollDoneAtMs: 5 });
    expect(await ledger.sourceMark('ab')).toBeUndefined();
  });

  test('recordings, those of another source left out', async () => {
    await using opened = await openLedger();
    const { ledger } = opened;
    await ledger.commit([], [remembered('a', 'r/1'), remembered('a', '%'), remembered('ab', 'r/1')]);
    expect(await ledger.recordings('a', ['r/1', '%', 'none'] as RecordingUuid[])).toEqual(
      new Map([
        ['r/1', STATE],
        ['%', STATE],
      ]),
    );
    expect((await collect(ledger.allRecordings('a'))).map(({ uuid }) => uuid).sort()).toEqual(['%', 'r/1']);
    expect(await collect(ledger.allRecordings())).toHaveLength(3);
  });

  test('which recordings are settled: available, and not waiting to be announced', async () => {
    await using opened = await openLedger();
    const { ledger } = opened;
    const available = { ...STATE, status: 'available', availableCount: 1, availableAtMs: 2 };
    const states: Record<string, RecordingState> = {
      settled: available,
      '%/ settled': { ...available, stuckTold: true, roomId: null, createdAt: null },
      processing: STATE,
      'stuck, which a walk looks at all the same': { ...STATE, stuckTold: true },
      'to be announced': { ...available, awaitsAnnouncement: true },
      'with another status': { ...available, status: 'available, perhaps' },
    };
    const of = (source: string) =>
      Object.entries(states).map(([uuid, state]) => ({ source, uuid: uuid as RecordingUuid, state }));
    await ledger.commit([], of('a'));
    const asked = [...Object.keys(states), 'none'] as RecordingUuid[];
    expect(await ledger.settled('a', asked)).toEqual(new Set(['settled', '%/ settled']));
    expect(await ledger.settled('b', asked)).toEqual(new Set());
  });

  test('more than one batch of everything', async () => {
    await using opened = await openLedger();
    const { ledger } = opened;
    const count = 2 * STORE_BATCH_MAX + 1;
    const deliveries = Array.from({ length: count }, (_, n) => deliveryOf('hook', `r${n}`, 1));
    await ledger.save(deliveries);
    const ids = deliveries.map(({ id }) => id);
    expect((await ledger.existing(ids)).size).toBe(count);
    expect(await collect(ledger.pending())).toHaveLength(count);
    await ledger.save(deliveries.map(dead));
    expect(await collect(ledger.pending())).toEqual([]);
    expect((await ledger.existing(ids)).size).toBe(count);
    await ledger.forget(ids);
    expect((await ledger.existing(ids)).size).toBe(0);
  });

  test('the one write is one write, deliveries first', async () => {
    await using opened = await openLedger();
    const delivery = deliveryOf('hook', 'r', 1);
    await opened.ledger.commit([delivery], [remembered('a', 'r')]);
    expect(opened.store.batches.map((batch) => batch.map(([key]) => key))).toEqual([
      [keys.pending(delivery.id), keys.recording('a', 'r' as RecordingUuid)],
    ]);
  });

  test('a delivery moves when it is finished, and back when it is delivered again', async () => {
    await using opened = await openLedger();
    const { ledger } = opened;
    const delivery = deliveryOf('hook', 'r', 1);
    await ledger.commit([delivery], []);
    for (const [next, place] of [
      [dead(delivery), 'finished'],
      [again(dead(delivery), 3), 'pending'],
      [dead(again(dead(delivery), 3)), 'finished'],
    ] as const) {
      await ledger.save([next]);
      expect(await ledger.delivery(delivery.id)).toEqual(next);
      expect(await collect(ledger.pending())).toEqual(place === 'pending' ? [next] : []);
      expect(await collect(ledger.finished())).toEqual(place === 'finished' ? [next] : []);
    }
  });

  test('what a crash left when it was finished is no delivery that waits, nor becomes one later', async () => {
    await using opened = await openLedger();
    const { store, ledger } = opened;
    const delivery = deliveryOf('hook', 'r', 1);
    await ledger.commit([delivery], []);
    store.fail(1, 'before', 'deleteMany');
    await expect(ledger.save([dead(delivery)])).rejects.toMatchObject({ name: 'StoreError' });
    store.heal();
    expect(await collect(ledger.pending())).toEqual([]);
    expect(await ledger.delivery(delivery.id)).toEqual(dead(delivery));
    await ledger.tidy();
    await ledger.forget([delivery.id]);
    expect(await collect(ledger.pending())).toEqual([]);
    expect(await ledger.delivery(delivery.id)).toBeUndefined();
  });

  test('what a crash left when it was to be delivered again waits', async () => {
    await using opened = await openLedger();
    const { store, ledger } = opened;
    const second = again(dead(deliveryOf('hook', 'r', 1)), 3);
    await ledger.save([dead(deliveryOf('hook', 'r', 1))]);
    store.fail(1, 'before', 'deleteMany');
    await expect(ledger.save([second])).rejects.toMatchObject({ name: 'StoreError' });
    store.heal();
    expect(await ledger.delivery(second.id)).toEqual(second);
    await ledger.tidy();
    expect(await collect(ledger.pending())).toEqual([second]);
    expect(await collect(ledger.finished())).toEqual([]);
  });

  test('tidying leaves alone what is in order', async () => {
    await using opened = await openLedger();
    const { ledger } = opened;
    const [waiting, over] = [deliveryOf('hook', 'waiting', 1), dead(deliveryOf('hook', 'over', 1))];
    await ledger.save([waiting, over]);
    await ledger.tidy();
    expect(await collect(ledger.pending())).toEqual([waiting]);
    expect(await collect(ledger.finished())).toEqual([over]);
  });

  test('removed is removed, wherever it was', async () => {
    await using opened = await openLedger();
    const { ledger } = opened;
    const [waiting, over] = [deliveryOf('hook', 'waiting', 1), dead(deliveryOf('hook', 'over', 1))];
    await ledger.save([waiting, over]);
    await ledger.remove([waiting.id, over.id]);
    expect((await ledger.existing([waiting.id, over.id])).size).toBe(0);
  });

  test('states of sinks', async () => {
    await using opened = await openLedger();
    const { ledger } = opened;
    const states = new Map([
      ['a', SINK_WORKS],
      ['b', { ...SINK_WORKS, inactive: { why: 'disabled' as const, sinceMs: 4 } }],
    ]);
    await ledger.save([], states);
    expect(await ledger.sinkStates()).toEqual(states);
  });
});

test('a failed read is never "unknown"', async () => {
  const store = createFailingStore(await openTestStore());
  const ledger = createLedger(store);
  const { id } = deliveryOf('hook', 'r', 1);
  store.failAlways('before');
  const failure = { name: 'StoreError' };
  await expect(ledger.sourceMark('a')).rejects.toMatchObject(failure);
  await expect(ledger.recordings('a', ['r' as RecordingUuid])).rejects.toMatchObject(failure);
  await expect(ledger.existing([id])).rejects.toMatchObject(failure);
  await expect(ledger.delivery(id)).rejects.toMatchObject(failure);
  await expect(collect(ledger.pending())).rejects.toMatchObject(failure);
  await expect(collect(ledger.finished())).rejects.toMatchObject(failure);
  await expect(collect(ledger.allRecordings())).rejects.toMatchObject(failure);
  await expect(ledger.sinkStates()).rejects.toMatchObject(failure);
});
