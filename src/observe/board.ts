import type { Outcome } from '../core/failure.js';
import type { ObservedAttempt, Observer } from '../engine/observer.js';
import type { PollReport } from '../engine/poll-report.js';
import type { Clock } from '../ports.js';

/** Polls of a source whose durations are kept. */
const DURATIONS_MAX = 60;

/** What was seen of a source since the start. Times are wall clock. */
export interface SourceNote {
  readonly last: PollReport;
  readonly lastAtMs: number;
  readonly lastComplete: PollReport | undefined;
  readonly lastCompleteAtMs: number | undefined;
  /** Polls that were not complete, in a row, the last one included. */
  readonly failures: number;
  readonly failingSinceMs: number | undefined;
  /** Of the latest polls, the oldest first. */
  readonly durationsMs: readonly number[];
}

/** What was seen of a sink since the start. Times are wall clock. */
export interface SinkNote {
  readonly lastAtMs: number;
  readonly lastDeliveredAtMs: number | undefined;
  readonly lastFailure: (Outcome & { readonly kind: 'failed' }) | undefined;
  readonly lastFailureAtMs: number | undefined;
  /** Failed attempts in a row, the last one included. */
  readonly failures: number;
  readonly failingSinceMs: number | undefined;
}

/** What happened lately, for whoever looks. In memory, and bounded by the sources and sinks that there are. */
export interface Board extends Observer {
  source(name: string): SourceNote | undefined;
  sink(name: string): SinkNote | undefined;
}

export function createBoard({ nowMs }: Pick<Clock, 'nowMs'>): Board {
  const sources = new Map<string, SourceNote>();
  const sinks = new Map<string, SinkNote>();

  return {
    source: (name) => sources.get(name),
    sink: (name) => sinks.get(name),
    polled: (report) => void sources.set(report.source, afterPoll(sources.get(report.source), report, nowMs())),
    attempted: (attempt) => void sinks.set(attempt.sink, afterAttempt(sinks.get(attempt.sink), attempt)),
  };
}

function afterPoll(before: SourceNote | undefined, report: PollReport, atMs: number): SourceNote {
  const isComplete = report.result === 'complete';
  return {
    last: report,
    lastAtMs: atMs,
    lastComplete: isComplete ? report : before?.lastComplete,
    lastCompleteAtMs: isComplete ? atMs : before?.lastCompleteAtMs,
    failures: isComplete ? 0 : (before?.failures ?? 0) + 1,
    failingSinceMs: isComplete ? undefined : (before?.failingSinceMs ?? atMs),
    durationsMs: [...(before?.durationsMs ?? []), report.durationMs].slice(-DURATIONS_MAX),
  };
}

function afterAttempt(before: SinkNote | undefined, { outcome, endedAtMs }: ObservedAttempt): SinkNote {
  const isDelivered = outcome.kind === 'delivered';
  return {
    lastAtMs: endedAtMs,
    lastDeliveredAtMs: isDelivered ? endedAtMs : before?.lastDeliveredAtMs,
    lastFailure: outcome.kind === 'failed' ? outcome : before?.lastFailure,
    lastFailureAtMs: isDelivered ? before?.lastFailureAtMs : endedAtMs,
    failures: isDelivered ? 0 : (before?.failures ?? 0) + 1,
    failingSinceMs: isDelivered ? undefined : (before?.failingSinceMs ?? endedAtMs),
  };
}
