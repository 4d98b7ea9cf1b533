import {
  afterDelivery,
  afterFailedAttempt,
  afterNews,
  afterPause,
  afterPoll,
  afterSourcePause,
  attemptedOf,
  newsOf,
  type PollTrouble,
  type SinkAlarm,
  type SourceAlarm,
  sinkConfirmedInMs,
  withSuspension,
} from '../../src/core/alarm.js';
import { type DeadEvent, operatorEventOf } from '../../src/core/operator-event.js';
import { delivery, NOW_MS, nodeSha256 } from './support.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

const down: PollTrouble = { reason: 'server_error', message: 'status 500', isRefusal: false };
const refused: PollTrouble = { reason: 'unauthorized', message: 'status 401', isRefusal: true };
const failed = { reason: 'server_error', message: 'HTTP 500' };

/** The alarm after polls at these times, counted from the first. */
function polled(...polls: readonly (readonly [atMs: number, trouble: PollTrouble | null])[]): SourceAlarm | null {
  return polls.reduce<SourceAlarm | null>((alarm, [atMs, trouble]) => afterPoll(alarm, trouble, NOW_MS + atMs), null);
}

describe('a source', () => {
  test.each([
    { name: 'one poll that fails is no news', polls: [[0, down]], want: false },
    {
      name: 'just under five minutes',
      polls: [
        [0, down],
        [5 * MINUTE_MS - 1, down],
      ],
      want: false,
    },
    {
      name: 'five minutes',
      polls: [
        [0, down],
        [5 * MINUTE_MS, down],
      ],
      want: true,
    },
    {
      name: 'one that was confirmed stays so',
      polls: [
        [0, down],
        [5 * MINUTE_MS, down],
        [5 * MINUTE_MS + 1, down],
      ],
      want: true,
    },
    { name: 'refused once', polls: [[0, refused]], want: false },
    {
      name: 'refused twice within ten seconds',
      polls: [
        [0, refused],
        [10 * SECOND_MS - 1, refused],
      ],
      want: false,
    },
    {
      name: 'refused twice, ten seconds apart',
      polls: [
        [0, refused],
        [10 * SECOND_MS, refused],
      ],
      want: true,
    },
    {
      name: 'refused three times, the first and the last ten seconds apart',
      polls: [
        [0, refused],
        [5 * SECOND_MS, refused],
        [10 * SECOND_MS, refused],
      ],
      want: true,
    },
    {
      name: 'refused, failed otherwise, refused: not in a row',
      polls: [
        [0, refused],
        [5 * SECOND_MS, down],
        [10 * SECOND_MS, refused],
      ],
      want: false,
    },
    {
      name: 'a refusal after other failures begins a row of its own',
      polls: [
        [0, down],
        [MINUTE_MS, refused],
        [MINUTE_MS + 9 * SECOND_MS, refused],
      ],
      want: false,
    },
    {
      name: 'a complete poll breaks the series',
      polls: [
        [0, down],
        [4 * MINUTE_MS, null],
        [5 * MINUTE_MS, down],
        [6 * MINUTE_MS, down],
      ],
      want: false,
    },
    {
      name: 'the clock went back: the series counts from then',
      polls: [
        [0, down],
        [-60 * MINUTE_MS, down],
        [-55 * MINUTE_MS, down],
      ],
      want: true,
    },
  ] as const)('is failing: $name: $want', ({ polls, want }) => {
    expect(polled(...polls)?.isConfirmed).toBe(want);
  });

  test('the alarm says since when, and the latest reason', () => {
    expect(polled([0, down], [MINUTE_MS, refused])).toEqual({
      sinceMs: NOW_MS,
      reason: 'unauthorized',
      message: 'status 401',
      told: 'no',
      endedAtMs: null,
      refusedSinceMs: NOW_MS + MINUTE_MS,
      isConfirmed: false,
    });
  });

  test('works again without a word when nobody was told', () => {
    expect(polled([0, down], [1, null])).toBeNull();
    expect(polled([0, null])).toBeNull();
  });

  test.each(['maybe', 'yes'] as const)('works again with a word when told: %s', (told) => {
    const alarm = { ...polled([0, down], [5 * MINUTE_MS, down]), told } as SourceAlarm;
    const over = afterPoll(alarm, null, NOW_MS + 6 * MINUTE_MS);
    expect(over).toEqual({ ...alarm, endedAtMs: NOW_MS + 6 * MINUTE_MS });
    expect(newsOf(over as SourceAlarm)).toBe('recovered');
    expect(afterNews(over as SourceAlarm, 'recovered')).toBeNull();
    // Another complete poll before that is told changes nothing, and a failed one makes one spell of both.
    expect(afterPoll(over, null, NOW_MS + 7 * MINUTE_MS)).toEqual(over);
    expect(afterPoll(over, down, NOW_MS + 7 * MINUTE_MS)).toEqual(alarm);
    // The clock went back: it has worked since then at the latest.
    expect(afterPoll(over, null, NOW_MS)).toEqual({ ...alarm, endedAtMs: NOW_MS });
  });

  test('what was told is not told again', () => {
    const alarm = polled([0, refused], [MINUTE_MS, refused]) as SourceAlarm;
    expect(newsOf(alarm)).toBe('failing');
    expect(newsOf(afterNews(alarm, 'failing') as SourceAlarm)).toBeUndefined();
    expect(newsOf({ ...alarm, told: 'maybe' })).toBe('failing');
  });

  test('a long message is cut', () => {
    expect(afterPoll(null, { ...down, message: 'x'.repeat(2_000) }, NOW_MS)?.message).toHaveLength(500);
  });
});

