import type { Random } from '../ports.js';
import { Fingerprints } from './fingerprints.js';

/** What the polls of one source know of its list beside what is stored, from one to the next. */
export interface WalkMemory {
  /** The next poll walks the whole list. */
  isFullDue: boolean;
  /** No poll of this process has been complete. */
  isNew: boolean;
  /** When a walk went through all of it last; 0: none did in this process. It is not stored by itself. */
  fullAtMs: number;
  /** The period of `fullWalk`. */
  fullEveryMs: number;
  /** The platform gives recordings of other meetings where it is asked for those of one. */
  ignoresMeetings: boolean;
  /** When each meeting was asked for last, monotonic. As many as there are recordings that are waited for. */
  askedAtMs: ReadonlyMap<string, number>;
  /** Recordings that the store has as available, and of which nothing more is expected: only a poll of this source changes that. */
  readonly settled: Fingerprints;
}

export function newWalkMemory(random: Random): WalkMemory {
  const askedAtMs = new Map<string, number>();
  const settled = new Fingerprints(random);
  return { isFullDue: false, isNew: true, fullAtMs: 0, fullEveryMs: 0, ignoresMeetings: false, askedAtMs, settled };
}
