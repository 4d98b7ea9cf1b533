import { rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../ports.js';
import { type Lock, takeLock } from '../store/lock.js';
import { makeFolder } from '../store/make-folder.js';
import { type ArchivedFile, type ArchivedRecording, ArchiveError } from './define.js';
import { codeOf, syncFolder, writeSynced } from './folder-files.js';
import { appendToManifest, type ManifestIndex, mendManifest, recordingKey } from './manifest.js';

const LOCK_WAIT_MS = 25;
const LOCK_TRIES_MAX = 1_200;

export interface FolderEntranceOptions {
  readonly root: string;
  readonly manifest: string;
  /** Without its extension. */
  readonly lockPath: string;
  readonly index: ManifestIndex;
  readonly clock: Clock;
}

interface Entry {
  readonly file: ArchivedFile;
  readonly partPath: string;
  readonly result: PromiseWithResolvers<ArchivedFile>;
}

/**
 * Where a part becomes a file of an archive. All of it happens under the lock of the manifest: where several processes bring the same
 * recording, file, JSON and line are of one of them.
 */
export class FolderEntrance {
  readonly #options: FolderEntranceOptions;
  /** One change at a time here, so that the lock is only waited for where another process has it. */
  #lastChange: Promise<void> = Promise.resolve();
  /** Those that come while others enter go in together, by their recordings. */
  #waiting: Map<string, Entry> | undefined;

  constructor(options: FolderEntranceOptions) {
    this.#options = options;
  }

  /** What the archive has of a recording, if it is whole. After the index has been refreshed. */
  async whole(recording: ArchivedRecording): Promise<ArchivedFile | undefined> {
    const { index, root } = this.#options;
    const file = index.get(recording);
    return file !== undefined && (await sizeOf(pathIn(root, file))) === file.bytes ? file : undefined;
  }

  /**
   * All of it, or the part is what it was.
   *
   * @param partPath the bytes, whole and synced
   * @returns what the archive has of the recording now: where somebody else has brought the same bytes, theirs, and the part is gone
   */
  async enter(file: ArchivedFile, partPath: string): Promise<ArchivedFile> {
    const key = recordingKey(file);
    for (let twin = this.#waiting?.get(key); twin !== undefined; twin = this.#waiting?.get(key)) {
      await twin.result.promise.catch(() => undefined);
    }
    const result = Promise.withResolvers<ArchivedFile>();
    this.#queue().set(key, { file, partPath, result });
    return result.promise;
  }

  /** Takes away what a crash has left of a last line. */
  mend(): Promise<void> {
    return this.#change(() => mendManifest(this.#options.manifest));
  }

  /** Resolves when nobody is on the way in. */
  idle(): Promise<void> {
    return this.#lastChange;
  }

  #queue(): Map<string, Entry> {
    if (this.#waiting !== undefined) return this.#waiting;
    const entries = new Map<string, Entry>();
    this.#waiting = entries;
    const close = () => {
      if (this.#waiting === entries) this.#waiting = undefined;
    };
    this.#change(() => {
      close();
      return this.#enterAll([...entries.values()]);
    }).catch((error: unknown) => {
      close();
      for (const { result } of entries.values()) result.reject(error);
    });
    return entries;
  }

  async #enterAll(entries: readonly Entry[]): Promise<void> {
    const { index, manifest } = this.#options;
    await index.refresh();
    const placed: Entry[] = [];
    const place = async (entry: Entry) => void ((await this.#place(entry)) && placed.push(entry));
    await Promise.all(entries.map((entry) => place(entry).catch(entry.result.reject)));
    const files = placed.map(({ file }) => file);
    try {
      if (files.length > 0) await appendToManifest(manifest, files);
    } catch (error) {
      await Promise.all(placed.map((entry) => this.#takeBack(entry).catch(() => undefined)));
      throw error;
    }
    // The next who asks reads what this one could not.
    await index.refresh().catch(() => undefined);
    for (const { file, result } of placed) result.resolve(file);
  }

  /** @returns whether it needs its line now */
  async #place(entry: Entry): Promise<boolean> {
    const { file, partPath, result } = entry;
    const found = await this.whole(file);
    if (found?.sha256 === file.sha256) {
      await rm(`${partPath}.part`, { force: true });
      result.resolve(found);
      return false;
    }
    const path = pathIn(this.#options.root, file);
    if (makeFolder(dirname(path))) await this.#syncAbove(dirname(path));
    // First what needs room: nothing has been moved when there is none.
    await writeSynced(`${partPath}.part.json`, `${JSON.stringify(file, undefined, 2)}\n`);
    await rename(`${partPath}.part`, path);
    try {
      await rename(`${partPath}.part.json`, `${path}.json`);
    } catch (error) {
      await this.#takeBack(entry);
      throw error;
    }
    await syncFolder(dirname(path));
    return true;
  }

  async #takeBack({ file, partPath }: Entry): Promise<void> {
    const path = pathIn(this.#options.root, file);
    await rename(path, `${partPath}.part`);
    await rm(`${path}.json`, { force: true });
  }

  /** A folder that is new is on the disk once those that it lies in are. */
  async #syncAbove(folder: string): Promise<void> {
    for (let above = folder; above !== this.#options.root; ) {
      above = dirname(above);
      await syncFolder(above);
    }
  }

  #change(change: () => Promise<void>): Promise<void> {
    const changed = this.#lastChange.then(async () => {
      const lock = await this.#waitForLock();
      try {
        await change();
      } finally {
        lock.release();
      }
    });
    this.#lastChange = changed.catch(() => undefined);
    return changed;
  }

  async #waitForLock(): Promise<Lock> {
    const { lockPath, clock } = this.#options;
    for (let tries = 0; tries < LOCK_TRIES_MAX; tries += 1) {
      const lock = takeLock(lockPath, 0);
      if (lock !== undefined) return lock;
      await new Promise<void>((resolve) => clock.after(LOCK_WAIT_MS, resolve));
    }
    throw new ArchiveError('broken', `${lockPath}.lock: another process has held it for too long`);
  }
}

/** Of a path of the archive, which has `/` between its parts. */
export function pathIn(root: string, { path }: Pick<ArchivedFile, 'path'>): string {
  return join(root, ...path.split('/'));
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return undefined;
    throw error;
  }
}
