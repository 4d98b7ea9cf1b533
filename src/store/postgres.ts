import { KeyvPostgres } from '@keyv/postgres';
import type { Client } from 'pg';
import type { ServerAddress } from '../config/store-url.js';
import type { ServerAccess } from './open-server.js';
import { PostgresSession, type Row } from './postgres-session.js';
import type { Page, Server } from './server.js';
import type { StorageEntry } from './storage.js';

const TABLE = 'recording_notifier';
const PAGE_ROWS = 500;
const CALL_TIMEOUT_MS = 10_000;

/**
 * Bytes are what the order of keys goes by, so that those with the same beginning lie next to each other. A key is longer than what the
 * adapter's own table takes.
 */
const CREATE_TABLE = `CREATE TABLE public.${TABLE} (key TEXT COLLATE "C" PRIMARY KEY, value TEXT NOT NULL)`;
/** On the server a statement ends before we stop waiting for it; and a connection that died on the way is noticed in half a minute. */
const SETTINGS = `SET statement_timeout = ${CALL_TIMEOUT_MS - 1_000}; SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3`;

const TRY_LOCK = 'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS done';
/** One statement, so that no lost connection comes between lock and signature. */
const TAKE = `INSERT INTO public.${TABLE} (key, value) SELECT $2, $3 WHERE pg_try_advisory_lock(hashtextextended($1, 0))
  ON CONFLICT (key) DO UPDATE SET value = excluded.value RETURNING true AS done`;
const IS_LOCKED = `SELECT EXISTS (
  SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (classid::bigint << 32 | objid::bigint) = hashtextextended($1, 0)
) AS done`;

/** The adapter, on a connection of ours: its own pool is shared by all of the process and ends it when an idle connection drops. */
class Adapter extends KeyvPostgres {
  constructor(session: PostgresSession) {
    // `connect` is called before a field of this class could be set, so the session travels with the options.
    super({ table: TABLE, session } as object);
  }

  override async connect() {
    const { session } = this.opts as unknown as { readonly session: PostgresSession };
    // The first statement would make the adapter's table; ours is there, and whoever reads may not be allowed to make one.
    return async (sql: string, values?: readonly unknown[]) =>
      sql.startsWith('CREATE ') ? [] : session.query(sql, values);
  }
}

/**
 * Opens the store, or gives undefined where there is none and `access` does not make one.
 *
 * The owner's lock belongs to its connection, and everything is written over that one: the server itself takes the right to write
 * away together with the connection, and no late write of it comes after the lock is free.
 *
 * @param holder of this process alone, for {@link Server.own}
 */
export async function openPostgres(
  address: ServerAddress,
  access: ServerAccess,
  holder: string,
): Promise<Server | undefined> {
  const server = new PostgresServer(address, access, holder);
  try {
    if (await server.exists(access === 'create')) return server;
  } catch (error) {
    server.interrupt();
    throw error;
  }
  await server.close();
  return undefined;
}

class PostgresServer implements Server {
  readonly kind = 'postgres';
  readonly callTimeoutMs = CALL_TIMEOUT_MS;
  readonly lost: Promise<void>;
  readonly #access: ServerAccess;
  readonly #lock: string;
  readonly #holder: string;
  readonly #holderKey: string;
  readonly #session: PostgresSession;
  readonly #adapter: Adapter;
  readonly #lose: () => void;
  #isOwner = false;

  constructor({ url, prefix }: ServerAddress, access: ServerAccess, holder: string) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.lost = promise;
    this.#lose = resolve;
    this.#access = access;
    this.#lock = `${TABLE}/${prefix}`;
    this.#holder = holder;
    this.#holderKey = `${prefix}!holder`;
    this.#session = new PostgresSession(url, (client) => this.#prepare(client));
    this.#adapter = new Adapter(this.#session);
  }

  /** Whether the table is there; makes it if it may. */
  async exists(mayCreate: boolean): Promise<boolean> {
    const [row] = await this.#session.query('SELECT to_regclass($1) IS NOT NULL AS done', [`public.${TABLE}`]);
    if (isDone(row) || !mayCreate) return isDone(row);
    try {
      await this.#session.query(CREATE_TABLE);
    } catch (error) {
      if (!MADE_BY_ANOTHER.has(String((error as { code?: unknown }).code))) throw error;
    }
    return true;
  }

  getMany(keys: string[]): Promise<(string | undefined)[]> {
    return this.#adapter.getMany(keys);
  }

  setMany(entries: StorageEntry[]): Promise<void> {
    return this.#adapter.setMany(entries);
  }

  async deleteMany(keys: string[]): Promise<void> {
    await this.#adapter.deleteMany(keys);
  }

  /** Past the adapter's iterator, which takes no prefix and ends quietly when it fails. */
  async page(prefix: string, from: string | undefined): Promise<Page> {
    const rows = await this.#session.query(
      `SELECT key, value FROM public.${TABLE} WHERE key COLLATE "C" ${from === undefined ? '>=' : '>'} $1
        ORDER BY key COLLATE "C" LIMIT ${PAGE_ROWS}`,
      [from ?? prefix],
    );
    const page = rows as unknown as readonly StorageEntry[];
    const entries = page.filter(({ key }) => key.startsWith(prefix));
    const isLast = entries.length < PAGE_ROWS;
    return { entries, next: isLast ? undefined : entries.at(-1)?.key };
  }

  /** The server does that. */
  assertWritable(): void {}

  interrupt(): void {
    this.#session.interrupt();
  }

  async own(): Promise<boolean> {
    const [row] = await this.#session.query(TAKE, [this.#lock, this.#holderKey, this.#holder]);
    this.#isOwner = isDone(row);
    return this.#isOwner;
  }

  async isOwned(): Promise<boolean> {
    const [row] = await this.#session.query(IS_LOCKED, [this.#lock]);
    return isDone(row);
  }

  async warnings(): Promise<readonly string[]> {
    const [row] = await this.#session.query("SELECT current_setting('fsync') = 'off' AS done");
    return isDone(row) ? ['PostgreSQL runs with fsync off: a crash of its machine can lose or damage the store.'] : [];
  }

  async nowMs(): Promise<number> {
    const [row] = await this.#session.query('SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now');
    return Number(row?.['now']);
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  async #prepare(client: Client): Promise<void> {
    await client.query(SETTINGS);
    if (this.#access === 'read') await client.query('SET default_transaction_read_only = on');
    if (this.#isOwner) await this.#ownAgain(client);
  }

  /**
   * After a lost connection. The lock alone does not tell: the server may hold the old connection for a while, and another owner may
   * have come and gone, after which nothing that we remember is true any more.
   */
  async #ownAgain(client: Client): Promise<void> {
    const { rows: locks } = await client.query(TRY_LOCK, [this.#lock]);
    const { rows: holders } = await client.query(`SELECT value FROM public.${TABLE} WHERE key = $1`, [this.#holderKey]);
    if (holders[0]?.value !== this.#holder) {
      this.#lose();
      throw new Error('another process has taken the store over');
    }
    if (!isDone(locks[0])) throw new Error('the connection was lost, and the server has not let go of the old one yet');
  }
}

/** Two who make the table at once: unique_violation in the catalogue, duplicate_table. */
const MADE_BY_ANOTHER: ReadonlySet<string> = new Set(['23505', '42P07']);

function isDone(row: Row | undefined): boolean {
  return row?.['done'] === true;
}
