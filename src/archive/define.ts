import type { RecordingUuid } from '../core/id.js';

/** What an archive keeps of a recording beside its bytes. */
export interface ArchivedRecording {
  readonly source: string;
  readonly uuid: RecordingUuid;
  /** A recording that becomes available again may be another file: each occurrence has its own. */
  readonly occurrence: number;
  readonly roomId: string | null;
  readonly meetingId: string | null;
  readonly createdAt: string | null;
}

/** A file that is in the archive whole. A line of the manifest, and the JSON beside the file. */
export interface ArchivedFile extends ArchivedRecording {
  /** Within the archive, with `/` between its parts. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly contentType: string | null;
  /** ISO 8601. */
  readonly archivedAt: string;
}

/** What is known of a file on the platform's side once its download has begun; two that differ are two files. */
export interface RemoteFile {
  /** null when the server does not say. */
  readonly bytes: number | null;
  /** A strong ETag, or else Last-Modified: what If-Range takes. null: a break cannot be mended, the file is fetched anew. */
  readonly validator: string | null;
  readonly contentType: string | null;
}

/** A file on its way into the archive. Nobody takes it for a whole one before {@link finish}. */
export interface Draft {
  /** Bytes that an attempt before has left, and of which file they are; 0 where nothing is kept between attempts. */
  readonly kept: { readonly bytes: number; readonly remote: RemoteFile | null };
  /** Forgets what is kept: the file has changed meanwhile. */
  restart(): Promise<void>;
  /** Notes of which file the bytes are that come now. Before the first {@link write}. */
  describe(remote: RemoteFile): Promise<void>;
  /** Resolves when there is room for more. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes it a file of the archive, with its JSON and its line of the manifest: all of it or nothing. */
  finish(): Promise<ArchivedFile>;
  /** Ends the attempt; what can be used again is kept. Does not throw. */
  abandon(): Promise<void>;
}

/** What the archive's notes and its files say of each other. Whether the bytes are right is for who reads them. */
export type Inspected =
  /** Noted, and there. */
  | { readonly kind: 'file'; readonly file: ArchivedFile }
  /** Noted, and not there. */
  | { readonly kind: 'missing'; readonly file: ArchivedFile }
  /** Manifest and JSON contradict each other, or one of them does not know the file; in words. */
  | { readonly kind: 'disputed'; readonly path: string; readonly detail: string }
  /** There, and no note names it. Parts of downloads and what begins with a dot are none. */
  | { readonly kind: 'unknown'; readonly path: string };

/** A folder or a bucket. Throws an {@link ArchiveError} for what its operator can mend. */
export interface ArchiveTarget {
  /** An absolute path, or `s3://bucket/prefix`. No credentials. */
  readonly label: string;
  /** Creates what can be created, and tries whether it can be written to. */
  open(): Promise<void>;
  /** The file of this recording, if the archive has it whole. */
  find(recording: ArchivedRecording): Promise<ArchivedFile | undefined>;
  /** @param path from {@link "./names.js"}; safe on every file system */
  begin(recording: ArchivedRecording, path: string): Promise<Draft>;
  /** Everything that is there whole, in no promised order. */
  files(): AsyncIterable<ArchivedFile>;
  /** Everything that is noted or there, read afresh: more than {@link files}, and slower. Writes nothing, and needs no {@link open}. */
  inspect(): AsyncIterable<Inspected>;
  /** The bytes of a file, to verify them. */
  read(file: ArchivedFile): AsyncIterable<Uint8Array>;
  /** Where somebody finds it: a path, or an s3 URL. */
  locationOf(file: ArchivedFile): string;
  /** undefined where there is no such bound. */
  freeBytes(): Promise<number | undefined>;
  close(): Promise<void>;
}

export type ArchiveFailureKind = 'no_space' | 'forbidden' | 'unreachable' | 'broken';

/** In words for the operator; no credential, no URL query. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
  readonly kind: ArchiveFailureKind;

  constructor(kind: ArchiveFailureKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }

  /** Whether any other recording would fare the same. */
  get isForAll(): boolean {
    return this.kind === 'no_space' || this.kind === 'forbidden';
  }
}
