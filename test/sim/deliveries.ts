import type { StoredEvent } from '../../src/core/event.js';
import type { Order } from '../../src/core/order.js';
import { Batches } from './batches.js';
import { deliveryIdFor, eventIdFor, type Oracle } from './oracle.js';
import type { Possibility } from './possible.js';
import type { Acceptance } from './sim-sinks.js';
import type { Say } from './sim-store.js';
import type { Tally } from './tally.js';
import type { SimTime } from './time.js';

/** The sink that always works: what it waits for, it waits for because of others. */
export const WITNESS_SINK = 'witness';

/** Of simulated time, and of calm before: what the store has for the witness has arrived by then. */
const ARRIVES_WITHIN_MS = 10_000;
const CALM_FOR_MS = 180_000;

/** After something has failed: the direct line past the store may still be sending. */
const DIRECT_WITHIN_MS = 60_000;

/** What became of deliveries, as the receivers and the store show it. */
export class Deliveries {
  readonly #time: SimTime;
  readonly #tally: Tally;
  readonly #oracle: Oracle;
  readonly #say: Say;
  readonly #accepted = new Map<string, Acceptance[]>();
  /** When the store had it that this was delivered. */
  readonly #deliveredAtMs = new Map<string, number>();
  /** Given up, now or once. */
  readonly #dead = new Set<string>();
  readonly #storedAtMs = new Map<string, number>();
  /** Of operator events: a store in trouble makes the notifier send directly what it cannot store, and again once it can. */
  readonly #direct = new Set<string>();
  readonly #orders: Order[] = [];
  readonly #batches: Batches;
  #outbox: ReadonlySet<string> = new Set();
  /** When something last happened that may delay anything. */
  troubledAtMs: () => number = () => 0;

