import { createClient } from '@keyv/redis';
import pg from 'pg';
import type { StoreConfig } from '../../src/config/config.js';
import { readServerUrl, type ServerAddress } from '../../src/config/store-url.js';
import { systemClock } from '../../src/system.js';

const URLS = {
  redis: 'redis://127.0.0.1:6379/0',
  postgres: 'postgresql://root@127.0.0.1:5432/test',
} as const;
const PREFIX = `test-${process.pid}-${Date.now()}`;
const SERVERS = { redis: await answers('redis'), postgres: await answers('postgres') };
let prefixes = 0;

export type ServerKind = keyof typeof URLS;

/**
 * `describe` where the server answers. Where it does not, the tests are skipped, and say so; in CI they run, and fail.
 */
export function describeWith(kind: ServerKind, name: string, body: () => void): void {
  const mayRun = SERVERS[kind] || process.env['CI'] === 'true';
  if (!mayRun) process.stderr.write(`SKIPPED, since no ${kind} answers at ${URLS[kind]}: ${name}\n`);
  (mayRun ? describe : describe.skip)(name, body);
}

/** A store of its own on the server. */
export function newAddress(kind: ServerKind): ServerAddress {
  prefixes += 1;
  return addressOf(`${URLS[kind]}?prefix=${PREFIX}-${prefixes}`);
}

export function addressOf(url: string): ServerAddress {
  const address = readServerUrl(url);
  if (address === undefined || 'problem' in address) throw new Error(`${url} is no address`);
  return address;
}

/** Takes away everything that this process put there. */
export async function cleanServers(): Promise<void> {
  if (SERVERS.redis) {
    await withRedis(async (client) => {
      const keys = await client.keys(`${PREFIX}-*`);
      if (keys.length > 0) await client.unlink(keys);
    });
  }
  if (SERVERS.postgres) {
    await withPostgres(async (client) => {
      const { rows } = await client.query("SELECT to_regclass('public.recording_notifier') AS name");
      if (rows[0]?.name !== null) {
        await client.query('DELETE FROM public.recording_notifier WHERE starts_with(key, $1)', [PREFIX]);
      }
    });
  }
}

async function withPostgres<Result>(use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: URLS.postgres, connectionTimeoutMillis: 2_000 });
  await client.connect();
  return use(client).finally(() => client.end());
}

async function withRedis<Result>(
  use: (client: ReturnType<typeof redisAt>) => Promise<Result>,
  url: string = URLS.redis,
): Promise<Result> {
  const client = redisAt(url);
  client.on('error', () => {});
  await client.connect();
  return use(client).finally(() => client.destroy());
}

function redisAt(url: string) {
  return createClient({ url, socket: { reconnectStrategy: false } });
}

async function answers(kind: ServerKind): Promise<boolean> {
  const asking = kind === 'redis' ? withRedis((client) => client.ping()) : withPostgres((client) => client.query(''));
  return asking.then(
    () => true,
    () => false,
  );
}

/** Another session has the record locked until the returned function is called: what writes it hangs. */
export async function lockRecord({ prefix }: ServerAddress, key: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: URLS.postgres });
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT FROM public.recording_notifier WHERE key = $1 FOR UPDATE', [`${prefix}:${key}`]);
  return () => client.end();
}

/** What time does to the ownership of a killed owner: a lease of Redis ends, and PostgreSQL notices that a connection has gone. */
export async function untilLetGo(config: StoreConfig): Promise<void> {
  if (config.kind === 'redis') await withRedis((client) => client.del(`${config.prefix}!lease`), config.url);
  if (config.kind !== 'postgres') return;
  await withPostgres(async (client) => {
    for (let held = 1; held > 0; ) {
      const { rows } = await client.query(`SELECT count(*)::int AS held FROM pg_locks WHERE ${IS_LOCK}`, [
        lockOf(config),
      ]);
      held = rows[0].held;
    }
  });
}

const IS_LOCK = `locktype = 'advisory' AND (classid::bigint << 32 | objid::bigint) = hashtextextended($1, 0)`;

function lockOf({ prefix }: ServerAddress): string {
  return `recording_notifier/${prefix}`;
}

/** The server ends the connection of the owner, as a restart or a firewall does. */
export async function dropConnectionOf(address: ServerAddress): Promise<void> {
  await withPostgres((client) =>
    client.query(`SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE ${IS_LOCK}`, [lockOf(address)]),
  );
}

/** Until it works: what is lost shows in one failed call, or in none, and making a connection again takes as long as it takes. */
export async function settle(operation: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await operation();
      return;
    } catch (error) {
      if (tries === 2_000) throw error;
    }
    await new Promise((resolve) => systemClock.after(1, () => resolve(undefined)));
  }
}
