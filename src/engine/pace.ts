import type { SinkConfig } from '../config/config.js';
import type { SinkEffect } from '../core/delivery.js';

/** So many attempts that failed since one worked, and no fewer than may be in flight: the sink is down. */
export const FAILURES_MIN = 20;
/** Until one works. Connections that are refused in a burst would keep the sinks beside it waiting. */
export const DOWN_INTERVAL_MS = 10;

/** How far apart the attempts of a sink are. */
export class Pace {
  readonly #sink: Pick<SinkConfig, 'intervalMs' | 'concurrency'>;
  /** Monotonic. */
  #lastStartMs = Number.NEGATIVE_INFINITY;
  /** Since one worked. */
  #failures = 0;

  /** @param before of the same sink in the configuration before */
  constructor(sink: Pick<SinkConfig, 'intervalMs' | 'concurrency'>, before?: Pace) {
    this.#sink = sink;
    if (before === undefined) return;
    this.#lastStartMs = before.#lastStartMs;
    this.#failures = before.#failures;
  }

  /** Until the next one may start, 0 or less when it may. */
  waitMs(nowMs: number): number {
    const { intervalMs, concurrency } = this.#sink;
    const isDown = this.#failures >= Math.max(FAILURES_MIN, concurrency);
    return this.#lastStartMs + Math.max(intervalMs, isDown ? DOWN_INTERVAL_MS : 0) - nowMs;
  }

  started(nowMs: number): void {
    this.#lastStartMs = nowMs;
  }

  /** With what it said of the sink; one that was not made, or that its delivery alone has earned, says nothing. */
  ended(effect: SinkEffect['kind']): void {
    if (effect === 'works') this.#failures = 0;
    if (effect === 'fails') this.#failures += 1;
  }
}
