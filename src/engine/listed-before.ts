import type { Ledger, SourceMark } from '../ports.js';

/** Recordings in the last complete list of a source. A store that does not say so is asked what it remembers, and told, once. */
export async function listedBefore(ledger: Ledger, source: string, mark: SourceMark): Promise<number> {
  if (mark.listed !== undefined) return mark.listed;
  let listed = 0;
  for await (const _ of ledger.allRecordings(source)) listed += 1;
  await ledger.markSource(source, { ...mark, listed });
  return listed;
}