describe('a sink', () => {
  const series = afterFailedAttempt(null, failed, NOW_MS);
  const suspended = withSuspension(
    null,
    { reason: 'gone', detail: 'HTTP 410', sinceMs: NOW_MS },
    NOW_MS + 5,
  ) as SinkAlarm;

  test.each([
    { name: 'a series waits for its quarter of an hour', alarm: series, atMs: 0, want: 15 * MINUTE_MS },
    { name: 'what is left of it', alarm: series, atMs: 14 * MINUTE_MS, want: MINUTE_MS },
    { name: 'over', alarm: series, atMs: 20 * MINUTE_MS, want: 0 },
    { name: 'a suspended one waits for nothing', alarm: suspended, atMs: 0, want: 0 },
  ])('confirmed: $name', ({ alarm, atMs, want }) => {
    expect(sinkConfirmedInMs(alarm, NOW_MS + atMs)).toBe(want);
  });

  test('a series keeps its beginning, and the latest reason', () => {
    const later = afterFailedAttempt(series, { reason: 'timeout', message: 'no answer' }, NOW_MS + MINUTE_MS);
    expect(later).toMatchObject({ sinceMs: NOW_MS, reason: 'timeout', message: 'no answer', isSuspended: false });
  });

  test('suspended in a series, it fails since the series began', () => {
    const both = withSuspension(series, { reason: 'gone', detail: 'HTTP 410', sinceMs: NOW_MS + 9 }, NOW_MS + 9);
    expect(both).toMatchObject({ sinceMs: NOW_MS, reason: 'gone', isSuspended: true, told: 'no' });
  });

  test('suspended long ago without an alarm, it is back in the config, and that is another alarm', () => {
    const suspension = { reason: 'gone', detail: 'HTTP 410', sinceMs: NOW_MS } as const;
    expect(withSuspension(null, suspension, NOW_MS + 59_999)?.sinceMs).toBe(NOW_MS);
    expect(withSuspension(null, suspension, NOW_MS + 60_000)?.sinceMs).toBe(NOW_MS + 60_000);
  });

  test('a series ends with a delivery, a suspension when it is lifted', () => {
    expect(afterDelivery(series, NOW_MS + 1)).toBeNull();
    expect(afterDelivery(null, NOW_MS + 1)).toBeNull();
    expect(afterDelivery({ ...series, told: 'yes' }, NOW_MS + 1)).toMatchObject({ endedAtMs: NOW_MS + 1 });
    expect(afterDelivery(suspended, NOW_MS + 1)).toBe(suspended);
    expect(withSuspension(suspended, null, NOW_MS + 1)).toBeNull();
    const lifted = withSuspension({ ...suspended, told: 'yes' }, null, NOW_MS + 1);
    expect(lifted).toMatchObject({ endedAtMs: NOW_MS + 1, isSuspended: false });
    expect(withSuspension(series, null, NOW_MS + 1)).toBe(series);
    expect(withSuspension(null, null, NOW_MS + 1)).toBeNull();
  });

  const before = delivery();
  const error = { reason: 'server_error', detail: 'HTTP 500' } as const;
  const operators = operatorEventOf<DeadEvent>(
    nodeSha256,
    { type: 'delivery.dead', source: null, data: { sink: 'a', reason: 'gone', count: 1, deliveries: [] } },
    'a',
    '2024-05-13T17:14:00.941Z',
    1,
  );
  const none = { kind: 'none' } as const;

  test.each([
    { name: 'arrived', after: { state: 'delivered' }, effect: { kind: 'works' }, want: 'arrived' },
    { name: 'failed, to be repeated', after: { attempts: 3, lastError: error }, effect: none, want: 'failed' },
    {
      name: 'failed for the last time',
      after: { attempts: 3, state: 'dead', lastError: error },
      effect: none,
      want: 'failed',
    },
    {
      name: 'refused for what it is',
      after: { attempts: 3, state: 'dead', lastError: { reason: 'payload_too_large', detail: '' } },
      effect: none,
      want: undefined,
    },
    { name: 'did not count', after: { lastError: error }, effect: none, want: undefined },
    {
      name: 'an operator event failed',
      after: { event: operators, attempts: 3, lastError: error },
      effect: none,
      want: undefined,
    },
    { name: 'an operator event arrived', after: { event: operators }, effect: { kind: 'works' }, want: undefined },
  ] as const)('what an attempt says of its sink: $name', ({ after, effect, want }) => {
    expect(attemptedOf(before, { delivery: delivery(after), effect })?.kind).toBe(want);
  });

  test('an attempt that failed says why', () => {
    const after = delivery({ attempts: 3, lastError: error });
    const trouble = { reason: 'server_error', message: 'HTTP 500' };
    expect(attemptedOf(before, { delivery: after, effect: none })).toEqual({ kind: 'failed', trouble });
  });
});

