import KeyvRedis, { createClient } from '@keyv/redis';
import type { ServerAddress } from '../config/store-url.js';
import type { Clock } from '../ports.js';
import { withTimeout } from './deadline.js';
import { CALL_TIMEOUT_MS, RedisLease } from './redis-lease.js';
import type { Page, Server } from './server.js';
import type { StorageEntry } from './storage.js';

export type RedisClient = ReturnType<typeof connectionTo>;

const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_MS_MIN = 100;
const RECONNECT_MS_MAX = 2_000;
/** Commands under way. A write of the largest batch takes 1,002. */
const QUEUE_MAX = 100_000;
/** How many keys Redis looks at in a step of a scan. It looks at all of the database. */
const SCAN_COUNT = 1_000;

/** @param holder of this process alone, for {@link Server.own} */
export async function openRedis(
  address: ServerAddress,
  access: 'write' | 'read',
  holder: string,
  clock: Clock,
): Promise<Server> {
  const client = connectionTo(address.url);
  const server = new RedisServer(client, address.prefix, access, holder, clock);
  // Not `interrupt`, which would try again behind the back of whoever was told that it failed.
  await withTimeout(clock, CONNECT_TIMEOUT_MS, server.connect(), () => client.destroy());
  return server;
}

function connectionTo(url: string) {
  const client = createClient({
    url,
    commandsQueueMaxLength: QUEUE_MAX,
    disableOfflineQueue: true, // What cannot be sent fails, and is repeated by who knows whether it still matters.
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      // A first connection that fails says why; a lost one is made again for as long as it takes.
      reconnectStrategy: (retries) =>
        hasConnected && Math.min(RECONNECT_MS_MIN * 2 ** Math.min(retries, 10), RECONNECT_MS_MAX),
    },
  });
  let hasConnected = false;
  client.on('ready', () => {
    hasConnected = true;
  });
  client.on('error', () => {}); // Every call that it harms fails by itself.
  return client;
}

class RedisServer implements Server {
  readonly kind = 'redis';
  readonly callTimeoutMs = CALL_TIMEOUT_MS;
  readonly lost: Promise<void>;
  readonly #client: RedisClient;
  readonly #adapter: KeyvRedis<string>;
  readonly #access: 'write' | 'read';
  readonly #lease: RedisLease;
  #isClosed = false;

  constructor(client: RedisClient, prefix: string, access: 'write' | 'read', holder: string, clock: Clock) {
    this.#client = client;
    this.#access = access;
    this.#adapter = new KeyvRedis(client as never, { throwOnErrors: true });
    this.#adapter.on('error', () => {}); // It throws as well.
    this.#lease = new RedisLease(client, prefix, holder, clock, () => this.interrupt());
    this.lost = this.#lease.lost;
    client.on('ready', () => this.#lease.connected());
  }

  async connect(): Promise<void> {
    await this.#client.connect();
  }

  async getMany(keys: string[]): Promise<(string | undefined)[]> {
    await this.#lease.beginConnection();
    return this.#adapter.getMany(keys);
  }

  /** Whoever is no owner leaves requests, which nothing depends on. */
  async setMany(entries: StorageEntry[]): Promise<void> {
    if (!this.#lease.isHeld) return this.#adapter.setMany(entries);
    const values = entries.map(({ value }) => value);
    await this.#lease.write(
      entries.map(({ key }) => key),
      values,
    );
  }

  async deleteMany(keys: string[]): Promise<void> {
    if (this.#lease.isHeld) await this.#lease.write(keys);
    else await this.#adapter.deleteMany(keys);
  }

  /** Past the adapter's iterator, which takes its own kind of prefix only. A key that goes meanwhile is left out. */
  async page(prefix: string, from = '0'): Promise<Page> {
    await this.#lease.beginConnection();
    const match = `${prefix.replace(/[*?[\]^\\]/g, '\\$&')}*`;
    const { cursor, keys } = await this.#client.scan(from, { MATCH: match, COUNT: SCAN_COUNT });
    const values = keys.length === 0 ? [] : await this.#adapter.getMany(keys);
    const entries = keys.flatMap((key, index) => {
      const value = values[index];
      return value === undefined ? [] : [{ key, value }];
    });
    return { entries, next: cursor === '0' ? undefined : cursor };
  }

  assertWritable(): void {
    if (this.#access === 'read') throw new Error('it was opened read-only');
    this.#lease.assertHeld();
  }

  /** Redis answers in order, so a call without an answer means that no other gets one. */
  interrupt(): void {
    if (this.#client.isOpen) this.#client.destroy();
    if (!this.#isClosed) this.#client.connect().catch(() => {}); // Tries on until it is closed.
  }

  own(): Promise<boolean> {
    return this.#lease.take();
  }

  isOwned(): Promise<boolean> {
    return this.#lease.isTaken();
  }

  async warnings(): Promise<readonly string[]> {
    const [memory, persistence] = [await this.#client.info('memory'), await this.#client.info('persistence')];
    const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? 'noeviction';
    const hasLog = /^aof_enabled:1/m.test(persistence);
    return [
      ...(policy === 'noeviction'
        ? []
        : [`Redis has maxmemory-policy ${policy}, so it may forget without an error; set it to noeviction.`]),
      ...(hasLog
        ? []
        : ['Redis writes no append-only file, so a restart can lose what was stored last; set appendonly yes.']),
    ];
  }

  async nowMs(): Promise<number> {
    const [seconds, microseconds] = await this.#client.time();
    return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#lease.release();
    if (this.#client.isOpen) await this.#client.close();
  }
}
