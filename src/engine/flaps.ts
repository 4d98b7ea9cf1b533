import type { OperatorEvent } from '../core/operator-event.js';

const FLAPS = 3;
const WITHIN_MS = 60 * 60_000;

/** Sources that fail again and again: of each the times, monotonic, at which its last failings were told. */
export class Flaps {
  readonly #toldMs = new Map<string, readonly number[]>();

  note({ type, source }: OperatorEvent, nowMs: number): void {
    if (type !== 'source.failing') return;
    this.#toldMs.set(source, [...(this.#toldMs.get(source) ?? []), nowMs].slice(-FLAPS));
  }

  /** Whether operators have heard within an hour, three times, that it fails. */
  has(source: string, nowMs: number): boolean {
    const toldMs = this.#toldMs.get(source) ?? [];
    return toldMs.length === FLAPS && toldMs.every((ms) => nowMs - ms < WITHIN_MS);
  }
}
