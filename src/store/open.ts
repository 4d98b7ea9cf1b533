import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { StoreConfig } from '../config/config.js';
import type { ServerAddress } from '../config/store-url.js';
import type { Clock, Json, Store } from '../ports.js';
import { copyFile } from './copies.js';
import { withTimeout } from './deadline.js';
import {
  OwnedError,
  OwnershipLostError,
  StoreError,
  StoreMissingError,
  StoreOutdatedError,
  StoreVersionError,
} from './errors.js';
import { STORE_FORMAT, type StoreFormat } from './format.js';
import { keys } from './keys.js';
import { KeyvStore } from './keyv.js';
import { isLocked, takeLock } from './lock.js';
import { makeFolder } from './make-folder.js';
import { MemoryStorage } from './memory.js';
import { type Migrated, migrate } from './migrate.js';
import { openServer } from './open-server.js';
import { problemOf } from './problem.js';
import { decodeMeta, decodeOwner, encodeMeta, encodeOwner, type Meta, type Owner } from './records.js';
import { openSqlite, type SqliteAccess, type SqliteStorage } from './sqlite.js';

/**
 * `own`: the one process that writes; makes the store if there is none · `read`: beside an owner, changes nothing · `request`: beside an
 * owner, writes requests only.
 */
export type StoreMode = 'own' | 'read' | 'request';

export interface StoreDependencies {
  readonly clock: Clock;
  /** What a relative path starts from. */
  readonly cwd: string;
  /** Who an owner is, for others to read. */
  readonly host: string;
  readonly pid: number;
  /** What the store has to be: an older one is migrated by its owner, a newer one refused. This program's own if not given. */
  readonly format?: StoreFormat;
}

export interface OpenedStore {
  readonly store: Store;
  /** It did not exist before. */
  readonly created: boolean;
  /** It was of an older version. */
  readonly migrated?: Migrated | undefined;
  /** What the server is configured for that should not be: sentences for the operator. */
  readonly warnings: readonly string[];
  /** Wall clock of the server that it is on, milliseconds since 1970; undefined: it is on this machine. */
  readonly serverNowMs?: (() => Promise<number>) | undefined;
  /** Another process has become the owner, which ends this one. Stays pending while that is not so. */
  readonly lost: Promise<StoreError>;
  /** Throws unless this process owns the store, as far as it can know without asking. */
  readonly assertOwned: () => void;
}

/** Of a store that nobody can take away. */
const KEPT = { warnings: [], lost: new Promise<never>(() => {}), assertOwned: () => {} } as const;

/**
 * Opens the configured store. Closing it also ends the ownership.
 *
 * Throws {@link OwnedError} when another process owns it, {@link StoreMissingError} when there is none and the mode makes none,
 * {@link StoreVersionError} when it is too new, {@link StoreOutdatedError} when an owner has to migrate it first, and {@link StoreError} for whatever else is in the way.
 */
export async function openStore(config: StoreConfig, mode: StoreMode, deps: StoreDependencies): Promise<OpenedStore> {
  if (config.kind === 'memory') return openMemory(mode, deps);
  const label = labelOf(config, deps);
  return orStoreError(label, () => {
    if (config.kind === 'sqlite')
      return mode === 'own' ? ownSqlite(config.file, label, deps) : joinSqlite(config.file, label, mode, deps);
    return mode === 'own' ? ownServer(config, deps) : joinServer(config, mode, deps);
  });
}

/** Whether a process owns the store now, so that there is somebody to leave a request for. */
export async function hasOwner(config: StoreConfig, deps: StoreDependencies): Promise<boolean> {
  if (config.kind === 'memory') return false;
  return orStoreError(labelOf(config, deps), async () => {
    if (config.kind === 'sqlite') return isLocked(locate(config.file, deps));
    const server = await openServer(config, 'read', deps).catch((error: unknown) => {
      if (error instanceof StoreMissingError) return undefined;
      throw error;
    });
    return (await server?.isOwned().finally(() => server.store.close())) ?? false;
  });
}

/** Since when it has had the owner that it has, or had last; undefined where that cannot be read. */
export async function ownerSinceMs(store: Store): Promise<number | undefined> {
  const owner = (await store.getMany([keys.owner])).get(keys.owner);
  return owner === undefined ? undefined : decodeOwner(owner).sinceMs;
}

/** How it was made, and who has it or had it last; undefined where that cannot be read. */
export async function originOf(store: Store): Promise<{ readonly meta?: Meta; readonly owner?: Owner }> {
  const rows = await store.getMany([keys.meta, keys.owner]);
  const [meta, owner] = [rows.get(keys.meta), rows.get(keys.owner)];
  return {
    ...(meta === undefined ? {} : { meta: decodeMeta(meta) }),
    ...(owner === undefined ? {} : { owner: decodeOwner(owner) }),
  };
}

/** What names the store to people: no credentials. */
export function labelOf(config: StoreConfig, { cwd }: Pick<StoreDependencies, 'cwd'>): string {
  if (config.kind === 'memory') return 'memory';
  return config.kind === 'sqlite' ? `sqlite:${resolve(cwd, config.file)}` : config.label;
}

async function orStoreError<Result>(label: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (cause) {
    throw cause instanceof StoreError ? cause : new StoreError('open', label, problemOf(cause), cause);
  }
}

async function openMemory(mode: StoreMode, deps: StoreDependencies): Promise<OpenedStore> {
  if (mode !== 'own')
    throw new StoreError(
      'open',
      'memory',
      'a memory store cannot be seen from outside its process; the status page of the running program shows it, or set store to sqlite:FILE',
    );
  return own(new KeyvStore(new MemoryStorage(), 'memory'), deps, async () => 'none');
}

