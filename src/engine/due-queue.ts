import type { Delivery } from '../core/delivery.js';
import type { DeliveryId } from '../core/id.js';

/** Deliveries that wait for their time, in memory. What does not fit stays in the store and is read again when it is its turn. */
export class DueQueue {
  /** The earliest last, so that taking it moves nothing. */
  readonly #deliveries: Delivery[] = [];
  readonly #ids = new Set<DeliveryId>();
  readonly #max: number;
  /** When the earliest is due of those that did not fit. */
  #leftOutDueMs = Number.POSITIVE_INFINITY;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#deliveries.length;
  }

  /** In no promised order. */
  get all(): readonly Delivery[] {
    return this.#deliveries;
  }

  /**
   * Whether the store has to be read for more: little is left, or something that did not fit is due before everything that did.
   * Retries come back with later times, so the queue alone would stay full of them while others, due long ago, are never read.
   */
  get wantsRefill(): boolean {
    if (this.#leftOutDueMs === Number.POSITIVE_INFINITY) return false;
    const first = this.peek();
    return this.size <= this.#max / 4 || first === undefined || dueMs(first) > this.#leftOutDueMs;
  }

  add(delivery: Delivery): void {
    if (this.#ids.has(delivery.id)) return;
    if (this.#deliveries.length >= this.#max) {
      const latest = this.#deliveries[0];
      if (latest === undefined || dueMs(delivery) >= dueMs(latest)) {
        this.#leaveOut(delivery);
        return;
      }
      this.#deliveries.shift();
      this.#ids.delete(latest.id);
      this.#leaveOut(latest);
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

  /** What is due later than this is due then. Returns what was changed. */
  cutTo(latestMs: number): readonly Delivery[] {
    const latest = this.#deliveries[0];
    if (latest === undefined || dueMs(latest) <= latestMs) return [];
    const kept = this.#deliveries.findIndex((delivery) => dueMs(delivery) <= latestMs);
    const late = this.#deliveries.splice(0, kept < 0 ? this.#deliveries.length : kept);
    const cut = late.map((delivery) => ({ ...delivery, nextAttemptAtMs: latestMs }));
    this.#deliveries.unshift(...cut);
    return cut;
  }

  /** The store is about to be read whole: from here on, what does not fit is known to be left out. */
  beginRefill(): void {
    this.#leftOutDueMs = Number.POSITIVE_INFINITY;
  }

  #leaveOut(delivery: Delivery): void {
    this.#leftOutDueMs = Math.min(this.#leftOutDueMs, dueMs(delivery));
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
