import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { STORE_BATCH_MAX } from '../ports.js';
import { keys } from './keys.js';
import type { SqliteStorage } from './sqlite.js';
import type { Storage, StorageEntry } from './storage.js';

/** Copies of a store, kept beside it before a migration. None is ever written over. */

/** Of one version on one day. */
const COPIES_MAX = 100;
/** As in a store's URL. */
const PREFIX_LENGTH_MAX = 63;

/** Beside the file, under its own name and `.v1-2026-11-28`. It gets that name when it is whole and on the disk. */
export async function copyFile(storage: SqliteStorage, path: string, version: number, nowMs: number): Promise<string> {
  const copy = await firstFree(
    (suffix) => `${path}.${suffix}`,
    version,
    nowMs,
    async (name) => !existsSync(name),
  );
  const partial = `${copy}.partial`;
  rmSync(partial, { force: true });
  try {
    await storage.copyTo(partial);
    chmodSync(partial, statSync(path).mode & 0o777);
    sync(partial);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
  renameSync(partial, copy);
  sync(dirname(copy));
  return copy;
}

/**
 * On the same server, under the prefix with `-v1-2026-11-28` behind it, so that it is a store that a program can be pointed at. Its own
 * record comes last: without it the copy is not whole, is no store to anybody, and is begun anew.
 */
export async function copyUnderPrefix(
  storageAt: (prefix: string) => Storage,
  prefix: string,
  version: number,
  nowMs: number,
): Promise<string> {
  const nameOf = (suffix: string) => `${prefix.slice(0, PREFIX_LENGTH_MAX - suffix.length - 1)}-${suffix}`;
  const copy = await firstFree(nameOf, version, nowMs, async (name) => !(await storageAt(name).has(keys.meta)));
  const [from, to] = [storageAt(prefix), storageAt(copy)];
  for await (const some of inBatches(to.iterator())) await to.deleteMany(some.map(({ key }) => key));
  for await (const some of inBatches(from.iterator())) await to.setMany(some.filter(({ key }) => key !== keys.meta));
  const meta = await from.get(keys.meta);
  if (meta === undefined) throw new Error('its own record "meta" went missing while it was copied');
  await to.setMany([{ key: keys.meta, value: meta }]);
  return `?prefix=${copy}`;
}

async function firstFree(
  nameOf: (suffix: string) => string,
  version: number,
  nowMs: number,
  isFree: (name: string) => Promise<boolean>,
): Promise<string> {
  const suffix = `v${version}-${new Date(nowMs).toISOString().slice(0, 10)}`;
  for (let count = 1; count <= COPIES_MAX; count += 1) {
    const name = nameOf(count === 1 ? suffix : `${suffix}-${count}`);
    if (await isFree(name)) return name;
  }
  throw new Error(`there are ${COPIES_MAX} copies ${suffix} of it already; move them away`);
}

async function* inBatches(entries: AsyncIterable<readonly [string, string]>): AsyncGenerator<StorageEntry[]> {
  let batch: StorageEntry[] = [];
  for await (const [key, value] of entries) {
    if (batch.push({ key, value }) < STORE_BATCH_MAX) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
