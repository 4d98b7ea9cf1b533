import { type Delivery, givenUp, released } from '../core/delivery.js';
import type { CountLine, DecideOrder } from '../core/order.js';
import type { Clock, Ledger } from '../ports.js';
import { Counts } from './counts.js';
import type { Dispatcher } from './dispatcher.js';

/** Deliveries changed at once: as many as go into one write. */
const AT_ONCE_MAX = 250;

export interface DecidePorts {
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
}

/**
 * Releases or discards everything that is held, batch by batch. What a crash does not let it reach is still held, and the same order
 * given again goes on there.
 */
export async function* decide(order: DecideOrder, ports: DecidePorts): AsyncGenerator<CountLine> {
  const counts = new Counts(order.kind === 'release' ? 'released' : 'discarded');
  for await (const batch of heldOf(order.source, ports.ledger)) {
    // What is left stays held: the order can be given again.
    if (ports.dispatcher.isStopping) break;
    const changed = await Promise.all(batch.map((delivery) => decideOne(delivery, order, ports)));
    for (const delivery of changed) if (delivery !== undefined) counts.add(delivery);
  }
  // It is held no longer; what is released for a sink that is gone or disabled waits for it from now on. A reading counts both.
  if (counts.size > 0) ports.dispatcher.readAgain();
  yield* counts.lines();
}

async function* heldOf(source: string | null, ledger: Ledger): AsyncGenerator<readonly Delivery[]> {
  let batch: Delivery[] = [];
  for await (const delivery of ledger.pending()) {
    if (delivery.state !== 'held' || (source !== null && delivery.event.source !== source)) continue;
    if (batch.push(delivery) < AT_ONCE_MAX) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** The scan may be older than what somebody else has just decided. */
async function decideOne(
  { id }: Delivery,
  { kind }: DecideOrder,
  { dispatcher, clock }: DecidePorts,
): Promise<Delivery | undefined> {
  const nowMs = clock.nowMs();
  const changed = await dispatcher.orders.change(id, (stored) => {
    if (stored.state !== 'held') return undefined;
    return kind === 'release' ? released(stored, nowMs) : givenUp(stored, 'discarded', nowMs);
  });
  if (changed === undefined || changed === 'under_way') return undefined;
  if (changed.state === 'pending') dispatcher.offer([changed]);
  return changed;
}
