import type { Clock, Log } from '../ports.js';
import { SourceError } from '../source/define.js';
import { type PollReport, rememberedBy } from './poll-report.js';
import { createRepeats, type Repeats } from './repeats.js';

/** One line for what an operator wants to know of the polls of a source: a first poll's end, failures and their end. Events have their own. */
export interface PollLog {
  note(report: PollReport): void;
  /** Tells what is untold. */
  stop(): void;
}

const POLLS = 'polls';
const ROWS = 'rows';

export function createPollLog(ports: { readonly clock: Clock; readonly log: Log }): PollLog {
  const { log } = ports;
  const repeats = createRepeats(ports);
  let rowsBefore: number | undefined;

  function note(report: PollReport): void {
    if (report.rejected > 0) repeats.failed(rejectedTrouble(report));
    if (report.held > 0) logFlood(log, report);
    if (report.result !== 'complete') {
      noteFailure(repeats, report);
      return;
    }
    if (report.rejected === 0) repeats.works(ROWS);
    noteComplete(report);
    noteRows(report);
  }

  function noteComplete(report: PollReport): void {
    const { source, phase, rows, rejected, available, processing, events, durationMs } = report;
    const counts = { source, rows, available, processing, rejected, events, durationMs };
    repeats.works(POLLS, counts);
    if (phase !== 'normal')
      log.info({ ...counts, remembered: rememberedBy(report) }, 'first poll complete: from now on changes are told');
    else log.debug(counts, events > 0 ? 'poll with news' : 'poll without news');
  }

  /** A platform that has lost its list answers like an empty account, so somebody should look. */
  function noteRows({ source, phase, rows }: PollReport): void {
    if (rows === 0 && rowsBefore !== 0 && phase === 'normal') {
      log.warn(
        { source, rowsBefore },
        'the list is empty: nothing counts as removed; check the account and the filters',
      );
    }
    rowsBefore = rows;
  }

  return { note, stop: repeats.stop };
}

function noteFailure(repeats: Repeats, { source, result, reason, error, rows, events, durationMs }: PollReport): void {
  // What the pages had that came before it broke.
  const read = rows > 0 ? { rows, events } : {};
  const unexpected = unexpectedOf(error);
  repeats.failed({
    ...{ subject: POLLS, kind: POLLS, variant: withoutNumbers(reason) },
    level: unexpected === undefined ? 'warn' : 'error',
    message:
      result === 'failed'
        ? 'poll failed'
        : 'poll incomplete: what its good pages showed is told, the rest is not known',
    fields: { source, reason, ...read, durationMs, ...unexpected },
    sum: { message: 'polls go on failing', fields: { source, reason }, counts: 'failedPolls' },
    end: { message: 'polls work again', isNews: true },
  });
}

/** The same reason has other bytes and times at each poll; only the status of an answer is part of it. */
function withoutNumbers(reason: string | undefined): string | undefined {
  return reason?.replace(/(?<!status )\d+/g, '');
}

/** Twenty reasons at most are kept of a page, and of a poll. */
function rejectedTrouble({ source, rejected, rejectedReasons: reasons }: PollReport) {
  const fields = { source, rejected, reasons };
  return {
    ...{ subject: ROWS, kind: ROWS, variant: variantOf(rejected, reasons), fields },
    level: 'warn' as const,
    message: 'rows of the list are not recordings and were set aside',
    sum: { message: 'rows of the list go on being set aside', fields, counts: 'polls' },
    end: { message: 'every row of the list is a recording again', isNews: false },
  };
}

/** Without the places of rows, which move with every new recording. */
function variantOf(rejected: number, reasons: readonly string[]): string {
  return JSON.stringify([rejected, ...new Set(reasons.map((reason) => reason.replace(/^row \d+ /, '')))]);
}

/** Once a poll, whatever its result: what it held stays so until somebody decides. */
function logFlood(log: Log, { source, events, held }: PollReport): void {
  log.error(
    {
      source,
      events,
      held,
      why: 'many recordings at once after a long downtime, a changed filter or account, or a platform that gave all recordings new uuids',
      next: '"deliveries --state held" lists them; "release" sends them, "discard" gives them up',
    },
    'one poll made more events than delivery.floodLimit: the deliveries of the rest are held until you decide',
  );
}

/** A SourceError says everything in its words, unless it wraps a bug; another error is logged with its stack. */
function unexpectedOf(error: unknown): { error: unknown } | undefined {
  if (error instanceof SourceError && error.kind === 'source_threw') return { error: error.cause };
  const isExpected =
    error === undefined || (error instanceof Error && ['SourceError', 'StoreError'].includes(error.name));
  return isExpected ? undefined : { error };
}
