import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../ports.js';
import { type Database, DatabaseSync, type StatementSync } from './node-sqlite.js';
import type { Storage, StorageEntry } from './storage.js';

/** `create` makes what is missing; `write` and `read` never make a store. */
export type SqliteAccess = 'create' | 'write' | 'read';

/** "RNOT" in the file's header: tells a store of ours from another program's database. */
const APPLICATION_ID = 0x52_4e_4f_54;

const PAGE_ROWS = 500;
/** SQLite's own busy timeout would stop the event loop; so a lock that another process holds is waited for in steps, 5 s in all. */
const BUSY_RETRY_MS = 10;
const BUSY_RETRIES_MAX = 500;
/** Of the file, in memory: with SQLite's own 2 MB, each look-up in a long list reads the file. */
const CACHE_KIB = 32 * 1024;
/** Of 4 KiB in the write-ahead log before they are copied to the file: a page that is written often is copied once. SQLite's own number is 1,000. */
const LOG_PAGES = 4_000;
/** What a burst of writes, or a long read, may leave of the write-ahead log. */
const LOG_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Opens the file, or gives undefined where there is no store and `access` does not make one.
 *
 * Reading opens for writing too, and then forbids it: only so does SQLite clear up what a killed owner left, and take its own side
 * files away at the end.
 */
export async function openSqlite(path: string, access: SqliteAccess, clock: Clock): Promise<SqliteStorage | undefined> {
  if (access !== 'create' && !existsSync(path)) return undefined;
  const url = pathToFileURL(path);
  url.searchParams.set('mode', access === 'create' ? 'rwc' : 'rw');
  const database = new DatabaseSync(url, { timeout: 0 });
  try {
    const exists = await retryWhileBusy(clock, () => prepareFile(database, access));
    if (exists) return new SqliteStorage(path, database, clock);
  } catch (error) {
    database.close();
    throw error;
  }
  database.close();
  return undefined;
}

/** Whether the file now holds a store. */
function prepareFile(database: Database, access: SqliteAccess): boolean {
  const isOurs = readNumber(database, 'PRAGMA application_id') === APPLICATION_ID;
  const isEmpty = readNumber(database, 'SELECT count(*) FROM sqlite_schema') === 0;
  if (!isOurs && !isEmpty) throw new Error('the file is the database of another program; configure another one');
  if (!isOurs && access !== 'create') return false;
  database.exec(
    `PRAGMA synchronous = FULL; PRAGMA cache_size = -${CACHE_KIB}; PRAGMA journal_size_limit = ${LOG_BYTES_MAX};
     PRAGMA wal_autocheckpoint = ${LOG_PAGES}`,
  );
  if (access === 'read') database.exec('PRAGMA query_only = ON');
  if (access === 'create') {
    useWriteAheadLog(database);
    transact(database, () => {
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      database.exec(
        'CREATE TABLE IF NOT EXISTS entries (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID',
      );
    });
  }
  return true;
}

function useWriteAheadLog(database: Database): void {
  const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
  if (mode !== 'wal') throw new Error("its file system cannot hold SQLite's write-ahead log; put it on a local disk");
}

function readNumber(database: Database, query: string): number {
  return Number(Object.values(database.prepare(query).get() ?? {})[0]);
}

/** A keyv storage adapter over node:sqlite. A batch is one transaction, synced to the disk before it is acknowledged. */
export class SqliteStorage implements Storage {
  readonly opts: { readonly dialect: string; readonly url: string };
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #select: StatementSync;
  readonly #selectUnlike: StatementSync;
  readonly #upsert: StatementSync;
  readonly #delete: StatementSync;
  readonly #pageFrom: StatementSync;
  readonly #pageAfter: StatementSync;

