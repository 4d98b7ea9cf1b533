import { constants, existsSync } from 'node:fs';
import { access, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { StoreConfig } from '../config/config.js';
import type { CommandContext } from './command.js';
import type { Trial } from './trials.js';

/** Whether the store of this machine can be written to; undefined where it can, or is on a server. Harms no running program, and makes no store. */
export async function tryWriting(store: StoreConfig, { cwd, pid }: CommandContext): Promise<Trial | undefined> {
  if (store.kind !== 'sqlite') return undefined;
  const there = nearest(resolve(cwd, store.file));
  const refused = await whyNotWritten(there, pid);
  return refused === undefined ? undefined : { result: 'failed', detail: refused };
}

/** A file by its permissions; a folder, which the side files of a store need too, by a file that is made and taken away. */
async function whyNotWritten(there: string, pid: number): Promise<string | undefined> {
  const isFolder = (await stat(there)).isDirectory();
  const folder = isFolder ? there : dirname(there);
  const refused = (isFolder ? undefined : await whyNoAccess(there)) ?? (await whyNoAccess(folder));
  if (refused !== undefined) return refused;
  const file = join(folder, `.recording-notifier-trial-${pid}`);
  try {
    await writeFile(file, '', { flag: 'wx' });
    await rm(file);
    return undefined;
  } catch (error) {
    return `nothing can be written to ${folder} (${(error as NodeJS.ErrnoException).code}); give it room, or configure another store`;
  }
}

/** By what the system says of this user's rights. */
export async function whyNoAccess(there: string): Promise<string | undefined> {
  const code = await access(there, constants.W_OK).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (code === undefined) return undefined;
  if (code === 'EROFS') return `${there} is on a read-only file system; mount it writable`;
  return `this user may not write to ${there} (${code}); give it the right to`;
}

/** The path itself, or what is there of the way to it. */
export function nearest(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearest(dirname(path));
}
