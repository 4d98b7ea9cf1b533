import { backoffMs } from '../core/schedule.js';
import type { Clock, Log, Random, Timer } from '../ports.js';
import type { Cron } from './cron.js';
import type { PolledSource } from './polled-source.js';
import { type PollReport, rememberedBy, retryAfterMsOf } from './poller.js';

/** Two schedules that fire at the same second make one poll. */
const SAME_TIME_MS = 500;

export interface SchedulerPorts {
  readonly poll: (polled: PolledSource, signal: AbortSignal) => Promise<PollReport>;
  readonly cron: Cron;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Decides when a source is polled: at the start, on its schedule, more often while something is in processing, sooner after a failure. */
export interface SourceSchedule {
  /** Polls now and from now on. */
  start(): void;
  /** For how long polls have been made without one that was complete; 0 after one that was. */
  readonly overdueMs: number;
  /** One poll, or the one that is under way. */
  pollNow(): Promise<PollReport>;
  /** Ends the schedule, cuts off a poll under way and waits for it. */
  stop(): Promise<void>;
}

export function createSourceSchedule(polled: PolledSource, ports: SchedulerPorts): SourceSchedule {
  const { cron, clock, random, log } = ports;
  const { name, schedule, whileProcessing, timezone } = polled.config;
  const stopping = new AbortController();
  let underWay: Promise<PollReport> | undefined;
  let lastStartMs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  /** Monotonic: the first poll since the last complete one. */
  let owedSinceMs: number | undefined;
  let processing = 0;
  let rowsBefore: number | undefined;
  let retry: Timer | undefined;
  let crons: readonly Timer[] = [];

  function start(): void {
    crons = [
      cron(schedule, timezone, onTime),
      ...(whileProcessing === undefined ? [] : [cron(whileProcessing, timezone, () => processing > 0 && onTime())]),
    ];
    void pollNow();
  }

  function onTime(): void {
    if (underWay !== undefined || clock.monotonicMs() - lastStartMs < SAME_TIME_MS) return;
    if (clock.nowMs() < polled.silentUntilMs) return;
    void pollNow();
  }

  function pollNow(): Promise<PollReport> {
    underWay ??= pollOnce().finally(() => {
      underWay = undefined;
    });
    return underWay;
  }

  async function pollOnce(): Promise<PollReport> {
    retry?.cancel();
    lastStartMs = clock.monotonicMs();
    owedSinceMs ??= lastStartMs;
    const report = await ports.poll(polled, stopping.signal);
    // A part of the list says nothing of what is in processing further down.
    processing = report.result === 'complete' ? report.processing : Math.max(processing, report.processing);
    if (stopping.signal.aborted) return report;
    logReport(log, report, failures);
    if (report.held > 0) logFlood(log, report);
    if (report.result === 'complete') {
      owedSinceMs = undefined;
      noteRows(report);
    }
    failures = report.result === 'complete' ? 0 : failures + 1;
    if (failures > 0) planRetry(report);
    else noteThatItWorks();
    return report;
  }

  /** Whatever was to be waited for is over, also when the clock has gone back since. */
  function noteThatItWorks(): void {
    polled.silentUntilMs = 0;
    polled.askAgainAtMs = 0;
    polled.urlFailures = 0;
  }

  /** A platform that has lost its list answers like an empty account, so somebody should look. */
  function noteRows({ phase, rows }: PollReport): void {
    if (rows === 0 && rowsBefore !== 0 && phase === 'normal') {
      log.warn(
        { source: name, rowsBefore },
        'the list is empty: nothing counts as removed; check the account and the filters',
      );
    }
    rowsBefore = rows;
  }

  /** Sooner than a schedule that comes round once an hour, later than the platform asked for. */
  function planRetry(report: PollReport): void {
    const retryAfterMs = retryAfterMsOf(report);
    const delayMs = Math.max(backoffMs(failures, random()), retryAfterMs);
    polled.silentUntilMs = Math.max(polled.silentUntilMs, clock.nowMs() + retryAfterMs);
    retry = clock.after(delayMs, () => void pollNow());
    log.debug({ source: name, delayMs }, 'the next poll is planned');
  }

  async function stop(): Promise<void> {
    stopping.abort();
    retry?.cancel();
    for (const timer of crons) timer.cancel();
    await underWay;
  }

  return {
    start,
    pollNow,
    stop,
    get overdueMs() {
      return owedSinceMs === undefined ? 0 : clock.monotonicMs() - owedSinceMs;
    },
  };
}

/** One line for what an operator wants to know: news, a first poll's end, a failure and the end of failures. */
function logReport(log: Log, report: PollReport, failuresBefore: number): void {
  const { source, result, reason, error, phase, rows, rejected, available, processing, events, durationMs } = report;
  const counts = { source, rows, available, processing, rejected, events, durationMs };
  // What the pages had that came before it broke.
  const read = rows > 0 ? { rows, events } : {};
  const trouble = { source, reason, failedPolls: failuresBefore + 1, ...read, durationMs };
  if (result === 'failed') log.error({ ...trouble, ...unexpected(error) }, 'poll failed');
  else if (result === 'incomplete')
    log.warn(trouble, 'poll incomplete: what its good pages showed is told, the rest is not known');
  else if (phase !== 'normal')
    log.info({ ...counts, remembered: rememberedBy(report) }, 'first poll complete: from now on changes are told');
  else if (failuresBefore > 0) log.info({ ...counts, failedPolls: failuresBefore }, 'polls work again');
  else if (events > 0) log.info(counts, 'poll with news');
  else log.debug(counts, 'poll without news');
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

/** A SourceError says everything in its words; another error is logged with its stack. */
function unexpected(error: unknown): { error?: unknown } {
  return error instanceof Error && ['SourceError', 'StoreError'].includes(error.name) ? {} : { error };
}
