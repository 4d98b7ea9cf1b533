import type { Json } from '../ports.js';

/** The step of a store from one version to the next. */
export interface Migration {
  readonly from: number;
  /** `from + 1`. */
  readonly to: number;
  /**
   * What an entry becomes, its key among the new ones or not; undefined leaves it as it is. Entries are met in any order and, after a
   * crash, again: it depends on nothing but the entry, leaves alone what it has made, and takes no key that another entry has.
   */
  change(key: string, value: Json): readonly (readonly [key: string, value: Json])[] | undefined;
}

/** What this program writes, and how it gets there from what earlier ones wrote. */
export interface StoreFormat {
  readonly version: number;
  /** From version 1 on, in order, without a gap. */
  readonly migrations: readonly Migration[];
}

export const STORE_FORMAT: StoreFormat = { version: 1, migrations: [] };
