import { type Batch, batchOf, type DigestPolicy, isBatch, isCollectable } from '../core/batch.js';
import type { Delivery } from '../core/delivery.js';
import type { DeliveryId } from '../core/id.js';
import { DueQueue } from './due-queue.js';

/** Deliveries that go by themselves, and those that are collected, each; in memory. */
const DELIVERIES_MAX = 10_000;
/** Where there are batches, which are fifty deliveries at most. */
const BATCHES_MAX = 1_000;

/** What goes to a sink at once. */
export type Parcel =
  | { readonly kind: 'single'; readonly delivery: Delivery }
  /** Goes together from now on, which is still to be stored. */
  | { readonly kind: 'collected'; readonly deliveries: readonly Delivery[] }
  /** Was stored as going together. */
  | { readonly kind: 'batch'; readonly batch: Batch };

/** What goes first, and when. */
export interface Next {
  readonly dueAtMs: number;
  /** Of a batch, else empty. */
  readonly members: readonly DeliveryId[];
}

/** How a sink takes several deliveries in one message. */
export interface Digesting {
  /** Undefined: it does not collect; what was collected before goes together all the same. */
  readonly policy: DigestPolicy | undefined;
  /** Its type knows how. */
  readonly isPossible: boolean;
}

/** What waits for its time in a lane: deliveries, batches of them, and what is collected for the next batch. */
export class Backlog {
  readonly #policy: DigestPolicy | undefined;
  readonly #isPossible: boolean;
  readonly #queue: DueQueue<Delivery | Batch>;
  readonly #collected = new DueQueue(DELIVERIES_MAX);
  /** False: the program ends soon, so that nobody collects any more. */
  collects = true;

  constructor({ policy, isPossible }: Digesting) {
    this.#policy = isPossible ? policy : undefined;
    this.#isPossible = isPossible;
    this.#queue = new DueQueue(this.#policy === undefined ? DELIVERIES_MAX : BATCHES_MAX);
  }

  get wantsRefill(): boolean {
    return this.#queue.wantsRefill || this.#collected.wantsRefill;
  }

  beginRefill(): void {
    this.#queue.beginRefill();
    this.#collected.beginRefill();
  }

  /** Deliveries, as far as they are known: a batch counts as it was stored. */
  get size(): number {
    const more = this.#queue.all.reduce((sum, item) => sum + (isBatch(item) ? item.members.length - 1 : 0), 0);
    return this.#queue.size + more + this.#collected.size;
  }

  count(matches: (delivery: Delivery) => boolean): number {
    const batches = this.#queue.all.reduce((sum, item) => sum + (isBatch(item) ? item.members.length : 0), 0);
    const singles = this.#queue.all.filter((item) => !isBatch(item) && matches(item)).length;
    return batches + singles + this.#collected.all.filter(matches).length;
  }

  add(delivery: Delivery): void {
    if (this.#policy !== undefined && isCollectable(delivery)) this.#collected.add(delivery);
    else this.#queue.add((this.#isPossible ? batchOf(delivery) : undefined) ?? delivery);
  }

  /** It goes otherwise. A batch that had it stays, and finds out when it goes. */
  remove(id: DeliveryId): void {
    this.#queue.remove(id);
    this.#collected.remove(id);
  }

  next(): Next | undefined {
    const item = this.#queue.peek();
    const collectedAtMs = this.#collectedAtMs();
    if (item === undefined || dueMs(item) > collectedAtMs) {
      return collectedAtMs === Number.POSITIVE_INFINITY ? undefined : { dueAtMs: collectedAtMs, members: [] };
    }
    return { dueAtMs: dueMs(item), members: isBatch(item) ? item.members : [] };
  }

  /** What {@link next} was about. */
  take(): Parcel | undefined {
    const item = this.#queue.peek();
    if (item === undefined || dueMs(item) > this.#collectedAtMs()) return this.#takeCollected();
    this.#queue.take();
    return isBatch(item) ? { kind: 'batch', batch: item } : { kind: 'single', delivery: item };
  }

  /**
   * A time later than anything is planned for means that the clock went back. What is collected was due when it came.
   *
   * @returns deliveries that are changed
   */
  cutTo(nowMs: number, latestMs: number): readonly Delivery[] {
    const cut = this.#queue.cutTo(latestMs).flatMap((item) => (isBatch(item) ? [] : [item]));
    return [...cut, ...this.#collected.cutTo(nowMs)];
  }

  /** When the next batch is made of what is collected; Infinity when there is nothing. */
  #collectedAtMs(): number {
    const oldest = this.#collected.peek();
    if (oldest === undefined || this.#policy === undefined) return Number.POSITIVE_INFINITY;
    const { everyMs, max } = this.#policy;
    const isComplete = !this.collects || this.#collected.size >= max;
    return dueMs(oldest) + (isComplete ? 0 : everyMs);
  }

  #takeCollected(): Parcel | undefined {
    const deliveries: Delivery[] = [];
    while (deliveries.length < (this.#policy?.max ?? 0)) {
      const delivery = this.#collected.take();
      if (delivery === undefined) break;
      deliveries.push(delivery);
    }
    return deliveries.length === 0 ? undefined : { kind: 'collected', deliveries };
  }
}

function dueMs({ nextAttemptAtMs, createdAtMs }: Delivery | Batch): number {
  return nextAttemptAtMs ?? createdAtMs;
}
