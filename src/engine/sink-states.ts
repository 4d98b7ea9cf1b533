import type { SinkConfig } from '../config/config.js';
import { SINK_WORKS, type SinkState } from '../core/suspension.js';

/**
 * What is known of sinks, those included that get nothing: since when that is so, for what waits for one is given up one day, and that
 * a sink is back.
 */
export class SinkStates {
  #states = new Map<string, SinkState>();
  #enabled = new Map<string, boolean>();

  /** What the store says. */
  load(states: ReadonlyMap<string, SinkState>): void {
    this.#states = new Map(states);
  }

  configure(sinks: readonly SinkConfig[]): void {
    this.#enabled = new Map(sinks.map(({ name, enabled }) => [name, enabled]));
  }

  get(sink: string): SinkState {
    return this.#states.get(sink) ?? SINK_WORKS;
  }

  set(sink: string, state: SinkState): void {
    this.#states.set(sink, state);
  }

  /** Why it gets nothing; undefined when it is configured and enabled. */
  whyInactive(sink: string): 'disabled' | 'removed' | undefined {
    const enabled = this.#enabled.get(sink);
    if (enabled) return undefined;
    return enabled === false ? 'disabled' : 'removed';
  }

  /** Takes note of who gets nothing as of now. Gives what changed by that. @param parked sinks that something waits for */
  note(parked: Iterable<string>, nowMs: number): ReadonlyMap<string, SinkState> {
    const changed = new Map<string, SinkState>();
    for (const sink of new Set([...this.#states.keys(), ...this.#enabled.keys(), ...parked])) {
      const state = this.get(sink);
      const why = this.whyInactive(sink);
      if (state.inactive?.why === why) continue;
      const sinceMs = state.inactive?.sinceMs ?? nowMs;
      changed.set(sink, { ...state, inactive: why === undefined ? null : { why, sinceMs } });
    }
    for (const [sink, state] of changed) this.#states.set(sink, state);
    return changed;
  }
}
