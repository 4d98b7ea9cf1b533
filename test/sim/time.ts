import type { Timer } from '../../src/ports.js';

/** When every story begins. */
const START_MS = Date.parse('2026-03-01T00:00:00.000Z');

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
  cancelled: boolean;
}

/**
 * Time of a story. It moves from one callback to the next, and after each one everything that follows from it without waiting for time
 * is done first: the queue of microtasks runs dry before a tick of the process does.
 */
export class SimTime {
  /** A heap, the earliest first. */
  readonly #entries: Entry[] = [];
  #passedMs = 0;
  #jumpedMs = 0;
  #order = 0;

  /** The wall clock. */
  get nowMs(): number {
    return START_MS + Math.floor(this.#passedMs) + this.#jumpedMs;
  }

  /** What no jump changes. */
  get passedMs(): number {
    return this.#passedMs;
  }

  jump(ms: number): void {
    this.#jumpedMs += ms;
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry = { atMs: this.#passedMs + Math.max(0, delayMs), order: this.#order, callback, cancelled: false };
    this.#order += 1;
    this.#push(entry);
    return {
      cancel: () => {
        entry.cancelled = true;
      },
    };
  }

  /** Lets time pass until it is so, or nothing is left to wait for, or it has lasted too long. True if it is so. */
  async runUntil(isOver: () => boolean, lastsMsMax: number): Promise<boolean> {
    const endMs = this.#passedMs + lastsMsMax;
    await drained();
    while (!isOver()) {
      const entry = this.#pop();
      if (entry === undefined) return false;
      if (entry.cancelled) continue;
      if (entry.atMs > endMs) {
        this.#push(entry);
        return false;
      }
      this.#passedMs = entry.atMs;
      entry.callback();
      await drained();
    }
    return true;
  }

  #push(entry: Entry): void {
    const entries = this.#entries;
    let at = entries.push(entry) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = entries[up];
      if (parent === undefined || isBefore(parent, entry)) break;
      entries[at] = parent;
      at = up;
    }
    entries[at] = entry;
  }

  #pop(): Entry | undefined {
    const entries = this.#entries;
    const [first] = entries;
    const last = entries.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let at = 0;
    for (;;) {
      const left = entries[2 * at + 1];
      const right = entries[2 * at + 2];
      if (left === undefined) break;
      const down = right !== undefined && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1;
      const child = down === 2 * at + 1 ? left : (right ?? left);
      if (isBefore(last, child)) break;
      entries[at] = child;
      at = down;
    }
    entries[at] = last;
    return first;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/** A tick comes only when no microtask is left, and costs a thousandth of a turn of the event loop. */
function drained(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
