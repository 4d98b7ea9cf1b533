import type { FileHandle } from 'node:fs/promises';

/** How our lines begin: what begins otherwise was written by somebody else, and is left alone. */
const BEGINNING = '{"id":"evt_';
const LINE_BYTES_MAX = 1024 * 1024;
const LINE_FEED = 0x0a;

/**
 * Takes away a line at the end that a crash has torn, also one of zeros, which a crash of the machine leaves. A whole one without its
 * line feed stays, and so does what is not ours.
 *
 * @returns the bytes that the file now has, and whether a line feed has to come before the next line
 */
export async function mendEnd(
  handle: FileHandle,
  bytes: number,
): Promise<{ readonly bytes: number; readonly needsBreak: boolean }> {
  if (bytes === 0 || (await lastBytes(handle, bytes, 1))[0] === LINE_FEED) return { bytes, needsBreak: false };
  const tail = await lastBytes(handle, bytes, LINE_BYTES_MAX);
  const begin = tail.lastIndexOf(LINE_FEED) + 1;
  const isWhole = begin > 0 || tail.length === bytes;
  let end = tail.length;
  while (end > begin && tail[end - 1] === 0) end -= 1;
  const text = tail.toString('utf8', begin, end);
  const isOurs = isWhole && BEGINNING.startsWith(text.slice(0, BEGINNING.length));
  if (!isOurs) return { bytes, needsBreak: true };
  const kept = bytes - (tail.length - begin) + (isJson(text) ? end - begin : 0);
  if (kept < bytes) await handle.truncate(kept);
  return { bytes: kept, needsBreak: isJson(text) };
}

async function lastBytes(handle: FileHandle, bytes: number, count: number): Promise<Buffer> {
  const length = Math.min(bytes, count);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, bytes - length);
  return buffer.subarray(0, bytesRead);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
