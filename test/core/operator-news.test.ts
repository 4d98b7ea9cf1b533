import type { SinkAlarm, SourceAlarm } from '../../src/core/alarm.js';
import type { DeadAlarm } from '../../src/core/alarm-dead.js';
import type { ExpiryAlarm } from '../../src/core/alarm-expiry.js';
import type { AlarmRecord } from '../../src/core/alarm-record.js';
import { operatorEventIdOf } from '../../src/core/id.js';
import type { OperatorEvent } from '../../src/core/operator-event.js';
import { listens, type Outlook, type Telling, tellingOf } from '../../src/core/operator-news.js';
import { NOW_MS, nodeSha256, storedEvent } from './support.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const SINCE_MS = NOW_MS - 20 * MINUTE_MS;
const SINCE = '2024-05-13T16:59:04.120Z';
const NOW = '2024-05-13T17:19:04.120Z';

/** Nothing waits, no credential dies, nobody hurries. */
function outlook(rest: Partial<Outlook> = {}): Outlook {
  return {
    sha256: nodeSha256,
    nowMs: NOW_MS,
    expiresAtMs: () => null,
    waiting: () => ({ all: 0, ofRecordings: 0 }),
    graceMs: 0,
    hurry: false,
    flaps: () => false,
    ...rest,
  };
}

function idOf(type: OperatorEvent['type'], name: string): string {
  return operatorEventIdOf(nodeSha256, type, name, SINCE);
}

function made(telling: Telling | undefined) {
  if (telling === undefined) throw new Error('there is nothing to tell');
  return telling.make();
}

/** Milliseconds until then; `never`: time alone does not make it worth telling. */
function timeOf(telling: Telling | undefined): number | 'never' {
  return telling === undefined ? 'never' : telling.inMs;
}

const trouble = {
  sinceMs: SINCE_MS,
  reason: 'server_error',
  message: 'status 500',
  told: 'no',
  endedAtMs: null,
} as const;

describe('a source', () => {
  const failing: SourceAlarm = { ...trouble, refusedSinceMs: null, isConfirmed: true };

  test.each<{ name: string; alarm: SourceAlarm | null; want: string | undefined }>([
    { name: 'no alarm', alarm: null, want: undefined },
    { name: 'not confirmed', alarm: { ...failing, isConfirmed: false }, want: undefined },
    { name: 'confirmed', alarm: failing, want: 'source.failing' },
    { name: 'in doubt', alarm: { ...failing, told: 'maybe' }, want: 'source.failing' },
    { name: 'told', alarm: { ...failing, told: 'yes' }, want: undefined },
    { name: 'works again', alarm: { ...failing, told: 'yes', endedAtMs: NOW_MS }, want: 'source.recovered' },
    {
      name: 'works again, and fails no more to be confirmed',
      alarm: { ...failing, told: 'yes', isConfirmed: false, endedAtMs: NOW_MS },
      want: 'source.recovered',
    },
  ])('tells: $name: $want', ({ alarm, want }) => {
    const telling = tellingOf({ kind: 'source', name: 'production', alarm }, outlook());
    expect(telling && { inMs: telling.inMs, type: telling.make().event.type }).toEqual(want && { inMs: 0, type: want });
  });

  test.each<{ name: string; alarm: SourceAlarm; want: number }>([
    { name: 'just works again', alarm: { ...failing, told: 'yes', endedAtMs: NOW_MS }, want: 600_000 },
    { name: 'works for nine minutes', alarm: { ...failing, told: 'yes', endedAtMs: NOW_MS - 540_000 }, want: 60_000 },
    { name: 'works for ten minutes', alarm: { ...failing, told: 'yes', endedAtMs: NOW_MS - 600_000 }, want: 0 },
    { name: 'works for an hour', alarm: { ...failing, told: 'yes', endedAtMs: NOW_MS - HOUR_MS }, want: 0 },
    { name: 'fails', alarm: failing, want: 0 },
  ])('that flaps: $name: told in $want ms', ({ alarm, want }) => {
    const flaps = (source: string) => source === 'production';
    expect(timeOf(tellingOf({ kind: 'source', name: 'production', alarm }, outlook({ flaps })))).toBe(want);
    expect(timeOf(tellingOf({ kind: 'source', name: 'staging', alarm }, outlook({ flaps })))).toBe(0);
  });

  test('its failing, with what is remembered of that', () => {
    const record: AlarmRecord = { kind: 'source', name: 'production', alarm: failing };
    expect(made(tellingOf(record, outlook()))).toEqual({
      event: {
        id: idOf('source.failing', 'production'),
        type: 'source.failing',
        timestamp: NOW,
        source: 'production',
        data: { reason: 'server_error', message: 'status 500', since: SINCE },
      },
      written: { ...record, alarm: { ...failing, told: 'yes' } },
    });
  });

  test('its end, with what it was, and nothing is remembered', () => {
    const record: AlarmRecord = { kind: 'source', name: 'production', alarm: { ...failing, endedAtMs: NOW_MS } };
    expect(made(tellingOf(record, outlook()))).toEqual({
      event: {
        id: idOf('source.recovered', 'production'),
        type: 'source.recovered',
        timestamp: NOW,
        source: 'production',
        data: {
          reason: 'server_error',
          message: 'Polls are complete again. Before that: status 500',
          since: SINCE,
        },
      },
      written: { ...record, alarm: null },
    });
  });
});

