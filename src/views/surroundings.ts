import type { Config } from '../config/config.js';
import type { Delivery } from '../core/delivery.js';
import type { DeliveryId } from '../core/id.js';
import type { Pause } from '../core/pause.js';
import type { Mismatch } from '../core/routing.js';
import type { SinkState } from '../core/suspension.js';
import { timeFromNow } from '../core/time-words.js';
import type { SourceStanding } from './source-standing.js';

/** What explains a delivery besides itself. */
export interface Surroundings {
  readonly config: Config;
  readonly sinkStates: ReadonlyMap<string, SinkState>;
  readonly pauses: readonly Pause[];
  /** Those that the story is about; of a recording that is not known, all of the config. */
  readonly sources: ReadonlyMap<string, SourceStanding>;
  readonly nowMs: number;
  /** Since when the running program owns the store; undefined where none runs. */
  readonly ownedSinceMs: number | undefined;
  /** Since when an attempt of a delivery is under way, undefined where none is; null: only the program that runs knows. */
  readonly attemptSinceMs: ((id: DeliveryId) => number | undefined) | null;
  /** How a person calls a command of this program with this config. */
  readonly call: (command: string) => string;
}

/** How one sink stands to one event. */
export interface SinkStory {
  readonly sink: string;
  readonly state: Delivery['state'] | 'none';
  /** Undefined where no delivery is stored. */
  readonly delivery: Delivery | undefined;
  /** That a person had a hand in it; undefined: nobody had, as far as is known. */
  readonly byHand?: string;
  /** The attempts that there were, the latest ones, oldest first; and how many earlier ones are not kept. */
  readonly history: Delivery['history'];
  readonly earlierAttempts: number;
  /** The key that keeps the event from a sink which has none of it. */
  readonly mismatch?: Mismatch['key'];
  /** How it stands in a word, where the state is not the word for it. */
  readonly badge?: 'discarded' | 'moved';
  readonly why: string;
  /** An attempt is being made. */
  readonly isUnderWay?: true;
  /** What comes of itself and what a person can do; each a sentence. */
  readonly next: readonly string[];
}

/** A time as a machine and as a person reads it. */
export function timeWords(atMs: number, nowMs: number): string {
  return `${new Date(atMs).toISOString()} (${timeFromNow(atMs, nowMs)})`;
}

export function pauseOf(kind: Pause['kind'], name: string, { pauses }: Surroundings): Pause | undefined {
  return pauses.find((each) => each.kind === kind && each.name === name);
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** For a shell. */
export function quoted(text: string): string {
  return /^[\w.:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