  constructor(world: { time: SimTime; tally: Tally; oracle: Oracle; say: Say }) {
    this.#time = world.time;
    this.#tally = world.tally;
    this.#oracle = world.oracle;
    this.#say = world.say;
    this.#batches = new Batches({
      tally: world.tally,
      violate: (what) => world.oracle.violate(what),
      deliveryIdFor,
      hasLeft: ({ id, event, state }) => state !== 'pending' || this.#orders.some((order) => asksFor(order, id, event)),
      collects: (sink) => world.oracle.collects(sink),
    });
  }

  /** Ids of events that receivers have, for orders. */
  get told(): readonly string[] {
    return [...new Set([...this.#accepted.values()].map(([first]) => first?.event.id ?? ''))];
  }

  get acceptances(): number {
    return this.#accepted.values().reduce((sum, some) => sum + some.length, 0);
  }

  ordered(order: Order): void {
    this.#orders.push(order);
  }

  storeHas(key: string, text: string | undefined): void {
    this.#batches.storeHas(key, text);
    if (text === undefined) return;
    const id = key.slice(4);
    const mayGo = key.startsWith('out/') && text.includes('"state":"pending"');
    if (mayGo && !this.#storedAtMs.has(id)) this.#storedAtMs.set(id, this.#time.passedMs);
    if (!key.startsWith('fin/')) return;
    if (text.includes('"state":"dead"')) this.#dead.add(id);
    else this.#deliveredAtMs.set(id, this.#time.passedMs);
  }

  accepted(acceptance: Acceptance): void {
    const { sink, event } = acceptance;
    const id = deliveryIdFor(event.id, sink);
    const before = this.#accepted.get(id) ?? [];
    this.#accepted.set(id, [...before, acceptance]);
    const isOperators = !event.type.startsWith('recording.');
    this.#tally.add(isOperators ? 'operator events' : 'deliveries');
    if (isOperators) this.#checkOperatorEvent(acceptance);
    const isNearTrouble = acceptance.atMs - this.troubledAtMs() < DIRECT_WITHIN_MS;
    if (isOperators && isNearTrouble) this.#direct.add(id);
    this.#batches.accepted(acceptance);
    if (before.length > 0) this.#checkRepeat(id, before, acceptance);
    else if (sink === WITNESS_SINK && !isOperators) this.#checkArrival(id);
  }

  #checkOperatorEvent({ sink, event }: Acceptance): void {
    const { data } = event as { data: { sink?: string } };
    if (data.sink === sink) this.#oracle.violate(`${sink} is told of its own ${event.type}`);
  }

  #checkRepeat(id: string, before: readonly Acceptance[], acceptance: Acceptance): void {
    const { sink, event, life, isLate } = acceptance;
    const last = before.at(-1);
    const wasNotStored = (this.#deliveredAtMs.get(id) ?? -1) < (last?.atMs ?? 0);
    const isOrdered = this.#orders.some((order) => asksFor(order, id, event));
    const lostBy = last?.life !== life ? 'death' : last.answered ? undefined : 'lost answer';
    const lost = (wasNotStored ? lostBy : undefined) ?? (this.#direct.has(id) ? 'direct line' : undefined);
    const why = isOrdered ? 'order' : isLate ? 'timeout' : lost;
    if (why === undefined) this.#oracle.violate(`${event.id} came to ${sink} again, and nothing explains that`);
    else this.#tally.add(`repeats after ${why}`);
    this.#say?.('oracle', () => `a repeat of ${id}: ${why ?? 'unexplained'}`);
  }

  #checkArrival(id: string): void {
    const storedAtMs = this.#storedAtMs.get(id);
    if (storedAtMs === undefined) {
      this.#oracle.violate(`${id} was sent and never stored`);
      return;
    }
    const nowMs = this.#time.passedMs;
    if (this.troubledAtMs() > storedAtMs - CALM_FOR_MS) return;
    this.#tally.add('arrivals timed');
    if (nowMs - storedAtMs <= ARRIVES_WITHIN_MS) return;
    this.#oracle.violate(`${id} waited ${nowMs - storedAtMs} ms for other sinks`);
  }

  /**
   * Everything that was to be told was told, and nothing else.
   *
   * @param outbox deliveries that are held, or that the last poll made when the story was at its end
   */
  checkEnd(outbox: ReadonlySet<string>): void {
    this.#outbox = outbox;
    const ofRecordings = [...this.#accepted].filter(([, [first]]) => first?.event.type.startsWith('recording.'));
    const unexplained = new Map(ofRecordings);
    for (const { source, uuid, possible } of this.#oracle.recordings.values()) {
      const mine = ofRecordings.flatMap(([id, [first]]) =>
        first !== undefined && isAbout(first, source, uuid) ? [{ id, first }] : [],
      );
      for (const { id } of mine) unexplained.delete(id);
      if (possible === undefined) {
        this.#tally.add('recordings with too many possibilities');
        continue;
      }
      const attempts = possible.map((one) => this.#compare(source, uuid, one, mine));
      const best = attempts.toSorted((left, right) => left.length - right.length)[0] ?? [];
      for (const problem of best) this.#oracle.violate(problem);
    }
    for (const [id, [first]] of unexplained) {
      this.#oracle.violate(`${id} tells of a recording never shown: ${first?.event.type}`);
    }
  }

  /** What is wrong if this is what the product has made of it. */
  #compare(source: string, uuid: string, one: Possibility, mine: readonly Reached[]): string[] {
    const problems: string[] = [];
    const explained = new Set<string>();
    const isAnnounced = this.#orders.some((order) => order.kind === 'announce' && order.uuids.includes(uuid));
    const moves = new Set(this.#orders.map((order) => (order.kind === 'redeliver' ? order.to : null)));
    for (const { type, occurrence, previousStatus, required, allowed } of one.told) {
      const eventId = eventIdFor(type, source, uuid, occurrence);
      const what = `${type} ${occurrence} of ${source} ${uuid}`;
      const isMoved = moves.values().some((to) => to !== null && this.reached(deliveryIdFor(eventId, to)));
      for (const sink of required) {
        const isThere = isMoved || this.reached(deliveryIdFor(eventId, sink));
        if (!isThere) problems.push(`lost: ${what} did not come to ${sink}`);
      }
      for (const { id, first } of mine.filter(({ first: { event } }) => event.id === eventId)) {
        explained.add(id);
        const { data } = first.event as { data: { previousStatus?: unknown; occurrence?: unknown } };
        const isAsBefore = data.previousStatus === previousStatus || (isAnnounced && data.previousStatus === null);
        if (!isAsBefore || data.occurrence !== occurrence) problems.push(`${what} says ${JSON.stringify(data)}`);
        if (allowed.has(first.sink) || moves.has(first.sink) || isAnnounced) continue;
        problems.push(`${what} came to ${first.sink}, which does not want it`);
      }
    }
    if (isAnnounced) {
      for (let occurrence = 1; occurrence <= one.available; occurrence += 1) {
        const eventId = eventIdFor('recording.available', source, uuid, occurrence);
        for (const { id, first } of mine) if (first.event.id === eventId) explained.add(id);
      }
    }
    for (const { id, first } of mine) {
      if (!explained.has(id)) problems.push(`invented: ${first.event.type} ${JSON.stringify(first.event.data)}`);
    }
    return problems;
  }

  /** Sinks that somebody has moved deliveries to. */
  get movedTo(): ReadonlySet<string> {
    return new Set(this.#orders.flatMap((order) => (order.kind === 'redeliver' ? (order.to ?? []) : [])));
  }

  /** Arrived, given up, or waiting. */
  reached(id: string): boolean {
    return this.#accepted.has(id) || this.#dead.has(id) || this.#outbox.has(id);
  }
}

/** The first time that a delivery was accepted. */
interface Reached {
  readonly id: string;
  readonly first: Acceptance;
}

/** Whether a person may have wanted this delivery once more. */
function asksFor(order: Order, id: string, event: StoredEvent): boolean {
  if (order.kind === 'redeliver') return order.dead || order.ids.includes(event.id) || order.ids.includes(id);
  const { data } = event as { data: { recording?: { uuid: string } } };
  return order.kind === 'announce' && order.uuids.includes(data.recording?.uuid ?? '');
}

function isAbout({ event }: Acceptance, source: string, uuid: string): boolean {
  const { data } = event as { data: { recording?: { uuid: string } } };
  return event.source === source && data.recording?.uuid === uuid;
}
