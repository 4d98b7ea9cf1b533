import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { freePort } from './free-port.js';
import { settle } from './store-servers.js';
import { temporaryFolder } from './temporary-folder.js';

/** Where Debian keeps the programs of each version. */
const VERSIONS = '/usr/lib/postgresql';
/** PostgreSQL does not run as root. */
const NOBODY = { uid: 65_534, gid: 65_534 };
const OWNER = process.getuid?.() === 0 ? NOBODY : {};
/** A server that was killed leaves processes, which take a moment to go. */
const STARTS_MAX = 100;

/** The folder of `initdb` and `postgres`; undefined where there is none. */
export const POSTGRES_PROGRAMS = programsOf(VERSIONS);

export interface PostgresProcess {
  readonly port: number;
  readonly url: string;
  /** Ends the program's connection, as a firewall or an administrator does. */
  dropConnections(): Promise<void>;
  /** SIGKILL to the process that serves the program: the server ends all others and recovers by itself. */
  killBackends(): Promise<void>;
  /** SIGKILL to all of its processes. */
  kill(): Promise<void>;
  /** On the same port, with the same files. */
  restart(): Promise<void>;
}

/** A PostgreSQL of its own on a free port. */
export async function startPostgres(): Promise<PostgresProcess> {
  const programs = POSTGRES_PROGRAMS;
  if (programs === undefined) throw new Error(`no initdb below ${VERSIONS}; install postgresql`);
  const folder = temporaryFolder();
  if (OWNER === NOBODY) chownSync(folder, NOBODY.uid, NOBODY.gid);
  const data = join(folder, 'data');
  const choices = ['--no-sync', '--auth=trust', '--username=test', '--encoding=UTF8', '--locale=C'];
  execFileSync(join(programs, 'initdb'), ['-D', data, ...choices], { ...OWNER, stdio: 'ignore', cwd: folder });
  const port = await freePort();
  const url = `postgresql://test@127.0.0.1:${port}/postgres`;
  let server = await start();

  async function start(): Promise<ChildProcess> {
    const place = ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1'];
    for (let starts = 1; ; starts += 1) {
      const started = spawn(join(programs ?? '', 'postgres'), place, {
        ...OWNER,
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const gone = once(started, 'exit');
      let isReady = false;
      for await (const line of createInterface({ input: started.stderr })) {
        isReady = line.includes('ready to accept connections');
        if (isReady) break;
      }
      started.stderr.resume();
      if (isReady) return started;
      await gone;
      if (starts === STARTS_MAX) throw new Error('PostgreSQL does not start');
    }
  }

  /** A server that is recovering does not let anybody in, and may end a connection that came before. */
  async function ask(sql: string): Promise<readonly number[]> {
    let pids: readonly number[] = [];
    await settle(async () => {
      pids = await askOnce(sql);
    });
    return pids;
  }

  async function askOnce(sql: string): Promise<readonly number[]> {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      const { rows } = await client.query<{ pid: number }>(sql);
      return rows.map(({ pid }) => pid);
    } finally {
      client.connection.stream.destroy();
    }
  }

  return {
    port,
    url,
    dropConnections: async () => {
      await ask(`SELECT pid, pg_terminate_backend(pid) FROM ${SERVED}`);
    },
    killBackends: async () => {
      for (const pid of await ask(`SELECT pid FROM ${SERVED}`)) killAt(pid);
    },
    kill: async () => {
      const pids = await ask('SELECT pid FROM pg_stat_activity');
      const gone = once(server, 'exit');
      server.kill('SIGKILL');
      for (const pid of pids) killAt(pid);
      await gone;
    },
    restart: async () => {
      server = await start();
    },
  };
}

const SERVED = `pg_stat_activity WHERE application_name = 'recording-notifier'`;

/** It may have gone by itself. */
function killAt(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {}
}

function programsOf(versions: string): string | undefined {
  if (!existsSync(versions)) return undefined;
  const folders = readdirSync(versions).map((version) => join(versions, version, 'bin'));
  return folders.find((folder) => existsSync(join(folder, 'initdb')));
}
