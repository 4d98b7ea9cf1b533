import type { Delivery } from '../core/delivery.js';
import type { CountLine, DecisionResult } from '../core/order.js';

/** How many, by source and sink. */
export class Counts {
  readonly #result: DecisionResult;
  readonly #lines = new Map<string, CountLine>();

  constructor(result: DecisionResult) {
    this.#result = result;
  }

  /** @param sink in place of its own */
  add({ event, sink: own }: Delivery, sink = own): void {
    const source = event.source ?? '';
    const key = `${source}/${sink}`;
    this.#lines.set(key, { source, sink, result: this.#result, count: (this.#lines.get(key)?.count ?? 0) + 1 });
  }

  get size(): number {
    return this.#lines.size;
  }

  lines(): Iterable<CountLine> {
    return this.#lines.values();
  }
}