  constructor(path: string, database: Database, clock: Clock) {
    this.opts = { dialect: 'sqlite', url: path };
    this.#database = database;
    this.#clock = clock;
    // CROSS JOIN keeps the order of the two tables: one look-up for each key asked for.
    this.#select = database.prepare(
      'SELECT entries.key, entries.value FROM json_each(?) AS asked CROSS JOIN entries ON entries.key = asked.value',
    );
    // Bytes are compared, and nothing comes after U+10FFFF.
    this.#selectUnlike = database.prepare(
      `SELECT asked.value AS key FROM json_each(?) AS asked LEFT JOIN entries ON entries.key = asked.value
        WHERE entries.value IS NULL OR entries.value < ? OR entries.value > ? || char(0x10FFFF) OR substr(entries.value, ?) <> ?`,
    );
    this.#upsert = database.prepare(
      'INSERT INTO entries (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    );
    this.#delete = database.prepare('DELETE FROM entries WHERE key IN (SELECT value FROM json_each(?))');
    this.#pageFrom = database.prepare('SELECT key, value FROM entries WHERE key >= ? ORDER BY key LIMIT ?');
    this.#pageAfter = database.prepare('SELECT key, value FROM entries WHERE key > ? ORDER BY key LIMIT ?');
  }

  async get(key: string): Promise<string | undefined> {
    const [value] = await this.getMany([key]);
    return value;
  }

  async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    const rows = await this.#try(() => entriesOf(this.#select.all(JSON.stringify(keys))));
    const found = new Map(rows.map(({ key, value }) => [key, value]));
    return keys.map((key) => found.get(key));
  }

  /** @param tail ASCII */
  async getUnlike(keys: readonly string[], head: string, tail: string): Promise<readonly string[]> {
    const rows = await this.#try(() => this.#selectUnlike.all(JSON.stringify(keys), head, head, -tail.length, tail));
    return (rows as unknown as readonly { readonly key: string }[]).map(({ key }) => key);
  }

  async set(key: string, value: string): Promise<boolean> {
    await this.setMany([{ key, value }]);
    return true;
  }

  async setMany(entries: readonly StorageEntry[]): Promise<boolean[]> {
    await this.#try(() =>
      transact(this.#database, () => {
        for (const { key, value } of entries) this.#upsert.run(key, value);
      }),
    );
    return entries.map(() => true);
  }

  /** A commit waits for the disk; this is one instead of two. */
  async replaceMany(entries: readonly StorageEntry[], gone: readonly string[]): Promise<void> {
    await this.#try(() =>
      transact(this.#database, () => {
        for (const { key, value } of entries) this.#upsert.run(key, value);
        this.#delete.run(JSON.stringify(gone));
      }),
    );
  }

  async delete(key: string): Promise<boolean> {
    const { changes } = await this.#try(() => this.#delete.run(JSON.stringify([key])));
    return changes > 0;
  }

  async deleteMany(keys: readonly string[]): Promise<boolean> {
    await this.#try(() => this.#delete.run(JSON.stringify(keys)));
    return true;
  }

  async has(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  async clear(): Promise<void> {
    await this.#try(() => this.#database.exec('DELETE FROM entries'));
  }

  /**
   * A page at a time, each a read of its own from where the last one ended: no transaction stays open that would keep the log growing,
   * and what is written meanwhile does no harm. Keys with the same beginning lie next to each other.
   */
  async *iterator(prefix = ''): AsyncGenerator<[string, string], void> {
    let page = await this.#try(() => entriesOf(this.#pageFrom.all(prefix, PAGE_ROWS)));
    let last = page.at(-1);
    while (last !== undefined) {
      for (const { key, value } of page) {
        if (!key.startsWith(prefix)) return;
        yield [key, value];
      }
      if (page.length < PAGE_ROWS) return;
      const { key: after } = last;
      await delay(this.#clock, 0); // Lets the rest of the program have its turn.
      page = await this.#try(() => entriesOf(this.#pageAfter.all(after, PAGE_ROWS)));
      last = page.at(-1);
    }
  }

  /** The store as it is now, in a file that does not exist yet. Blocks for about as long as writing it takes. */
  async copyTo(path: string): Promise<void> {
    await this.#try(() => this.#database.prepare('VACUUM INTO ?').run(path));
  }

  async disconnect(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  #try<Result>(operation: () => Result): Promise<Result> {
    return retryWhileBusy(this.#clock, operation);
  }
}

/** IMMEDIATE: a lock that is in the way is met before anything is written. */
function transact(database: Database, change: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    change();
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** The table is STRICT, so its columns are texts. */
function entriesOf(rows: readonly unknown[]): readonly StorageEntry[] {
  return rows as readonly StorageEntry[];
}

async function retryWhileBusy<Result>(clock: Clock, operation: () => Result): Promise<Result> {
  for (let retriesLeft = BUSY_RETRIES_MAX; ; retriesLeft -= 1) {
    try {
      return operation();
    } catch (error) {
      if (!isBusy(error) || retriesLeft === 0) throw error;
    }
    await delay(clock, BUSY_RETRY_MS);
  }
}

const SQLITE_BUSY = 5;

/** @see https://www.sqlite.org/rescode.html: the low byte of a result code is its class. */
export function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' && (code & 0xff) === SQLITE_BUSY;
}

function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
