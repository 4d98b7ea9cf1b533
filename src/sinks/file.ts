import { z } from 'zod';
import { ArchiveError } from '../archive/define.js';
import type { NotifierEvent } from '../core/event.js';
import type { FailureReason } from '../core/failure.js';
import { appendLine, flawOfFile, type LineFile } from '../lines/append.js';
import { jsonLine } from '../observe/printable.js';
import { byteSize, integer } from '../settings.js';
import { defineSink } from './define.js';
import { oneLine } from './text.js';

const DETAIL_CHARACTERS_MAX = 300;

const settings = z.strictObject({
  path: z
    .string()
    .min(1)
    .refine((path) => !path.includes('\0'), 'holds a character that no path has')
    .describe('The file. Its folder has to be there; `FILE.lock` beside it is empty.'),
  maxSize: byteSize(1_000, 1e12)
    .prefault('100MB')
    .describe('What would make the file longer begins a new one, and the one before becomes `FILE.1`.'),
  keep: integer(1, 1_000).prefault(10).describe('Files kept beside it, `FILE.1` the latest; older ones go.'),
});

export const file = defineSink({
  type: 'file',
  summary: 'Appends each event to a file as one JSON line, which is on the disk before the delivery counts.',
  settings,
  example: 'path: ./recordings.jsonl\n',
  concurrency: 1,
  costs: 'little',
  writesTo: ({ path }) => path,
  render: (event, { settings: given }) => [{ name: `a line of ${given.path}`, content: lineOf(event) }],
  async deliver(event, context) {
    try {
      const isWritten = await appendLine(fileOf(context.settings), lineOf(event), context);
      if (isWritten) return { kind: 'delivered', receipt: 'written' };
      return { kind: 'failed', reason: 'stopped', detail: 'called off before anything was written' };
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      const detail = oneLine(error.message, DETAIL_CHARACTERS_MAX);
      return { kind: 'failed', reason: REASONS[error.kind], detail };
    }
  },
  async connect({ settings: given }) {
    const flaw = await flawOfFile(fileOf(given));
    return flaw === undefined ? undefined : oneLine(flaw, DETAIL_CHARACTERS_MAX);
  },
});

/** In the order of the documentation, and with the id first, by which a torn line is known as ours. */
function lineOf({ id, type, timestamp, source, data }: NotifierEvent): string {
  return jsonLine({ id, type, timestamp, source, data });
}

function fileOf({ path, maxSize, keep }: z.output<typeof settings>): LineFile {
  return { path, bytesMax: maxSize, keep };
}

const REASONS = {
  no_space: 'file_full',
  forbidden: 'file_refused',
  unreachable: 'file_failed',
  broken: 'file_failed',
} as const satisfies Record<ArchiveError['kind'], FailureReason>;
