import type { Delivery } from '../core/delivery.js';
import type { DeliveryId } from '../core/id.js';
import type { Prepared } from './results.js';

/**
 * Deliveries that are about to be stored. They may lie in the outbox before the store says so: a reading that took them from there could
 * have delivered them by the time that they are offered, and they would go twice.
 */
export class Expected {
  readonly #ids = new Set<DeliveryId>();
  /** Of a write beside results that the store did not take: nobody takes them before the next one is over. */
  readonly #doubted = new Set<DeliveryId>();
  /** Of these, what was in that write, and may be stored all the same. */
  readonly #untaken = new Set<DeliveryId>();
  readonly #readAgain: () => void;

  constructor(readAgain: () => void) {
    this.#readAgain = readAgain;
  }

  has(id: DeliveryId): boolean {
    return this.#ids.has(id);
  }

  /** @returns to be called when they are stored, or could not be */
  expect(deliveries: readonly Delivery[]): () => void {
    for (const { id } of deliveries) this.#ids.add(id);
    return () => {
      for (const { id } of deliveries) this.#ids.delete(id);
    };
  }

  /** The same for what is written beside results. What a failed write left behind is looked for once it is not written again. */
  expectBeside(beside: Prepared | undefined): Prepared | undefined {
    if (beside === undefined) {
      this.#resolveDoubts();
      return undefined;
    }
    const isOver = this.expect(beside.deliveries);
    return {
      ...beside,
      untaken: new Set(this.#untaken),
      stored: (made) => {
        isOver();
        beside.stored(made);
        if (made.length < beside.deliveries.length) this.#doubt(beside.deliveries);
        this.#resolveDoubts();
      },
      failed: (failures, tried) => {
        this.#doubt(beside.deliveries);
        for (const { id } of tried) this.#untaken.add(id);
        beside.failed(failures, tried);
      },
    };
  }

  #doubt(deliveries: readonly Delivery[]): void {
    for (const { id } of deliveries) this.#doubted.add(id);
  }

  #resolveDoubts(): void {
    if (this.#doubted.size === 0) return;
    for (const id of this.#doubted) this.#ids.delete(id);
    this.#doubted.clear();
    this.#untaken.clear();
    this.#readAgain();
  }
}
