import type { SinkConfig } from '../config/config.js';
import type { Lane } from './lane.js';

/** Lanes of an earlier configuration that still have attempts in flight. */
export class RetiredLanes {
  #lanes: readonly Lane[] = [];

  get all(): readonly Lane[] {
    return this.#lanes;
  }

  add(lanes: Iterable<Lane>): void {
    this.#lanes = [...this.#lanes, ...lanes];
  }

  /** Those whose last attempt is over; they are forgotten. */
  takeIdle(): readonly Lane[] {
    const idle = this.#lanes.filter(({ inFlight }) => inFlight === 0);
    this.#lanes = this.#lanes.filter(({ inFlight }) => inFlight > 0);
    return idle;
  }

  /** What a sink has under way here. One of another type under the same name is another sink. */
  inFlightOf({ name, definition }: SinkConfig): number {
    const same = this.#lanes.filter(({ sink }) => sink.name === name && sink.definition === definition);
    return same.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }
}
