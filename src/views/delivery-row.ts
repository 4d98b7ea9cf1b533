import type { Delivery } from '../core/delivery.js';
import { uuidOf } from '../core/event.js';
import { SINK_WORKS, type SinkState } from '../core/suspension.js';
import { uncountedOf } from './attempts.js';

/**
 * What a program is shown of a delivery: `deliveries --json`, and `/api/deliveries`.
 *
 * @param sinkState of its sink; undefined: nothing is known of that
 * @param isPaused  a person keeps its sink still
 */
export function deliveryRow(delivery: Delivery, sinkState: SinkState | undefined, isPaused: boolean) {
  const { id, event, sink, state, attempts, lastError, createdAtMs, history } = delivery;
  const digest = history.at(-1)?.digest;
  const nextAttemptAtMs = isPaused ? null : nextAttemptOf(delivery, sinkState);
  return {
    id: id as string,
    eventId: event.id as string,
    type: event.type as string,
    source: event.source,
    uuid: uuidOf(event) as string | null,
    sink,
    state,
    attempts,
    uncountedAttempts: uncountedOf(delivery),
    nextAttemptAt: nextAttemptAtMs === null ? null : new Date(nextAttemptAtMs).toISOString(),
    lastError: lastError === null ? null : `${lastError.reason}: ${lastError.detail}`,
    createdAt: new Date(createdAtMs).toISOString(),
    // Of the latest attempt, where it was one of a digest.
    ...(digest !== undefined && { digest: digest.id as string }),
  };
}

/** A suspended sink gets nothing before its next trial, whichever delivery that takes; null where none is planned. */
function nextAttemptOf({ state, nextAttemptAtMs }: Delivery, sinkState = SINK_WORKS): number | null {
  const { suspension } = sinkState;
  return state === 'pending' && suspension !== null ? suspension.nextTrialAtMs : nextAttemptAtMs;
}
