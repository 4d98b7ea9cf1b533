import type { PollPhase } from '../core/diff.js';
import { SourceError } from '../source/define.js';

/** What came of one poll. */
export interface PollReport {
  readonly source: string;
  readonly result: 'complete' | 'incomplete' | 'failed';
  /** Why it is not complete, in words. */
  readonly reason: string | undefined;
  /** The list came whole and empty, and is not believed. */
  readonly isEmptyInDoubt: boolean;
  readonly error: unknown;
  readonly phase: PollPhase;
  /** It read the list to its end; else it stopped where nothing was new. */
  readonly isFull: boolean;
  /** That were read. */
  readonly rows: number;
  /** Recordings in the list, those that were not read included. */
  readonly listed: number;
  readonly rejected: number;
  /** Why rows were set aside, each reason once. */
  readonly rejectedReasons: readonly string[];
  /** Of the whole list, as {@link processing} is. */
  readonly available: number;
  readonly processing: number;
  /** Of those in processing, the ones whose end is waited for: they are not told as stuck. */
  readonly awaited: number;
  /** Recordings that no poll had shown before. */
  readonly unknown: number;
  readonly events: number;
  readonly deliveries: number;
  /** Of the deliveries, those held since the poll made more events than the flood limit. */
  readonly held: number;
  readonly pages: number;
  readonly durationMs: number;
}

/** How many recordings a first poll has remembered. Polls that broke off may have begun with it. */
export function rememberedBy({ phase, rows, unknown }: PollReport): number {
  return phase === 'first' ? rows : unknown;
}

/** What the platform asked for, when a poll failed for that. */
export function retryAfterMsOf({ error }: PollReport): number {
  return error instanceof SourceError ? (error.retryAfterMs ?? 0) : 0;
}
