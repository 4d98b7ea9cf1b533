import { type Delivery, newDelivery } from '../core/delivery.js';
import { type DeliveryId, deliveryIdOf, type Sha256 } from '../core/id.js';
import type { RedeliverLine, RedeliverOrder } from '../core/redelivery.js';
import type { Clock, Ledger } from '../ports.js';
import type { Dispatcher } from './dispatcher.js';
import type { Redelivery } from './orders.js';
import type { RoutedSink } from './poller.js';

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
export async function* redeliver(order: RedeliverOrder, ports: RedeliverPorts): AsyncGenerator<RedeliverLine> {
  const unknown = new Set(order.ids);
  let batch: Delivery[] = [];
  for await (const delivery of selected(order, ports.ledger)) {
    unknown.delete(delivery.id);
    unknown.delete(delivery.event.id);
    if (batch.push(delivery) < AT_ONCE_MAX) continue;
    yield* deliverAll(batch, order, ports);
    // What is left stays as it is: the next program can be asked for it.
    if (ports.dispatcher.isStopping) return;
    batch = [];
  }
  yield* deliverAll(batch, order, ports);
  for (const id of unknown)
    yield { id, eventId: null, sink: null, result: 'unknown', detail: 'no such event or delivery is stored' };
}

async function* selected(order: RedeliverOrder, ledger: Ledger): AsyncGenerator<Delivery> {
  const wanted = new Set(order.ids);
  const found = new Set<DeliveryId>();
  const matches = (delivery: Delivery) => {
    if (order.sink !== null && delivery.sink !== order.sink) return false;
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

async function again(delivery: Delivery, { dispatcher }: RedeliverPorts): Promise<RedeliverLine> {
  return lineOf(delivery, await dispatcher.orders.redeliver(delivery.id));
}

/** The new sink gets the same event; the old delivery is forgotten once the new one is stored, unless it was made: that stays true. */
async function move(delivery: Delivery, to: string, ports: RedeliverPorts): Promise<RedeliverLine> {
  const { dispatcher, ledger, clock, sha256 } = ports;
  const id = deliveryIdOf(sha256, delivery.event.id, to);
  const known = await ledger.delivery(id);
  const includeUrl = ports.sinks().find(({ name }) => name === to)?.includeUrl ?? true;
  const moved = known ?? newDelivery(id, to, delivery.event, includeUrl, clock.nowMs());
  const redelivery =
    known === undefined ? await dispatcher.orders.deliver(moved) : await dispatcher.orders.redeliver(id);
  const isMoved = redelivery.kind !== 'refused' && id !== delivery.id && delivery.state !== 'delivered';
  if (isMoved) await dispatcher.orders.withdraw(delivery.id);
  return lineOf(moved, redelivery);
}

function lineOf({ id, event, sink }: Delivery, redelivery: Redelivery): RedeliverLine {
  const line = { id, eventId: event.id, sink };
  if (redelivery.kind === 'refused') return { ...line, result: redelivery.why, detail: REFUSED[redelivery.why] };
  if (redelivery.kind === 'put_off') return { ...line, ...laterOf(redelivery) };
  return { ...line, ...resultOf(redelivery.delivery) };
}

type Later = Redelivery & { readonly kind: 'put_off' };

function laterOf({ why, state: { pausedUntilMs, suspension } }: Later): Pick<RedeliverLine, 'result' | 'detail'> {
  if (why === 'paused') {
    const until = new Date(pausedUntilMs ?? 0).toISOString();
    return { result: 'paused', detail: `the receiver asked for a pause; it goes at ${until}` };
  }
  if (why === 'suspended') {
    const cause = suspension === null ? '' : `: ${suspension.reason}: ${suspension.detail}`;
    return { result: 'pending', detail: `the sink is suspended${cause}; it goes once a trial has succeeded` };
  }
  if (why === 'broken') return { result: 'pending', detail: 'the attempt broke off; the log of the program says why' };
  return { result: 'pending', detail: 'the program is stopping or taking another config; it goes afterwards' };
}

function resultOf({ state, lastError, history, urlWaitSinceMs }: Delivery): Pick<RedeliverLine, 'result' | 'detail'> {
  const result = state === 'held' ? 'pending' : state;
  if (urlWaitSinceMs !== null) {
    return {
      result,
      detail:
        'its source gives no fresh URL just now; that is tried again, and after an hour it is sent without recording.url',
    };
  }
  if (lastError !== null) return { result, detail: `${lastError.reason}: ${lastError.detail}` };
  return { result, detail: history.at(-1)?.detail ?? '' };
}

const REFUSED = {
  unknown: 'no such delivery is stored',
  under_way: 'an attempt is under way just now',
  sink_disabled: 'its sink has enabled: false',
  sink_removed: 'its sink is not in the config; use --to NAME to move it',
} as const;
