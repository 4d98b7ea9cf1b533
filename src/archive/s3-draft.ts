import { createHash } from 'node:crypto';
import { type ArchivedFile, type ArchivedRecording, ArchiveError, type Draft, type RemoteFile } from './define.js';
import { linePathOf, notePathOf, writeLine } from './s3-notes.js';
import type { ObjectHead, Part, S3Storage } from './s3-storage.js';

const MIB = 1024 * 1024;
const PARTS_MAX = 10_000;
/** S3 wants 5 MiB of every part but the last. */
const PART_BYTES_MIN = 8 * MIB;
/** 312 GiB in 10,000 parts. */
const PART_BYTES_UNKNOWN = 32 * MIB;
/** 5 TiB in 10,000 parts, which is what S3 takes as one object. */
const PART_BYTES_MAX = 525 * MIB;

/**
 * How large the parts of an upload are: all have the same size, since some storages want that, so it follows from the size of the
 * file before its first byte. Two parts at most are in memory, one of them on its way.
 *
 * @param bytes null where the server has not said
 */
export function partBytesFor(bytes: number | null): number {
  if (bytes === null) return PART_BYTES_UNKNOWN;
  const needed = Math.ceil(bytes / PARTS_MAX / MIB) * MIB;
  return Math.min(Math.max(needed, PART_BYTES_MIN), PART_BYTES_MAX);
}

export interface S3DraftOptions {
  readonly recording: ArchivedRecording;
  readonly path: string;
  /** Of this draft alone. */
  readonly token: string;
  readonly nowMs: () => number;
}

/** Nothing is kept between attempts: an upload that is not complete is aborted, or found as a leftover. */
export class S3Draft implements Draft {
  readonly kept = { bytes: 0, remote: null };
  readonly #storage: S3Storage;
  readonly #options: S3DraftOptions;
  #remote: RemoteFile | null = null;
  #filling: Uint8Array[] = [];
  #fillingBytes = 0;
  #bytes = 0;
  #hash = createHash('sha256');
  #upload: Promise<string> | undefined;
  #parts: Part[] = [];
  #sending: Promise<void> = Promise.resolve();
  #stop = new AbortController();

  constructor(storage: S3Storage, options: S3DraftOptions) {
    this.#storage = storage;
    this.#options = options;
  }

  async restart(): Promise<void> {
    await this.abandon();
    this.#stop = new AbortController();
    this.#hash = createHash('sha256');
    [this.#bytes, this.#parts, this.#remote] = [0, [], null];
  }

  async describe(remote: RemoteFile): Promise<void> {
    this.#remote = remote;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#stop.signal.throwIfAborted();
    this.#hash.update(chunk);
    this.#bytes += chunk.byteLength;
    const partBytes = partBytesFor(this.#remote?.bytes ?? null);
    for (let rest = chunk; rest.byteLength > 0; ) {
      // Only now that more has come: a file of exactly one part is no upload of several.
      if (this.#fillingBytes === partBytes) await this.#orAbandon(() => this.#sendPart());
      const taken = rest.subarray(0, partBytes - this.#fillingBytes);
      this.#filling.push(taken);
      this.#fillingBytes += taken.byteLength;
      rest = rest.subarray(taken.byteLength);
    }
  }

  async finish(): Promise<ArchivedFile> {
    this.#stop.signal.throwIfAborted();
    return this.#orAbandon(async () => {
      await (this.#upload === undefined ? this.#putWhole() : this.#complete());
      const { recording, path, token, nowMs } = this.#options;
      const file: ArchivedFile = {
        ...recording,
        path,
        bytes: this.#bytes,
        sha256: this.#hash.digest('hex'),
        contentType: this.#remote?.contentType ?? null,
        archivedAt: new Date(nowMs()).toISOString(),
      };
      const line = Buffer.from(writeLine(file, token));
      const head = { contentType: 'application/json', metadata: {} };
      await this.#storage.put(notePathOf(path), line, head);
      await this.#storage.put(linePathOf(recording), line, head);
      return file;
    });
  }

  async abandon(): Promise<void> {
    this.#stop.abort();
    [this.#filling, this.#fillingBytes] = [[], 0];
    await this.#sending.catch(() => undefined);
    const upload = this.#upload;
    this.#upload = undefined;
    try {
      // What cannot be aborted now is a leftover, which is found once it is old.
      if (upload !== undefined) await this.#storage.abortUpload(this.#options.path, await upload);
    } catch {}
  }

  async #orAbandon<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      await this.abandon();
      throw error;
    }
  }

  #putWhole(): Promise<void> {
    const body = this.#takeFilling();
    return this.#storage.put(this.#options.path, body, this.#head(), this.#stop.signal);
  }

  async #complete(): Promise<void> {
    const { path, token } = this.#options;
    await this.#sendPart();
    await this.#sending;
    const upload = await this.#upload;
    if (upload === undefined) throw new Error('an upload that was never begun is complete');
    try {
      await this.#storage.completeUpload(path, upload, this.#parts);
    } catch (error) {
      // The answer may be what was lost: then the client asked again, and was told that there is no such upload.
      const object = await this.#storage.head(path).catch(() => undefined);
      if (object?.metadata['draft'] !== token) throw error;
    }
    this.#upload = undefined;
  }

  /** Resolves when the part before has arrived: then this one goes, and the next may be filled. */
  async #sendPart(): Promise<void> {
    await this.#sending;
    const number = this.#parts.length + 1;
    if (number > PARTS_MAX) throw this.#tooLarge();
    const { path } = this.#options;
    this.#upload ??= this.#storage.startUpload(path, this.#head());
    const [upload, body, { signal }] = [await this.#upload, this.#takeFilling(), this.#stop];
    this.#sending = this.#storage.uploadPart(path, upload, number, body, signal).then((part) => {
      this.#parts.push(part);
    });
    // It is awaited before the next part, and by everything that ends the draft.
    this.#sending.catch(() => undefined);
  }

  #takeFilling(): Uint8Array {
    const taken = Buffer.concat(this.#filling);
    [this.#filling, this.#fillingBytes] = [[], 0];
    return taken;
  }

  #tooLarge(): ArchiveError {
    const { label } = this.#storage;
    const bytes = partBytesFor(this.#remote?.bytes ?? null) * PARTS_MAX;
    return new ArchiveError(
      'broken',
      `${label}: the file has more than the ${bytes} bytes that an upload may have here`,
    );
  }

  #head(): ObjectHead {
    const { recording, token } = this.#options;
    const { source, uuid, occurrence } = recording;
    const metadata = { draft: token, source: ascii(source), uuid: ascii(uuid), occurrence: String(occurrence) };
    return { contentType: this.#remote?.contentType ?? null, metadata };
  }
}

/** Headers hold nothing else, and 2 KB in all. */
function ascii(text: string): string {
  return encodeURIComponent(text.toWellFormed()).slice(0, 500);
}
