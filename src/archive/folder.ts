import { createReadStream } from 'node:fs';
import { opendir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Clock } from '../ports.js';
import { makeFolder } from '../store/make-folder.js';
import { type ArchivedFile, ArchiveError, type ArchiveTarget, type Inspected } from './define.js';
import { FolderDraft } from './folder-draft.js';
import { FolderEntrance, pathIn } from './folder-entrance.js';
import { at, codeOf, syncFolder } from './folder-files.js';
import { FolderParts } from './folder-parts.js';
import { ManifestIndex, readFileNote } from './manifest.js';

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

/**
 * An archive in a folder. Several processes may work in one: a part belongs to whoever holds its lock, and the manifest is written
 * under one. The line of the manifest comes last and makes a file one of the archive.
 */
export function folderTarget({ folder, clock, nonce, spareBytes = SPARE_BYTES }: FolderTargetOptions): ArchiveTarget {
  const root = resolve(folder);
  const hidden = join(root, HIDDEN);
  const manifest = join(root, MANIFEST);
  const index = new ManifestIndex(manifest);
  const entrance = new FolderEntrance({ root, manifest, lockPath: join(hidden, MANIFEST), index, clock });
  const parts = new FolderParts(hidden, nonce);
  let isUsed = false;
  const locationOf = (file: Pick<ArchivedFile, 'path'>) => pathIn(root, file);

  async function freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(root);
    return bavail * bsize;
  }

  async function sweep(): Promise<void> {
    await index.refresh();
    await parts.sweep(clock.nowMs(), index.values(), async (file) => (await entrance.whole(file)) !== undefined);
  }

  async function assertSpace(bytes: number): Promise<void> {
    const free = await freeBytes();
    if (free >= bytes + spareBytes) return;
    const words = `${root}: ${free} bytes are free; ${bytes} more are needed, and ${spareBytes} stay free`;
    throw new ArchiveError('no_space', words);
  }

  return {
    label: root,
    open: () =>
      at(root, async () => {
        await makeHidden(root, hidden);
        const probe = join(hidden, `probe-${nonce()}`);
        await writeFile(probe, '');
        await rm(probe);
        await entrance.mend();
        await sweep();
      }),
    find: (recording) =>
      at(root, async () => {
        await index.refresh();
        return entrance.whole(recording);
      }),
    begin: (recording, path) =>
      at(root, async () => {
        await makeHidden(root, hidden);
        await assertSpace(0);
        isUsed = true;
        const { partPath, lock } = parts.take(recording);
        const nowMs = () => clock.nowMs();
        const enter = (file: ArchivedFile) => entrance.enter(file, partPath);
        return FolderDraft.begin({ recording, path, root, partPath, lock, nowMs, assertSpace, enter });
      }),
    async *files() {
      await at(root, () => index.refresh());
      for (const file of index.values()) {
        const whole = await at(root, () => entrance.whole(file));
        if (whole !== undefined) yield whole;
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
    close: async () => {
      await entrance.idle();
      // Where another process was in the way of a part, what an attempt before had kept of it is left.
      if (isUsed) await sweep().catch(() => undefined);
    },
  };
}

async function makeHidden(root: string, hidden: string): Promise<void> {
  try {
    if (!makeFolder(hidden)) return;
    await syncFolder(root);
    await syncFolder(dirname(root));
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause;
    throw new ArchiveError('broken', `${root}: no folder can be created there (ENOENT)`, { cause });
  }
}

async function* inspect(root: string, index: ManifestIndex): AsyncGenerator<Inspected, void, undefined> {
  await at(root, () => index.refresh());
  if (index.badLines > 0) {
    yield { kind: 'disputed', path: MANIFEST, detail: `${index.badLines} of its lines cannot be read` };
  }
  const there = await at(root, () => pathsIn(root));
  for (const file of index.values()) {
    if (!there.has(file.path)) yield { kind: 'missing', file };
    else yield await at(root, () => judged(root, file));
  }
  // What has got its line meanwhile is no stranger.
  await at(root, () => index.refresh());
  const named = new Set(index.values().map(({ path }) => path));
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
