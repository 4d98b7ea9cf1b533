import {
  type AttemptFacts,
  afterAttempt,
  again,
  askedFor,
  type Delivery,
  isDiscarded,
  moved,
  type SinkEffect,
} from '../../src/core/delivery.js';
import { FAILURE_REASONS, type Failed, type FailureReason } from '../../src/core/failure.js';
import type { DeliveryId, DigestId } from '../../src/core/id.js';
import { delivery, NOW_MS } from './support.js';

const DAY_MS = 86_400_000;
const RETRY = { delaysMs: [5_000, 90_000], jitterRatio: 0 };

/** What SPEC makes of each reason; written here once more, so that a slip in the table of the code shows. */
const FATES: Record<FailureReason, 'again' | 'again, and a pause' | 'dead' | 'suspends' | 'nothing'> = {
  timeout: 'again',
  dns_failed: 'again',
  connection_failed: 'again',
  tls_failed: 'again',
  address_forbidden: 'again',
  redirected: 'again',
  client_error: 'again',
  server_error: 'again',
  rate_limited: 'again, and a pause',
  overloaded: 'again, and a pause',
  bad_answer: 'again',
  sink_threw: 'again',
  gone: 'suspends',
  disabled_by_receiver: 'suspends',
  destination_refused: 'suspends',
  aborted_by_receiver: 'dead',
  payload_too_large: 'dead',
  unsupported_format: 'dead',
  rejected_by_receiver: 'dead',
  template_failed: 'again',
  mail_deferred: 'again',
  mail_refused: 'dead',
  login_refused: 'suspends',
  tls_unavailable: 'suspends',
  sink_suspended: 'dead',
  sink_disabled: 'dead',
  sink_removed: 'dead',
  discarded: 'dead',
  no_url: 'again',
  download_failed: 'again',
  archive_full: 'suspends',
  file_full: 'suspends',
  file_refused: 'suspends',
  file_failed: 'again',
  program_unusable: 'suspends',
  program_failed: 'again',
  archive_refused: 'suspends',
  archive_failed: 'again',
  stopped: 'nothing',
};
const reasons = Object.keys(FAILURE_REASONS) as FailureReason[];

function failed(reason: FailureReason, rest: Partial<Failed> = {}): Failed {
  return { kind: 'failed', reason, detail: 'what it said', ...rest };
}

function facts(rest: Partial<AttemptFacts> = {}): AttemptFacts {
  return {
    startedAtMs: NOW_MS - 250,
    nowMs: NOW_MS,
    durationMs: 249.6,
    random: 0,
    retry: RETRY,
    trial: false,
    ...rest,
  };
}

/** What every failed attempt leaves behind, counted or not. */
function noted(reason: FailureReason): Partial<Delivery> {
  const attempt = { atMs: NOW_MS - 250, durationMs: 250, reason, detail: 'what it said' };
  return { lastError: { reason, detail: 'what it said' }, history: [attempt] };
}

const counted = { attempts: 3, roundAttempts: 2 };
const dead = { state: 'dead', nextAttemptAtMs: null, finishedAtMs: NOW_MS } as const;
const none: SinkEffect = { kind: 'none' };

const tried = delivery({ urlWaitSinceMs: 1 });

test.each(reasons)('afterAttempt: %s, while there are retries left', (reason) => {
  const verdict = afterAttempt(tried, failed(reason), facts());
  const again = { ...tried, ...noted(reason), ...counted, nextAttemptAtMs: NOW_MS + 90_000, urlWaitSinceMs: null };
  const expected = {
    again: { delivery: again, effect: { kind: 'fails' } },
    'again, and a pause': { delivery: again, effect: { kind: 'pause', untilMs: NOW_MS + 60_000 } },
    dead: { delivery: { ...tried, ...noted(reason), ...counted, ...dead, urlWaitSinceMs: null }, effect: none },
    suspends: {
      delivery: { ...tried, ...noted(reason), uncounted: 1 },
      effect: { kind: 'suspend', reason, detail: 'what it said' },
    },
    nothing: { delivery: tried, effect: none },
  };
  expect(verdict).toEqual(expected[FATES[reason]]);
});

test.each(reasons)('afterAttempt: %s, when the schedule is spent', (reason) => {
  const last = delivery({ attempts: 5, roundAttempts: 2 });
  const { delivery: after, effect } = afterAttempt(last, failed(reason), facts());
  const isCounted = FATES[reason] !== 'suspends' && FATES[reason] !== 'nothing';
  expect(after.state).toBe(isCounted ? 'dead' : 'pending');
  expect(after).toMatchObject(
    isCounted ? { ...dead, attempts: 6, roundAttempts: 3 } : { attempts: 5, roundAttempts: 2 },
  );
  expect(effect.kind === 'pause').toBe(FATES[reason] === 'again, and a pause');
  // Given up or not, it says the same of the sink.
  expect(effect.kind === 'fails').toBe(FATES[reason] === 'again');
});

