import { again, dueInMs, givenUp, held, newDelivery, released, waitForUrl } from '../../src/core/delivery.js';
import { FAILURE_REASONS } from '../../src/core/failure.js';
import type { DeliveryId } from '../../src/core/id.js';
import { delivery, EARLIER_MS, NOW_MS, storedEvent } from './support.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

test('newDelivery: due at once, and nothing has happened to it', () => {
  const id = 'dlv_1' as DeliveryId;
  expect(newDelivery(id, 'pipeline', storedEvent, false, NOW_MS)).toEqual({
    id,
    sink: 'pipeline',
    event: storedEvent,
    includeUrl: false,
    state: 'pending',
    createdAtMs: NOW_MS,
    round: 0,
    attempts: 0,
    roundAttempts: 0,
    nextAttemptAtMs: NOW_MS,
    urlWaitSinceMs: null,
    lastError: null,
    finishedAtMs: null,
    progress: null,
    history: [],
  });
  expect(newDelivery(id, 'pipeline', storedEvent, true, NOW_MS).includeUrl).toBe(true);
});

test('held until somebody decides, then due at once as if it had just been made', () => {
  const made = newDelivery('dlv_1' as DeliveryId, 'pipeline', storedEvent, true, EARLIER_MS);
  const waiting = held(made);
  expect(waiting).toEqual({ ...made, state: 'held', nextAttemptAtMs: null });
  expect(released(waiting, NOW_MS)).toEqual({ ...made, nextAttemptAtMs: NOW_MS });
});

test('givenUp: dead without an attempt, with the reason in words', () => {
  const waiting = delivery({ urlWaitSinceMs: EARLIER_MS });
  expect(givenUp(waiting, 'sink_removed', NOW_MS)).toEqual({
    ...waiting,
    state: 'dead',
    nextAttemptAtMs: null,
    urlWaitSinceMs: null,
    finishedAtMs: NOW_MS,
    lastError: { reason: 'sink_removed', detail: FAILURE_REASONS.sink_removed.help },
  });
});

test.each([
  { name: 'dead', before: delivery({ state: 'dead', nextAttemptAtMs: null, finishedAtMs: EARLIER_MS }) },
  { name: 'delivered', before: delivery({ state: 'delivered', nextAttemptAtMs: null, finishedAtMs: EARLIER_MS }) },
  { name: 'held', before: delivery({ state: 'held', nextAttemptAtMs: null }) },
  { name: 'a planned retry is replaced', before: delivery({ nextAttemptAtMs: NOW_MS + DAY_MS }) },
  { name: 'waiting for a URL', before: delivery({ urlWaitSinceMs: EARLIER_MS }) },
])('again: due now, with a new schedule, and what happened stays known: $name', ({ before }) => {
  expect(again(before, NOW_MS)).toEqual({
    ...before,
    state: 'pending',
    round: 2,
    attempts: 2,
    roundAttempts: 0,
    nextAttemptAtMs: NOW_MS,
    urlWaitSinceMs: null,
    finishedAtMs: null,
  });
});

const justDue = delivery({ nextAttemptAtMs: NOW_MS });

test.each([
  { name: 'the first wait', before: justDue, waitMs: 10_000, since: NOW_MS, next: NOW_MS + 10_000 },
  { name: 'it was due earlier', before: delivery(), waitMs: 10_000, since: EARLIER_MS, next: NOW_MS + 10_000 },
  {
    name: 'it has waited already',
    before: delivery({ urlWaitSinceMs: EARLIER_MS, nextAttemptAtMs: NOW_MS }),
    waitMs: 10_000,
    since: EARLIER_MS,
    next: NOW_MS + 10_000,
  },
  {
    name: 'the hour cuts the wait',
    before: delivery({ urlWaitSinceMs: NOW_MS - 58 * MINUTE_MS }),
    waitMs: 5 * MINUTE_MS,
    since: NOW_MS - 58 * MINUTE_MS,
    next: NOW_MS + 2 * MINUTE_MS,
  },
  { name: 'a wait longer than the hour', before: justDue, waitMs: DAY_MS, since: NOW_MS, next: NOW_MS + HOUR_MS },
  {
    name: 'a millisecond of the hour is left',
    before: delivery({ urlWaitSinceMs: NOW_MS - HOUR_MS + 1 }),
    waitMs: 10_000,
    since: NOW_MS - HOUR_MS + 1,
    next: NOW_MS + 1,
  },
  {
    name: 'a trial goes before its time',
    before: delivery({ nextAttemptAtMs: NOW_MS + DAY_MS }),
    waitMs: DAY_MS,
    since: NOW_MS,
    next: NOW_MS + HOUR_MS,
  },
  {
    name: 'the clock went back while it waited',
    before: delivery({ urlWaitSinceMs: NOW_MS + DAY_MS, nextAttemptAtMs: NOW_MS + DAY_MS }),
    waitMs: DAY_MS,
    since: NOW_MS,
    next: NOW_MS + HOUR_MS,
  },
  {
    name: 'no time was planned',
    before: delivery({ nextAttemptAtMs: null }),
    waitMs: 5,
    since: NOW_MS,
    next: NOW_MS + 5,
  },
])('waitForUrl: nothing is counted: $name', ({ before, waitMs, since, next }) => {
  expect(waitForUrl(before, NOW_MS, waitMs)).toEqual({ ...before, urlWaitSinceMs: since, nextAttemptAtMs: next });
});

test.each([
  { name: 'the hour is over', before: delivery({ urlWaitSinceMs: NOW_MS - HOUR_MS }) },
  { name: 'the hour has long been over', before: delivery({ urlWaitSinceMs: 0 }) },
  { name: 'it was due an hour ago', before: delivery({ nextAttemptAtMs: NOW_MS - HOUR_MS }) },
])('waitForUrl: goes without: $name', ({ before }) => {
  expect(waitForUrl(before, NOW_MS, 10_000)).toBeUndefined();
});

const retry = { delaysMs: [5_000], jitterRatio: 0.2 };

test.each([
  { name: 'due now', nextAttemptAtMs: NOW_MS, want: 0 },
  { name: 'overdue', nextAttemptAtMs: EARLIER_MS, want: 0 },
  { name: 'due in a second', nextAttemptAtMs: NOW_MS + 1_000, want: 1_000 },
  { name: 'the longest wait that can be planned', nextAttemptAtMs: NOW_MS + 1.2 * DAY_MS, want: 1.2 * DAY_MS },
  { name: 'longer: the clock went back', nextAttemptAtMs: NOW_MS + 365 * DAY_MS, want: 1.2 * DAY_MS },
  { name: 'not planned', nextAttemptAtMs: null, want: 0 },
])('dueInMs: $name', ({ nextAttemptAtMs, want }) => {
  expect(dueInMs(delivery({ nextAttemptAtMs }), retry, NOW_MS)).toBe(want);
});
