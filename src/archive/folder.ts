import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { opendir, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Clock } from '../ports.js';
import { type Lock, takeLock } from '../store/lock.js';
import { makeFolder } from '../store/make-folder.js';
import {
  type ArchivedFile,
  type ArchivedRecording,
  ArchiveError,
  type ArchiveTarget,
  type Inspected,
} from './define.js';
import { FolderDraft } from './folder-draft.js';
import { at, codeOf } from './folder-files.js';
import { appendToManifest, ManifestIndex, mendManifest, readFileNote, recordingKey } from './manifest.js';

export interface FolderTargetOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Never the same twice. */
  readonly nonce: () => string;
  /** So much of the disk is left to others, such as our own store. */
  readonly spareBytes?: number;
}

const MANIFEST = 'manifest.jsonl';
/** Parts of files, notes of them, and locks. */
const HIDDEN = '.partial';
const SPARE_BYTES = 64 * 1024 * 1024;
/** Parts that nobody has gone on with for so long are given up. */
const PART_AGE_MAX_MS = 7 * 86_400_000;
const LOCK_WAIT_MS = 25;
const LOCK_TRIES_MAX = 1_200;

/**
 * An archive in a folder. Several processes may work in one: a part belongs to whoever holds its lock, and the manifest is written
 * under one. The line of the manifest comes last and makes a file one of the archive.
 */
export function folderTarget({ folder, clock, nonce, spareBytes = SPARE_BYTES }: FolderTargetOptions): ArchiveTarget {
  const root = resolve(folder);
  const hidden = join(root, HIDDEN);
  const manifest = join(root, MANIFEST);
  const index = new ManifestIndex(manifest);
  const locationOf = ({ path }: Pick<ArchivedFile, 'path'>) => join(root, ...path.split('/'));

  async function freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(root);
    return bavail * bsize;
  }

  async function assertSpace(bytes: number): Promise<void> {
    const free = await freeBytes();
    if (free >= bytes + spareBytes) return;
    const words = `${root}: ${free} bytes are free; ${bytes} more are needed, and ${spareBytes} stay free`;
    throw new ArchiveError('no_space', words);
  }

  async function withManifest(change: () => Promise<void>): Promise<void> {
    const lock = await waitForLock(join(hidden, MANIFEST), clock);
    try {
      await change();
    } finally {
      lock.release();
    }
  }
  let lastChange: Promise<void> = Promise.resolve();
  /** One at a time here, so that the lock is only waited for where another process has it. */
  function changeManifest(change: () => Promise<void>): Promise<void> {
    const changed = lastChange.then(() => withManifest(change));
    lastChange = changed.catch(() => undefined);
    return changed;
  }
  /** Files that wait for their lines: those that come while a line is written are entered together. */
  let entering: { readonly files: ArchivedFile[]; readonly entered: Promise<void> } | undefined;
  function enter(file: ArchivedFile): Promise<void> {
    if (entering === undefined) {
      const files: ArchivedFile[] = [];
      const close = () => {
        if (entering?.files === files) entering = undefined;
      };
      const entered = changeManifest(() => {
        close();
        return appendToManifest(manifest, files);
      });
      entered.catch(close);
      entering = { files, entered };
    }
    entering.files.push(file);
    return entering.entered;
  }

  return {
    label: root,
    open: () =>
      at(root, async () => {
        makeHidden(root, hidden);
        const probe = join(hidden, `probe-${nonce()}`);
        await writeFile(probe, '');
        await rm(probe);
        await changeManifest(() => mendManifest(manifest));
        await forgetOldParts(hidden, clock.nowMs() - PART_AGE_MAX_MS);
        await index.refresh();
      }),
    find: (recording) =>
      at(root, async () => {
        await index.refresh();
        const file = index.get(recording);
        return file !== undefined && (await sizeOf(locationOf(file))) === file.bytes ? file : undefined;
      }),
    begin: (recording, path) =>
      at(root, async () => {
        makeHidden(root, hidden);
        await assertSpace(0);
        const { partPath, lock } = takePart(hidden, recording, nonce);
        const nowMs = () => clock.nowMs();
        return FolderDraft.begin({ recording, path, root, partPath, lock, nowMs, assertSpace, enter });
      }),
    async *files() {
      await at(root, () => index.refresh());
      for (const file of index.values()) {
        if ((await at(root, () => sizeOf(locationOf(file)))) === file.bytes) yield file;
      }
    },
    inspect: () => inspect(root, new ManifestIndex(manifest)),
    async *read(file) {
      const place = locationOf(file);
      const chunks: AsyncIterator<Buffer> = createReadStream(place, { highWaterMark: 1024 * 1024 })[
        Symbol.asyncIterator
      ]();
      try {
        for (;;) {
          const { done, value } = await at(place, () => chunks.next());
          if (done === true) return;
          yield value;
        }
      } finally {
        await chunks.return?.();
      }
    },
    locationOf,
    freeBytes: () => at(root, freeBytes),
    close: () => lastChange,
  };
}

