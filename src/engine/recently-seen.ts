/** Remembers the latest of many, twice as many as `size` at most and no fewer than that. */
export class RecentlySeen<Item> {
  readonly #size: number;
  #latest = new Set<Item>();
  #before = new Set<Item>();

  constructor(size: number) {
    this.#size = size;
  }

  has(item: Item): boolean {
    return this.#latest.has(item) || this.#before.has(item);
  }

  /** Half is forgotten at a time: a set that lost its oldest with each new one would look for it among all that it had lost. */
  add(item: Item): void {
    if (this.#latest.size === this.#size) [this.#before, this.#latest] = [this.#latest, new Set()];
    this.#latest.add(item);
  }
}
