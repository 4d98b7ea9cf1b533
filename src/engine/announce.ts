import { newDelivery } from '../core/delivery.js';
import { announceRemembered } from '../core/diff.js';
import { eventOf, type StoredEvent } from '../core/event.js';
import { deliveryIdOf, type RecordingUuid } from '../core/id.js';
import type { AnnounceOrder, DeliveryLine } from '../core/order.js';
import type { RecordingState } from '../core/recording.js';
import { mismatchOf, wants } from '../core/routing.js';
import type { RoutedSink } from './commit-changes.js';
import { lineOf } from './delivery-line.js';
import type { RedeliverPorts } from './redeliver.js';

/** Recordings announced at once; each sink's own concurrency holds as well. */
const AT_ONCE_MAX = 50;

export interface AnnouncePorts extends RedeliverPorts {
  /** Names of the configured sources. */
  readonly sources: () => readonly string[];
}

/** Tells again, or for the first time, that recordings are available. Two sources that list the same one make two events. */
export async function* announce(order: AnnounceOrder, ports: AnnouncePorts): AsyncGenerator<DeliveryLine> {
  const uuids = [...new Set(order.uuids as readonly RecordingUuid[])];
  for (let from = 0; from < uuids.length; from += AT_ONCE_MAX) {
    if (ports.dispatcher.isStopping) return;
    const batch = uuids.slice(from, from + AT_ONCE_MAX);
    yield* (await Promise.all(batch.map((uuid) => announceOne(uuid, order, ports)))).flat();
  }
}

async function announceOne(uuid: RecordingUuid, order: AnnounceOrder, ports: AnnouncePorts): Promise<DeliveryLine[]> {
  const refused = { id: uuid, eventId: null, sink: null };
  const known = await knownTo(uuid, ports);
  if (known.length === 0) {
    return [{ ...refused, result: 'unknown', detail: 'no configured source has shown such a recording' }];
  }
  const available = known.filter(({ refusal }) => refusal === undefined);
  if (available.length === 0) {
    const detail = known.map(({ source, refusal }) => `${source}: ${refusal}`).join('; ');
    return [{ ...refused, result: 'not_available', detail }];
  }
  return (await Promise.all(available.map((each) => tellOf(each, order, ports)))).flat();
}

interface Known {
  readonly source: string;
  readonly uuid: RecordingUuid;
  readonly state: RecordingState;
  /** Why it cannot be announced. */
  readonly refusal: string | undefined;
}

async function knownTo(uuid: RecordingUuid, { ledger, sources }: AnnouncePorts): Promise<Known[]> {
  const known: Known[] = [];
  for (const source of sources()) {
    const state = (await ledger.recordings(source, [uuid])).get(uuid);
    if (state === undefined) continue;
    const isOver = !state.awaitsAnnouncement && (await ledger.sourceMark(source)) !== undefined;
    known.push({ source, uuid, state, refusal: refusalOf(state, isOver) });
  }
  return known;
}

function refusalOf({ status }: RecordingState, isFirstPollOver: boolean): string | undefined {
  if (status !== 'available') return `its status is ${JSON.stringify(status)}`;
  return isFirstPollOver ? undefined : 'the first poll is not complete yet, and nothing is announced before it is';
}

/** One event to everybody who is to get it: what is stored is delivered again, what is missing is made. */
async function tellOf({ source, uuid, state }: Known, order: AnnounceOrder, ports: AnnouncePorts) {
  const { dispatcher, clock, sha256 } = ports;
  const event = await eventFor(source, uuid, state, ports);
  const sinks = receiversOf(event, order, ports);
  if (sinks.length === 0) {
    const detail = `${source}: no enabled sink wants it; --sink NAME tells one anyway`;
    return [{ id: uuid, eventId: event.id, sink: null, result: 'unwanted' as const, detail }];
  }
  const named = ports.sinks().find(({ name }) => name === order.sink);
  const mismatch = named && mismatchOf(named, event);
  const note = mismatch && `not taken by its ${mismatch.key}, and told because --sink names it`;
  return Promise.all(
    sinks.map(async ({ name, includeUrl }) => {
      const id = deliveryIdOf(sha256, event.id, name);
      const made = { ...newDelivery(id, name, event, includeUrl, clock.nowMs()), madeBy: 'announce' } as const;
      return lineOf(made, await dispatcher.orders.deliver(made), note);
    }),
  );
}

/** As another sink got it, if one did: what came before this status is not remembered otherwise. */
async function eventFor(
  source: string,
  uuid: RecordingUuid,
  state: RecordingState,
  { ledger, sinks, sha256, clock }: AnnouncePorts,
): Promise<StoredEvent> {
  const { change } = announceRemembered(uuid, state);
  const event = eventOf(sha256, source, change, state.availableAtMs ?? clock.nowMs());
  for (const { name } of sinks()) {
    const stored = await ledger.delivery(deliveryIdOf(sha256, event.id, name));
    if (stored !== undefined) return stored.event;
  }
  return event;
}

/** Naming a sink is a wish that needs no match; whether it is enabled is seen when it is to be delivered. */
function receiversOf(event: StoredEvent, { sink }: AnnounceOrder, ports: AnnouncePorts) {
  const sinks: readonly Pick<RoutedSink, 'name' | 'includeUrl'>[] = ports.sinks();
  if (sink === null) return ports.sinks().filter((each) => wants(each, event));
  return [sinks.find(({ name }) => name === sink) ?? { name: sink, includeUrl: true }];
}
