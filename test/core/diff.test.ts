import { announceRemembered, type DiffPolicy, diff } from '../../src/core/diff.js';
import type { RecordingUuid } from '../../src/core/id.js';
import type { RecordingState } from '../../src/core/recording.js';
import { EARLIER_MS, known, NOW_MS, seen } from './support.js';

const NEVER_MS = Number.POSITIVE_INFINITY;

/** Every status that is known × every status that a poll may see. What is remembered afterwards is the same in every phase. */
const PAIRS: {
  name: string;
  before: RecordingState | undefined;
  status: string;
  tells: [type: string, previousStatus: string | null, occurrence: number] | undefined;
  after: Partial<RecordingState> | undefined;
}[] = [
  {
    name: 'first sight as available',
    before: undefined,
    status: 'available',
    tells: ['recording.available', null, 1],
    after: { availableCount: 1, availableAtMs: NOW_MS, firstSeenAtMs: NOW_MS },
  },
  {
    name: 'first sight in processing',
    before: undefined,
    status: 'processing',
    tells: ['recording.processing', null, 1],
    after: { processingCount: 1, processingSinceMs: NOW_MS, firstSeenAtMs: NOW_MS },
  },
  {
    name: 'first sight with an unknown status',
    before: undefined,
    status: 'failed',
    tells: undefined,
    after: { firstSeenAtMs: NOW_MS },
  },
  {
    name: 'processing becomes available',
    before: known('processing'),
    status: 'available',
    tells: ['recording.available', 'processing', 1],
    after: { availableCount: 1, availableAtMs: NOW_MS, processingCount: 1, processingSinceMs: EARLIER_MS },
  },
  {
    name: 'still in processing',
    before: known('processing'),
    status: 'processing',
    tells: undefined,
    after: undefined,
  },
  {
    name: 'processing becomes unknown',
    before: known('processing'),
    status: 'failed',
    tells: undefined,
    after: { processingCount: 1, processingSinceMs: EARLIER_MS },
  },
  { name: 'still available', before: known('available'), status: 'available', tells: undefined, after: undefined },
  {
    name: 'available goes into processing',
    before: known('available'),
    status: 'processing',
    tells: ['recording.processing', 'available', 1],
    after: { availableCount: 1, availableAtMs: EARLIER_MS, processingCount: 1, processingSinceMs: NOW_MS },
  },
  {
    name: 'available becomes unknown',
    before: known('available'),
    status: 'failed',
    tells: undefined,
    after: { availableCount: 1, availableAtMs: EARLIER_MS },
  },
  {
    name: 'unknown becomes available',
    before: known('failed'),
    status: 'available',
    tells: ['recording.available', 'failed', 1],
    after: { availableCount: 1, availableAtMs: NOW_MS },
  },
  {
    name: 'unknown goes into processing',
    before: known('failed'),
    status: 'processing',
    tells: ['recording.processing', 'failed', 1],
    after: { processingCount: 1, processingSinceMs: NOW_MS },
  },
  { name: 'still unknown', before: known('failed'), status: 'failed', tells: undefined, after: undefined },
  {
    name: 'unknown becomes another unknown',
    before: known('failed'),
    status: 'done',
    tells: undefined,
    after: {},
  },
  {
    name: 'available again',
    before: known('processing', { availableCount: 3, availableAtMs: EARLIER_MS, processingCount: 3 }),
    status: 'available',
    tells: ['recording.available', 'processing', 4],
    after: { availableCount: 4, availableAtMs: NOW_MS, processingCount: 3, processingSinceMs: EARLIER_MS },
  },
  {
    name: 'in processing again',
    before: known('available', { availableCount: 3, processingCount: 2 }),
    status: 'processing',
    tells: ['recording.processing', 'available', 3],
    after: { availableCount: 3, availableAtMs: EARLIER_MS, processingCount: 3, processingSinceMs: NOW_MS },
  },
];

/** Status as seen, everything that was not said as after a first sight in an unknown status. */
function stateOf(status: string, after: Partial<RecordingState> | undefined): RecordingState | undefined {
  return after && { ...known('failed'), status, ...after };
}

function policy(rest: Partial<DiffPolicy> = {}): DiffPolicy {
  return { phase: 'normal', announceFirst: false, stuckAfterMs: NEVER_MS, ...rest };
}

test.each(PAIRS)('diff: $name', ({ before, status, tells, after }) => {
  const recording = seen(status);
  const { state, change } = diff(before, recording, NOW_MS, policy());
  expect(state).toEqual(stateOf(status, after));
  const [type, previousStatus, occurrence] = tells ?? [];
  expect(change).toEqual(tells && { type, recording, previousStatus, occurrence });
});

test.each(PAIRS)('diff: a first poll remembers the same and tells nothing: $name', ({ before, status, after }) => {
  const difference = diff(before, seen(status), NOW_MS, policy({ phase: 'first' }));
  expect(difference).toEqual({ state: stateOf(status, after), change: undefined });
});

test.each(PAIRS)('diff: a first poll that announces marks what is available: $name', ({ before, status, after }) => {
  const difference = diff(before, seen(status), NOW_MS, policy({ phase: 'first', announceFirst: true }));
  const awaitsAnnouncement = status === 'available';
  const unmarked = stateOf(status, after) ?? (awaitsAnnouncement ? before : undefined);
  expect(difference).toEqual({ state: unmarked && { ...unmarked, awaitsAnnouncement }, change: undefined });
});

