import { type Delivery, givenUp } from '../core/delivery.js';
import { isRecordingEvent, type StoredRecordingEvent } from '../core/event.js';
import { FAILURE_REASONS } from '../core/failure.js';
import type { DeliveryId } from '../core/id.js';
import { waitedTooLong } from '../core/suspension.js';
import type { Clock, Ledger, Log, Timer } from '../ports.js';
import { logGivenUp } from './attempt-log.js';
import type { Dispatcher } from './dispatcher.js';
import { createRepeats, type Repeats } from './repeats.js';

const EVERY_MS = 3_600_000;
/** Deliveries forgotten at once. */
const BATCH_MAX = 500;

export interface Retention {
  readonly keepDeliveredMs: number;
  readonly keepDeadMs: number;
}

export interface SweeperPorts {
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly retention: () => Retention;
  readonly clock: Clock;
  readonly log: Log;
}

/** Once an hour: gives up what has waited for its sink too long, and forgets what was finished long ago. */
export interface Sweeper {
  start(): void;
  stop(): Promise<void>;
}

export function createSweeper(ports: SweeperPorts): Sweeper {
  let timer: Timer | undefined;
  let underWay: Promise<void> = Promise.resolve();
  let stopped = false;

  function start(): void {
    underWay = sweep(ports, () => stopped)
      .catch((error: unknown) => ports.log.error({ error }, 'the hourly sweep failed; it is repeated in an hour'))
      .then(() => {
        if (!stopped) timer = ports.clock.after(EVERY_MS, start);
      });
  }

  return {
    start,
    stop: async () => {
      stopped = true;
      timer?.cancel();
      await underWay;
    },
  };
}

/** @param isStopped asked between records; a sweep that ends early loses nothing */
export async function sweep(ports: SweeperPorts, isStopped: () => boolean = () => false): Promise<void> {
  const repeats = createRepeats(ports);
  try {
    await giveUpWaiting(ports, repeats, isStopped);
  } finally {
    repeats.stop();
  }
  await forgetFinished(ports, isStopped);
}

async function giveUpWaiting(
  { ledger, dispatcher, clock }: SweeperPorts,
  repeats: Repeats,
  isStopped: () => boolean,
): Promise<void> {
  for await (const delivery of ledger.pending()) {
    if (isStopped()) return;
    if (delivery.state === 'held' || isKeptStill(delivery.sink, dispatcher)) continue;
    const nowMs = clock.nowMs();
    const dueAtMs = delivery.nextAttemptAtMs ?? delivery.createdAtMs;
    const reason = waitedTooLong(dispatcher.stateOf(delivery.sink), dueAtMs, nowMs);
    if (reason === undefined) continue;
    // The scan may be older than a trial that has just delivered it.
    const changed = await dispatcher.orders.change(delivery.id, (stored) =>
      stored.state === 'pending' ? givenUp(stored, reason, nowMs) : undefined,
    );
    if (changed === undefined || changed === 'under_way') continue;
    const fields = { delivery: delivery.id, sink: delivery.sink, reason };
    const why = { reason, detail: FAILURE_REASONS[reason].help };
    logGivenUp(repeats, delivery, why, fields, 'delivery given up: it waited 30 days for its sink');
  }
}

/** Nothing dies of a pause: while it lasts nobody finds out whether a suspended sink works again. One that is gone is so all the same. */
function isKeptStill(sink: string, dispatcher: Dispatcher): boolean {
  return dispatcher.pausedSinceMs(sink) !== undefined && dispatcher.stateOf(sink).inactive === null;
}

async function forgetFinished(ports: SweeperPorts, isStopped: () => boolean): Promise<void> {
  const { ledger, retention, clock } = ports;
  let old: Delivery[] = [];
  for await (const delivery of ledger.finished()) {
    if (isStopped()) return;
    if (!isOld(delivery, retention(), clock.nowMs()) || old.push(delivery) < BATCH_MAX) continue;
    await forget(old, ports);
    old = [];
  }
  await forget(old, ports);
}

async function forget(old: readonly Delivery[], { ledger, dispatcher }: SweeperPorts): Promise<void> {
  const ids = new Set(await forgettable(old, ledger));
  await dispatcher.orders.forget(old.filter(({ id }) => ids.has(id)));
}

function isOld({ state, finishedAtMs }: Delivery, { keepDeliveredMs, keepDeadMs }: Retention, nowMs: number): boolean {
  const keepMs = state === 'dead' ? keepDeadMs : keepDeliveredMs;
  return finishedAtMs !== null && nowMs - finishedAtMs > keepMs;
}

const COUNTED_AS_AVAILABLE: readonly string[] = ['recording.available', 'recording.archived'];

/**
 * A delivery keeps its event from being made again, until the stored state of its recording does. The two are written at once, but a
 * store that is not atomic may have lost the state. An operator event is made once: its alarm is stored before it, and moves on.
 */
async function forgettable(deliveries: readonly Delivery[], ledger: Ledger): Promise<DeliveryId[]> {
  const ids: DeliveryId[] = [];
  const ofSources = new Map<string, { readonly id: DeliveryId; readonly event: StoredRecordingEvent }[]>();
  for (const { id, event } of deliveries) {
    if (!isRecordingEvent(event)) ids.push(id);
    else ofSources.set(event.source, [...(ofSources.get(event.source) ?? []), { id, event }]);
  }
  for (const [source, some] of ofSources) {
    // Until then a first poll that broke off while it announced begins anew, and announces what it has announced.
    if ((await ledger.sourceMark(source)) === undefined) continue;
    const states = await ledger.recordings(source, [...new Set(some.map(({ event }) => event.data.recording.uuid))]);
    for (const { id, event } of some) {
      const state = states.get(event.data.recording.uuid);
      const reached = COUNTED_AS_AVAILABLE.includes(event.type) ? state?.availableCount : state?.processingCount;
      if (reached !== undefined && reached >= event.data.occurrence) ids.push(id);
    }
  }
  return ids;
}
