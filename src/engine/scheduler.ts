import { backoffMs } from '../core/schedule.js';
import type { Clock, Log, Random, Timer } from '../ports.js';
import type { Cron, CronTimer } from './cron.js';
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
  readonly isPolling: boolean;
  /** When it is polled next if nobody asks for it sooner, wall clock; null while it is not scheduled. */
  readonly nextPollAtMs: number | null;
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
  let retry: (Timer & { readonly dueAtMs: number }) | undefined;
  let crons: readonly CronTimer[] = [];
  let whileProcessingCron: CronTimer | undefined;

  function start(): void {
    if (whileProcessing !== undefined)
      whileProcessingCron = cron(whileProcessing, timezone, () => processing > 0 && onTime());
    crons = [cron(schedule, timezone, onTime), ...(whileProcessingCron ? [whileProcessingCron] : [])];
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
    retry = undefined;
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
    const timer = clock.after(delayMs, () => void pollNow());
    retry = { cancel: () => timer.cancel(), dueAtMs: clock.nowMs() + delayMs };
    log.debug({ source: name, delayMs }, 'the next poll is planned');
  }

  function nextPollAtMs(): number | null {
    if (crons.length === 0 || stopping.signal.aborted) return null;
    const onSchedule = crons.filter((timer) => timer !== whileProcessingCron || processing > 0);
    const cronAtMs = Math.max(Math.min(...onSchedule.map(({ nextMs }) => nextMs)), polled.silentUntilMs);
    const atMs = Math.min(cronAtMs, retry?.dueAtMs ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(atMs) ? atMs : null;
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
    get isPolling() {
      return underWay !== undefined;
    },
    get nextPollAtMs() {
      return nextPollAtMs();
    },
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
