import type { Clock, HttpClient } from '../ports.js';
import { type ArchivedFile, ArchiveError, type ArchiveTarget, type Inspected } from './define.js';
import { S3Draft } from './s3-draft.js';
import { LINE_BYTES_MAX, type Line, linePathOf, MANIFEST, notePathOf, readLine } from './s3-notes.js';
import type { S3Address, S3Settings } from './s3-settings.js';
import { type S3Limits, S3Storage } from './s3-storage.js';

export interface S3TargetOptions {
  readonly address: S3Address;
  readonly settings: S3Settings;
  readonly clock: Clock;
  /** Never the same twice. */
  readonly nonce: () => string;
  readonly limits?: S3Limits;
  /** As in {@link HttpClient}. */
  readonly proxyFor?: HttpClient['proxyFor'];
}

const PROBE = `${MANIFEST}probe`;
const DAY_MS = 86_400_000;
/** Requests at once while everything is read. */
const READERS = 16;

/**
 * An archive in S3-compatible storage. An object appears whole or not at all; then its JSON follows, and last its line of the manifest,
 * which makes it a file of the archive.
 */
export function s3Target({ address, settings, clock, nonce, limits, proxyFor }: S3TargetOptions): ArchiveTarget {
  const storage = new S3Storage(address, settings, limits, proxyFor);
  return {
    label: storage.label,
    open: async () => {
      await tryOut(storage);
      await abortLeftovers(storage, clock.nowMs());
    },
    find: async (recording) => {
      const line = readLine(await storage.get(linePathOf(recording), LINE_BYTES_MAX));
      if (line === undefined) return undefined;
      const object = await storage.head(line.file.path);
      if (object?.bytes !== line.file.bytes) return undefined;
      // Two may have archived it at once, and not the same bytes. A copy of the bucket may have lost its metadata.
      const { draft = line.draft } = object.metadata;
      return draft === line.draft ? line.file : undefined;
    },
    begin: async (recording, path) =>
      new S3Draft(storage, { recording, path, token: nonce(), nowMs: () => clock.nowMs() }),
    files: () => files(storage),
    inspect: () => inspect(storage),
    read: (file) => storage.read(file.path),
    locationOf: ({ path }) => `${storage.label}/${path}`,
    freeBytes: async () => undefined,
    close: () => storage.close(),
  };
}

/** An upload that is begun and aborted needs the right to write, and leaves nothing behind where nothing may be deleted. */
async function tryOut(storage: S3Storage): Promise<void> {
  // Where keys may not be listed, one that is missing is said to be forbidden.
  for await (const _ of storage.list(PROBE)) break;
  await storage.abortUpload(PROBE, await storage.startUpload(PROBE, { contentType: null, metadata: {} }));
}

/** Of attempts that were killed: their parts cost as much as files, and no listing shows them. */
async function abortLeftovers(storage: S3Storage, nowMs: number): Promise<void> {
  if (!storage.isBelowPrefix) return;
  try {
    for (const { path, id, startedAtMs } of await storage.uploads()) {
      if (startedAtMs < nowMs - DAY_MS) await storage.abortUpload(path, id);
    }
  } catch (error) {
    // Not every storage tells of uploads, and not every key may ask. Nothing else depends on it.
    if (!(error instanceof ArchiveError) || error.kind === 'unreachable') throw error;
  }
}

async function* files(storage: S3Storage): AsyncGenerator<ArchivedFile, void, undefined> {
  const sizes = await sizesOf(storage);
  for await (const { line } of read(storage, sizes, readLineAt)) {
    if (line !== undefined && sizes.get(line.file.path) === line.file.bytes) yield line.file;
  }
}

async function* inspect(storage: S3Storage): AsyncGenerator<Inspected, void, undefined> {
  const sizes = await sizesOf(storage);
  const named = new Set<string>();
  for await (const { linePath, line, note } of read(storage, sizes, readLineAndNote)) {
    if (line === undefined) {
      yield { kind: 'disputed', path: linePath, detail: 'this line of the manifest cannot be read' };
      continue;
    }
    const { file } = line;
    named.add(file.path);
    const detail = disputeOf(line, linePath, note);
    if (!sizes.has(file.path)) yield { kind: 'missing', file };
    else if (detail === undefined) yield { kind: 'file', file };
    else yield { kind: 'disputed', path: file.path, detail };
  }
  for (const path of sizes.keys()) {
    if (named.has(path) || isHidden(path) || isNote(path, sizes, named)) continue;
    const note = readLine(await storage.get(notePathOf(path), LINE_BYTES_MAX));
    // It may have got its line while the others were listed.
    if (note !== undefined && (await hasLine(storage, note, path))) continue;
    const detail = 'no line of the manifest names it, and its JSON is there';
    if (sizes.has(notePathOf(path))) yield { kind: 'disputed', path, detail };
    else yield { kind: 'unknown', path };
  }
}

async function hasLine(storage: S3Storage, { file }: Line, path: string): Promise<boolean> {
  const { line } = await readLineAt(storage, linePathOf(file));
  return line?.file.path === path;
}

function disputeOf({ file, draft }: Line, linePath: string, note: Line | undefined): string | undefined {
  if (linePathOf(file) !== linePath) return 'its line of the manifest has the name of another one';
  if (note === undefined) return 'it has no JSON that can be read';
  const isSame = JSON.stringify(note.file) === JSON.stringify(file) && note.draft === draft;
  return isSame ? undefined : 'its JSON and its line of the manifest differ';
}

function isHidden(path: string): boolean {
  return path === '' || path.endsWith('/') || path.split('/').some((part) => part.startsWith('.'));
}

function isNote(path: string, sizes: ReadonlyMap<string, number>, named: ReadonlySet<string>): boolean {
  const of = path.slice(0, -notePathOf('').length);
  return notePathOf(of) === path && (sizes.has(of) || named.has(of));
}

/** Of everything below the prefix: some 200 bytes of memory for each object. */
async function sizesOf(storage: S3Storage): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for await (const page of storage.list('')) {
    for (const { path, bytes } of page) sizes.set(path, bytes);
  }
  return sizes;
}

/** Reads for every line of the manifest what it is asked for. */
async function* read<Result>(
  storage: S3Storage,
  sizes: ReadonlyMap<string, number>,
  readAt: (storage: S3Storage, linePath: string) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const paths = [...sizes.keys()].filter((path) => path.startsWith(MANIFEST));
  for (let start = 0; start < paths.length; start += READERS) {
    yield* await Promise.all(paths.slice(start, start + READERS).map((path) => readAt(storage, path)));
  }
}

async function readLineAt(storage: S3Storage, linePath: string) {
  return { linePath, line: readLine(await storage.get(linePath, LINE_BYTES_MAX)) };
}

async function readLineAndNote(storage: S3Storage, linePath: string) {
  const { line } = await readLineAt(storage, linePath);
  const notePath = line === undefined ? undefined : notePathOf(line.file.path);
  const note = notePath === undefined ? undefined : readLine(await storage.get(notePath, LINE_BYTES_MAX));
  return { linePath, line, note };
}
