import { sinkFailing, sourceFailing } from '../../src/views/failing-words.js';

const FAILING = { sinceMs: 100, reason: 'server_error', message: 'status 500' };
const SOURCE = {
  ...{ name: 'production', isPolling: false, nextPollAtMs: null, overdueMs: 0, isOverdue: false },
  ...{ credentialExpiresAtMs: null, failing: null },
};

test.each([
  { name: 'nothing is known', note: undefined, status: {}, want: undefined },
  { name: 'it works', note: { failures: 0 }, status: {}, want: undefined },
  {
    ...{ name: 'it failed before the start', note: undefined, status: { failing: FAILING } },
    want: ['Polls failed before the start, and none has ended since: status 500', 100],
  },
  {
    ...{
      name: 'it fails since before the start',
      note: { failures: 1, failingSinceMs: 300 },
      status: { failing: FAILING },
    },
    want: ['The last poll was not complete: status 500', 100],
  },
  {
    name: 'it worked in between, too short a time for operators to hear of it',
    note: { failures: 2, failingSinceMs: 300, lastCompleteAtMs: 200 },
    status: { failing: FAILING },
    want: ['The last 2 polls were not complete, after some that were: status 500', 100],
  },
  {
    ...{ name: 'it worked before', note: { failures: 2, failingSinceMs: 100, lastCompleteAtMs: 50 } },
    ...{ status: { failing: FAILING }, want: ['The last 2 polls were not complete: status 500', 100] },
  },
  {
    ...{ name: 'a poll takes too long', note: { failures: 0 }, status: { overdueMs: 300, isOverdue: true } },
    want: ['It is overdue: no poll has been complete.', 700],
  },
])('sourceFailing: $name', ({ note, status, want }) => {
  const found = sourceFailing(note as never, { ...SOURCE, ...status }, 1_000);
  expect(found && [found.words, found.sinceMs]).toEqual(want);
});

test.each([
  { name: 'nothing is known', note: undefined, failing: null, want: undefined },
  { name: 'it works', note: { failures: 0 }, failing: null, want: undefined },
  {
    ...{ name: 'it failed before the start', note: undefined, failing: FAILING },
    want: ['Attempts failed before the start, and none was made since: server_error: status 500', 100],
  },
  {
    ...{ name: 'only what is for operators fails', note: { failures: 1, failingSinceMs: 300 }, failing: null },
    want: ['The last attempt failed.', 300],
  },
  {
    ...{ name: 'it worked in between', note: { failures: 2, failingSinceMs: 300, lastDeliveredAtMs: 200 } },
    ...{ failing: FAILING, want: ['The last 2 attempts failed, after some that arrived.', 100] },
  },
])('sinkFailing: $name', ({ note, failing, want }) => {
  const found = sinkFailing(note as never, failing);
  expect(found && [found.words, found.sinceMs]).toEqual(want);
});
