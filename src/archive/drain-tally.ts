import type { Recording } from '../core/recording.js';
import type { ArchivedFile } from './define.js';

/** Why a recording that the list shows is not in the archive. */
export type MissingReason = 'failed' | 'processing' | 'other_status' | 'no_url' | 'not_reached';

export interface Missing {
  readonly source: string;
  readonly recording: Omit<Recording, 'url'>;
  readonly reason: MissingReason;
  /** In words; no credential, no URL. */
  readonly detail: string;
}

/** A list that could not be read whole, or rows of it that are no recordings. */
export interface ListProblem {
  readonly source: string;
  readonly detail: string;
}

/** How far a drain is. One that shows it reads it whenever it wants. */
export interface DrainTally {
  /** Recordings that the lists have shown so far. */
  readonly seen: number;
  /** False while the lists are being read: there may be more than {@link seen}. */
  readonly isAllSeen: boolean;
  /** In the archive before this drain came to them. */
  readonly before: number;
  /** Of {@link before}. */
  readonly beforeBytes: number;
  /** Archived by this drain. */
  readonly archived: number;
  /** Of what this drain has archived. */
  readonly archivedBytes: number;
  /** That have come over the network, those of unfinished files too. */
  readonly receivedBytes: number;
  /** Of {@link missing}, those that are on their way, and those that failed. */
  readonly notReached: number;
  readonly failed: number;
  readonly missing: ReadonlyMap<string, Missing>;
  readonly problems: readonly ListProblem[];
}

export interface DrainBook extends DrainTally {
  /** What is known of it so far; undefined: it has not been seen. */
  standing(source: string, recording: Recording): 'there' | MissingReason | undefined;
  foundThere(source: string, recording: Recording, bytes: number): void;
  stored(source: string, recording: Recording, file: ArchivedFile): void;
  received(bytes: number): void;
  lacks(source: string, recording: Recording, reason: MissingReason, detail: string): void;
  problem(source: string, detail: string): void;
  allSeen(): void;
}

/**
 * What became of each recording. Holds the name of every one, since a list is walked more than once; of rows only those that are
 * missing. Its bound is that of a walk.
 */
export function createDrainBook(): DrainBook {
  const there = new Set<string>();
  const missing = new Map<string, Missing>();
  const problems: ListProblem[] = [];
  const counts: Record<MissingReason, number> = {
    failed: 0,
    processing: 0,
    other_status: 0,
    no_url: 0,
    not_reached: 0,
  };
  let [before, beforeBytes, archived, archivedBytes, receivedBytes, isAllSeen] = [0, 0, 0, 0, 0, false];

  return {
    get seen() {
      return there.size + missing.size;
    },
    get isAllSeen() {
      return isAllSeen;
    },
    get before() {
      return before;
    },
    get beforeBytes() {
      return beforeBytes;
    },
    get archived() {
      return archived;
    },
    get archivedBytes() {
      return archivedBytes;
    },
    get receivedBytes() {
      return receivedBytes;
    },
    get notReached() {
      return counts.not_reached;
    },
    get failed() {
      return counts.failed;
    },
    missing,
    problems,
    standing(source, recording) {
      const key = keyOf(source, recording);
      return there.has(key) ? 'there' : missing.get(key)?.reason;
    },
    foundThere(source, recording, bytes) {
      if (!settle(source, recording)) return;
      before += 1;
      beforeBytes += bytes;
    },
    stored(source, recording, file) {
      if (!settle(source, recording)) return;
      archived += 1;
      archivedBytes += file.bytes;
    },
    received(bytes) {
      receivedBytes += bytes;
    },
    lacks(source, { url: _, ...recording }, reason, detail) {
      const key = keyOf(source, recording);
      forget(key);
      missing.set(key, { source, recording, reason, detail });
      counts[reason] += 1;
    },
    problem(source, detail) {
      problems.push({ source, detail });
    },
    allSeen() {
      isAllSeen = true;
    },
  };

  /** False when it was settled before. */
  function settle(source: string, recording: Recording): boolean {
    const key = keyOf(source, recording);
    forget(key);
    const isFirst = !there.has(key);
    there.add(key);
    return isFirst;
  }

  function forget(key: string): void {
    const lack = missing.get(key);
    if (lack === undefined) return;
    missing.delete(key);
    counts[lack.reason] -= 1;
  }
}

/** A source's name has no space. */
export function keyOf(source: string, { uuid }: Pick<Recording, 'uuid'>): string {
  return `${source} ${uuid}`;
}
