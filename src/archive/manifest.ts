import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { archivedFields } from './archived-file.js';
import type { ArchivedFile, ArchivedRecording } from './define.js';
import { codeOf, syncFolder } from './folder-files.js';

const LINE_BYTES_MAX = 64 * 1024;
const READ_BYTES = 1024 * 1024;
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
  #readBytes = 0;
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
    if (found === undefined || found.size === this.#readBytes) return;
    const handle = await open(this.#path, 'r');
    try {
      await this.#readFrom(handle, found.size);
    } finally {
      await handle.close();
    }
  }

  #forget(inode: number): void {
    this.#files.clear();
    this.#inode = inode;
    this.#readBytes = 0;
    this.#badLines = 0;
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
      for (const line of rest.toString('utf8', 0, end).split('\n')) this.#take(line);
      this.#readBytes += end;
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
  await changeManifest(path, async (handle, size) => {
    try {
      await handle.writeFile(files.map((file) => `${JSON.stringify(file)}\n`).join(''));
    } catch (error) {
      await handle.truncate(size);
      throw error;
    }
  });
}

/** Takes away a last line that has no end. Only whoever holds the manifest's lock calls it. */
export async function mendManifest(path: string): Promise<void> {
  await changeManifest(path, async () => undefined);
}

async function changeManifest(
  path: string,
  change: (handle: FileHandle, size: number) => Promise<void>,
): Promise<void> {
  const handle = await open(path, 'a+');
  try {
    const { size } = await handle.stat();
    const whole = await wholeBytes(handle, size);
    if (whole < size) await handle.truncate(whole);
    await change(handle, whole);
    await handle.sync();
    if (size === 0) await syncFolder(dirname(path));
  } finally {
    await handle.close();
  }
}

/** Up to the end of the last line. No line is longer than what is looked at; where there is no end in it, this is no manifest. */
async function wholeBytes(handle: FileHandle, size: number): Promise<number> {
  const start = Math.max(0, size - LINE_BYTES_MAX);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(LINE_BYTES_MAX), 0, size - start, start);
  const end = buffer.subarray(0, bytesRead).lastIndexOf(LINE_END) + 1;
  if (end === 0 && start > 0) throw new Error('the end of the manifest is no line');
  return start + end;
}
