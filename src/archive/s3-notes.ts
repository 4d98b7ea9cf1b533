import { createHash } from 'node:crypto';
import { z } from 'zod';
import { archivedFields } from './archived-file.js';
import type { ArchivedFile, ArchivedRecording } from './define.js';

/**
 * What lies in a bucket beside the files: `PATH.json` for who looks at one of them, and the manifest, which is one object a line,
 * since objects cannot be appended to. A recording is found by its line, whatever its file is called.
 */
export const MANIFEST = '.manifest/';

export const LINE_BYTES_MAX = 64 * 1024;

const lineSchema = z.object({ ...archivedFields, path: z.string().min(1), draft: z.string() });

export interface Line {
  readonly file: ArchivedFile;
  /** Which draft has made the file; its object says the same. */
  readonly draft: string;
}

/** A hash, since a name can hold anything and be longer than a key. */
export function linePathOf({ source, uuid, occurrence }: ArchivedRecording): string {
  const name = JSON.stringify([source, uuid, occurrence]);
  return `${MANIFEST}${createHash('sha256').update(name).digest('hex')}.json`;
}

export function notePathOf(path: string): string {
  return `${path}.json`;
}

export function writeLine(file: ArchivedFile, draft: string): string {
  return `${JSON.stringify({ ...file, draft })}\n`;
}

/** undefined for what is no line of ours. */
export function readLine(text: string | undefined): Line | undefined {
  const result = lineSchema.safeParse(parsed(text));
  if (!result.success) return undefined;
  const { draft, ...file } = result.data;
  return { file, draft };
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