describe('a credential', () => {
  const dies = outlook({ expiresAtMs: (source) => (source === 'production' ? NOW_MS + DAY_MS : null) });
  const week: ExpiryAlarm = { expiresAtMs: NOW_MS + DAY_MS, level: 'week' };

  test.each<{ name: string; source: string; alarm: ExpiryAlarm | null; want: number | 'never' }>([
    { name: 'never warned about', source: 'production', alarm: null, want: 0 },
    { name: 'warned about a week ahead', source: 'production', alarm: week, want: 0 },
    { name: 'warned about', source: 'production', alarm: { ...week, level: 'day' }, want: 'never' },
    { name: 'of another source', source: 'staging', alarm: null, want: 'never' },
  ])('tells: $name: $want', ({ source, alarm, want }) => {
    expect(timeOf(tellingOf({ kind: 'expiry', name: source, alarm }, dies))).toBe(want);
  });

  test('its end a day ahead, with what is remembered of that', () => {
    const at = { ...dies, nowMs: NOW_MS + HOUR_MS };
    expect(made(tellingOf({ kind: 'expiry', name: 'production', alarm: week }, at))).toEqual({
      event: {
        id: operatorEventIdOf(nodeSha256, 'source.expiring', 'production', NOW),
        type: 'source.expiring',
        timestamp: '2024-05-13T18:19:04.120Z',
        source: 'production',
        data: {
          reason: 'expires_within_a_day',
          message:
            'The credential expires at 2024-05-14T17:19:04.120Z. Renew that of sources.production: polls fail without it.',
          since: NOW,
        },
      },
      written: { kind: 'expiry', name: 'production', alarm: { ...week, level: 'day' } },
    });
  });

  test.each([
    { name: 'a week ahead', leftMs: 7 * DAY_MS, reason: 'expires_within_a_week', word: 'expires' },
    { name: 'at the last moment', leftMs: 1, reason: 'expires_within_a_day', word: 'expires' },
    { name: 'at its end', leftMs: 0, reason: 'expires_within_a_day', word: 'expired' },
  ])('its words $name', ({ leftMs, reason, word }) => {
    const at = outlook({ expiresAtMs: () => NOW_MS + leftMs });
    const { data } = made(tellingOf({ kind: 'expiry', name: 'production', alarm: null }, at)).event;
    expect(data).toMatchObject({ reason, message: expect.stringContaining(`The credential ${word} at `) });
  });
});

describe('a sink', () => {
  const series: SinkAlarm = { ...trouble, isSuspended: false };
  const suspended: SinkAlarm = { ...trouble, isSuspended: true };
  const fresh: SinkAlarm = { ...series, sinceMs: NOW_MS };
  const over: SinkAlarm = { ...fresh, told: 'yes', endedAtMs: NOW_MS };
  const waiting = (sink: string) => (sink === 'hook' ? { all: 3, ofRecordings: 2 } : { all: 9, ofRecordings: 0 });

  test.each<{ name: string; alarm: SinkAlarm | null; rest?: Partial<Outlook>; want: number | 'never' }>([
    { name: 'no alarm', alarm: null, want: 'never' },
    { name: 'a series of a quarter of an hour', alarm: series, want: 0 },
    { name: 'a series that has just begun', alarm: fresh, want: 15 * MINUTE_MS },
    { name: 'told', alarm: { ...series, told: 'yes' }, want: 'never' },
    { name: 'suspended just now', alarm: { ...suspended, sinceMs: NOW_MS }, want: 0 },
    { name: 'works again', alarm: over, want: 0 },
    { name: 'a series from before the start', alarm: series, rest: { graceMs: MINUTE_MS }, want: MINUTE_MS },
    { name: 'a young one from before the start', alarm: fresh, rest: { graceMs: MINUTE_MS }, want: 15 * MINUTE_MS },
    {
      name: 'a series from before the start, and the program ends',
      alarm: series,
      rest: { graceMs: MINUTE_MS, hurry: true },
      want: 0,
    },
    { name: 'suspended before the start', alarm: suspended, rest: { graceMs: MINUTE_MS }, want: 0 },
    { name: 'works again soon after the start', alarm: over, rest: { graceMs: MINUTE_MS }, want: 0 },
    {
      name: 'nothing of a recording waits',
      alarm: series,
      rest: { waiting: () => ({ all: 1, ofRecordings: 0 }) },
      want: 'never',
    },
    {
      name: 'works again, and nothing waits',
      alarm: over,
      rest: { waiting: () => ({ all: 0, ofRecordings: 0 }) },
      want: 0,
    },
  ])('tells: $name: in ms: $want', ({ alarm, rest, want }) => {
    expect(timeOf(tellingOf({ kind: 'sink', name: 'hook', alarm }, outlook({ waiting, ...rest })))).toBe(want);
  });

  test.each([
    {
      name: 'a series',
      alarm: series,
      type: 'sink.failing',
      message:
        'No delivery has arrived for a quarter of an hour: status 500. Retries go on; "deliveries --sink hook" lists what waits.',
      left: { ...series, told: 'yes' },
    },
    {
      name: 'a suspension',
      alarm: suspended,
      type: 'sink.failing',
      message:
        'Suspended: status 500. Nothing is lost, and nothing is sent until a trial succeeds: "redeliver ID" of one that "deliveries --sink hook" lists, a reload or a restart tries at once.',
      left: { ...suspended, told: 'yes' },
    },
    {
      name: 'the end of it',
      alarm: { ...series, told: 'yes', endedAtMs: NOW_MS },
      type: 'sink.recovered',
      message: 'Deliveries arrive again. Before that: status 500',
      left: null,
    },
  ] as const)('$name, with what is remembered of it', ({ alarm, type, message, left }) => {
    expect(made(tellingOf({ kind: 'sink', name: 'hook', alarm }, outlook({ waiting })))).toEqual({
      event: {
        id: idOf(type, 'hook'),
        type,
        timestamp: NOW,
        source: null,
        data: { sink: 'hook', reason: 'server_error', message, since: SINCE, waiting: 3 },
      },
      written: { kind: 'sink', name: 'hook', alarm: left },
    });
  });
});

