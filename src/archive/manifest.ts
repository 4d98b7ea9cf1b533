import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { archivedFields } from './archived-file.js';
import { type ArchivedFile, type ArchivedRecording, ArchiveError } from './define.js';
import { codeOf, syncFolder } from './folder-files.js';

const LINE_BYTES_MAX = 64 * 1024;
const READ_BYTES = 1024 * 1024;
const TORN_BYTES_MAX = 16 * 1024 * 1024;
/** Enough for the time at the end of a line, by which lines of one recording differ. */
const TAIL_BYTES = 64;
const LINE_END = 0x0a;

const fileSchema = z.object({ ...archivedFields, path: z.string().refine(isInside) });

export function recordingKey({ source, uuid, occurrence }: ArchivedRecording): string {
  return JSON.stringify([source, uuid, occurrence]);
}

/** undefined for what is none of ours, such as a path that leads out of the archive. */
export function readFileNote(text: string): ArchivedFile | undefined {
  try {
    return fileSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function isInside(path: string): boolean {
  return !/[\\\0]/.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** What a manifest says, the last line of a recording first. Read on where it has grown. */
export class ManifestIndex {
  readonly #path: string;
  readonly #files = new Map<string, ArchivedFile>();
  #inode = 0;
  #modifiedAtMs = 0;
  #readBytes = 0;
  /** The last of what has been read. */
  #tail = Buffer.alloc(0);
  #badLines = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  get(recording: ArchivedRecording): ArchivedFile | undefined {
    return this.#files.get(recordingKey(recording));
  }

  values(): readonly ArchivedFile[] {
    return [...this.#files.values()];
  }

  /** Lines that cannot be read; the last one is not among them while it has no end. */
  get badLines(): number {
    return this.#badLines;
  }

  /** One reading at a time. */
  refresh(): Promise<void> {
    this.#reading = this.#reading.catch(() => undefined).then(() => this.#readOn());
    return this.#reading;
  }

  async #readOn(): Promise<void> {
    const found = await stat(this.#path).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (found?.ino !== this.#inode || found.size < this.#readBytes) this.#forget(found?.ino ?? 0);
    if (found === undefined || (found.size === this.#readBytes && found.mtimeMs === this.#modifiedAtMs)) return;
    const handle = await open(this.#path, 'r');
    try {
      if (!(await this.#isContinued(handle))) this.#forget(found.ino);
      await this.#readFrom(handle, found.size);
      this.#modifiedAtMs = found.mtimeMs;
    } finally {
      await handle.close();
    }
  }

  #forget(inode: number): void {
    this.#files.clear();
    this.#inode = inode;
    this.#readBytes = 0;
    this.#badLines = 0;
    this.#tail = Buffer.alloc(0);
  }

  /** False where somebody has written other lines into the same file. */
  async #isContinued(handle: FileHandle): Promise<boolean> {
    const { length } = this.#tail;
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, this.#readBytes - length);
    return buffer.equals(this.#tail);
  }

  /** A line of one file comes at a time, as a rule: no more is reserved than there is. */
  async #readFrom(handle: FileHandle, endBytes: number): Promise<void> {
    let rest = Buffer.alloc(0);
    for (let position = this.#readBytes; position < endBytes; ) {
      const size = Math.min(READ_BYTES, endBytes - position);
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(size), 0, size, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      const end = rest.lastIndexOf(LINE_END) + 1;
      if (end === 0 && rest.length > LINE_BYTES_MAX) throw noManifest(this.#path);
      if (end === 0) continue;
      for (const line of rest.toString('utf8', 0, end).split('\n')) this.#take(line);
      this.#readBytes += end;
      this.#tail = Buffer.from(rest.subarray(Math.max(0, end - TAIL_BYTES), end));
      rest = rest.subarray(end);
    }
  }

  #take(line: string): void {
    if (line === '') return;
    const file = readFileNote(line);
    if (file === undefined) this.#badLines += 1;
    else this.#files.set(recordingKey(file), file);
  }
}

/** Adds lines, whole and synced, or nothing. What a crash has left of a last line goes. Only whoever holds the manifest's lock calls it. */
export async function appendToManifest(path: string, files: readonly ArchivedFile[]): Promise<void> {
  await changeManifest(path, async (handle) => {
    const { size } = await handle.stat();
    try {
      await handle.writeFile(files.map((file) => `${JSON.stringify(file)}\n`).join(''));
    } catch (error) {
      await handle.truncate(size).catch(() => undefined);
      throw error;
    }
  });
}

/** Takes away a last line that is torn. Only whoever holds the manifest's lock calls it. */
export async function mendManifest(path: string): Promise<void> {
  await changeManifest(path, async () => undefined);
}

async function changeManifest(path: string, change: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, 'a+');
  try {
    const { size } = await handle.stat();
    await endLastLine(handle, size, path);
    await change(handle);
    await handle.sync();
    if (size === 0) await syncFolder(dirname(path));
  } finally {
    await handle.close();
  }
}

/** A line that is whole but for its end is one that somebody has edited; any other is torn. */
async function endLastLine(handle: FileHandle, size: number, path: string): Promise<void> {
  const end = await lastEnd(handle, size, path);
  if (end === size) return;
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(size - end, LINE_BYTES_MAX)), {
    position: end,
  });
  const isWhole = end + bytesRead === size && readFileNote(buffer.toString('utf8', 0, bytesRead)) !== undefined;
  await (isWhole ? handle.appendFile('\n') : handle.truncate(end));
}

/** Where the last line with an end ends. A crash of the machine may leave zeros in the place of several lines, but not of more than this. */
async function lastEnd(handle: FileHandle, size: number, path: string): Promise<number> {
  for (let to = size; to > 0 && size - to < TORN_BYTES_MAX; ) {
    const from = Math.max(0, to - LINE_BYTES_MAX);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(to - from), { position: from });
    const end = buffer.subarray(0, bytesRead).lastIndexOf(LINE_END) + 1;
    if (end > 0 || from === 0) return from + end;
    to = from;
  }
  if (size === 0) return 0;
  throw noManifest(path);
}

function noManifest(path: string): ArchiveError {
  return new ArchiveError('broken', `${path}: it is no manifest of an archive; move it away, or choose another folder`);
}
