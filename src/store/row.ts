import type { Json } from '../ports.js';
import { StoreError } from './errors.js';

/**
 * Reads a stored record, field by field in the order in which it was written. A field that is not what it has to be is an error
 * that names the key: a record that cannot be read is never treated as one that does not exist.
 */
export class Row {
  readonly #key: string;
  readonly #fields: readonly Json[];
  #next = 1;

  /** @param version the first field; a record of another version is not understood. */
  constructor(key: string, value: Json, version: number) {
    this.#key = key;
    if (!Array.isArray(value)) throw this.#error('it is not a list');
    this.#fields = value;
    if (value[0] !== version) throw this.#error(`it is not of version ${version}`);
  }

  text(): string {
    return this.#take((field) => typeof field === 'string', 'text');
  }

  textOrNull(): string | null {
    return this.#take((field) => field === null || typeof field === 'string', 'text or null');
  }

  /** A whole number, 0 or more: a count, or milliseconds since 1970. */
  count(): number {
    return this.#take(isCount, 'whole number');
  }

  countOrNull(): number | null {
    return this.#take((field) => field === null || isCount(field), 'whole number or null');
  }

  flag(): boolean {
    return this.#take((field): field is 0 | 1 => field === 0 || field === 1, 'flag') === 1;
  }

  /** An ISO 8601 text as {@link packTime} wrote it. */
  time(): string | null {
    const field = this.#take((f) => f === null || typeof f === 'string' || isTime(f), 'time');
    return typeof field === 'number' ? new Date(field).toISOString() : field;
  }

  /** Whether all fields are taken: what follows came with a later version. */
  get isAtEnd(): boolean {
    return this.#next === this.#fields.length;
  }

  /** To be called after the last field: a longer record is not understood. */
  end(): void {
    if (!this.isAtEnd) throw this.#error(`it has ${this.#fields.length} fields`);
  }

  #take<Field extends Json>(is: (field: Json) => field is Field, kind: string): Field {
    const index = this.#next++;
    const field = this.#fields[index];
    if (field === undefined || !is(field)) throw this.#error(`field ${index} is no ${kind}`);
    return field;
  }

  #error(problem: string): StoreError {
    return new StoreError('decode', this.#key, problem);
  }
}

/** Milliseconds where they say the same as the text, which is most often; else the text, since what the list gave is kept as it is. */
export function packTime(text: string | null): string | number | null {
  if (text === null) return null;
  const ms = Date.parse(text);
  return isTime(ms) && new Date(ms).toISOString() === text ? ms : text;
}

export function packFlag(flag: boolean): 0 | 1 {
  return flag ? 1 : 0;
}

/** The last millisecond that a Date can hold. */
const DATE_MS_MAX = 8.64e15;

function isTime(field: Json): field is number {
  return Number.isSafeInteger(field) && Math.abs(field as number) <= DATE_MS_MAX;
}

function isCount(field: Json): field is number {
  return Number.isSafeInteger(field) && (field as number) >= 0;
}
