import type { Order, OrderLine, PauseOrder } from '../../src/core/order.js';
import type { Tally } from './tally.js';
import type { SimTime } from './time.js';

/** Attempts to one sink at once, at most: so much may be under way when it is paused. */
const UNDER_WAY_MAX = 4;
/** A poll that is under way walks the list so often more. */
const WALKS_MORE_MAX = 2;

/** What is kept still for sure, and what it may yet do that had begun before. */
interface Bound {
  left: number;
}

/** Knows what somebody has paused, by the answers that they got and by what the store has when a process ends. */
export class Pauses {
  readonly #time: SimTime;
  readonly #tally: Tally;
  readonly #violate: (what: string) => void;
  readonly #stored = new Set<string>();
  readonly #bound = new Map<string, Bound>();
  /** Of which the last order failed: whoever gave it gives it again. */
  readonly #doubtful = new Set<string>();
  #open: PauseOrder | undefined;
  /** When somebody last wanted something else, or got it. */
  changedAtMs = 0;

  constructor(world: { time: SimTime; tally: Tally; violate: (what: string) => void }) {
    this.#time = world.time;
    this.#tally = world.tally;
    this.#violate = world.violate;
  }

  /** One order of these at a time, so that it is known which one counts. */
  get isAsked(): boolean {
    return this.#open !== undefined;
  }

  /** What may be paused, such as `sink/a`. */
  get possible(): ReadonlySet<string> {
    return this.#stored.union(this.#doubtful);
  }

  ordered(order: Order): void {
    if (order.kind !== 'pause' && order.kind !== 'resume') return;
    this.#open = order;
    this.changedAtMs = this.#time.passedMs;
    // From now on it may go on at any moment.
    if (order.kind === 'resume') this.#bound.delete(`${order.subject}/${order.name}`);
  }

  answered(order: Order, lines: readonly OrderLine[], error: string | null): void {
    if (order !== this.#open) return;
    this.#open = undefined;
    this.changedAtMs = this.#time.passedMs;
    const key = `${order.subject}/${order.name}`;
    if (error === null) this.#doubtful.delete(key);
    else this.#doubtful.add(key);
    if (error !== null) return;
    const isPause = order.kind === 'pause';
    if (this.#stored.has(key) !== isPause) this.#violate(`${order.kind} of ${key} is answered and not stored`);
    this.#tally.add(`answers ${lines.map(({ result }) => result)}`);
    if (!isPause || this.#bound.has(key)) return;
    this.#bound.set(key, { left: order.subject === 'sink' ? UNDER_WAY_MAX : WALKS_MORE_MAX });
  }

  /** Nothing is under way any more, and the next process knows what the store has. */
  lifeEnds(): void {
    this.#open = undefined;
    this.#bound.clear();
    this.#doubtful.clear();
    for (const key of this.#stored) this.#bound.set(key, { left: 0 });
  }

  storeHas(key: string, text: string | undefined): void {
    if (!key.startsWith('pause/')) return;
    const of = key.slice('pause/'.length);
    if (text === undefined) this.#stored.delete(of);
    else this.#stored.add(of);
  }

  sent(sink: string): void {
    this.#acts(`sink/${sink}`, 'is sent something');
  }

  walked(source: string): void {
    this.#acts(`source/${source}`, 'is polled');
  }

  #acts(key: string, what: string): void {
    const bound = this.#bound.get(key);
    if (bound === undefined) return;
    bound.left -= 1;
    if (bound.left < 0) this.#violate(`${key} ${what} while it is paused`);
  }
}
