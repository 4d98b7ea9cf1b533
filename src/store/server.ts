import type { Clock } from '../ports.js';
import { withTimeout } from './deadline.js';
import type { Storage, StorageEntry } from './storage.js';

/** A page of a scan. */
export interface Page {
  readonly entries: readonly StorageEntry[];
  /** Where the next one begins; undefined after the last. */
  readonly next: string | undefined;
}

/** What a store on a server is made of. Keys are those of the server: prefix included. */
export interface Server {
  readonly kind: 'redis' | 'postgres';
  /** For one call. Longer than any that works, shorter than what lets two processes write. */
  readonly callTimeoutMs: number;
  getMany(keys: string[]): Promise<(string | undefined)[]>;
  /** All or nothing. */
  setMany(entries: StorageEntry[]): Promise<void>;
  deleteMany(keys: string[]): Promise<void>;
  /** Entries whose keys start with the prefix; a key may come twice. */
  page(prefix: string, from: string | undefined): Promise<Page>;
  /** Throws unless this process may write now. */
  assertWritable(): void;
  /** Gives the connection up, and with it what is under way; the next call makes a new one. */
  interrupt(): void;
  /** Another process owns the store from now on. Stays pending while that is not so. */
  readonly lost: Promise<void>;
  /** False when another process has it. */
  own(): Promise<boolean>;
  isOwned(): Promise<boolean>;
  /** What it is configured for that this program should not be put on: sentences for the operator. */
  warnings(): Promise<readonly string[]>;
  /** Wall clock of its machine, milliseconds since 1970. */
  nowMs(): Promise<number>;
  close(): Promise<void>;
}

/** A server that forgets a key and gives it again is looked through for so many keys; the rest may come twice. */
const SEEN_MAX = 200_000;

/**
 * What both servers have in common: no call lasts longer than its time, a write is made only by who may, and keys carry the prefix.
 *
 * A call that is out of time has an unknown end, so its connection is given up: what comes later cannot overtake it.
 */
export class ServerStorage implements Storage {
  readonly opts: { readonly dialect: string; readonly url: string };
  readonly #server: Server;
  readonly #prefix: string;
  readonly #clock: Clock;
  #isClosed = false;

  constructor(server: Server, prefix: string, clock: Clock) {
    this.opts = { dialect: server.kind, url: '' };
    this.#server = server;
    this.#prefix = `${prefix}:`;
    this.#clock = clock;
  }

  async get(key: string): Promise<string | undefined> {
    const [value] = await this.getMany([key]);
    return value;
  }

  getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    return this.#call(() => this.#server.getMany(keys.map((key) => this.#prefix + key)));
  }

  async set(key: string, value: string): Promise<boolean> {
    await this.setMany([{ key, value }]);
    return true;
  }

  /** The adapters answer undefined when they have written, and throw when they have not. */
  async setMany(entries: readonly StorageEntry[]): Promise<boolean[]> {
    await this.#write(() =>
      this.#server.setMany(entries.map(({ key, value }) => ({ key: this.#prefix + key, value }))),
    );
    return entries.map(() => true);
  }

  delete(key: string): Promise<boolean> {
    return this.deleteMany([key]);
  }

  /** The adapters answer false when nothing was there, which is as good. */
  async deleteMany(keys: readonly string[]): Promise<boolean> {
    await this.#write(() => this.#server.deleteMany(keys.map((key) => this.#prefix + key)));
    return true;
  }

  async has(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  async clear(): Promise<void> {
    for await (const [key] of this.iterator()) await this.delete(key);
  }

  async *iterator(prefix = ''): AsyncGenerator<[string, string], void> {
    const seen = new Set<string>();
    let from: string | undefined;
    do {
      const start = from;
      const { entries, next } = await this.#call(() => this.#server.page(this.#prefix + prefix, start));
      for (const { key, value } of entries) {
        if (seen.has(key)) continue;
        if (seen.size < SEEN_MAX) seen.add(key);
        yield [key.slice(this.#prefix.length), value];
      }
      from = next;
    } while (from !== undefined);
  }

  async disconnect(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { callTimeoutMs } = this.#server;
    await withTimeout(this.#clock, callTimeoutMs, this.#server.close()).catch((error: unknown) => {
      this.#server.interrupt();
      throw error;
    });
  }

  #write<Result>(change: () => Promise<Result>): Promise<Result> {
    return this.#call(() => {
      this.#server.assertWritable();
      return change();
    });
  }

  async #call<Result>(operation: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw new Error('it is closed');
    return withTimeout(this.#clock, this.#server.callTimeoutMs, operation(), () => this.#server.interrupt());
  }
}
