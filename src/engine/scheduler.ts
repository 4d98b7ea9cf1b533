import { RETRY_AFTER_MS_MAX } from '../core/retry-after.js';
import { backoffMs } from '../core/schedule.js';
import type { Clock, Log, Random, Timer } from '../ports.js';
import type { Cron, CronTimer } from './cron.js';
import { createPollLog } from './poll-log.js';
import { type PollReport, retryAfterMsOf } from './poll-report.js';
import type { PolledSource } from './polled-source.js';

/** Two schedules that fire at the same second make one poll. */
const SAME_TIME_MS = 500;

export interface SchedulerPorts {
  readonly poll: (polled: PolledSource, signal: AbortSignal) => Promise<PollReport>;
  /** After the last poll: stores what is only in memory. */
  readonly save: (polled: PolledSource) => Promise<void>;
  /** A person keeps the source still: nothing is asked by itself. */
  readonly isPaused: () => boolean;
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
  /** It goes on: polls now, as far as the platform allows, if it has been started. */
  resumed(): void;
  /** One poll, or the one that is under way. */
  pollNow(): Promise<PollReport>;
  /** Ends the schedule, cuts off a poll under way and waits for it. */
  stop(): Promise<void>;
}

export function createSourceSchedule(polled: PolledSource, ports: SchedulerPorts): SourceSchedule {
  const { isPaused, cron, clock, random, log } = ports;
  const pollLog = createPollLog({ clock, log });
  const { name, schedule, whileProcessing, fullWalk, timezone } = polled.config;
  const stopping = new AbortController();
  let underWay: Promise<PollReport> | undefined;
  let lastStartMs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  /** Monotonic: the first poll since the last complete one. */
  let owedSinceMs: number | undefined;
  let processing = 0;
  let retry: (Timer & { readonly dueAtMs: number }) | undefined;
  let crons: readonly CronTimer[] = [];
  let whileProcessingCron: CronTimer | undefined;

  const fullWalkCron = cron(fullWalk, timezone, () => {
    polled.walks.isFullDue = true;
  });
  polled.walks.fullEveryMs = fullWalkCron.periodMs;

  function start(): void {
    if (whileProcessing !== undefined)
      whileProcessingCron = cron(whileProcessing, timezone, () => processing > 0 && onTime());
    crons = [cron(schedule, timezone, onTime), ...(whileProcessingCron ? [whileProcessingCron] : [])];
    pollByItself();
  }

  function pollByItself(): void {
    if (!isPaused()) void pollNow();
  }

  function resumed(): void {
    owedSinceMs = undefined;
    if (crons.length === 0 || stopping.signal.aborted) return;
    // A longer silence than any platform may ask for means that the clock went back.
    const silentMs = Math.min(polled.silentUntilMs - clock.nowMs(), RETRY_AFTER_MS_MAX);
    if (silentMs <= 0) pollByItself();
    else pollIn(silentMs);
  }

  function onTime(): void {
    if (underWay !== undefined || clock.monotonicMs() - lastStartMs < SAME_TIME_MS) return;
    if (clock.nowMs() < polled.silentUntilMs) return;
    pollByItself();
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
    processing = report.result === 'complete' ? report.awaited : Math.max(processing, report.awaited);
    if (stopping.signal.aborted) return report;
    pollLog.note(report);
    if (report.result === 'complete') owedSinceMs = undefined;
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

  /** Sooner than a schedule that comes round once an hour, later than the platform asked for. */
  function planRetry(report: PollReport): void {
    const retryAfterMs = retryAfterMsOf(report);
    const delayMs = Math.max(backoffMs(failures, random()), retryAfterMs);
    polled.silentUntilMs = Math.max(polled.silentUntilMs, clock.nowMs() + retryAfterMs);
    pollIn(delayMs);
    log.debug({ source: name, delayMs }, 'the next poll is planned');
  }

  function pollIn(delayMs: number): void {
    retry?.cancel();
    const timer = clock.after(delayMs, pollByItself);
    retry = { cancel: () => timer.cancel(), dueAtMs: clock.nowMs() + delayMs };
  }

  function nextPollAtMs(): number | null {
    if (crons.length === 0 || stopping.signal.aborted || isPaused()) return null;
    const onSchedule = crons.filter((timer) => timer !== whileProcessingCron || processing > 0);
    const cronAtMs = Math.max(Math.min(...onSchedule.map(({ nextMs }) => nextMs)), polled.silentUntilMs);
    const atMs = Math.min(cronAtMs, retry?.dueAtMs ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(atMs) ? atMs : null;
  }

  async function stop(): Promise<void> {
    stopping.abort();
    retry?.cancel();
    for (const timer of [...crons, fullWalkCron]) timer.cancel();
    await underWay;
    await ports.save(polled);
    pollLog.stop();
  }

  return {
    start,
    resumed,
    pollNow,
    stop,
    get isPolling() {
      return underWay !== undefined;
    },
    get nextPollAtMs() {
      return nextPollAtMs();
    },
    get overdueMs() {
      return owedSinceMs === undefined || isPaused() ? 0 : clock.monotonicMs() - owedSinceMs;
    },
  };
}