describe('a pause', () => {
  const PAUSED_MS = NOW_MS + MINUTE_MS;
  const RESUMED_MS = PAUSED_MS + 60 * MINUTE_MS;
  const sink: SinkAlarm = { ...afterFailedAttempt(null, failed, NOW_MS), isSuspended: false };
  const source = afterPoll(null, refused, NOW_MS) as SourceAlarm;

  test.each([
    {
      name: 'a series that nobody was told of: it has lasted as long as before',
      told: 'no',
      ended: null,
      want: [60, null],
    },
    { name: 'one that was told: its beginning names it', told: 'yes', ended: null, want: [0, null] },
    { name: 'one that may have been told', told: 'maybe', ended: null, want: [0, null] },
    { name: 'one that is over: it has worked for as long as before', told: 'yes', ended: 1, want: [0, 61] },
  ] as const)('is none of the time of a sink: $name', ({ told, ended, want: [since, end] }) => {
    const endedAtMs = ended === null ? null : NOW_MS + ended * MINUTE_MS;
    expect(afterPause({ ...sink, told, endedAtMs }, PAUSED_MS, RESUMED_MS)).toEqual({
      ...sink,
      told,
      sinceMs: NOW_MS + since * MINUTE_MS,
      endedAtMs: end === null ? null : NOW_MS + end * MINUTE_MS,
    });
  });

  test('a sink is failing once it has failed for a quarter of an hour besides it', () => {
    const alarm = afterPause(sink, PAUSED_MS, RESUMED_MS);
    expect(sinkConfirmedInMs(alarm, RESUMED_MS)).toBe(14 * MINUTE_MS);
  });

  test.each([
    { name: 'the first poll after it', inMs: 0, want: false },
    { name: 'refused for ten seconds besides it', inMs: 10 * SECOND_MS, want: true },
  ])('a source is failing by the time besides it: $name', ({ inMs, want }) => {
    const alarm = afterSourcePause(source, NOW_MS, RESUMED_MS);
    expect(afterPoll(alarm, refused, RESUMED_MS + inMs)).toMatchObject({ isConfirmed: want });
  });

  test.each([
    { told: 'no', want: false },
    { told: 'yes', want: true },
  ] as const)('what was confirmed of a source and told: $told', ({ told, want }) => {
    const alarm = afterSourcePause({ ...source, isConfirmed: true, told }, PAUSED_MS, RESUMED_MS);
    expect(alarm).toMatchObject({ isConfirmed: want });
  });

  test('of a source that was not refused', () => {
    const alarm = afterSourcePause({ ...source, refusedSinceMs: null }, PAUSED_MS, RESUMED_MS);
    expect(alarm.refusedSinceMs).toBeNull();
  });
});
