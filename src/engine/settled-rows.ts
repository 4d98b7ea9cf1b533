import type { RecordingUuid } from '../core/id.js';
import type { Recording } from '../core/recording.js';
import type { Ledger } from '../ports.js';
import type { Fingerprints } from './fingerprints.js';
import type { WalkTally } from './walk-tally.js';

/** Counted at the same time, since how far the walk goes shows only at its end. */
export interface Tallies {
  /** Of the rows that came. */
  readonly all?: WalkTally;
  /** Of the list, where the rest of it is as it was. */
  readonly short: WalkTally;
}

/** Most rows say what is remembered: they are counted, held for the walks to come, and need not be read. @returns the others */
export async function withoutSettled(
  recordings: readonly Recording[],
  ledger: Ledger,
  source: string,
  tallies: Tallies,
  held: Fingerprints,
): Promise<readonly Recording[]> {
  const available = recordings.filter(({ status }) => status === 'available').map(({ uuid }) => uuid);
  if (available.length === 0) return recordings;
  const settled = await ledger.settled(source, available);
  for (const uuid of settled) {
    noteSettled(uuid, tallies);
    held.add(uuid);
  }
  return settled.size === 0 ? recordings : recordings.filter(({ uuid }) => !settled.has(uuid));
}

export function noteSettled(uuid: RecordingUuid, { all, short }: Tallies): void {
  all?.noteSettled(uuid, false);
  short.noteSettled(uuid, true);
}
