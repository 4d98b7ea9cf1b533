import type { Verdict } from '../core/delivery.js';
import type { Outcome } from '../core/failure.js';
import type { PollReport } from './poll-report.js';

/** Who is shown what happens as it happens: metrics and the status page. Must not throw. */
export interface Observer {
  polled(report: PollReport): void;
  attempted(attempt: ObservedAttempt): void;
}

/** One try of one message. */
export interface ObservedAttempt {
  readonly sink: string;
  /** Of the sink. */
  readonly type: string;
  readonly outcome: Outcome;
  /** For each delivery that went in it. */
  readonly verdicts: readonly Verdict[];
  readonly endedAtMs: number;
  readonly durationMs: number;
}
