import { mkdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { type PostgresProcess, startPostgres } from '../support/postgres-process.js';
import { startRedis } from '../support/redis-process.js';
import type { Stage } from '../support/stage.js';
import { newAddress, type ServerKind, untilLetGo } from '../support/store-servers.js';
import { startWire, type Wire } from '../support/wire.js';

/** The store of a program that is killed. */
export interface StagedStore {
  /** What the config says. */
  readonly url: string;
  /** On the way to a server. */
  readonly wire?: Wire;
  /** How often a file of an embedded store was written. */
  writes(): number;
  /** What time does to the ownership of a killed owner. */
  letGo(): Promise<void>;
  close(): Promise<void>;
}

/** A store whose server is killed. */
export interface StagedServer extends StagedStore {
  readonly wire: Wire;
  /** Ways to take it away. Each resolves once it is back. */
  readonly blows: Readonly<Record<string, () => Promise<void>>>;
}

export async function openStagedStore(stage: Stage, kind: 'sqlite' | ServerKind): Promise<StagedStore> {
  return kind === 'sqlite' ? openFile(stage) : openOnServer(stage, kind);
}

function openFile(stage: Stage): StagedStore {
  const folder = join(stage.folder, 'state');
  mkdirSync(folder);
  let writes = 0;
  const watcher = watch(folder, (_, file) => {
    if (!file?.endsWith('-wal')) return;
    writes += 1;
    stage.check();
  });
  return {
    url: 'sqlite:state/notifier.sqlite',
    writes: () => writes,
    letGo: async () => {},
    close: async () => watcher.close(),
  };
}

async function openOnServer(stage: Stage, kind: ServerKind): Promise<StagedStore> {
  const address = newAddress(kind);
  const url = new URL(address.url);
  const wire = await startWire(Number(url.port), stage.check);
  url.port = String(wire.port);
  url.searchParams.set('prefix', address.prefix);
  return {
    url: url.href,
    wire,
    writes: () => 0,
    letGo: async () => {
      // What the killed one sent last may take the ownership once more.
      await wire.unused();
      await untilLetGo(address);
    },
    close: async () => wire.close(),
  };
}

/** A server of its own. */
export async function openStagedServer(stage: Stage, kind: ServerKind): Promise<StagedServer> {
  const server = kind === 'redis' ? await openRedisServer() : await openPostgresServer();
  const url = new URL(server.url);
  const wire = await startWire(Number(url.port), stage.check);
  url.port = String(wire.port);
  return {
    url: url.href,
    wire,
    blows: server.blows,
    writes: () => 0,
    letGo: async () => {},
    close: async () => {
      wire.close();
      await server.kill();
    },
  };
}

async function openRedisServer() {
  const redis = await startRedis();
  return { url: redis.url, kill: redis.kill, blows: { server: () => again(redis) } };
}

async function openPostgresServer() {
  const postgres = await startPostgres();
  return {
    url: postgres.url,
    kill: postgres.kill,
    blows: {
      server: () => again(postgres),
      backend: postgres.killBackends,
      connection: postgres.dropConnections,
    },
  };
}

async function again(server: Pick<PostgresProcess, 'kill' | 'restart'>): Promise<void> {
  await server.kill();
  await server.restart();
}
