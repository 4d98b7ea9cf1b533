import type { Delivery } from '../core/delivery.js';
import type { DeliveryId } from '../core/id.js';

/** Deliveries that wait for their time, in memory. What does not fit stays in the store and is read again when there is room. */
export class DueQueue {
  /** The earliest last, so that taking it moves nothing. */
  readonly #deliveries: Delivery[] = [];
  readonly #ids = new Set<DeliveryId>();
  readonly #max: number;
  #overflowed = false;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#deliveries.length;
  }

  /** Whether the store may hold more than is here. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  has(id: DeliveryId): boolean {
    return this.#ids.has(id);
  }

  add(delivery: Delivery): void {
    if (this.#ids.has(delivery.id)) return;
    if (this.#deliveries.length >= this.#max) {
      this.#overflowed = true;
      const latest = this.#deliveries[0];
      if (latest === undefined || dueMs(delivery) >= dueMs(latest)) return;
      this.#deliveries.shift();
      this.#ids.delete(latest.id);
    }
    this.#deliveries.splice(this.#placeOf(dueMs(delivery)), 0, delivery);
    this.#ids.add(delivery.id);
  }

  /** The one that is due first. */
  peek(): Delivery | undefined {
    return this.#deliveries.at(-1);
  }

  take(): Delivery | undefined {
    const delivery = this.#deliveries.pop();
    if (delivery !== undefined) this.#ids.delete(delivery.id);
    return delivery;
  }

  remove(id: DeliveryId): void {
    if (!this.#ids.delete(id)) return;
    const at = this.#deliveries.findIndex((delivery) => delivery.id === id);
    this.#deliveries.splice(at, 1);
  }

  /** The store is about to be read whole: from here on, what does not fit is known to be left out. */
  beginRefill(): void {
    this.#overflowed = false;
  }

  /** First place whose delivery is due no later: of equals, the one that came first goes first. */
  #placeOf(due: number): number {
    let low = 0;
    let high = this.#deliveries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const there = this.#deliveries[middle];
      if (there !== undefined && dueMs(there) > due) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function dueMs({ nextAttemptAtMs, createdAtMs }: Delivery): number {
  return nextAttemptAtMs ?? createdAtMs;
}
