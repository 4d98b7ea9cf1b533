import { z } from 'zod';
import { defineSink } from './define.js';

export const stdout = defineSink({
  type: 'stdout',
  summary: 'Writes each event as one JSON line to standard output.',
  settings: z.strictObject({}),
  example: '',
  concurrency: 1,
  async deliver(event, { print }) {
    await print(JSON.stringify(event));
    return { kind: 'delivered', receipt: 'written' };
  },
});
