import type { RecordingState } from './recording.js';

/**
 * When a poll may leave the rest of the list to later. A list that is newest first, has grown by just what was seen of it, and whose page
 * holds nothing that is waited for, holds nothing new below that page; what changes down there all the same is found by a full walk.
 */

/** Of a row: what is remembered is what is shown, and nothing more is expected of it. A status that is no other's is as settled as any. */
export function isSettled(known: RecordingState | undefined, status: string): boolean {
  if (known === undefined || known.status !== status || known.awaitsAnnouncement) return false;
  return !isAwaited(known);
}

/** In processing, and not told as stuck: its end is waited for. */
export function isAwaited({ status, stuckTold }: Pick<RecordingState, 'status' | 'stuckTold'>): boolean {
  return status === 'processing' && !stuckTold;
}

/** Whether rows come newest first, as far as can be told: one without a time tells nothing. */
export function isNewestFirst(createdAts: readonly (string | null)[]): boolean {
  const times = createdAts.map((text) => (text === null ? Number.NaN : Date.parse(text)));
  return times.every((ms, index) => Number.isFinite(ms) && (index === 0 || ms <= (times[index - 1] ?? ms)));
}

export interface PageFacts {
  /** It has recordings, and all of them are settled. */
  readonly isSettled: boolean;
  readonly isNewestFirst: boolean;
  /** What the page says that the list holds; undefined: it does not say. */
  readonly total: number | undefined;
  /** What the last walk that ended well was told; null: nothing. */
  readonly totalBefore: number | null;
  /** Recordings that this walk met and no walk before it. */
  readonly unknown: number;
}

/** After a page, where the walk before ended well: it stops there, goes on to the next, or has to go to the end whatever comes. */
export function afterPage({ isSettled: settled, isNewestFirst: descends, total, totalBefore, unknown }: PageFacts) {
  if (!descends || total === undefined || totalBefore === null) return 'to the end';
  if (!settled) return 'go on';
  return total === totalBefore + unknown ? 'stop' : 'to the end';
}
