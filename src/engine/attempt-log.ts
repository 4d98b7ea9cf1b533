import type { Delivery, Verdict } from '../core/delivery.js';
import { uuidOf } from '../core/event.js';
import type { Failed, Outcome } from '../core/failure.js';
import type { Suspension } from '../core/suspension.js';
import type { Log, LogFields } from '../ports.js';
import { isDigest, type Message } from './attempt.js';
import type { Repeats } from './repeats.js';

/** Attempts of a sink that fail for one reason, and deliveries given up for one: so many in a row have a line each. */
const FULL_MAX = 5;

interface Ports {
  readonly log: Log;
  readonly repeats: Repeats;
}

/** The one line of an attempt, with everything that was decided about it. Failures that go on are summed up, and their lines go to debug. */
export function logAttempt(
  { log, repeats }: Ports,
  { delivery, effect }: Verdict,
  outcome: Outcome,
  durationMs: number,
  message: Message,
): void {
  const { state, attempts, nextAttemptAtMs, sink } = delivery;
  const detail = outcome.kind === 'delivered' ? outcome.receipt : outcome.detail;
  // For a suspended sink the next attempt is a trial, of whichever delivery.
  const isPlanned = state === 'pending' && nextAttemptAtMs !== null && effect.kind !== 'suspend';
  const fields = {
    ...subjectOf(delivery),
    ...(isDigest(message) && { digest: message.id, events: message.events.length }),
    attempts,
    ...(outcome.kind === 'failed' && { reason: outcome.reason }),
    detail,
    durationMs: Math.round(durationMs),
    ...(isPlanned && { nextAttemptAt: isoTime(nextAttemptAtMs) }),
    ...(effect.kind === 'pause' && { pausedUntil: isoTime(effect.untilMs) }),
  };
  if (outcome.kind === 'delivered') {
    repeats.works(`sink ${sink}`);
    log.info(fields, 'delivered');
  } else if (state === 'dead')
    logGivenUp(repeats, delivery, outcome, fields, 'delivery given up; redeliver it by hand');
  else logFailed(repeats, delivery, outcome, fields);
}

function logFailed(repeats: Repeats, { id, sink }: Delivery, { reason, detail }: Failed, fields: LogFields): void {
  repeats.failed({
    ...{ subject: `sink ${sink}`, kind: reason, level: 'warn', fields, fullMax: FULL_MAX },
    message: 'attempt failed',
    sum: {
      message: 'attempts go on failing',
      fields: { sink, reason, detail },
      ...{ counts: 'failed', of: ['deliveries', id] },
    },
    end: { message: 'attempts failed until one was delivered', isNews: false },
  });
}

/** Whether an attempt gave it up or the time that it has waited. */
export function logGivenUp(
  repeats: Repeats,
  { sink }: Delivery,
  { reason, detail }: Pick<Failed, 'reason' | 'detail'>,
  fields: LogFields,
  message: 'delivery given up; redeliver it by hand' | 'delivery given up: it waited 30 days for its sink',
): void {
  const next = '"deliveries --state dead" lists them; "redeliver --dead" sends them again';
  repeats.failed({
    ...{ subject: `dead of ${sink}`, kind: reason, level: 'error', fields, fullMax: FULL_MAX, message },
    isPassing: true,
    sum: { message: 'deliveries go on being given up', fields: { sink, reason, detail, next }, counts: 'givenUp' },
  });
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
export function logUrlWait(repeats: Repeats, delivery: Delivery, detail: string): void {
  const { id, event, nextAttemptAtMs } = delivery;
  const { source } = event;
  repeats.failed({
    ...{ subject: `URLs of ${source}`, kind: 'waits', level: 'info', fullMax: FULL_MAX, isPassing: true },
    message: 'a delivery waits for a fresh URL',
    fields: {
      ...subjectOf(delivery),
      detail,
      ...(nextAttemptAtMs !== null && { nextAttemptAt: isoTime(nextAttemptAtMs) }),
    },
    sum: {
      message: 'deliveries go on waiting for fresh URLs',
      fields: { source, detail },
      ...{ counts: 'waits', of: ['deliveries', id] },
    },
  });
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
