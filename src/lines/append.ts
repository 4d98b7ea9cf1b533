import { constants } from 'node:fs';
import { access, type FileHandle, open, readlink, rename, stat, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ArchiveError } from '../archive/define.js';
import { at, codeOf, syncFolder } from '../archive/folder-files.js';
import type { Clock } from '../ports.js';
import { type Lock, takeLock } from '../store/lock.js';
import { mendEnd } from './mend.js';

/** A file that lines are appended to. */
export interface LineFile {
  /** Relative to the working directory. */
  readonly path: string;
  /** What would make it longer begins a new file; a longer line has a file for itself. */
  readonly bytesMax: number;
  /** Files that were begun before, as `FILE.1`, the latest, to `FILE.N`. */
  readonly keep: number;
}

interface AppendPorts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const LOCK_WAIT_MS = 25;
/** Of SQLite. */
const NOT_A_DATABASE = 26;
/** That one path ever had. */
const FILES_MAX = 10_000;

/** Appends to a path that are under way in this process, one after the other: the system's lock would block us against ourselves. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Appends one line by a single write and returns when the disk has it. Several processes may append to one file: whoever does so has
 * the lock beside it, under which what a crash has torn is mended, and files make room for the next.
 *
 * @param line without the line feed
 * @returns false when it was called off before it began to write
 * @throws ArchiveError with `no_space` (nothing of the line stays), `forbidden` (the folder is not there, too), or `broken`
 */
export function appendLine(file: LineFile, line: string, ports: AppendPorts): Promise<boolean> {
  const path = resolve(file.path);
  return inTurn(path, () =>
    at(path, async () => {
      const lock = await at(`${path}.lock`, () => lockOf(path, ports));
      try {
        if (ports.signal.aborted || lock === undefined) return false;
        await appendTo(path, file, Buffer.from(`${line}\n`));
        return true;
      } finally {
        lock?.release();
      }
    }),
  );
}

/** What keeps a line from being appended, as far as that can be seen without writing; in words. */
export async function flawOfFile({ path: given }: LineFile): Promise<string | undefined> {
  const path = resolve(given);
  try {
    await at(path, async () => {
      const found = await stat(path).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error;
      });
      await access(dirname(path), constants.W_OK | constants.X_OK).catch((error: unknown) => {
        throw folderMissing(path, error);
      });
      await assertLeadsToFolder(`${path}.lock`);
      if (found === undefined) return assertLeadsToFolder(path);
      assertTakesLines(path, found);
      await access(path, constants.W_OK);
    });
    return undefined;
  } catch (error) {
    if (error instanceof ArchiveError) return error.message;
    throw error;
  }
}

async function inTurn<Result>(path: string, run: () => Promise<Result>): Promise<Result> {
  const before = queues.get(path);
  const mine = before === undefined ? run() : before.then(run, run);
  queues.set(path, mine);
  try {
    return await mine;
  } finally {
    if (queues.get(path) === mine) queues.delete(path);
  }
}

/** Undefined when it was called off meanwhile. */
async function lockOf(path: string, { clock, signal }: AppendPorts): Promise<Lock | undefined> {
  // So that what is wrong with the folder is told by the system, and not by SQLite.
  const probe = await open(`${path}.lock`, 'a').catch(async (error: unknown) => {
    if (codeOf(error) === 'EISDIR') throw noLock(path, error);
    await assertLeadsToFolder(`${path}.lock`);
    throw folderMissing(path, error);
  });
  await probe.close();
  while (!signal.aborted) {
    const lock = lockAt(path);
    if (lock !== undefined) return lock;
    await new Promise<void>((done) => clock.after(LOCK_WAIT_MS, done));
  }
  return undefined;
}

function lockAt(path: string): Lock | undefined {
  try {
    return takeLock(path, 0);
  } catch (error) {
    if ((error as { errcode?: unknown }).errcode !== NOT_A_DATABASE) throw error;
    throw noLock(path, error);
  }
}

function noLock(path: string, cause: unknown): ArchiveError {
  return new ArchiveError('forbidden', `${path}.lock: it is no lock of ours; move it away`, { cause });
}

/** A link to a file that is not there yet is fine, since it is made; one into a folder that is not there is told as what it is. */
async function assertLeadsToFolder(path: string): Promise<void> {
  const target = await readlink(path).catch(() => undefined);
  if (target === undefined) return;
  const folder = dirname(resolve(dirname(path), target));
  await access(folder).catch((cause: unknown) => {
    if (codeOf(cause) !== 'ENOENT') return;
    const words = `${path}: it is a link into a folder that is not there, ${folder}; create that, or remove the link (ENOENT)`;
    throw new ArchiveError('forbidden', words, { cause });
  });
}

function folderMissing(path: string, error: unknown): unknown {
  if (codeOf(error) !== 'ENOENT') return error;
  return new ArchiveError('forbidden', `${dirname(path)}: there is no such folder; create it (ENOENT)`, {
    cause: error,
  });
}

function assertTakesLines(path: string, found: { isFile(): boolean; isCharacterDevice(): boolean }): void {
  if (found.isFile() || found.isCharacterDevice()) return;
  throw new ArchiveError('forbidden', `${path}: it is no file that lines can be appended to`);
}

async function appendTo(path: string, { bytesMax, keep }: LineFile, line: Buffer): Promise<void> {
  // Before it is opened, since the system says of a folder that it is one, and not that it is the wrong thing.
  const there = await stat(path).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
  if (there === undefined) await assertLeadsToFolder(path);
  else assertTakesLines(path, there);
  let handle = await open(path, 'a+');
  try {
    const found = await handle.stat();
    assertTakesLines(path, found);
    let { bytes, needsBreak } = await mendEnd(handle, found.size);
    if (bytes > 0 && bytes + line.length > bytesMax) {
      await handle.close();
      await makeRoom(path, keep);
      handle = await open(path, 'a+');
      [bytes, needsBreak] = [0, false];
    }
    await write(handle, path, needsBreak ? Buffer.concat([Buffer.from('\n'), line]) : line, bytes);
    if (found.isFile()) await handle.sync();
    if (bytes === 0) await syncFolder(dirname(path));
  } finally {
    await handle.close();
  }
}

/** `FILE` becomes `FILE.1`, that becomes `FILE.2`, and so on; the last one goes. */
async function makeRoom(path: string, keep: number): Promise<void> {
  for (let number = keep; number > 0; number -= 1) {
    const older = number === 1 ? path : `${path}.${number - 1}`;
    await rename(older, `${path}.${number}`).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
  }
  await removeFrom(path, keep + 1);
}

/** What an earlier, larger `keep` has left. */
async function removeFrom(path: string, first: number): Promise<void> {
  for (let number = first; number <= FILES_MAX; number += 1) {
    try {
      await unlink(`${path}.${number}`);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return;
      throw error;
    }
  }
}

/** All of it or nothing: what a full disk has cut off is taken away again. */
async function write(handle: FileHandle, path: string, line: Buffer, bytesBefore: number): Promise<void> {
  const { bytesWritten } = await handle.write(line);
  if (bytesWritten === line.length) return;
  await handle.truncate(bytesBefore);
  throw new ArchiveError('no_space', `${path}: there is no room for a line`);
}
