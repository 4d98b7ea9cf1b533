import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { HttpAnswer } from '../ports.js';

/** What {@link readBody} can decode, for `accept-encoding`. */
export const ACCEPTED_CODINGS = 'gzip, deflate, br';

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

type ReadBody = Pick<HttpAnswer, 'body' | 'bodyProblem'>;

/**
 * Reads a body up to `bytesMax` after decompression: whatever a small compressed body would swell to, no more than that is held.
 *
 * @param coding the answer's content-encoding
 */
export async function readBody(stream: Readable, coding: string | undefined, bytesMax: number): Promise<ReadBody> {
  const decoded = decode(stream, coding);
  if (decoded === undefined) {
    stream.once('error', () => undefined).destroy();
    return { body: Buffer.alloc(0), bodyProblem: 'broken' };
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  const end = await new Promise<HttpAnswer['bodyProblem']>((resolve) => {
    decoded
      .on('data', (chunk: Buffer) => {
        // One more may come before it is destroyed.
        if (bytes > bytesMax) return;
        chunks.push(chunk.subarray(0, bytesMax - bytes));
        bytes += chunk.length;
        if (bytes <= bytesMax) return;
        resolve('too_large');
        decoded.destroy();
      })
      .once('end', () => resolve(undefined))
      .once('error', () => resolve('broken'))
      .once('close', () => resolve('broken'));
    // Nothing is told of one that was over before.
    if (decoded.destroyed || decoded.readableEnded) resolve('broken');
  });
  const [only] = chunks;
  const body = only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
  return { body, ...(end !== undefined && { bodyProblem: end }) };
}

/** Undefined for a coding that was not asked for, or several of them on top of each other. */
function decode(stream: Readable, coding = 'identity'): Readable | undefined {
  const name = coding.trim().toLowerCase();
  if (name === 'identity' || name === '') return stream;
  const createDecoder = DECODERS.get(name);
  // The callback has nothing to do: an error on either side reaches the reader of the decoder.
  return createDecoder && pipeline(stream, createDecoder(), () => undefined);
}
