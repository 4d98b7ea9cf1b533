import { again, askedFor, type Delivery } from '../core/delivery.js';
import type { DeliveryId } from '../core/id.js';
import type { SinkState } from '../core/suspension.js';
import type { Clock, Ledger } from '../ports.js';
import type { Lane, PutOff } from './lane.js';
import type { Outbox } from './outbox.js';
import type { Results } from './results.js';
import type { SinkStates } from './sink-states.js';

/** Why nobody can have something delivered to a sink by hand. */
type SinkRefusal = 'sink_disabled' | 'sink_removed' | 'sink_paused';

/** What became of a delivery that somebody asked for. */
export type Redelivery =
  | { readonly kind: 'attempted'; readonly delivery: Delivery }
  | { readonly kind: 'refused'; readonly why: 'unknown' | 'under_way' | SinkRefusal }
  /** It is due, and goes when the sink gets something again. */
  | { readonly kind: 'put_off'; readonly why: PutOff; readonly state: SinkState };

export interface OrderPorts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly results: Results;
  readonly outbox: Outbox;
  readonly states: SinkStates;
  readonly lanes: ReadonlyMap<string, Lane>;
  readonly pausedSinceMs: (sink: string) => number | undefined;
  /** Whether a lane, also one of an earlier configuration, is making an attempt. */
  readonly isUnderWay: (delivery: Delivery) => boolean;
  /** Whether one is, or may turn out to be, whatever its delivery is by then. */
  readonly isTaken: (id: DeliveryId) => boolean;
  /** An order has been carried out. */
  readonly done: () => void;
}

/** Changes of single deliveries from outside of the schedule. Nothing starts a delivery while it is being changed. */
export class Orders {
  readonly #ports: OrderPorts;
  readonly #claimed = new Set<DeliveryId>();
  readonly #askedFor = new Map<DeliveryId, (redelivery: Redelivery) => void>();

  constructor(ports: OrderPorts) {
    this.#ports = ports;
  }

  /** Changes that are being stored. */
  get changing(): number {
    return this.#claimed.size;
  }

  isChanging(id: DeliveryId): boolean {
    return this.#claimed.has(id);
  }

  has(id: DeliveryId): boolean {
    return this.#claimed.has(id) || this.#askedFor.has(id);
  }

  /** One attempt at once, even if its sink is suspended, then a new schedule; replaces a planned retry. Resolves after the attempt. */
  async redeliver(id: DeliveryId): Promise<Redelivery> {
    let refusal: Redelivery = { kind: 'refused', why: 'unknown' };
    let before: Delivery | undefined;
    const delivery = await this.change(id, (stored) => {
      before = stored;
      const why = this.#whyNot(stored.sink);
      if (why === undefined) return again(stored, this.#ports.clock.nowMs());
      refusal = { kind: 'refused', why };
      return undefined;
    });
    if (delivery === 'under_way') return { kind: 'refused', why: 'under_way' };
    if (delivery === undefined) return refusal;
    this.#countAgain(before);
    return this.#tryNow(delivery);
  }

  /** The same for a delivery that need not be stored yet: what is stored of it counts more. */
  async deliver(made: Delivery): Promise<Redelivery> {
    const { ledger, results, clock } = this.#ports;
    const why = this.#whyNot(made.sink);
    if (why !== undefined) return { kind: 'refused', why };
    if (this.#isTaken(made.id)) return { kind: 'refused', why: 'under_way' };
    const delivery = await this.#claim([made.id], async () => {
      const stored = await ledger.delivery(made.id);
      const due = askedFor(made, stored, clock.nowMs());
      await results.saveDelivery(due);
      this.#countAgain(stored);
      return due;
    });
    return this.#tryNow(delivery);
  }

  /**
   * Stores what somebody makes of a delivery as it is now.
   *
   * @param make gives undefined to leave it as it is
   */
  async change(
    id: DeliveryId,
    make: (stored: Delivery) => Delivery | undefined,
  ): Promise<Delivery | 'under_way' | undefined> {
    const { ledger, results, lanes } = this.#ports;
    if (this.#isTaken(id)) return 'under_way';
    return this.#claim([id], async () => {
      const stored = await ledger.delivery(id);
      const changed = stored && make(stored);
      if (changed !== undefined) await results.saveDelivery(changed);
      else if (stored?.state === 'pending') lanes.get(stored.sink)?.add(stored);
      return changed;
    });
  }

  /** Forgets a delivery that went to another sink instead. */
  async withdraw(id: DeliveryId): Promise<void> {
    const { ledger } = this.#ports;
    if (this.#isTaken(id)) return;
    await this.#claim([id], async () => {
      const stored = await ledger.delivery(id);
      await ledger.remove([id]);
      this.#countAgain(stored);
    });
  }

  /** Forgets finished deliveries that are still what the caller has seen: one that was redelivered since then is not that any more. */
  async forget(seen: readonly Delivery[]): Promise<void> {
    const { ledger, lanes } = this.#ports;
    const free = new Map(seen.filter(({ id }) => !this.#isTaken(id)).map((delivery) => [delivery.id, delivery]));
    if (free.size === 0) return;
    await this.#claim([...free.keys()], async () => {
      const stored = (await Promise.all([...free.keys()].map((id) => ledger.delivery(id)))).filter(
        (one) => one !== undefined,
      );
      for (const one of stored) if (one.state === 'pending') lanes.get(one.sink)?.add(one);
      const same = stored.filter(
        ({ id, round, state }) => round === free.get(id)?.round && state === free.get(id)?.state,
      );
      await ledger.forget(same.map(({ id }) => id));
    });
  }

  /** What became of it, if somebody waits for that. */
  answer(id: DeliveryId, redelivery: Redelivery): void {
    this.#askedFor.get(id)?.(redelivery);
    this.#askedFor.delete(id);
  }

  #whyNot(sink: string): SinkRefusal | undefined {
    const inactive = this.#ports.states.whyInactive(sink);
    if (inactive !== undefined) return `sink_${inactive}`;
    return this.#ports.pausedSinceMs(sink) === undefined ? undefined : 'sink_paused';
  }

  /** One that was held is not any more: what is, a reading counts. */
  #countAgain(before: Delivery | undefined): void {
    if (before?.state === 'held') this.#ports.outbox.readAgain();
  }

  #isTaken(id: DeliveryId): boolean {
    return this.has(id) || this.#ports.isTaken(id);
  }

  async #claim<Result>(ids: readonly DeliveryId[], work: () => Promise<Result>): Promise<Result> {
    const { outbox, lanes, done } = this.#ports;
    for (const id of ids) {
      this.#claimed.add(id);
      outbox.touch(id);
      for (const lane of lanes.values()) lane.remove(id);
    }
    try {
      return await work();
    } catch (error) {
      // No lane has it any more, and what the store has of it is not known.
      outbox.readAgain();
      throw error;
    } finally {
      for (const id of ids) {
        this.#claimed.delete(id);
        outbox.touch(id);
      }
      done();
    }
  }

  async #tryNow(delivery: Delivery): Promise<Redelivery> {
    const { lanes, states } = this.#ports;
    const lane = lanes.get(delivery.sink);
    if (lane === undefined) return { kind: 'put_off', why: 'stopped', state: states.get(delivery.sink) };
    if (this.has(delivery.id) || this.#ports.isUnderWay(delivery)) return { kind: 'refused', why: 'under_way' };
    const redelivery = new Promise<Redelivery>((resolve) => this.#askedFor.set(delivery.id, resolve));
    lane.tryNow(delivery);
    return redelivery;
  }
}