function makeHidden(root: string, hidden: string): void {
  try {
    makeFolder(hidden);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause;
    throw new ArchiveError('broken', `${root}: no folder can be created there (ENOENT)`, { cause });
  }
}

/**
 * The part of a recording, if nobody has it; else one of its own, which nobody goes on with. Locks are few, so that their files do
 * not grow in number with the archive: a recording may meet the lock of another one, and only loses that its part is kept.
 */
function takePart(hidden: string, recording: ArchivedRecording, nonce: () => string) {
  const hash = createHash('sha256').update(recordingKey(recording)).digest('hex').slice(0, 32);
  const lock = takeLock(join(hidden, hash.slice(0, 3)));
  return { lock, partPath: join(hidden, lock === undefined ? `${hash}-${nonce()}` : hash) };
}

async function waitForLock(path: string, clock: Clock): Promise<Lock> {
  for (let tries = 0; tries < LOCK_TRIES_MAX; tries += 1) {
    const lock = takeLock(path);
    if (lock !== undefined) return lock;
    await new Promise<void>((resolve) => clock.after(LOCK_WAIT_MS, resolve));
  }
  throw new ArchiveError('broken', `${path}.lock: another process has held it for too long`);
}

async function forgetOldParts(hidden: string, beforeMs: number): Promise<void> {
  for (const name of await readdir(hidden)) {
    if (name.endsWith('.lock')) continue;
    const found = await stat(join(hidden, name)).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < beforeMs) await rm(join(hidden, name), { force: true });
  }
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

async function* inspect(root: string, index: ManifestIndex): AsyncGenerator<Inspected, void, undefined> {
  await at(root, () => index.refresh());
  if (index.badLines > 0) {
    yield { kind: 'disputed', path: MANIFEST, detail: `${index.badLines} of its lines cannot be read` };
  }
  const there = await at(root, () => pathsIn(root));
  const named = new Set(index.values().map(({ path }) => path));
  for (const file of index.values()) {
    if (!there.has(file.path)) yield { kind: 'missing', file };
    else yield await at(root, () => judged(root, file));
  }
  for (const path of there) {
    const of = path.slice(0, -'.json'.length);
    if (named.has(path) || path === MANIFEST) continue;
    if (path.endsWith('.json') && (there.has(of) || named.has(of))) continue;
    const detail = 'the manifest does not name it, and its JSON is there';
    if (there.has(`${path}.json`)) yield { kind: 'disputed', path, detail };
    else yield { kind: 'unknown', path };
  }
}

async function judged(root: string, file: ArchivedFile): Promise<Inspected> {
  const text = await readFile(join(root, ...`${file.path}.json`.split('/')), 'utf8').catch(() => '');
  const note = readFileNote(text);
  if (note === undefined) return { kind: 'disputed', path: file.path, detail: 'it has no JSON that can be read' };
  if (JSON.stringify(note) === JSON.stringify(file)) return { kind: 'file', file };
  return { kind: 'disputed', path: file.path, detail: 'its JSON and its line of the manifest differ' };
}

/** Of every file, names that begin with a dot apart; with `/` on every system. */
async function pathsIn(root: string): Promise<ReadonlySet<string>> {
  const paths = new Set<string>();
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for await (const entry of await opendir(join(root, folder))) {
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) folders.push(`${folder}${entry.name}/`);
      else paths.add(`${folder}${entry.name}`);
    }
  }
  return paths;
}