test.each(PAIRS)('diff: a new scope is a first poll only for what is not remembered: $name', ({ before, status }) => {
  const phase = before === undefined ? 'first' : 'normal';
  const difference = diff(before, seen(status), NOW_MS, policy({ phase: 'new-scope' }));
  expect(difference).toEqual(diff(before, seen(status), NOW_MS, policy({ phase })));
});

test.each([
  { name: 'still available', status: 'available', announceFirst: true, want: 'nothing new' },
  { name: 'no longer available', status: 'processing', announceFirst: true, want: 'forgets the announcement' },
  { name: 'the config says remember now', status: 'available', announceFirst: false, want: 'forgets the announcement' },
])('diff: what waits for its announcement is in its first poll still: $name', ({ status, announceFirst, want }) => {
  const waiting = known('available', { awaitsAnnouncement: true });
  for (const phase of ['first', 'new-scope'] as const) {
    const { state, change } = diff(waiting, seen(status), NOW_MS, policy({ phase, announceFirst }));
    expect(change).toBeUndefined();
    expect(state?.awaitsAnnouncement).toBe(want === 'nothing new' ? undefined : false);
  }
});

test('diff: a status that was only marked keeps when and how often it was seen', () => {
  const before = known('available', { availableCount: 2 });
  const { state } = diff(before, seen('available'), NOW_MS, policy({ phase: 'first', announceFirst: true }));
  expect(state).toEqual({ ...before, awaitsAnnouncement: true });
});

test('diff: what waited for its announcement and changes after the first poll waits no more', () => {
  const waiting = known('available', { awaitsAnnouncement: true });
  const { state } = diff(waiting, seen('failed'), NOW_MS, policy());
  expect(state?.awaitsAnnouncement).toBe(false);
});

test('diff: room, meeting and creation are remembered as they were at the latest change', () => {
  const moved = { roomId: null, meetingId: 'm2', createdAt: null };
  expect(diff(known('processing'), seen('available', moved), NOW_MS, policy()).state).toMatchObject(moved);
  expect(diff(known('available'), seen('available', moved), NOW_MS, policy()).state).toBeUndefined();
});

test.each([
  { name: 'case counts', status: 'Available' },
  { name: 'spaces count', status: 'processing ' },
  { name: 'empty', status: '' },
  { name: 'a name of the prototype', status: '__proto__' },
])('diff: a status that is almost a known one makes no event: $name', ({ status }) => {
  const { state, change } = diff(known('processing'), seen(status), NOW_MS, policy());
  expect(change).toBeUndefined();
  expect(state).toMatchObject({ status, availableCount: 0, processingCount: 1, processingSinceMs: EARLIER_MS });
});

const HOUR_MS = 3_600_000;
const sinceHour = { processingSinceMs: NOW_MS - HOUR_MS };

test.each([
  {
    name: 'exactly as long as stuckAfter',
    before: known('processing', sinceHour),
    phase: 'normal',
    after: HOUR_MS,
    want: false,
  },
  {
    name: 'a millisecond longer',
    before: known('processing', sinceHour),
    phase: 'normal',
    after: HOUR_MS - 1,
    want: true,
  },
  {
    name: 'told in this spell',
    before: known('processing', { ...sinceHour, stuckTold: true }),
    phase: 'normal',
    after: 0,
    want: false,
  },
  {
    name: 'the clock went back',
    before: known('processing', { processingSinceMs: NOW_MS + 1 }),
    phase: 'normal',
    after: 0,
    want: false,
  },
  { name: 'in a first poll', before: known('processing', sinceHour), phase: 'first', after: 0, want: false },
  {
    name: 'remembered, in a new scope',
    before: known('processing', sinceHour),
    phase: 'new-scope',
    after: 0,
    want: true,
  },
  { name: 'available for long', before: known('available', sinceHour), phase: 'normal', after: 0, want: false },
  { name: 'in an unknown status for long', before: known('failed', sinceHour), phase: 'normal', after: 0, want: false },
] as const)('diff: stuck, $name', ({ before, phase, after, want }) => {
  const recording = seen(before.status);
  const { state, change } = diff(before, recording, NOW_MS, policy({ phase, stuckAfterMs: after }));
  if (!want) {
    expect({ state, change }).toEqual({ state: undefined, change: undefined });
    return;
  }
  expect(state).toEqual({ ...before, stuckTold: true });
  expect(change).toEqual({ type: 'recording.stuck', recording, previousStatus: 'processing', occurrence: 1 });
});

test('diff: stuck carries the number of its spell', () => {
  const before = known('processing', { processingCount: 4 });
  expect(diff(before, seen('processing'), NOW_MS, policy({ stuckAfterMs: 0 })).change?.occurrence).toBe(4);
});

test('diff: a new spell in processing can be stuck again', () => {
  const told = known('processing', { stuckTold: true });
  const { state: available } = diff(told, seen('available'), NOW_MS, policy());
  const { state: processing } = diff(available, seen('processing'), NOW_MS, policy());
  const { change } = diff(processing, seen('processing'), NOW_MS + 1, policy({ stuckAfterMs: 0 }));
  expect(change).toMatchObject({ type: 'recording.stuck', occurrence: 2 });
});

test('announceRemembered: the occurrence that was counted, without a URL, once', () => {
  const remembered = known('available', { availableCount: 2, awaitsAnnouncement: true });
  const uuid = 'r1' as RecordingUuid;
  expect(announceRemembered(uuid, remembered)).toEqual({
    state: { ...remembered, awaitsAnnouncement: false },
    change: {
      type: 'recording.available',
      recording: { ...seen('available'), url: null },
      previousStatus: null,
      occurrence: 2,
    },
  });
});
