import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Lock } from '../store/lock.js';
import { type ArchivedFile, type ArchivedRecording, ArchiveError, type Draft, type RemoteFile } from './define.js';
import { at, codeOf, replaceFile, syncFolder } from './folder-files.js';

/** After so many bytes what has come is synced and noted: a crash of the machine loses no more. */
const SYNC_BYTES = 16 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;

const noteSchema = z.object({
  bytes: z.int().min(0),
  remote: z.object({
    bytes: z.int().min(0).nullable(),
    validator: z.string().nullable(),
    contentType: z.string().nullable(),
  }),
});

type Note = z.infer<typeof noteSchema>;

export interface FolderDraftOptions {
  readonly recording: ArchivedRecording;
  /** Within the archive. */
  readonly path: string;
  readonly root: string;
  /** Without an extension: `.part` has the bytes, `.note` says which file they are of. */
  readonly partPath: string;
  /** undefined where another has the part of this recording: then `partPath` is this draft's alone, and goes with it. */
  readonly lock: Lock | undefined;
  readonly nowMs: () => number;
  /** Throws where so many bytes more would not fit. */
  readonly assertSpace: (bytes: number) => Promise<void>;
  /** Makes the part a file of the archive, or leaves it as it is. */
  readonly enter: (file: ArchivedFile) => Promise<ArchivedFile>;
}

/**
 * A file that grows under a hidden name. Only bytes that were synced count as kept, since a crash of the machine may leave a file that
 * is longer than what was written to it; the sum is of what is on the disk, so a part that was kept is read again.
 */
export class FolderDraft implements Draft {
  readonly #options: FolderDraftOptions;
  #kept: Draft['kept'];
  #handle: FileHandle | undefined;
  #hash: Hash = createHash('sha256');
  #bytes = 0;
  #syncedBytes = 0;
  #remote: RemoteFile | null;
  #isOver = false;
  #isFull = false;

  private constructor(options: FolderDraftOptions, kept: Draft['kept']) {
    this.#options = options;
    this.#kept = kept;
    this.#remote = kept.remote;
  }

  static async begin(options: FolderDraftOptions): Promise<FolderDraft> {
    const note = options.lock === undefined ? undefined : await readNote(options.partPath);
    return new FolderDraft(options, note ?? { bytes: 0, remote: null });
  }

  get kept(): Draft['kept'] {
    return this.#kept;
  }

  async restart(): Promise<void> {
    await this.#at(async () => {
      await this.#closed();
      this.#kept = { bytes: 0, remote: null };
      this.#remote = null;
      await rm(this.#notePath, { force: true });
      await rm(this.#partPath, { force: true });
    });
  }

  async describe(remote: RemoteFile): Promise<void> {
    await this.#at(async () => {
      this.#remote = remote;
      await this.#opened();
      await this.#options.assertSpace(Math.max(0, (remote.bytes ?? 0) - this.#bytes));
      await this.#forgetNote();
    });
  }

  async write(chunk: Uint8Array): Promise<void> {
    try {
      await this.#at(() => this.#write(chunk));
    } catch (error) {
      this.#isFull = error instanceof ArchiveError && error.kind === 'no_space';
      throw error;
    }
  }

  async #write(chunk: Uint8Array): Promise<void> {
    const handle = await this.#opened();
    for (let done = 0; done < chunk.byteLength; ) {
      const { bytesWritten } = await handle.write(chunk, done, chunk.byteLength - done, this.#bytes);
      this.#hash.update(chunk.subarray(done, done + bytesWritten));
      this.#bytes += bytesWritten;
      done += bytesWritten;
    }
    if (this.#bytes - this.#syncedBytes < SYNC_BYTES) return;
    await this.#note();
    await this.#options.assertSpace(0);
  }

  async finish(): Promise<ArchivedFile> {
    const file = await this.#at(async () => {
      const handle = await this.#opened();
      await handle.sync();
      await this.#closed();
      const { recording, path } = this.#options;
      const { source, uuid, occurrence, roomId, meetingId, createdAt } = recording;
      const whole = {
        ...{ source, uuid, occurrence, roomId, meetingId, createdAt, path },
        bytes: this.#bytes,
        sha256: this.#hash.digest('hex'),
        contentType: this.#remote?.contentType ?? null,
        archivedAt: new Date(this.#options.nowMs()).toISOString(),
      };
      const entered = await this.#entered(whole);
      await this.#forgetNote();
      return entered;
    });
    this.#end();
    return file;
  }

  async abandon(): Promise<void> {
    if (this.#isOver) return;
    try {
      // A file of which nobody knows the length may never end: it must not keep the room that others need.
      const isHarmful = this.#isFull && this.#remote?.bytes == null;
      if (this.#options.lock === undefined || isHarmful) await this.restart();
      else if (this.#handle !== undefined) await this.#note();
    } catch {
      // What was noted before still holds.
    } finally {
      await this.#closed().catch(() => undefined);
      this.#end();
    }
  }

  async #entered(file: ArchivedFile): Promise<ArchivedFile> {
    try {
      return await this.#options.enter(file);
    } catch (error) {
      await this.#note().catch(() => undefined);
      throw error;
    }
  }

  #end(): void {
    this.#isOver = true;
    this.#options.lock?.release();
  }

  /** The part, with what is kept of it behind us. */
  async #opened(): Promise<FileHandle> {
    if (this.#handle !== undefined) return this.#handle;
    const { bytes } = this.#kept;
    const handle = await open(this.#partPath, bytes === 0 ? 'w+' : 'r+');
    this.#handle = handle;
    this.#hash = createHash('sha256');
    await handle.truncate(bytes);
    for (let position = 0; position < bytes; ) {
      const size = Math.min(READ_BYTES, bytes - position);
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(size), 0, size, position);
      if (bytesRead === 0) throw new Error('the part is shorter than it was');
      this.#hash.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
    this.#bytes = bytes;
    this.#syncedBytes = bytes;
    return handle;
  }

  async #closed(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #note(): Promise<void> {
    await this.#handle?.sync();
    this.#syncedBytes = this.#bytes;
    if (this.#options.lock === undefined || this.#remote === null) return;
    const { bytes, validator, contentType } = this.#remote;
    const note: Note = { bytes: this.#bytes, remote: { bytes, validator, contentType } };
    await replaceFile(`${this.#notePath}.new`, this.#notePath, JSON.stringify(note));
  }

  /** One that an attempt before has left: what it says must not be taken for something about the bytes that come now. */
  async #forgetNote(): Promise<void> {
    try {
      await rm(this.#notePath);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return;
      throw error;
    }
    await syncFolder(dirname(this.#notePath));
  }

  get #partPath(): string {
    return `${this.#options.partPath}.part`;
  }

  get #notePath(): string {
    return `${this.#options.partPath}.note`;
  }

  #at<Result>(run: () => Promise<Result>): Promise<Result> {
    return at(join(this.#options.root, this.#options.path), run);
  }
}

/** What can be used again; undefined for nothing. */
async function readNote(partPath: string): Promise<Note | undefined> {
  try {
    const note = noteSchema.parse(JSON.parse(await readFile(`${partPath}.note`, 'utf8')));
    const { size } = await stat(`${partPath}.part`);
    return note.bytes > 0 && size >= note.bytes ? note : undefined;
  } catch {
    return undefined;
  }
}
