import type { Delivery } from '../core/delivery.js';
import type { DeliveryId } from '../core/id.js';
import type { Prepared } from './results.js';

/**
 * Deliveries that are about to be stored. They may lie in the outbox before the store says so: a reading that took them from there could
 * have delivered them by the time that they are offered, and they would go twice.
 */
export class Expected {
  readonly #ids = new Set<DeliveryId>();
  /** What was written beside results and not taken by the store: it may be there all the same. */
  readonly #doubted = new Set<DeliveryId>();
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
      stored: () => {
        isOver();
        beside.stored();
        this.#resolveDoubts();
      },
      failed: (failures) => {
        for (const { id } of beside.deliveries) this.#doubted.add(id);
        beside.failed(failures);
      },
    };
  }

  #resolveDoubts(): void {
    if (this.#doubted.size === 0) return;
    for (const id of this.#doubted) this.#ids.delete(id);
    this.#doubted.clear();
    this.#readAgain();
  }
}
