import { type Delivery, isDiscarded, moved, newDelivery } from '../core/delivery.js';
import { type DeliveryId, deliveryIdOf, type Sha256 } from '../core/id.js';
import { isAbout } from '../core/operator-news.js';
import type { CountLine, DeliveryLine, RedeliverOrder } from '../core/order.js';
import type { Clock, Ledger } from '../ports.js';
import type { RoutedSink } from './commit-changes.js';
import { Counts } from './counts.js';
import { lineOf } from './delivery-line.js';
import type { Dispatcher } from './dispatcher.js';

/** Attempts asked for at once; each sink's own concurrency holds as well. */
const AT_ONCE_MAX = 200;

export interface RedeliverPorts {
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly sinks: () => readonly RoutedSink[];
  readonly sha256: Sha256;
  readonly clock: Clock;
}

/** One attempt of everything that the order names, then a new schedule for what failed. */
export async function* redeliver(
  order: RedeliverOrder,
  ports: RedeliverPorts,
): AsyncGenerator<DeliveryLine | CountLine> {
  const unknown = new Set(order.ids);
  const skipped = new Counts('skipped');
  let batch: Delivery[] = [];
  for await (const delivery of selected(order, ports.ledger)) {
    unknown.delete(delivery.id);
    unknown.delete(delivery.event.id);
    if (await isToldAlready(delivery, batch, order, ports)) {
      skipped.add(delivery, order.to ?? undefined);
      continue;
    }
    if (batch.push(delivery) < AT_ONCE_MAX) continue;
    yield* deliverAll(batch, order, ports);
    // What is left stays as it is: the next program can be asked for it.
    if (ports.dispatcher.isStopping) return;
    batch = [];
  }
  yield* deliverAll(batch, order, ports);
  yield* skipped.lines();
  for (const id of unknown)
    yield { id, eventId: null, sink: null, result: 'unknown', detail: 'no such event or delivery is stored' };
}

/**
 * Whether the sink that everything dead is moved to has been told, is about to be, or gets it from another sink's dead delivery in the
 * same batch. Nobody has asked for that one by its id, so nobody wants the repeat.
 */
async function isToldAlready(
  delivery: Delivery,
  batch: readonly Delivery[],
  { dead, to }: RedeliverOrder,
  { ledger, sha256 }: RedeliverPorts,
): Promise<boolean> {
  if (!dead || to === null) return false;
  if (batch.some(({ event }) => event.id === delivery.event.id)) return true;
  const stored = await ledger.delivery(deliveryIdOf(sha256, delivery.event.id, to));
  return stored !== undefined && stored.state !== 'dead';
}

async function* selected(order: RedeliverOrder, ledger: Ledger): AsyncGenerator<Delivery> {
  const wanted = new Set(order.ids);
  const found = new Set<DeliveryId>();
  const matches = (delivery: Delivery) => {
    if (order.sink !== null && delivery.sink !== order.sink) return false;
    if (order.sparesDiscarded && isDiscarded(delivery)) return false;
    if (order.dead) return delivery.state === 'dead' && (delivery.finishedAtMs ?? 0) >= (order.sinceMs ?? 0);
    return wanted.has(delivery.id) || wanted.has(delivery.event.id);
  };
  for (const deliveries of [ledger.pending(), ledger.finished()]) {
    for await (const delivery of deliveries) {
      // A redelivery that fails for good turns up among the finished ones again.
      if (!matches(delivery) || found.has(delivery.id)) continue;
      found.add(delivery.id);
      yield delivery;
    }
  }
}

async function* deliverAll(batch: readonly Delivery[], order: RedeliverOrder, ports: RedeliverPorts) {
  yield* await Promise.all(
    batch.map((delivery) => (order.to === null ? again(delivery, ports) : move(delivery, order.to, ports))),
  );
}

async function again(delivery: Delivery, { dispatcher }: RedeliverPorts): Promise<DeliveryLine> {
  return lineOf(delivery, await dispatcher.orders.redeliver(delivery.id), noteOf(delivery));
}

/** The new sink gets the same event; the old delivery is forgotten once the new one is stored, unless it was made: that stays true. */
async function move(delivery: Delivery, to: string, ports: RedeliverPorts): Promise<DeliveryLine> {
  const { dispatcher, clock, sha256 } = ports;
  if (isAbout(delivery.event, to)) {
    const detail = `it is about ${to}, which is not told of its own trouble; name another sink`;
    return { id: delivery.id, eventId: delivery.event.id, sink: to, result: 'unwanted', detail };
  }
  const id = deliveryIdOf(sha256, delivery.event.id, to);
  const includeUrl = ports.sinks().find(({ name }) => name === to)?.includeUrl ?? true;
  const nowMs = clock.nowMs();
  const made = { ...newDelivery(id, to, delivery.event, includeUrl, nowMs), madeBy: 'redeliver' } as const;
  const note = noteOf(await ports.ledger.delivery(id));
  const redelivery = await dispatcher.orders.deliver(moved(delivery, made, nowMs));
  const isMoved = redelivery.kind !== 'refused' && id !== delivery.id && delivery.state !== 'delivered';
  if (isMoved) await dispatcher.orders.withdraw(delivery.id);
  return lineOf(made, redelivery, note);
}

/** Whoever names it by its id may want that; it is said all the same. */
function noteOf(before: Delivery | undefined): string | undefined {
  return before?.state === 'delivered' ? 'a repeat: the sink had it already' : undefined;
}