async function ownSqlite(file: string, label: string, deps: StoreDependencies): Promise<OpenedStore> {
  makeFolder(dirname(resolve(deps.cwd, file)));
  const path = locate(file, deps);
  const lock = takeLock(path);
  if (lock === undefined) throw new OwnedError(label, await readOwner(() => joinSqlite(path, label, 'read', deps)));
  try {
    const storage = await openFile(path, label, 'create', deps);
    const store = new KeyvStore(storage, label, lock.release);
    return await own(store, deps, (version) => copyFile(storage, path, version, deps.clock.nowMs()));
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Signs the store, so that others can tell who has it, and migrates it. */
async function own(
  store: KeyvStore,
  { clock, host, pid, format = STORE_FORMAT }: StoreDependencies,
  keepCopy: (version: number) => Promise<string>,
): Promise<OpenedStore> {
  return closeOnFailure(store, async () => {
    const found = await store.readMeta();
    const meta = found === undefined ? undefined : decodeMeta(found);
    if (meta !== undefined) refuseNewer(store.label, meta, format);
    const owner: Owner = { host, pid, sinceMs: clock.nowMs() };
    const entries: [string, Json][] = [[keys.owner, encodeOwner(owner)]];
    if (meta === undefined) {
      entries.push([keys.meta, encodeMeta({ version: format.version, createdAtMs: clock.nowMs() })]);
    }
    await store.setMany(entries);
    await store.getMany([keys.owner]); // Throws if the store only says that it has written.
    store.beforeClose(() => withTimeout(clock, LEAVE_MS_MAX, signOff(store, owner, clock)));
    const migrated = meta === undefined ? undefined : await migrate(store, meta, format, keepCopy);
    return { store, created: meta === undefined, migrated, ...KEPT };
  });
}

/** A store that takes nothing must not hold up the end. */
const LEAVE_MS_MAX = 1_000;

/** Tells whoever comes next that it ended by itself. Not where another one has become the owner. */
async function signOff(store: Store, owner: Owner, clock: Clock): Promise<void> {
  const signed = (await store.getMany([keys.owner])).get(keys.owner);
  if (JSON.stringify(signed) !== JSON.stringify(encodeOwner(owner))) return;
  await store.setMany([[keys.owner, encodeOwner({ ...owner, endedAtMs: clock.nowMs() })]]);
}

async function joinSqlite(file: string, label: string, mode: StoreMode, deps: StoreDependencies): Promise<OpenedStore> {
  const path = locate(file, deps);
  const store = new KeyvStore(await openFile(path, label, mode === 'read' ? 'read' : 'write', deps), label);
  return closeOnFailure(store, async () => {
    const meta = await store.readMeta();
    if (meta === undefined) throw new StoreMissingError(label, path);
    checkVersion(label, decodeMeta(meta), deps);
    return { store, created: false, ...KEPT };
  });
}

async function ownServer(address: ServerAddress, deps: StoreDependencies): Promise<OpenedStore> {
  const { store, ...server } = await openServer(address, 'create', deps);
  const owner = () => readOwner(() => joinServer(address, 'request', deps));
  return closeOnFailure(store, async () => {
    if (!(await server.own())) throw new OwnedError(address.label, await owner());
    return {
      ...(await own(store, deps, server.keepCopy)),
      warnings: await server.warnings(),
      assertOwned: server.assertOwned,
      lost: server.lost.then(async () => new OwnershipLostError(address.label, await owner())),
    };
  });
}

async function joinServer(address: ServerAddress, mode: StoreMode, deps: StoreDependencies): Promise<OpenedStore> {
  const { store, warnings, nowMs } = await openServer(address, mode === 'read' ? 'read' : 'write', deps);
  return closeOnFailure(store, async () => {
    const meta = await store.readMeta();
    const found = mode === 'read' ? await warnings() : [];
    if (meta === undefined) throw new StoreMissingError(address.label, address.label, found);
    checkVersion(address.label, decodeMeta(meta), deps);
    return { store, created: false, ...KEPT, warnings: found, serverNowMs: nowMs };
  });
}

async function openFile(
  path: string,
  label: string,
  access: SqliteAccess,
  { clock }: StoreDependencies,
): Promise<SqliteStorage> {
  const storage = await openSqlite(path, access, clock);
  if (storage === undefined) throw new StoreMissingError(label, path);
  return storage;
}

/** For whoever does not own it. */
function checkVersion(label: string, meta: Meta, { format = STORE_FORMAT }: StoreDependencies): void {
  refuseNewer(label, meta, format);
  const reached = meta.migration?.from ?? meta.version;
  if (reached < format.version) throw new StoreOutdatedError(label, reached, format.version);
}

function refuseNewer(label: string, { version }: Meta, format: StoreFormat): void {
  if (version > format.version) throw new StoreVersionError(label, version, format.version);
}

/** Who signed the store; undefined when that cannot be told: the owner may just be making the store, and that it is owned is enough. */
async function readOwner(join: () => Promise<OpenedStore>): Promise<Owner | undefined> {
  try {
    const { store } = await join();
    const rows = await store.getMany([keys.owner]).finally(() => store.close());
    const owner = rows.get(keys.owner);
    return owner === undefined ? undefined : decodeOwner(owner);
  } catch {
    return undefined;
  }
}

async function closeOnFailure<Result>(store: Store, use: () => Promise<Result>): Promise<Result> {
  try {
    return await use();
  } catch (error) {
    await store.close().catch(() => {}); // The first error is the one to tell.
    throw error;
  }
}

/** The one path of a file that may have several, or two owners could have a lock each. */
function locate(file: string, { cwd }: StoreDependencies): string {
  const path = resolve(cwd, file);
  return realPath(path) ?? join(realPath(dirname(path)) ?? dirname(path), basename(path));
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
