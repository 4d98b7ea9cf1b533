import type { Recording } from '../core/recording.js';
import type { Clock } from '../ports.js';
import { type Source, SourceError } from '../source/define.js';
import { waitFor } from './pace.js';

/** A list of several pages can shift while it is read: it is walked until a walk shows nothing new, but no oftener. */
const WALKS_MAX = 3;
/** Who asks for a longer pause is left alone, and whoever drains is told. */
const PAUSE_MS_MAX = 3_600_000;

/** Of these another try does not change the answer. */
const FINAL_KINDS: readonly string[] = ['unauthorized', 'not_found', 'gone'];

export interface WalkPorts {
  readonly clock: Clock;
  /** Waits before walks that follow on a broken one without anything new between them; their number is the bound. */
  readonly waitsMs: readonly number[];
  readonly signal: AbortSignal;
  /** Whether the row shows something new. The next page is asked for when it has resolved. */
  row(recording: Recording): Promise<boolean>;
}

/**
 * Walks a source's list as often as it takes to have seen all of it. What a walk showed before it broke has been handed on.
 *
 * @returns what of it could not be read and why, in words
 */
export async function walkAll(source: Source, ports: WalkPorts): Promise<readonly string[]> {
  const { signal, waitsMs } = ports;
  let broken = 0;
  let walks = 0;
  while (!signal.aborted) {
    const walk = await walkOnce(source, ports);
    if (signal.aborted) break;
    if (walk.problem === undefined) {
      walks += 1;
      if (isWhole(walk, walks)) return setAside(walk);
      if (walks >= WALKS_MAX) return [UNSETTLED, ...setAside(walk)];
      continue;
    }
    broken = walk.news > 0 ? 1 : broken + 1;
    const { isFinal = false, retryAfterMs = 0 } = walk;
    const waitMs = isFinal ? undefined : waitsMs[broken - 1];
    if (waitMs === undefined || retryAfterMs > PAUSE_MS_MAX) {
      const later =
        retryAfterMs > PAUSE_MS_MAX ? `; start it again in ${Math.ceil(retryAfterMs / 60_000)} minutes` : '';
      return [`the list could not be read whole: ${walk.problem}${later}`, ...setAside(walk)];
    }
    await waitFor(ports.clock, Math.max(waitMs, retryAfterMs), signal);
  }
  return [];
}

interface Walk {
  readonly news: number;
  readonly rows: number;
  readonly pages: number;
  /** Rows that are no recordings. */
  readonly rejected: number;
  readonly problem?: string;
  readonly isFinal?: boolean;
  readonly retryAfterMs?: number | undefined;
}

function setAside({ rejected }: Walk): string[] {
  return rejected === 0
    ? []
    : [`${rejected} rows of the list are no recordings and were set aside; "check --connect" says why`];
}

/** An empty list is looked at twice before it is believed. */
function isWhole({ news, rows, pages }: Walk, walks: number): boolean {
  return (pages === 1 && rows > 0) || (walks > 1 && news === 0);
}

const UNSETTLED = `the list showed something new each of the ${WALKS_MAX} times that it was read, and may have more; run drain again`;

async function walkOnce(source: Source, { signal, row }: WalkPorts): Promise<Walk> {
  let [news, rows, pages, rejected] = [0, 0, 0, 0];
  try {
    const walk = source.walk(signal);
    let step = await walk.next();
    for (; !step.done; step = await walk.next()) {
      pages += 1;
      rows += step.value.recordings.length;
      rejected += step.value.rejected.count;
      for (const recording of step.value.recordings) if (await row(recording)) news += 1;
      if (signal.aborted) break;
    }
    if (!step.done || step.value.complete) return { news, rows, pages, rejected };
    return { news, rows, pages, rejected, problem: step.value.reason };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const { message: problem, kind, retryAfterMs } = error;
    return { news, rows, pages, rejected, problem, isFinal: FINAL_KINDS.includes(kind), retryAfterMs };
  }
}