test.each(reasons)('afterAttempt: %s, of the one that finds out whether a suspended sink works again', (reason) => {
  const last = delivery({ attempts: 5, roundAttempts: 2 });
  const verdict = afterAttempt(last, failed(reason, { retryAfterMs: 5_000 }), facts({ trial: true }));
  const fate = FATES[reason];
  if (fate === 'nothing') {
    expect(verdict).toEqual({ delivery: last, effect: none });
  } else if (fate === 'dead') {
    expect(verdict).toMatchObject({ delivery: dead, effect: none });
  } else {
    expect(verdict.delivery).toEqual({ ...last, ...noted(reason), uncounted: 1 });
    expect(verdict.effect).toEqual({ kind: 'suspend', reason, detail: 'what it said' });
  }
});

test.each([false, true])('afterAttempt: delivered (trial: %s)', (trial) => {
  const verdict = afterAttempt(tried, { kind: 'delivered', receipt: 'HTTP 204' }, facts({ trial }));
  expect(verdict).toEqual({
    delivery: {
      ...tried,
      ...counted,
      state: 'delivered',
      nextAttemptAtMs: null,
      urlWaitSinceMs: null,
      lastError: null,
      finishedAtMs: NOW_MS,
      history: [{ atMs: NOW_MS - 250, durationMs: 250, reason: null, detail: 'HTTP 204' }],
    },
    effect: { kind: 'works' },
  });
});

test.each([
  {
    name: 'the schedule counts the attempts of this round only',
    roundAttempts: 0,
    attempts: 40,
    random: 0,
    after: undefined,
    want: 5_000,
  },
  { name: 'the second wait', roundAttempts: 1, attempts: 1, random: 0, after: undefined, want: 90_000 },
  { name: 'jitter lengthens', roundAttempts: 0, attempts: 0, random: 0.5, after: undefined, want: 5_500 },
  { name: 'Retry-After lengthens', roundAttempts: 0, attempts: 0, random: 0, after: 8_000, want: 8_000 },
  { name: 'Retry-After cannot shorten', roundAttempts: 1, attempts: 1, random: 0, after: 8_000, want: 90_000 },
  { name: 'Retry-After of more than a day', roundAttempts: 0, attempts: 0, random: 0, after: 9 * DAY_MS, want: DAY_MS },
])('afterAttempt: the wait until the next: $name', ({ roundAttempts, attempts, random, after, want }) => {
  const outcome = failed('server_error', after === undefined ? {} : { retryAfterMs: after });
  const retry = { ...RETRY, jitterRatio: 0.2 };
  const { delivery: next } = afterAttempt(delivery({ roundAttempts, attempts }), outcome, facts({ random, retry }));
  expect(next.nextAttemptAtMs).toBe(NOW_MS + want);
});

test.each([
  { name: 'as long as the receiver asks', roundAttempts: 0, after: 8_000, want: 8_000 },
  {
    name: 'as long as the receiver asks, although the retry waits longer',
    roundAttempts: 1,
    after: 8_000,
    want: 8_000,
  },
  { name: 'not at all if the receiver asks so', roundAttempts: 0, after: 0, want: 0 },
  { name: 'a day at most', roundAttempts: 0, after: 9 * DAY_MS, want: DAY_MS },
  { name: 'as long as the retry waits, if the receiver does not say', roundAttempts: 0, after: undefined, want: 5_000 },
  { name: 'a minute at most, if the receiver does not say', roundAttempts: 1, after: undefined, want: 60_000 },
  { name: 'a minute, if there is no retry', roundAttempts: 2, after: undefined, want: 60_000 },
  { name: 'as long as the receiver asks, if there is no retry', roundAttempts: 2, after: 8_000, want: 8_000 },
])('afterAttempt: a lane pauses $name', ({ roundAttempts, after, want }) => {
  for (const reason of ['rate_limited', 'overloaded'] as const) {
    const outcome = failed(reason, after === undefined ? {} : { retryAfterMs: after });
    const { effect } = afterAttempt(delivery({ roundAttempts }), outcome, facts());
    expect(effect).toEqual({ kind: 'pause', untilMs: NOW_MS + want });
  }
});

test.each([
  { name: 'one below the bound', before: 29, want: 30, first: 0 },
  { name: 'at the bound the oldest goes', before: 30, want: 30, first: 1 },
  { name: 'over the bound', before: 35, want: 30, first: 6 },
])('afterAttempt: the history is bounded: $name', ({ before, want, first }) => {
  const history = Array.from({ length: before }, (_, index) => ({
    atMs: index,
    durationMs: 1,
    reason: 'timeout' as const,
    detail: '',
  }));
  for (const outcome of [failed('timeout'), { kind: 'delivered', receipt: 'HTTP 200' } as const]) {
    const { delivery: after } = afterAttempt(delivery({ history }), outcome, facts());
    expect(after.history).toHaveLength(want);
    expect(after.history.at(0)?.atMs).toBe(first);
    expect(after.history.at(-1)?.atMs).toBe(NOW_MS - 250);
  }
});

