import type { SinkAlarm, SourceAlarm } from '../../src/core/alarm.js';
import type { DeadAlarm } from '../../src/core/alarm-dead.js';
import type { ExpiryAlarm } from '../../src/core/alarm-expiry.js';
import { type AlarmRecord, afterTold, inDoubt, signatureOf } from '../../src/core/alarm-record.js';
import { EARLIER_MS, NOW_MS } from './support.js';

const trouble = {
  sinceMs: EARLIER_MS,
  reason: 'server_error',
  message: 'status 500',
  told: 'no',
  endedAtMs: null,
} as const;

function source(rest: Partial<SourceAlarm> = {}): AlarmRecord {
  const alarm: SourceAlarm = { ...trouble, refusedSinceMs: EARLIER_MS, isConfirmed: true, ...rest };
  return { kind: 'source', name: 'production', alarm };
}

function sink(rest: Partial<SinkAlarm> = {}): AlarmRecord {
  return { kind: 'sink', name: 'hook', alarm: { ...trouble, isSuspended: true, ...rest } };
}

function dead(rest: Partial<DeadAlarm> = {}): AlarmRecord {
  const alarm: DeadAlarm = { sinceMs: EARLIER_MS, count: 1, reason: 'timeout', listed: [], toldAtMs: null, ...rest };
  return { kind: 'dead', name: 'hook', alarm };
}

function expiry(rest: Partial<ExpiryAlarm> = {}): AlarmRecord {
  return { kind: 'expiry', name: 'production', alarm: { expiresAtMs: NOW_MS, level: 'week', ...rest } };
}

function over(record: AlarmRecord): AlarmRecord {
  return { ...record, alarm: null };
}

test.each([
  { name: 'nothing', before: source(), after: source(), want: false },
  {
    name: 'its words, which change at every attempt',
    before: sink(),
    after: sink({ reason: 'timeout', message: 'no answer' }),
    want: false,
  },
  { name: 'a doubt, which ends with the process', before: source(), after: source({ told: 'maybe' }), want: false },
  { name: 'it has been told', before: source(), after: source({ told: 'yes' }), want: true },
  {
    name: 'it was in doubt and has been told',
    before: sink({ told: 'maybe' }),
    after: sink({ told: 'yes' }),
    want: true,
  },
  { name: 'it is another series', before: sink(), after: sink({ sinceMs: NOW_MS }), want: true },
  {
    name: 'it works again',
    before: sink({ told: 'yes' }),
    after: sink({ told: 'yes', endedAtMs: NOW_MS }),
    want: true,
  },
  { name: 'it is over', before: source(), after: over(source()), want: true },
  { name: 'it is over, as it was', before: over(source()), after: over(source()), want: false },
  { name: 'the source is refused', before: source({ refusedSinceMs: null }), after: source(), want: true },
  { name: 'the source is confirmed to fail', before: source({ isConfirmed: false }), after: source(), want: true },
  { name: 'the sink is suspended', before: sink({ isSuspended: false }), after: sink(), want: true },
  { name: 'one more is dead', before: dead(), after: dead({ count: 2 }), want: true },
  { name: 'what the last one died of', before: dead(), after: dead({ reason: 'gone' }), want: true },
  { name: 'a day is left', before: expiry(), after: expiry({ level: 'day' }), want: true },
])('worth a write: $name: $want', ({ before, after, want }) => {
  expect(signatureOf(after) !== signatureOf(before)).toBe(want);
});

test.each([
  { name: 'a source of which nobody was told', record: source(), want: source({ told: 'maybe' }) },
  { name: 'a sink of which nobody was told', record: sink(), want: sink({ told: 'maybe' }) },
  { name: 'a source that was told', record: source({ told: 'yes' }), want: source({ told: 'yes' }) },
  { name: 'a sink that was told', record: sink({ told: 'yes' }), want: sink({ told: 'yes' }) },
  { name: 'a source that is over', record: over(source()), want: over(source()) },
  { name: 'a sink that is over', record: over(sink()), want: over(sink()) },
  { name: 'deaths, which are counted until they are told', record: dead(), want: dead() },
  { name: 'a credential', record: expiry(), want: expiry() },
])('in doubt, while its news is written: $name', ({ record, want }) => {
  expect(inDoubt(record)).toEqual(want);
});

test.each([
  { name: 'its failing', of: [source(), sink()], ended: null, current: { told: 'maybe' }, want: { told: 'yes' } },
  {
    name: 'its failing, which goes on with other words',
    of: [source(), sink()],
    ended: null,
    current: { told: 'maybe', reason: 'timeout' },
    want: { told: 'yes', reason: 'timeout' },
  },
  {
    name: 'its failing, and it works by now: that is still to be told',
    of: [source(), sink()],
    ended: null,
    current: { told: 'maybe', endedAtMs: NOW_MS },
    want: { told: 'yes', endedAtMs: NOW_MS },
  },
  {
    name: 'its end',
    of: [source(), sink()],
    ended: EARLIER_MS,
    current: { told: 'yes', endedAtMs: EARLIER_MS },
    want: null,
  },
  {
    name: 'its end, and nothing is known of it since',
    of: [source(), sink()],
    ended: EARLIER_MS,
    current: null,
    want: null,
  },
  {
    name: 'its end, and the source fails by now: another alarm, to be confirmed anew',
    of: [source()],
    ended: EARLIER_MS,
    current: { told: 'yes', reason: 'timeout' },
    want: { told: 'no', reason: 'timeout', sinceMs: NOW_MS, refusedSinceMs: null, isConfirmed: false },
  },
  {
    name: 'its end, and the sink fails by now: another alarm, suspended as it is',
    of: [sink()],
    ended: EARLIER_MS,
    current: { told: 'yes', reason: 'gone' },
    want: { told: 'no', reason: 'gone', sinceMs: NOW_MS, isSuspended: true },
  },
] as const)('told: $name', ({ of, ended, current, want }) => {
  for (const record of of) {
    const before = { ...record, alarm: { ...record.alarm, told: 'yes', endedAtMs: ended } } as AlarmRecord;
    const now = { ...record, alarm: current && { ...record.alarm, ...current } } as AlarmRecord;
    const after = { ...record, alarm: want && { ...record.alarm, ...want } };
    expect(afterTold(before, over(record), now, NOW_MS)).toEqual(after);
  }
});

test.each([
  { name: 'deaths', before: dead(), written: dead({ count: 0, toldAtMs: NOW_MS }) },
  { name: 'a credential', before: expiry(), written: expiry({ level: 'day' }) },
])('told: of $name nothing else happens meanwhile', ({ before, written }) => {
  expect(afterTold(before, written, before, NOW_MS)).toBe(written);
});
