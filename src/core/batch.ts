import type { Delivery } from './delivery.js';
import { isRecordingEvent } from './event.js';
import type { DeliveryId } from './id.js';

/** Events of one digest at most: each needs a block of its own in Slack, which takes fifty. */
export const BATCH_MAX = 50;

/** How a sink collects. */
export interface DigestPolicy {
  /** From when the oldest was first due. */
  readonly everyMs: number;
  /** 1 to {@link BATCH_MAX}. */
  readonly max: number;
}

/**
 * Deliveries of one sink that go in one message, two or more. Each of them has all of their ids stored with it, so that one is enough
 * to know the others, and the same message comes of them at every attempt and after a crash.
 */
export interface Batch {
  readonly id: string;
  /** As they were stored, in the order in which they are told. Some may have left since: by hand, or given up. */
  readonly members: readonly DeliveryId[];
  readonly createdAtMs: number;
  readonly nextAttemptAtMs: number | null;
}

/**
 * Whether it may wait for others to go with. What is for operators never does, nor what somebody asked for, nor what has been sent
 * already in whatever company: a repeat is the same message.
 */
export function isCollectable({ event, batch, round, history }: Delivery): boolean {
  return batch === undefined && round === 0 && history.length === 0 && isRecordingEvent(event);
}

/** What it goes with; undefined for one that goes by itself. */
export function batchOf({ batch = [], createdAtMs, nextAttemptAtMs }: Delivery): Batch | undefined {
  const [first] = batch;
  if (first === undefined || batch.length === 1) return undefined;
  return { id: `batch ${first}`, members: batch, createdAtMs, nextAttemptAtMs };
}

/** From now on they go together and at the same times, or by itself the one that found no company. To be stored before they are sent. */
export function batched(deliveries: readonly Delivery[], nowMs: number): readonly Delivery[] {
  const batch = deliveries.map(({ id }) => id);
  return deliveries.map((delivery) => ({ ...delivery, batch, nextAttemptAtMs: nowMs, urlWaitSinceMs: null }));
}

/** Those that a batch still has, in its order. */
export function membersOf({ id, members }: Batch, stored: readonly Delivery[]): readonly Delivery[] {
  const there = stored.filter((delivery) => delivery.state === 'pending' && batchOf(delivery)?.id === id);
  return members.flatMap((member) => there.find((delivery) => delivery.id === member) ?? []);
}

export function isBatch(item: Delivery | Batch): item is Batch {
  return 'members' in item;
}
