import { batched, batchOf, isCollectable, membersOf } from '../../src/core/batch.js';
import { afterAttempt, again, type Delivery, givenUp, waitForUrl } from '../../src/core/delivery.js';
import { type DeliveryId, digestIdOf } from '../../src/core/id.js';
import { delivery, NOW_MS, nodeSha256 } from './support.js';

const ATTEMPT = { atMs: NOW_MS, durationMs: 5, reason: 'timeout', detail: 'no answer' } as const;
const FACTS = { startedAtMs: NOW_MS, nowMs: NOW_MS + 50, durationMs: 50, random: 0.7, trial: false };
const RETRY = { delaysMs: [5_000], jitterRatio: 0.2 };

function named(id: string, change: Partial<Delivery> = {}): Delivery {
  return delivery({ id: id as DeliveryId, history: [], round: 0, roundAttempts: 0, ...change });
}

const operatorEvent = {
  id: delivery().event.id,
  type: 'source.failing',
  timestamp: '2024-05-13T17:19:04.120Z',
  source: 'production',
  data: { reason: 'timeout', message: 'no answer', since: '2024-05-13T17:19:04.120Z' },
} as const;

test.each([
  { name: 'a new one is', change: {}, want: true },
  { name: 'one for operators is not', change: { event: operatorEvent }, want: false },
  { name: 'one that somebody asked for is not', change: { round: 1 }, want: false },
  { name: 'one that was sent by itself is not', change: { history: [ATTEMPT] }, want: false },
  { name: 'one that has company is not', change: { batch: ['a' as DeliveryId, 'b' as DeliveryId] }, want: false },
  { name: 'one that was decided to go alone is not', change: { batch: ['a' as DeliveryId] }, want: false },
])('may be collected: $name', ({ change, want }) => {
  expect(isCollectable(named('a', change))).toBe(want);
});

test('from one member all are known, in their order, and they share their times', () => {
  const members = batched([named('b', { nextAttemptAtMs: 5 }), named('a', { urlWaitSinceMs: 7 })], NOW_MS);
  expect(members.map(({ nextAttemptAtMs, urlWaitSinceMs }) => [nextAttemptAtMs, urlWaitSinceMs])).toEqual([
    [NOW_MS, null],
    [NOW_MS, null],
  ]);
  for (const member of members) {
    expect(batchOf(member)).toMatchObject({ id: 'batch b', members: ['b', 'a'], nextAttemptAtMs: NOW_MS });
  }
});

test('one without company goes by itself', () => {
  expect(batched([named('a')], NOW_MS).map(batchOf)).toEqual([undefined]);
  expect(batchOf(named('a'))).toBeUndefined();
});

test('who has left is missing, and the rest keeps its order', () => {
  const [a, b, c, d] = batched(
    ['a', 'b', 'c', 'd'].map((id) => named(id)),
    NOW_MS,
  );
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('there are four');
  const batch = batchOf(a);
  if (batch === undefined) throw new Error('it is one');
  const stored = [d, again(b, NOW_MS), givenUp(c, 'sink_suspended', NOW_MS), a];
  expect(membersOf(batch, stored).map(({ id }) => id)).toEqual(['a', 'd']);
  for (const left of stored.slice(1, 3)) expect('batch' in left).toBe(false);
});

test('an attempt means the same for all of them: the next one, or the end', () => {
  const members = batched([named('a', { createdAtMs: 1 }), named('b', { createdAtMs: 2 })], NOW_MS);
  const failed = { kind: 'failed', reason: 'timeout', detail: 'no answer' } as const;
  const facts = { ...FACTS, retry: RETRY };
  const once = members.map((member) => afterAttempt(member, failed, facts).delivery);
  expect(new Set(once.map(({ nextAttemptAtMs }) => nextAttemptAtMs)).size).toBe(1);
  expect(once.map((member) => batchOf(member)?.members)).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
  const twice = once.map((member) => afterAttempt(member, failed, facts).delivery);
  expect(twice.map(({ state }) => state)).toEqual(['dead', 'dead']);
  const waits = members.map((member) => waitForUrl(member, NOW_MS + 1_000, 60_000));
  expect(new Set(waits.map((each) => JSON.stringify([each?.nextAttemptAtMs, each?.urlWaitSinceMs]))).size).toBe(1);
});

test('the id of a digest is that of its deliveries in their order', () => {
  const idOf = (...ids: string[]) => digestIdOf(nodeSha256, ids as DeliveryId[]);
  expect(idOf('a', 'b')).toMatch(/^dig_[0-9a-f]{32}$/);
  expect(idOf('a', 'b')).toBe(idOf('a', 'b'));
  expect(new Set([idOf('a', 'b'), idOf('b', 'a'), idOf('a'), idOf('a', 'b', 'c')]).size).toBe(4);
});
