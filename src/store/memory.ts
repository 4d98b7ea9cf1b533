import type { Storage, StorageEntry } from './storage.js';

/** A storage that ends with the process. Every change happens in one turn of the event loop, so a batch is seen whole or not at all. */
export class MemoryStorage implements Storage {
  readonly opts = { dialect: 'memory', url: '' };
  #entries: Map<string, string> | undefined = new Map();

  async get(key: string): Promise<string | undefined> {
    return this.#opened().get(key);
  }

  async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    const entries = this.#opened();
    return keys.map((key) => entries.get(key));
  }

  async set(key: string, value: string): Promise<boolean> {
    this.#opened().set(key, value);
    return true;
  }

  async setMany(entries: readonly StorageEntry[]): Promise<boolean[]> {
    const stored = this.#opened();
    for (const { key, value } of entries) stored.set(key, value);
    return entries.map(() => true);
  }

  async delete(key: string): Promise<boolean> {
    return this.#opened().delete(key);
  }

  async deleteMany(keys: readonly string[]): Promise<boolean> {
    const entries = this.#opened();
    for (const key of keys) entries.delete(key);
    return true;
  }

  async has(key: string): Promise<boolean> {
    return this.#opened().has(key);
  }

  async clear(): Promise<void> {
    this.#opened().clear();
  }

  /** Over the keys of this moment: a Map's own iterator would never end for a reader that moves what it meets. */
  async *iterator(prefix = ''): AsyncGenerator<[string, string], void> {
    const keys = [...this.#opened().keys()].filter((key) => key.startsWith(prefix));
    for (const key of keys) {
      const value = this.#opened().get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  async disconnect(): Promise<void> {
    this.#entries = undefined;
  }

  #opened(): Map<string, string> {
    if (this.#entries === undefined) throw new Error('it is closed');
    return this.#entries;
  }
}
