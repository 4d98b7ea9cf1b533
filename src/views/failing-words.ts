import type { FailingNote, SourceStatus } from '../engine/program-status.js';
import type { SinkNote, SourceNote } from '../observe/board.js';

/** How and since when something fails, for a person. */
export interface FailingWords {
  readonly words: string;
  readonly sinceMs: number | undefined;
}

/** Undefined: the source works, or nothing is known of it yet. */
export function sourceFailing(
  note: SourceNote | undefined,
  status: SourceStatus | undefined,
  nowMs: number,
): FailingWords | undefined {
  const failing = status?.failing ?? null;
  if (note !== undefined && note.failures > 0) {
    const { last, failures, failingSinceMs, lastCompleteAtMs } = note;
    const count = failures === 1 ? 'The last poll was not complete' : `The last ${failures} polls were not complete`;
    const message = failing?.message ?? last.reason ?? last.result;
    return spell(
      `${count}${since(lastCompleteAtMs, failing, ', after some that were')}: ${message}`,
      failing,
      failingSinceMs,
    );
  }
  if (note === undefined && failing !== null)
    return spell(`Polls failed before the start, and none has ended since: ${failing.message}`, failing, undefined);
  if (!status?.isOverdue) return undefined;
  return { words: 'It is overdue: no poll has been complete.', sinceMs: nowMs - status.overdueMs };
}

/** The same of attempts; a sink whose series began with an earlier process, and that nothing was sent to since, fails still. */
export function sinkFailing(note: SinkNote | undefined, failing: FailingNote | null): FailingWords | undefined {
  if (note === undefined) {
    if (failing === null) return undefined;
    const { reason, message } = failing;
    return spell(
      `Attempts failed before the start, and none was made since: ${reason}: ${message}`,
      failing,
      undefined,
    );
  }
  const { failures, failingSinceMs, lastDeliveredAtMs } = note;
  if (failures === 0) return undefined;
  const count = failures === 1 ? 'The last attempt failed' : `The last ${failures} attempts failed`;
  return spell(`${count}${since(lastDeliveredAtMs, failing, ', after some that arrived')}.`, failing, failingSinceMs);
}

/** What worked for a moment only is one series, for operators and so for everybody. */
function since(workedAtMs: number | undefined, failing: FailingNote | null, words: string): string {
  return workedAtMs !== undefined && failing !== null && workedAtMs > failing.sinceMs ? words : '';
}

function spell(words: string, failing: FailingNote | null, sinceMs: number | undefined): FailingWords {
  return { words, sinceMs: failing?.sinceMs ?? sinceMs };
}
