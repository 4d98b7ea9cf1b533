import { closeSync, openSync, readSync } from 'node:fs';

/** A config of a thousand sinks has a tenth of this. */
const FILE_BYTES_MAX = 1_048_576;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
};

/** A file could not be read, with the reason in words. */
export class UnreadableFileError extends Error {
  override readonly name = 'UnreadableFileError';
  readonly isMissing: boolean;

  constructor(reason: string, options: { isMissing?: boolean; cause?: unknown } = {}) {
    super(reason, { cause: options.cause });
    this.isMissing = options.isMissing ?? false;
  }
}

/** The UTF-8 text of a file, without a byte order mark. Throws {@link UnreadableFileError}. */
export function readTextFile(path: string): string {
  const bytes = readBytes(path);
  if (bytes.length > FILE_BYTES_MAX) throw new UnreadableFileError('it is larger than 1 MiB');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UnreadableFileError('it is not UTF-8', { cause });
  }
}

/** One byte more than is allowed, at most: a path may name something endless, such as /dev/zero. */
function readBytes(path: string): Buffer {
  const buffer = Buffer.alloc(FILE_BYTES_MAX + 1);
  let length = 0;
  try {
    const descriptor = openSync(path, 'r');
    try {
      while (length < buffer.length) {
        const read = readSync(descriptor, buffer, length, buffer.length - length, null);
        if (read === 0) break;
        length += read;
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw new UnreadableFileError(REASONS[code] ?? code, { isMissing: code === 'ENOENT', cause });
  }
  return buffer.subarray(0, length);
}
