import type { Delivery } from './delivery.js';
import { isRecordingEvent, type StoredEvent } from './event.js';
import { DEAD_LISTED_MAX, type DeadDelivery } from './operator-event.js';

/** Many die together: when a sink's outbox is given up, or at the first attempts after a change at the receiver. */
const COLLECT_MS = 5_000;
const BETWEEN_MS = 10 * 60_000;

/** Deliveries of one sink that were given up since an operator heard of it last. */
export interface DeadAlarm {
  /** When the first of them died; with the sink's name it tells this alarm from others. */
  readonly sinceMs: number;
  readonly count: number;
  /** Of the latest one. */
  readonly reason: string;
  /** The first {@link DEAD_LISTED_MAX}. */
  readonly listed: readonly DeadDelivery[];
  readonly toldAtMs: number | null;
}

/** One that a person gave up is no news, and one of an operator event makes no further one. */
export function isDeath({ state, event, lastError }: Delivery): boolean {
  return state === 'dead' && isRecordingEvent(event) && lastError?.reason !== 'discarded';
}

export function withDead(alarm: DeadAlarm | null, delivery: Delivery, nowMs: number): DeadAlarm {
  const diedAtMs = delivery.finishedAtMs ?? nowMs;
  const { count, listed, toldAtMs, sinceMs } = alarm ?? { count: 0, listed: [], toldAtMs: null, sinceMs: diedAtMs };
  return {
    // Two alarms of a sink must differ in it, also when the clock has gone back.
    sinceMs: count > 0 || alarm === null ? sinceMs : Math.max(diedAtMs, sinceMs + 1),
    count: count + 1,
    reason: delivery.lastError?.reason ?? 'unknown',
    listed: listed.length < DEAD_LISTED_MAX ? [...listed, lineOf(delivery.id, delivery.event)] : listed,
    toldAtMs,
  };
}

function lineOf(id: Delivery['id'], event: StoredEvent): DeadDelivery {
  return { id, eventId: event.id, type: event.type, uuid: isRecordingEvent(event) ? event.data.recording.uuid : '' };
}

/**
 * How long until it may be told; undefined when there is nothing to tell.
 *
 * @param hurry nobody collects any longer, as the program ends
 */
export function deadNewsInMs(alarm: DeadAlarm, nowMs: number, hurry: boolean): number | undefined {
  if (alarm.count === 0) return undefined;
  const collectedInMs = hurry ? 0 : leftOf(COLLECT_MS, alarm.sinceMs, nowMs);
  return Math.max(collectedInMs, alarm.toldAtMs === null ? 0 : leftOf(BETWEEN_MS, alarm.toldAtMs, nowMs));
}

/** A moment that is still to come was noted before the clock went back, and counts as long ago. */
function leftOf(waitMs: number, fromMs: number, nowMs: number): number {
  return fromMs > nowMs ? 0 : Math.max(0, waitMs - (nowMs - fromMs));
}

/** What is left of it once it is told. */
export function afterDeadNews({ sinceMs, reason }: DeadAlarm, nowMs: number): DeadAlarm {
  return { sinceMs, count: 0, reason, listed: [], toldAtMs: nowMs };
}

/** Whether it holds nothing that the next one has to know. */
export function isOver({ count, toldAtMs }: DeadAlarm, nowMs: number): boolean {
  return count === 0 && (toldAtMs === null || leftOf(BETWEEN_MS, toldAtMs, nowMs) === 0);
}
