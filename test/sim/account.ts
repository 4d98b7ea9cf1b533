import type { Dice } from './dice.js';
import type { SimTime } from './time.js';

export const PLATFORM_LIES = [
  ...(['unauthorized', 'rate limit', 'bad gateway', 'login page', 'error with 200', 'reset', 'truncated'] as const),
  ...(['slow', 'empty list', 'paging ignored', 'wrong total', 'wrong number of pages', 'odd rows'] as const),
  ...(['row between pages', 'row gone between pages', 'filter ignored'] as const),
] as const;

export type PlatformLie = (typeof PLATFORM_LIES)[number];

export interface Row {
  readonly uuid: string;
  readonly status: string;
  readonly roomId: string | null;
  readonly meetingId: string | null;
  readonly createdAt: string | null;
}

export const ROOMS = ['lobby', 'lab/1', 'Raum ü *?', '', null] as const;

/** The list of one account, newest first, and how it is handed out. */
export class Account {
  readonly name: string;
  readonly isBare: boolean;
  readonly hasTotals: boolean;
  /** More are never given at once. */
  readonly pageMax: number;
  rows: Row[] = [];
  /** It was switched off: its list looks empty. */
  isOff = false;
  removals = 0;
  readonly #time: SimTime;
  #made = 0;
  /** Recordings that have vanished, and may return. */
  #vanished: Row[] = [];

  constructor(name: string, dice: Dice, time: SimTime) {
    this.name = name;
    this.#time = time;
    this.isBare = dice.chance(0.2);
    this.hasTotals = dice.chance(0.85);
    this.pageMax = dice.int(2, 12);
  }

  /** A new recording, or one that another account has too. @param near where it goes in the list, which is mostly its beginning */
  add(dice: Dice, near = 0): void {
    this.#made += 1;
    if (this.#made > 60) return;
    const shared = dice.chance(0.2) ? 'shared' : this.name;
    const uuid = `${shared}-${this.#made}${dice.chance(0.1) ? '/ä %' : ''}`;
    if (this.rows.some((row) => row.uuid === uuid) || this.#vanished.some((row) => row.uuid === uuid)) return;
    const meetingId = dice.chance(0.8) ? `m${dice.int(1, 4)}` : null;
    const createdAt = new Date(this.#time.nowMs).toISOString();
    const status = dice.chance(0.7) ? 'processing' : dice.pick(['available', 'available', 'done', 'failed']);
    this.rows.splice(dice.chance(0.8) ? 0 : near, 0, { uuid, status, roomId: dice.pick(ROOMS), meetingId, createdAt });
  }

  /** What has gathered over the years, so that the list is a long one. */
  crowd(dice: Dice): void {
    const count = dice.int(98, 115);
    const createdAt = new Date(this.#time.nowMs).toISOString();
    const old = { status: 'done', roomId: 'lobby', meetingId: null, createdAt };
    this.rows.push(...Array.from({ length: count }, (_, index) => ({ ...old, uuid: `${this.name}-old-${index}` })));
  }

  /** Something happens to one of them. */
  change(dice: Dice): void {
    if (this.#vanished.length > 0 && dice.chance(0.3)) {
      this.rows.splice(dice.int(0, this.rows.length), 0, ...this.#vanished.splice(0, 1));
      return;
    }
    if (this.rows.length === 0) return;
    if (dice.chance(0.1)) {
      this.removeOne(dice);
      return;
    }
    const waiting = this.rows.filter(({ status }) => status === 'processing');
    const row = waiting.length > 0 && dice.chance(0.7) ? dice.pick(waiting) : dice.pick(this.rows);
    const status =
      row.status === 'processing' ? dice.pick(['available', 'available', 'available', 'failed']) : 'processing';
    this.rows = this.rows.map((each) => (each === row ? { ...row, status } : each));
  }

  removeOne(dice: Dice): void {
    if (this.rows.length === 0) return;
    this.removals += 1;
    this.#vanished.push(...this.rows.splice(dice.int(0, this.rows.length - 1), 1));
  }
}
