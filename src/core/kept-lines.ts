import type { OrderLine } from './order.js';

/** Lines of an answer; the rest is counted. */
export const LINES_MAX = 1_000;

/** What is kept of the lines of an order, however many there are: the first, and what was not well in place of what was. */
export class KeptLines {
  readonly #max: number;
  readonly #lines: OrderLine[] = [];
  /** Where the last one is that may be given up for one that was not well. */
  #lastWell: number | undefined;
  #more = 0;

  constructor(max = LINES_MAX) {
    this.#max = max;
  }

  /** @returns whether it is among the first */
  add(line: OrderLine): boolean {
    const isWell = isDone(line);
    if (this.#lines.length < this.#max) {
      if (isWell) this.#lastWell = this.#lines.length;
      this.#lines.push(line);
      return true;
    }
    this.#more += 1;
    if (isWell || this.#lastWell === undefined) return false;
    this.#lines[this.#lastWell] = line;
    const before = this.#lines.slice(0, this.#lastWell).findLastIndex(isDone);
    this.#lastWell = before === -1 ? undefined : before;
    return false;
  }

  get lines(): readonly OrderLine[] {
    return this.#lines;
  }

  /** Those that are not among {@link lines}. */
  get more(): number {
    return this.#more;
  }
}

/** Of a delivery that it was delivered; of anything else, always. */
export function isDone(line: OrderLine): boolean {
  return !('id' in line) || line.result === 'delivered';
}