test('what an attempt has reached is kept for the next one and for a redelivery, until all of it is', () => {
  const progress = { accepted: ['a@example.com'], refused: ['b@example.com'] };
  const once = afterAttempt(delivery(), failed('server_error', { progress }), facts()).delivery;
  expect(once.progress).toEqual(progress);
  const twice = afterAttempt(once, failed('timeout'), facts()).delivery;
  expect(twice.progress).toEqual(progress);
  const dead = afterAttempt(twice, failed('payload_too_large'), facts()).delivery;
  expect(dead).toMatchObject({ state: 'dead', progress });
  expect(again(dead, NOW_MS).progress).toEqual({ ...progress, refused: [] });
  const delivered = afterAttempt(dead, { kind: 'delivered', receipt: 'ok' }, facts()).delivery;
  expect(delivered.progress).toBeNull();
});

test.each([undefined, { id: 'dig_0d' as DigestId, events: 3 }])(
  'an attempt notes the digest that it was part of: %j',
  (digest) => {
    for (const outcome of [{ kind: 'delivered', receipt: 'ok' } as const, failed('timeout')]) {
      const [attempt] = afterAttempt(delivery(), outcome, facts({ digest })).delivery.history;
      expect(Object.entries(attempt ?? {}).filter(([key]) => key === 'digest')).toEqual(
        digest === undefined ? [] : [['digest', digest]],
      );
    }
  },
);

function deliveryTo(sink: string, rest: Partial<Delivery> = {}): Delivery {
  return { ...delivery(), id: `dlv_${sink}` as DeliveryId, sink, round: 0, attempts: 0, ...rest };
}

test.each([
  { name: 'dead', from: deliveryTo('a', { state: 'dead', attempts: 2 }), want: ['a 2'] },
  { name: 'delivered, which stays', from: deliveryTo('a', { state: 'delivered' }), want: [] },
  { name: 'the same one', from: deliveryTo('to', { state: 'dead' }), want: [] },
  {
    name: 'moved before',
    from: moved(deliveryTo('a', { attempts: 1 }), deliveryTo('b'), 1),
    want: ['a 1', 'b 0'],
  },
])('moved: what there was goes along: $name', ({ from, want }) => {
  const { movedFrom = [] } = moved(from, deliveryTo('to'), NOW_MS);
  expect(movedFrom.map(({ sink, attempts }) => `${sink} ${attempts}`)).toEqual(want);
});

test('askedFor: of what is stored nothing is lost, of each sink its last move is kept, of five sinks at most', () => {
  const move = (sink: string, attempts = 0) => moved(deliveryTo(sink, { attempts }), deliveryTo('to'), NOW_MS);
  let stored = askedFor(move('a'), undefined, NOW_MS);
  for (const each of [move('b'), move('a', 7), ...['c', 'd', 'e', 'f'].map((sink) => move(sink))])
    stored = askedFor(each, stored, NOW_MS);
  expect(stored.movedFrom?.map(({ sink, attempts }) => `${sink} ${attempts}`)).toEqual([
    'a 7',
    'c 0',
    'd 0',
    'e 0',
    'f 0',
  ]);
  expect(stored.round).toBe(6);
});

test.each([
  { name: 'nothing is left out that there was', change: { madeBy: 'announce', uncounted: 2 } as const },
  { name: 'nothing is there that there was not', change: {} },
])('moved: $name', ({ change }) => {
  const from = deliveryTo('a', { attempts: 3, ...change });
  const { lastError, history } = from;
  expect(moved(from, deliveryTo('to'), NOW_MS).movedFrom).toEqual([
    { sink: 'a', atMs: NOW_MS, attempts: 3, ...change, lastError, history },
  ]);
  expect(Object.keys(moved(from, deliveryTo('to'), NOW_MS).movedFrom?.[0] ?? {})).toHaveLength(
    5 + Object.keys(change).length,
  );
});

test('askedFor: one that was never moved stays so', () => {
  expect(askedFor(deliveryTo('to'), deliveryTo('to', { state: 'dead' }), NOW_MS)).not.toHaveProperty('movedFrom');
});

test('askedFor: what the stored one was moved from is kept, where the new one was not moved', () => {
  const stored = moved(deliveryTo('a'), deliveryTo('to'), NOW_MS);
  expect(askedFor(deliveryTo('to'), stored, NOW_MS).movedFrom).toEqual(stored.movedFrom);
});

test.each([
  { state: 'dead', reason: 'discarded', want: true },
  { state: 'dead', reason: 'server_error', want: false },
  { state: 'dead', reason: null, want: false },
  { state: 'pending', reason: 'discarded', want: false },
] as const)('isDiscarded: $state with $reason is $want', ({ state, reason, want }) => {
  const lastError = reason && { reason, detail: '' };
  expect(isDiscarded(deliveryTo('a', { state, lastError }))).toBe(want);
});
