import type { ServerAddress } from '../config/store-url.js';
import type { Clock } from '../ports.js';
import { copyUnderPrefix } from './copies.js';
import { withTimeout } from './deadline.js';
import { StoreMissingError } from './errors.js';
import { KeyvStore } from './keyv.js';
import { type Server, ServerStorage } from './server.js';

/** `create` makes what is missing; `write` and `read` never make a store. */
export type ServerAccess = 'create' | 'write' | 'read';

export interface ServerDependencies {
  readonly clock: Clock;
  readonly host: string;
  readonly pid: number;
}

export interface ServerStore {
  readonly store: KeyvStore;
  readonly lost: Promise<void>;
  /** False when another process has it. */
  own(): Promise<boolean>;
  isOwned(): Promise<boolean>;
  /** Throws unless this process owns it, as far as it can know without asking. */
  assertOwned(): void;
  warnings(): Promise<readonly string[]>;
  /** Wall clock of the server's machine, milliseconds since 1970. */
  nowMs(): Promise<number>;
  /** Of a store of this version. Says where it is. */
  keepCopy(version: number): Promise<string>;
}

/** Connects to a store on a server. Throws {@link StoreMissingError} where the server tells at once that there is none. */
export async function openServer(
  address: ServerAddress,
  access: ServerAccess,
  deps: ServerDependencies,
): Promise<ServerStore> {
  const server = await connect(address, access, deps);
  if (server === undefined) throw new StoreMissingError(address.label, address.label);
  const inTime = <Result>(call: Promise<Result>) =>
    withTimeout(deps.clock, server.callTimeoutMs, call, () => server.interrupt());
  const storageAt = (prefix: string) => new ServerStorage(server, prefix, deps.clock);
  return {
    store: new KeyvStore(storageAt(address.prefix), address.label),
    lost: server.lost,
    own: () => inTime(server.own()),
    assertOwned: () => server.assertWritable(),
    isOwned: () => inTime(server.isOwned()),
    warnings: () => inTime(server.warnings()).catch(() => [CANNOT_ASK]),
    nowMs: () => inTime(server.nowMs()),
    keepCopy: (version) => copyUnderPrefix(storageAt, address.prefix, version, deps.clock.nowMs()),
  };
}

const CANNOT_ASK = 'The server does not say how it is configured, so it is not known whether it keeps what is stored.';

/** The client of a server is hundreds of files, which most starts of the program do not need. */
async function connect(
  address: ServerAddress,
  access: ServerAccess,
  deps: ServerDependencies,
): Promise<Server | undefined> {
  const holder = holderOf(deps);
  if (address.kind === 'postgres') {
    const { openPostgres } = await import('./postgres.js');
    return openPostgres(address, access, holder);
  }
  const { openRedis } = await import('./redis.js');
  return openRedis(address, access === 'read' ? 'read' : 'write', holder, deps.clock);
}

let opened = 0;

/** Of this opening alone: a process may open a store again, or two at once, and none may take itself for the other. */
function holderOf({ clock, host, pid }: ServerDependencies): string {
  opened += 1;
  return `${host}/${pid}/${clock.nowMs()}/${opened}`;
}
