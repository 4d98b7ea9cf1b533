import type { RecordingState } from '../../src/core/recording.js';
import { afterPage, isNewestFirst, isSettled } from '../../src/core/settled.js';

const KNOWN: RecordingState = {
  status: 'available',
  roomId: null,
  meetingId: null,
  createdAt: null,
  firstSeenAtMs: 1,
  availableCount: 1,
  availableAtMs: 1,
  processingCount: 0,
  processingSinceMs: null,
  stuckTold: false,
  awaitsAnnouncement: false,
};

test.each([
  { name: 'available, and remembered so', known: KNOWN, status: 'available', want: true },
  { name: 'never seen', known: undefined, status: 'available', want: false },
  {
    name: 'available, remembered otherwise',
    known: { ...KNOWN, status: 'processing' },
    status: 'available',
    want: false,
  },
  { name: 'in processing', known: { ...KNOWN, status: 'processing' }, status: 'processing', want: false },
  {
    name: 'in processing, told as stuck',
    known: { ...KNOWN, status: 'processing', stuckTold: true },
    status: 'processing',
    want: true,
  },
  {
    name: 'of an unknown status, and remembered so',
    known: { ...KNOWN, status: 'failed' },
    status: 'failed',
    want: true,
  },
  { name: 'to be announced yet', known: { ...KNOWN, awaitsAnnouncement: true }, status: 'available', want: false },
])('a row is settled or not: $name: $want', ({ known, status, want }) => {
  expect(isSettled(known, status)).toBe(want);
});

test.each([
  { times: [], want: true },
  { times: ['2024-05-13T17:14:00.941Z'], want: true },
  { times: ['2024-05-13T17:14:00.941Z', '2024-05-13T17:14:00.941Z', '2024-05-12T00:00:00.000Z'], want: true },
  { times: ['2024-05-12T00:00:00.000Z', '2024-05-13T17:14:00.941Z'], want: false },
  { times: ['2024-05-13T17:14:00.941Z', null], want: false },
  { times: ['yesterday'], want: false },
])('newest first: $times: $want', ({ times, want }) => {
  expect(isNewestFirst(times)).toBe(want);
});

const QUIET = { isSettled: true, isNewestFirst: true, total: 10, totalBefore: 10, unknown: 0 };

test.each([
  { name: 'nothing is new', facts: QUIET, want: 'stop' },
  { name: 'the page has news', facts: { ...QUIET, isSettled: false, total: 12 }, want: 'go on' },
  {
    name: 'the news before it are what the list has grown by',
    facts: { ...QUIET, total: 12, unknown: 2 },
    want: 'stop',
  },
  { name: 'the list has grown by more', facts: { ...QUIET, total: 12, unknown: 1 }, want: 'to the end' },
  { name: 'the list has shrunk', facts: { ...QUIET, total: 9 }, want: 'to the end' },
  { name: 'the page is in no order', facts: { ...QUIET, isNewestFirst: false }, want: 'to the end' },
  {
    name: 'with news, and in no order',
    facts: { ...QUIET, isSettled: false, isNewestFirst: false },
    want: 'to the end',
  },
  { name: 'the list does not say its total', facts: { ...QUIET, total: undefined }, want: 'to the end' },
  { name: 'it did not say so before', facts: { ...QUIET, totalBefore: null }, want: 'to the end' },
])('after a page, where $name: $want', ({ facts, want }) => {
  expect(afterPage(facts)).toBe(want);
});
