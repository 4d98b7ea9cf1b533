import { createPollLog } from '../../src/engine/poll-log.js';
import type { PollReport } from '../../src/engine/poll-report.js';
import { SourceError } from '../../src/source/define.js';
import { createManualClock } from '../support/manual-clock.js';
import { createMemoryLog } from '../support/memory-log.js';

const COMPLETE: PollReport = {
  ...{
    source: 'production',
    result: 'complete',
    reason: undefined,
    isEmptyInDoubt: false,
    isFull: true,
    listed: 0,
    awaited: 0,
    error: undefined,
  },
  ...{ phase: 'normal', rows: 1, rejected: 0, rejectedReasons: [], available: 1, processing: 0, unknown: 0 },
  ...{ events: 0, deliveries: 0, held: 0, pages: 1, durationMs: 10 },
};

function failed(reason: string): PollReport {
  return { ...COMPLETE, result: 'failed', reason, rows: 0, error: new SourceError('server_error', reason) };
}

function rejecting(rejected: number, row: number): PollReport {
  return { ...COMPLETE, rejected, rejectedReasons: [`row ${row} of the page has no uuid`] };
}

/** A poll every 30 s. */
function linesOf(polls: readonly PollReport[]) {
  const [clock, log] = [createManualClock(), createMemoryLog()];
  const pollLog = createPollLog({ clock, log });
  for (const report of polls) {
    pollLog.note(report);
    clock.advance(30_000);
  }
  pollLog.stop();
  return log.lines.filter(({ level }) => level !== 'debug');
}

function repeated(report: PollReport, times: number): PollReport[] {
  return Array.from({ length: times }, () => report);
}

test('six hours without the platform are ten lines: the first, some that sum up, and the end', () => {
  const lines = linesOf([...repeated(failed('HTTP 502'), 720), COMPLETE]);
  expect(lines.map(({ level, message, fields }) => [level, message, fields['failedPolls']])).toEqual([
    ['warn', 'poll failed', undefined],
    ['warn', 'polls go on failing', 2],
    ['warn', 'polls go on failing', 22],
    ...[142, 262, 382, 502, 622].map((count) => ['warn', 'polls go on failing', count]),
    ['info', 'polls work again', 720],
  ]);
  expect(lines.at(-1)?.fields).toMatchObject({ failedForMs: 6 * 3_600_000, rows: 1 });
});

test('another reason has a line at once, with how often and since when', () => {
  const [, second] = linesOf([failed('status 502'), failed('status 401'), failed('status 502')]);
  expect(second).toMatchObject({
    fields: { reason: 'status 401', failedPolls: 2, sinceAt: '2024-05-13T17:14:00.941Z' },
  });
});

test('what differs in a number alone is the same reason', () => {
  const lines = linesOf([failed('status 200, cut off after 363 bytes'), failed('status 200, cut off after 12 bytes')]);
  expect(lines.map(({ message }) => message)).toEqual(['poll failed', 'polls go on failing']);
});

test('rows that are set aside in every poll are told once and then summed up, wherever new recordings push them', () => {
  const lines = linesOf(Array.from({ length: 240 }, (_, n) => rejecting(1, n + 1)));
  expect(lines.map(({ message, fields }) => [message, fields['polls']])).toEqual([
    ['rows of the list are not recordings and were set aside', undefined],
    ['rows of the list go on being set aside', 2],
    ['rows of the list go on being set aside', 22],
    ['rows of the list go on being set aside', 142],
    ['rows of the list go on being set aside', 240],
  ]);
});

test('more of them is news', () => {
  const lines = linesOf([rejecting(1, 1), rejecting(2, 1)]);
  expect(lines.map(({ fields }) => fields['rejected'])).toEqual([1, 2]);
});
