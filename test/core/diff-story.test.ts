import fc from 'fast-check';
import { type Change, diff } from '../../src/core/diff.js';
import { eventOf } from '../../src/core/event.js';
import type { RecordingState } from '../../src/core/recording.js';
import { NOW_MS, nodeSha256, seen } from './support.js';

const STUCK_AFTER_MS = 1_000;
const STATUSES = ['available', 'processing', 'failed', 'done'] as const;

/** Polls one recording through these statuses: the first poll, then the others at their times. */
function tell(first: string | undefined, later: readonly { status: string; waitMs: number }[]): Change[] {
  let state: RecordingState | undefined;
  let nowMs = NOW_MS;
  const changes: Change[] = [];
  function see(status: string, phase: 'first' | 'normal'): void {
    const policy = { phase, announceFirst: false, stuckAfterMs: STUCK_AFTER_MS };
    const difference = diff(state, seen(status), nowMs, policy);
    state = difference.state ?? state;
    if (difference.change !== undefined) changes.push(difference.change);
  }
  if (first !== undefined) see(first, 'first');
  for (const { status, waitMs } of later) {
    nowMs += waitMs;
    see(status, 'normal');
  }
  return changes;
}

function atOnce(statuses: readonly string[]): { status: string; waitMs: number }[] {
  return statuses.map((status) => ({ status, waitMs: 1 }));
}

const { available, processing } = { available: 'recording.available', processing: 'recording.processing' } as const;

test.each([
  {
    name: 'the ordinary one',
    first: undefined,
    later: ['processing', 'available'],
    want: [
      [processing, 1],
      [available, 1],
    ],
  },
  {
    name: 'remembered as available is 1, its next is 2',
    first: 'available',
    later: ['processing', 'available'],
    want: [
      [processing, 1],
      [available, 2],
    ],
  },
  {
    name: 'remembered in processing is 1, its next is 2',
    first: 'processing',
    later: ['available', 'processing'],
    want: [
      [available, 1],
      [processing, 2],
    ],
  },
  {
    name: 'available through an unknown status',
    first: undefined,
    later: ['available', 'failed', 'available'],
    want: [
      [available, 1],
      [available, 2],
    ],
  },
  {
    name: 'back and forth',
    first: undefined,
    later: ['available', 'processing', 'available', 'processing', 'available'],
    want: [
      [available, 1],
      [processing, 1],
      [available, 2],
      [processing, 2],
      [available, 3],
    ],
  },
  {
    name: 'seen again and again',
    first: undefined,
    later: ['available', 'available', 'available'],
    want: [[available, 1]],
  },
  { name: 'unknown statuses alone', first: undefined, later: ['failed', 'done', 'failed'], want: [] },
])('the story of a recording: $name', ({ first, later, want }) => {
  expect(tell(first, atOnce(later)).map(({ type, occurrence }) => [type, occurrence])).toEqual(want);
});

test('the story of a recording that is stuck in two of its spells', () => {
  const later = [
    { status: 'processing', waitMs: 0 },
    { status: 'processing', waitMs: STUCK_AFTER_MS },
    { status: 'processing', waitMs: 1 },
    { status: 'processing', waitMs: STUCK_AFTER_MS },
    { status: 'failed', waitMs: 1 },
    { status: 'processing', waitMs: 1 },
    { status: 'processing', waitMs: STUCK_AFTER_MS + 1 },
  ];
  expect(tell('available', later).map(({ type, occurrence }) => [type, occurrence])).toEqual([
    ['recording.processing', 1],
    ['recording.stuck', 1],
    ['recording.processing', 2],
    ['recording.stuck', 2],
  ]);
});

const status = fc.constantFrom(...STATUSES);

test('any story after a first poll: the changes into available and processing, numbered without a gap', () => {
  fc.assert(
    fc.property(fc.option(status, { nil: undefined }), fc.array(status, { maxLength: 60 }), (first, later) => {
      const told = tell(
        first,
        atOnce(later).map((step) => ({ ...step, waitMs: 0 })),
      );
      expect(told.map(({ type, previousStatus, occurrence }) => ({ type, previousStatus, occurrence }))).toEqual(
        expectedStory(first, later),
      );
    }),
  );
});

test('any story with any times: no id twice, one stuck at most for each spell, and that in it', () => {
  const step = fc.record({ status, waitMs: fc.integer({ min: -2 * STUCK_AFTER_MS, max: 2 * STUCK_AFTER_MS }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (later) => {
      const told = tell(undefined, later);
      const ids = told.map((change) => eventOf(nodeSha256, 'production', change, NOW_MS).id);
      expect(new Set(ids).size).toBe(ids.length);
      told.forEach(({ type, occurrence }, index) => {
        if (type !== 'recording.stuck') return;
        const last = told.slice(0, index).findLast((earlier) => earlier.type !== 'recording.stuck');
        expect(last).toMatchObject({ type: 'recording.processing', occurrence });
      });
    }),
  );
});

/** By counting through the statuses, which needs no memory. */
function expectedStory(first: string | undefined, later: readonly string[]) {
  const statuses = first === undefined ? later : [first, ...later];
  const counts: Record<string, number> = {};
  const told: { type: string; previousStatus: string | null; occurrence: number }[] = [];
  statuses.forEach((now, index) => {
    const previousStatus = statuses[index - 1] ?? null;
    if (now === previousStatus) return;
    counts[now] = (counts[now] ?? 0) + 1;
    const isFirstPoll = first !== undefined && index === 0;
    if (isFirstPoll || (now !== 'available' && now !== 'processing')) return;
    told.push({ type: `recording.${now}`, previousStatus, occurrence: counts[now] });
  });
  return told;
}
