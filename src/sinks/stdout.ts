import { z } from 'zod';
import { jsonLine } from '../observe/printable.js';
import { defineSink } from './define.js';

export const stdout = defineSink({
  type: 'stdout',
  summary: 'Writes each event as one JSON line to standard output.',
  settings: z.strictObject({}),
  example: '',
  concurrency: 1,
  costs: 'little',
  async deliver(event, { print }) {
    try {
      await print(jsonLine(event));
    } catch {
      // The reader of a pipe has gone away; it may be replaced, so the line waits like any other delivery.
      return { kind: 'failed', reason: 'connection_failed', detail: 'standard output cannot be written to' };
    }
    return { kind: 'delivered', receipt: 'written' };
  },
});
