import type { DeliveryState } from '../core/delivery.js';

type Counts = Record<DeliveryState, number>;

/** Attempts since the start, by sink and what they made of their delivery. */
export class Ends {
  readonly #bySink = new Map<string, Counts>();

  note(sink: string, state: DeliveryState): void {
    const counts = this.#bySink.get(sink) ?? { pending: 0, held: 0, delivered: 0, dead: 0 };
    counts[state] += 1;
    this.#bySink.set(sink, counts);
  }

  /** Of all sinks. */
  count(state: DeliveryState): number {
    return this.#bySink.values().reduce((sum, counts) => sum + counts[state], 0);
  }

  /** Those that had any. */
  get bySink(): ReadonlyMap<string, Readonly<Counts>> {
    return this.#bySink;
  }
}
