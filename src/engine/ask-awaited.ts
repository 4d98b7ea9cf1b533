import type { Recording } from '../core/recording.js';
import type { Awaited } from '../core/walk-mark.js';
import type { Clock } from '../ports.js';
import { SourceError } from '../source/define.js';
import type { PolledSource } from './polled-source.js';

/** Requests a poll. */
const ASKED_MAX = 20;

export interface AskPorts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly signal: AbortSignal;
  readonly take: (recordings: readonly Recording[]) => Promise<void>;
}

/**
 * Asks for recordings in processing by their meetings, the one longest unasked first. Where the platform gives rows of other meetings, it
 * does not know the filter, and full walks alone look.
 */
export async function askForAwaited(
  awaited: readonly Awaited[],
  { source, walks }: PolledSource,
  { clock, signal, take }: AskPorts,
): Promise<void> {
  const meetings = [...new Set(awaited.flatMap(({ meetingId }) => (meetingId === null ? [] : [meetingId])))];
  const askedAtMs = new Map(
    meetings.map((meeting) => [meeting, walks.askedAtMs.get(meeting) ?? Number.NEGATIVE_INFINITY]),
  );
  walks.askedAtMs = askedAtMs;
  if (source.ofMeeting === undefined || walks.ignoresMeetings) return;
  const unaskedFirst = [...askedAtMs].sort(([, left], [, right]) => left - right).slice(0, ASKED_MAX);
  for (const [meeting] of unaskedFirst) {
    askedAtMs.set(meeting, clock.monotonicMs());
    const recordings = await ask(meeting);
    if (recordings === undefined) return;
    if (recordings.some(({ meetingId }) => meetingId !== meeting)) {
      walks.ignoresMeetings = true;
      return;
    }
    await take(recordings);
  }

  /** Undefined when the platform does not answer to that just now: the list has been read, and shows by itself whether all is well. */
  async function ask(meeting: string): Promise<readonly Recording[] | undefined> {
    try {
      return (await source.ofMeeting?.(meeting, signal))?.recordings;
    } catch (error) {
      if (signal.aborted || !(error instanceof SourceError)) throw error;
      return undefined;
    }
  }
}
