import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ArchiveError, type ArchiveFailureKind } from './define.js';

const KINDS: Readonly<Record<string, readonly [kind: ArchiveFailureKind, words: string]>> = {
  ENOSPC: ['no_space', 'the disk is full'],
  EDQUOT: ['no_space', 'the quota is used up'],
  EACCES: ['forbidden', 'the system refuses access; check who owns it'],
  EPERM: ['forbidden', 'the system refuses access; check who owns it'],
  EROFS: ['forbidden', 'the file system is mounted for reading only'],
  ENOENT: ['broken', 'it is not there'],
  ENOTDIR: ['broken', 'a file is where a folder has to be'],
  EEXIST: ['broken', 'a file is where a folder has to be'],
  EISDIR: ['broken', 'a folder is where a file has to be'],
  EFBIG: ['broken', 'the file system takes no file of this size'],
  ENAMETOOLONG: ['broken', 'the file system takes no name of this length'],
  EMFILE: ['broken', 'too many files are open'],
  EIO: ['broken', 'the disk fails'],
};

export function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** In words, with the place. */
function folderError(error: unknown, place: string): ArchiveError {
  if (error instanceof ArchiveError) return error;
  const code = codeOf(error);
  const [kind, words] = KINDS[code] ?? ['broken', 'it cannot be used'];
  return new ArchiveError(kind, `${place}: ${words}${code === '' ? '' : ` (${code})`}`, { cause: error });
}

/** Runs, and says of what fails where it was. */
export async function at<Result>(place: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw folderError(error, place);
  }
}

/** A name is on the disk once its folder is. Some systems cannot sync a folder; they have to do without. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** A small file, on the disk; its name is once its folder is. */
export async function writeSynced(path: string, text: string): Promise<void> {
  try {
    const handle = await open(path, 'w');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await rm(path, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** All of a small file, or what was there before. */
export async function replaceFile(draftPath: string, path: string, text: string): Promise<void> {
  await writeSynced(draftPath, text);
  await rename(draftPath, path);
  await syncFolder(dirname(path));
}
