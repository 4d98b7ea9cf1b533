import type { Delivery } from '../core/delivery.js';

/** Something with a time at which it is due. */
type Due = Pick<Delivery, 'createdAtMs' | 'nextAttemptAtMs'> & { readonly id: string };

/** Deliveries that wait for their time, in memory. What does not fit stays in the store and is read again when it is its turn. */
export class DueQueue<Item extends Due = Delivery> {
  /** The earliest last, so that taking it moves nothing. */
  readonly #items: Item[] = [];
  readonly #ids = new Set<string>();
  readonly #max: number;
  /** When the earliest is due of those that did not fit. */
  #leftOutDueMs = Number.POSITIVE_INFINITY;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#items.length;
  }

  /** In no promised order. */
  get all(): readonly Item[] {
    return this.#items;
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

  add(item: Item): void {
    if (this.#ids.has(item.id)) return;
    if (this.#items.length >= this.#max) {
      const latest = this.#items[0];
      if (latest === undefined || dueMs(item) >= dueMs(latest)) {
        this.#leaveOut(item);
        return;
      }
      this.#items.shift();
      this.#ids.delete(latest.id);
      this.#leaveOut(latest);
    }
    this.#items.splice(this.#placeOf(dueMs(item)), 0, item);
    this.#ids.add(item.id);
  }

  /** The one that is due first. */
  peek(): Item | undefined {
    return this.#items.at(-1);
  }

  take(): Item | undefined {
    const item = this.#items.pop();
    if (item !== undefined) this.#ids.delete(item.id);
    return item;
  }

  remove(id: string): void {
    if (!this.#ids.delete(id)) return;
    const at = this.#items.findIndex((item) => item.id === id);
    this.#items.splice(at, 1);
  }

  /** What is due later than this is due then. Returns what was changed. */
  cutTo(latestMs: number): readonly Item[] {
    const latest = this.#items[0];
    if (latest === undefined || dueMs(latest) <= latestMs) return [];
    const kept = this.#items.findIndex((item) => dueMs(item) <= latestMs);
    const late = this.#items.splice(0, kept < 0 ? this.#items.length : kept);
    const cut = late.map((item) => ({ ...item, nextAttemptAtMs: latestMs }));
    this.#items.unshift(...cut);
    return cut;
  }

  /** The store is about to be read whole: from here on, what does not fit is known to be left out. */
  beginRefill(): void {
    this.#leftOutDueMs = Number.POSITIVE_INFINITY;
  }

  #leaveOut(item: Item): void {
    this.#leftOutDueMs = Math.min(this.#leftOutDueMs, dueMs(item));
  }

  /** First place whose delivery is due no later: of equals, the one that came first goes first. */
  #placeOf(due: number): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const there = this.#items[middle];
      if (there !== undefined && dueMs(there) > due) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function dueMs({ nextAttemptAtMs, createdAtMs }: Due): number {
  return nextAttemptAtMs ?? createdAtMs;
}