describe('what is dead', () => {
  const listed = [{ id: 'dlv_1', eventId: storedEvent.id, type: 'recording.available', uuid: 'r1' }];
  const alarm = { sinceMs: SINCE_MS, count: 1, reason: 'timeout', listed, toldAtMs: null } as unknown as DeadAlarm;

  test.each<{ name: string; alarm: DeadAlarm | null; hurry: boolean; want: number | 'never' }>([
    { name: 'nothing', alarm: null, hurry: false, want: 'never' },
    { name: 'nothing since it was told', alarm: { ...alarm, count: 0, listed: [] }, hurry: false, want: 'never' },
    { name: 'collected', alarm, hurry: false, want: 0 },
    { name: 'just now', alarm: { ...alarm, sinceMs: NOW_MS }, hurry: false, want: 5_000 },
    { name: 'just now, and the program ends', alarm: { ...alarm, sinceMs: NOW_MS }, hurry: true, want: 0 },
  ])('tells: $name: in ms: $want', ({ alarm: given, hurry, want }) => {
    expect(timeOf(tellingOf({ kind: 'dead', name: 'hook', alarm: given }, outlook({ hurry })))).toBe(want);
  });

  test('is counted and listed, and then forgotten', () => {
    expect(made(tellingOf({ kind: 'dead', name: 'hook', alarm }, outlook()))).toEqual({
      event: {
        id: idOf('delivery.dead', 'hook'),
        type: 'delivery.dead',
        timestamp: NOW,
        source: null,
        data: { sink: 'hook', reason: 'timeout', count: 1, deliveries: listed },
      },
      written: {
        kind: 'dead',
        name: 'hook',
        alarm: { sinceMs: SINCE_MS, count: 0, reason: 'timeout', listed: [], toldAtMs: NOW_MS },
      },
    });
  });
});

test.each([
  { name: 'another sink that wants it', sink: 'mail', events: ['sink.failing'], only: {}, want: true },
  { name: 'the sink that it is about', sink: 'hook', events: ['sink.failing'], only: {}, want: false },
  { name: 'another sink that does not want it', sink: 'mail', events: ['source.failing'], only: {}, want: false },
] as const)('hears of a sink: $name: $want', ({ sink, events, only, want }) => {
  const alarm: SinkAlarm = { ...trouble, isSuspended: true };
  const waiting = () => ({ all: 1, ofRecordings: 1 });
  const { event } = made(tellingOf({ kind: 'sink', name: 'hook', alarm }, outlook({ waiting })));
  expect(listens({ name: sink, events, only }, event)).toBe(want);
});

test.each([
  { name: 'a sink with the name of the source', only: {}, want: true },
  { name: 'a sink for another source', only: { sources: ['staging'] }, want: false },
])('hears of a source: $name: $want', ({ only, want }) => {
  const alarm: SourceAlarm = { ...trouble, refusedSinceMs: null, isConfirmed: true };
  const { event } = made(tellingOf({ kind: 'source', name: 'production', alarm }, outlook()));
  expect(listens({ name: 'production', events: ['source.failing'], only }, event)).toBe(want);
});
