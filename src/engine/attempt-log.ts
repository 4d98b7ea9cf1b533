import type { Delivery, Verdict } from '../core/delivery.js';
import { uuidOf } from '../core/event.js';
import type { FailureReason, Outcome } from '../core/failure.js';
import type { Suspension } from '../core/suspension.js';
import type { Log } from '../ports.js';
import { isDigest, type Message } from './attempt.js';

/** The one line of an attempt, with everything that was decided about it. */
export function logAttempt(
  log: Log,
  { delivery, effect }: Verdict,
  outcome: Outcome,
  durationMs: number,
  message: Message,
): void {
  const { state, attempts, nextAttemptAtMs } = delivery;
  const failure: { reason?: FailureReason; detail: string } =
    outcome.kind === 'delivered' ? { detail: outcome.receipt } : { reason: outcome.reason, detail: outcome.detail };
  // For a suspended sink the next attempt is a trial, of whichever delivery.
  const isPlanned = state === 'pending' && nextAttemptAtMs !== null && effect.kind !== 'suspend';
  const fields = {
    ...subjectOf(delivery),
    ...(isDigest(message) && { digest: message.id, events: message.events.length }),
    attempts,
    ...failure,
    durationMs: Math.round(durationMs),
    ...(isPlanned && { nextAttemptAt: isoTime(nextAttemptAtMs) }),
    ...(effect.kind === 'pause' && { pausedUntil: isoTime(effect.untilMs) }),
  };
  if (state === 'delivered') log.info(fields, 'delivered');
  else if (state === 'dead') log.error(fields, 'delivery given up; redeliver it by hand');
  else log.warn(fields, 'attempt failed');
}

/** A line for the suspension, however many attempts were in flight, and one for each trial of it that fails. */
export function logSuspension(log: Log, sink: string, before: Suspension | null, now: Suspension | null): void {
  if (now === null || now.trials === before?.trials) return;
  const { reason, detail, nextTrialAtMs } = now;
  const fields = { sink, reason, detail, ...(nextTrialAtMs !== null && { nextTrialAt: isoTime(nextTrialAtMs) }) };
  if (before === null) log.error(fields, 'sink suspended: nothing more is sent to it for now');
  else log.warn(fields, 'a trial failed: the sink stays suspended');
}

/** Instead of the line of an attempt, when there was none. */
export function logUrlWait(log: Log, delivery: Delivery, detail: string): void {
  const { nextAttemptAtMs } = delivery;
  const fields = {
    ...subjectOf(delivery),
    detail,
    ...(nextAttemptAtMs !== null && { nextAttemptAt: isoTime(nextAttemptAtMs) }),
  };
  log.info(fields, 'a delivery waits for a fresh URL');
}

function subjectOf({ id, sink, event }: Delivery) {
  const { id: eventId, type, source } = event;
  const recording = uuidOf(event);
  return {
    sink,
    ...(source !== null && { source }),
    ...(recording !== null && { recording }),
    type,
    event: eventId,
    delivery: id,
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
