import assert from 'node:assert/strict';
import { type DeserializedData, Keyv } from 'keyv';
import { type Json, type ListEnds, STORE_BATCH_MAX, type Store } from '../ports.js';
import { StoreError, type StoreOperation } from './errors.js';
import { keys as storeKeys } from './keys.js';
import { problemOf } from './problem.js';
import type { Storage } from './storage.js';
import { unlikeOf } from './unlike.js';

/** What is wrong with an answer that keyv lets pass. */
class AnswerError extends Error {}

/**
 * The memory, on keyv, and the only place that constructs one. keyv hides failures: a failed read looks like "not there", a failed write
 * like a quiet `false`. Here all of them throw a {@link StoreError}, and every read also asks for the sentinel, the store's own record:
 * without it the answer is a failure, not "nothing is known".
 */
export class KeyvStore implements Store {
  readonly label: string;
  readonly #keyv: Keyv;
  readonly #storage: Storage;
  readonly #release: () => void;
  #leave: () => Promise<void> = async () => {};
  #errorEvents = 0;
  #lastError: unknown;

  /** @param release called once the storage is closed */
  constructor(storage: Storage, label: string, release: () => void = () => {}) {
    this.label = label;
    this.#storage = storage;
    this.#release = release;
    this.#keyv = new Keyv({
      store: storage,
      namespace: '',
      useKeyPrefix: false,
      throwOnErrors: true,
      emitErrors: false, // The storage's own events are listened to below; keyv's would come beside each exception.
      serialize: (entry) => writeEntry(entry.value),
      deserialize: <Value>(text: string) => parseEntry(text) as DeserializedData<Value>,
    });
    storage.on?.('error', (error) => {
      this.#errorEvents += 1;
      this.#lastError = error;
    });
  }

  async getMany(keys: readonly string[]): Promise<ReadonlyMap<string, Json>> {
    assertKeys(keys);
    const rows = await this.#attempt('read', () => this.#read([storeKeys.meta, ...keys]));
    if (!keys.includes(storeKeys.meta)) rows.delete(storeKeys.meta);
    return rows;
  }

  /** Past keyv where the storage can tell by itself. A key that it does not name is there, so the sentinel has nothing to prove. */
  async getUnlike(keys: readonly string[], like: ListEnds): Promise<ReadonlySet<string>> {
    const storage = this.#storage;
    if (storage.getUnlike === undefined) return unlikeOf(keys, like, (all) => this.getMany(all));
    assertKeys(keys);
    const head = `${ENTRY_HEAD}[${like.first.map((element) => JSON.stringify(element)).join()},`;
    const tail = `,${like.last}]}`;
    return this.#attempt('read', async () => {
      const answer: unknown = await storage.getUnlike?.(keys, head, tail);
      // What is not named is taken for what is expected.
      if (!Array.isArray(answer)) throw new AnswerError('the answer is no list of keys');
      const unlike = new Set<string>(answer);
      if (!unlike.isSubsetOf(new Set(keys))) throw new AnswerError('the answer names a key that was not asked for');
      return unlike;
    });
  }

  async setMany(entries: readonly (readonly [key: string, value: Json])[]): Promise<void> {
    const entryKeys = entries.map(([key]) => key);
    assertKeys(entryKeys);
    assert(new Set(entryKeys).size === entries.length, 'a write names no key twice');
    if (entries.length === 0) return;
    await this.#attempt('write', async () => {
      // keyv takes the values apart before its first await: what the caller does to them afterwards changes nothing.
      const stored = await this.#keyv.setMany(entries.map(([key, value]) => ({ key, value })));
      const isStored = Array.isArray(stored) && stored.length === entries.length && stored.every((one) => one === true);
      if (!isStored) throw new AnswerError('not every entry was stored');
    });
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    assertKeys(keys);
    if (keys.length === 0) return;
    await this.#attempt('delete', async () => {
      if ((await this.#keyv.deleteMany([...keys])) !== true) throw new AnswerError('not every entry was deleted');
    });
  }

  /** Past keyv where the storage has one write for both, which keyv has not. */
  async replaceMany(entries: readonly (readonly [key: string, value: Json])[], gone: readonly string[]): Promise<void> {
    const storage = this.#storage;
    if (storage.replaceMany === undefined || gone.length === 0) {
      await this.setMany(entries);
      return this.deleteMany(gone);
    }
    const entryKeys = entries.map(([key]) => key);
    assertKeys([...entryKeys, ...gone]);
    assert(new Set(entryKeys).size === entries.length, 'a write names no key twice');
    await this.#attempt('write', async () => {
      const texts = entries.map(([key, value]) => ({ key, value: writeEntry(value) }));
      await storage.replaceMany?.(texts, gone);
    });
  }

  /** Past keyv, whose iterator takes no prefix. The sentinel is asked for at the end, when the scan claims to be complete. */
  async *scan(prefix: string): AsyncGenerator<readonly [key: string, value: Json], void> {
    const eventsBefore = this.#errorEvents;
    try {
      for await (const [key, text] of this.#storage.iterator(prefix)) {
        if (key.startsWith(prefix)) yield [key, entryValue(key, parseEntry(text))];
      }
      this.#assertNoEventSince(eventsBefore);
      await this.#read([storeKeys.meta]);
    } catch (cause) {
      throw this.#error('scan', cause);
    }
  }

  /** @param leave what is written last; that it could not be ends nothing else */
  beforeClose(leave: () => Promise<void>): void {
    this.#leave = leave;
  }

  async close(): Promise<void> {
    try {
      await this.#leave().catch(() => {});
      await this.#attempt('close', () => this.#keyv.disconnect());
    } finally {
      this.#release();
    }
  }

  /** The store's own record; undefined only when there is nothing else either, so that a store is new rather than broken. */
  async readMeta(): Promise<Json | undefined> {
    const eventsBefore = this.#errorEvents;
    return this.#attempt('open', async () => {
      const [row] = await this.#keyv.getMany([storeKeys.meta], { raw: true });
      if (row !== undefined) return entryValue(storeKeys.meta, row);
      for await (const _ of this.#storage.iterator()) throw new AnswerError(SENTINEL_LOST);
      this.#assertNoEventSince(eventsBefore);
      return undefined;
    });
  }

  /** The keys that exist. The first one asked for is the sentinel. */
  async #read(keys: readonly string[]): Promise<Map<string, Json>> {
    const rows: unknown = await this.#keyv.getMany([...keys], { raw: true });
    if (!Array.isArray(rows) || rows.length !== keys.length)
      throw new AnswerError('the answer is not one for each key');
    const found = new Map<string, Json>();
    for (const [index, key] of keys.entries()) {
      if (rows[index] !== undefined) found.set(key, entryValue(key, rows[index]));
    }
    if (!found.has(storeKeys.meta)) throw new AnswerError(SENTINEL_LOST);
    return found;
  }

  async #attempt<Result>(operation: StoreOperation, run: () => Promise<Result>): Promise<Result> {
    const eventsBefore = this.#errorEvents;
    try {
      const result = await run();
      this.#assertNoEventSince(eventsBefore);
      return result;
    } catch (cause) {
      throw this.#error(operation, cause);
    }
  }

  /** An event names no operation, so it fails all that are under way: a failure too many is repeated, one too few loses an event. */
  #assertNoEventSince(eventsBefore: number): void {
    if (this.#errorEvents !== eventsBefore) throw this.#lastError;
  }

  #error(operation: StoreOperation, cause: unknown): StoreError {
    return new StoreError(operation, this.label, problemOf(cause), cause);
  }
}

