import type { Random } from '../ports.js';

/** What a place is marked with: nothing was ever put there, a number of a walk, or that what was there is taken back. */
const EMPTY = 0;
const WALKS_MAX = 254;
const GONE = 255;

const PLACES_MIN = 256;
/** For one and a half million recordings, 9 bytes a place. */
const PLACES_MAX = 2 ** 21;
const FILL_MAX = 0.75;
/** Of all places: with more that are gone, it is cleared up instead of made larger. */
const GONE_MAX = 0.125;

/**
 * Recordings by a hash of their uuid, and whether the walk under way has met them. A million take 18 MB, where texts would take five
 * times as much, and each collection of garbage would go through them.
 *
 * With 64 bits, a new uuid is taken for one of a million others once in 10^13; another process has other hashes. What does not fit is
 * not held.
 */
export class Fingerprints {
  readonly #placesMax: number;
  readonly #seedHigh: number;
  readonly #seedLow: number;
  /** Two halves of a hash for each place. */
  #halves = new Int32Array(2 * PLACES_MIN);
  #marks = new Uint8Array(PLACES_MIN);
  /** Places that are not empty. */
  #taken = 0;
  /** Of those. */
  #gone = 0;
  #walk = 1;
  /** The hash of the uuid that was looked for last. */
  #high = 0;
  #low = 0;

  /** @param placesMax a power of two */
  constructor(random: Random, placesMax = PLACES_MAX) {
    this.#placesMax = placesMax;
    this.#seedHigh = Math.floor(random() * 2 ** 32);
    this.#seedLow = Math.floor(random() * 2 ** 32);
  }

  /** From now on, nothing has been met. */
  startWalk(): void {
    this.#walk += 1;
    if (this.#walk <= WALKS_MAX) return;
    this.#marks = this.#marks.map((mark) => (mark === EMPTY || mark === GONE ? mark : 1));
    this.#walk = 2;
  }

  /** Whether it is held, and if so, whether this walk meets it for the first time. */
  meet(uuid: string): 'not held' | 'first' | 'again' {
    const place = this.#placeOf(uuid);
    const mark = this.#marks[place];
    if (mark === EMPTY || mark === GONE) return 'not held';
    if (mark === this.#walk) return 'again';
    this.#marks[place] = this.#walk;
    return 'first';
  }

  /** Whether it is held and this walk has met it. */
  hasMet(uuid: string): boolean {
    return this.#marks[this.#placeOf(uuid)] === this.#walk;
  }

  /** Holds one that this walk has met. */
  add(uuid: string): void {
    const isFull = this.#taken >= FILL_MAX * this.#marks.length;
    if (isFull && !this.#makeRoom()) return;
    const place = this.#placeOf(uuid);
    const mark = this.#marks[place];
    if (mark === EMPTY) this.#taken += 1;
    if (mark === GONE) this.#gone -= 1;
    this.#put(place, this.#high, this.#low, this.#walk);
  }

  delete(uuid: string): void {
    const place = this.#placeOf(uuid);
    const mark = this.#marks[place];
    if (mark === EMPTY || mark === GONE) return;
    this.#marks[place] = GONE;
    this.#gone += 1;
  }

  /** Where it is, or would be. */
  #placeOf(uuid: string): number {
    let high = this.#seedHigh;
    let low = this.#seedLow;
    for (let index = 0; index < uuid.length; index += 1) {
      const code = uuid.charCodeAt(index);
      high = Math.imul(high ^ code, 0x85_eb_ca_6b);
      high ^= high >>> 15;
      low = Math.imul(low ^ code, 0xc2_b2_ae_35);
      low ^= low >>> 13;
    }
    this.#high = high;
    this.#low = low;
    return this.#placeFor(high, low);
  }

  #placeFor(high: number, low: number): number {
    const last = this.#marks.length - 1;
    for (let place = low & last; ; place = (place + 1) & last) {
      if (this.#marks[place] === EMPTY) return place;
      if (this.#halves[2 * place] === high && this.#halves[2 * place + 1] === low) return place;
    }
  }

  #put(place: number, high: number, low: number, mark: number): void {
    this.#halves[2 * place] = high;
    this.#halves[2 * place + 1] = low;
    this.#marks[place] = mark;
  }

  /** @returns whether there is some now */
  #makeRoom(): boolean {
    const [halves, marks] = [this.#halves, this.#marks];
    const places = this.#gone > GONE_MAX * marks.length ? marks.length : 2 * marks.length;
    if (places > this.#placesMax) return false;
    this.#halves = new Int32Array(2 * places);
    this.#marks = new Uint8Array(places);
    this.#taken -= this.#gone;
    this.#gone = 0;
    for (const [from, mark] of marks.entries()) {
      if (mark === EMPTY || mark === GONE) continue;
      const [high = 0, low = 0] = halves.subarray(2 * from, 2 * from + 2);
      this.#put(this.#placeFor(high, low), high, low, mark);
    }
    return true;
  }
}
