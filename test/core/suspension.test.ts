import type { FailureReason } from '../../src/core/failure.js';
import { SINK_WORKS, type SinkState, type Suspension, suspend, waitedTooLong } from '../../src/core/suspension.js';
import { EARLIER_MS, NOW_MS } from './support.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function suspension(reason: FailureReason, rest: Partial<Suspension> = {}): Suspension {
  return { reason, detail: 'what it said first', sinceMs: EARLIER_MS, trials: 0, nextTrialAtMs: null, ...rest };
}

test('suspend: the first time', () => {
  expect(suspend(null, 'client_error', 'HTTP 403', NOW_MS)).toEqual({
    reason: 'client_error',
    detail: 'HTTP 403',
    sinceMs: NOW_MS,
    trials: 0,
    nextTrialAtMs: NOW_MS + HOUR_MS,
  });
});

test.each([
  { name: 'the first trial', trials: 0, want: 6 * HOUR_MS },
  { name: 'the second', trials: 1, want: DAY_MS },
  { name: 'the third', trials: 2, want: DAY_MS },
  { name: 'the hundredth', trials: 99, want: DAY_MS },
])('suspend: the wait after $name', ({ trials, want }) => {
  const { reason } = suspension('client_error');
  const next = suspend(suspension(reason, { trials }), reason, 'HTTP 403', NOW_MS);
  expect(next).toMatchObject({ trials: trials + 1, nextTrialAtMs: NOW_MS + want, sinceMs: EARLIER_MS });
});

test.each([0, 1, 99])(
  'suspend: an archive that takes nothing is tried every ten minutes, after %i trials too',
  (trials) => {
    const next = suspend(suspension('archive_full', { trials }), 'archive_full', 'no room', NOW_MS);
    expect(next.nextTrialAtMs).toBe(NOW_MS + 600_000);
  },
);

test.each<{ name: string; known: Suspension | null; reason: FailureReason; byTime: boolean }>([
  { name: '410', known: null, reason: 'gone', byTime: false },
  { name: 'disable', known: null, reason: 'disabled_by_receiver', byTime: false },
  { name: 'anything else', known: null, reason: 'client_error', byTime: true },
  { name: '410, and a trial that fails otherwise', known: suspension('gone'), reason: 'server_error', byTime: false },
  {
    name: 'disable, and a trial that fails otherwise',
    known: suspension('disabled_by_receiver'),
    reason: 'timeout',
    byTime: false,
  },
  {
    name: 'anything else, and a trial that ends with 410',
    known: suspension('client_error'),
    reason: 'gone',
    byTime: false,
  },
  {
    name: 'anything else, and a trial that fails otherwise',
    known: suspension('client_error'),
    reason: 'timeout',
    byTime: true,
  },
])('suspend: tried by time? $name', ({ known, reason, byTime }) => {
  expect(suspend(known, reason, 'HTTP', NOW_MS).nextTrialAtMs !== null).toBe(byTime);
});

test.each<{ name: string; first: FailureReason; latest: FailureReason; want: Partial<Suspension> }>([
  {
    name: 'the same again, in its newer words',
    first: 'gone',
    latest: 'gone',
    want: { reason: 'gone', detail: 'what it says now' },
  },
  {
    name: 'a passing failure says nothing new',
    first: 'gone',
    latest: 'timeout',
    want: { reason: 'gone', detail: 'what it said first' },
  },
  {
    name: 'one refusal after the other',
    first: 'gone',
    latest: 'disabled_by_receiver',
    want: { reason: 'disabled_by_receiver', detail: 'what it says now' },
  },
])('suspend: the reason that stands: $name', ({ first, latest, want }) => {
  expect(suspend(suspension(first), latest, 'what it says now', NOW_MS)).toMatchObject(want);
});

const LONG_AGO_MS = NOW_MS - 30 * DAY_MS;
const suspended: SinkState = { ...SINK_WORKS, suspension: suspension('gone', { sinceMs: LONG_AGO_MS }) };
const disabled: SinkState = { ...SINK_WORKS, inactive: { why: 'disabled', sinceMs: LONG_AGO_MS } };
const removed: SinkState = { ...SINK_WORKS, inactive: { why: 'removed', sinceMs: LONG_AGO_MS } };

test.each<{ name: string; sink: SinkState; dueAtMs: number; want: FailureReason | undefined }>([
  { name: 'suspended for 30 days', sink: suspended, dueAtMs: LONG_AGO_MS - 1, want: 'sink_suspended' },
  { name: 'disabled for 30 days', sink: disabled, dueAtMs: LONG_AGO_MS - 1, want: 'sink_disabled' },
  { name: 'removed for 30 days', sink: removed, dueAtMs: LONG_AGO_MS - 1, want: 'sink_removed' },
  { name: 'due exactly 30 days ago', sink: suspended, dueAtMs: LONG_AGO_MS, want: 'sink_suspended' },
  { name: 'due a millisecond later', sink: suspended, dueAtMs: LONG_AGO_MS + 1, want: undefined },
  { name: 'due a millisecond later, disabled', sink: disabled, dueAtMs: LONG_AGO_MS + 1, want: undefined },
  { name: 'due a millisecond later, removed', sink: removed, dueAtMs: LONG_AGO_MS + 1, want: undefined },
  {
    name: 'due long ago, and the sink is suspended lately',
    sink: { ...SINK_WORKS, suspension: suspension('gone') },
    dueAtMs: 0,
    want: undefined,
  },
  {
    name: 'due long ago, and the sink is disabled lately',
    sink: { ...SINK_WORKS, inactive: { why: 'disabled', sinceMs: EARLIER_MS } },
    dueAtMs: 0,
    want: undefined,
  },
  { name: 'a planned retry that is not due yet', sink: suspended, dueAtMs: NOW_MS + DAY_MS, want: undefined },
  {
    name: 'disabled while suspended',
    sink: { ...suspended, ...{ inactive: disabled.inactive } },
    dueAtMs: 0,
    want: 'sink_disabled',
  },
  {
    name: 'removed while suspended',
    sink: { ...suspended, ...{ inactive: removed.inactive } },
    dueAtMs: 0,
    want: 'sink_removed',
  },
  { name: 'a sink that works', sink: SINK_WORKS, dueAtMs: 0, want: undefined },
  {
    name: 'a sink that is paused',
    sink: { ...SINK_WORKS, pausedUntilMs: NOW_MS + DAY_MS },
    dueAtMs: 0,
    want: undefined,
  },
])('waitedTooLong: $name', ({ sink, dueAtMs, want }) => {
  expect(waitedTooLong(sink, dueAtMs, NOW_MS)).toBe(want);
});