const SENTINEL_LOST = 'its own record "meta" is missing, so what else it says cannot be trusted; restore a copy of it';

function assertKeys(keys: readonly string[]): void {
  assert(keys.length <= STORE_BATCH_MAX, `a batch holds ${STORE_BATCH_MAX} keys at most`);
  for (const key of keys) assert(key.isWellFormed(), 'a key is well-formed Unicode');
}

/** How the text of an entry begins. */
const ENTRY_HEAD = '{"value":';

function writeEntry(value: unknown): string {
  assert(value !== undefined, 'undefined cannot be stored');
  return `${ENTRY_HEAD}${JSON.stringify(value)}}`;
}

const DAMAGED = {};

/**
 * Does not throw: keyv does not say which entry it was, the parser's message would hold a part of it, and an entry that is null is to
 * keyv one that is not there.
 */
function parseEntry(text: unknown): object {
  try {
    const entry: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
    return typeof entry === 'object' && entry !== null ? entry : DAMAGED;
  } catch {
    return DAMAGED;
  }
}

function entryValue(key: string, entry: unknown): Json {
  if (typeof entry !== 'object' || entry === null || !('value' in entry))
    throw new AnswerError(`the entry "${key}" is damaged; restore a copy of the store`);
  return entry.value as Json;
}
