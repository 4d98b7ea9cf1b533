import { isRecordingEvent } from '../core/event.js';
import { sourceTroubles } from './source-words.js';
import { isToldAtOnce } from './story-by-hand.js';
import type { EventFacts, RecordingFacts } from './story-facts.js';
import { type Surroundings, timeWords } from './surroundings.js';

/** What is told of a recording itself, beside its events. */

/** What the recording itself waits for, and what keeps polls of its source from showing how it is now; each a sentence. */
export function awaitedWords({ source, state }: RecordingFacts, around: Surroundings): readonly string[] {
  const awaited = 'The platform says processing: recording.available comes with the poll that shows it available.';
  return [...(state.status === 'processing' ? [awaited] : []), ...sourceTroubles(source, around)];
}

/** How it began, as far as the records say. */
export function firstSeenWords({ state, mark, events }: RecordingFacts, { config, nowMs }: Surroundings): string {
  const as = firstStatus(state, events);
  const seen = `${timeWords(state.firstSeenAtMs, nowMs)}${as === undefined ? '' : `, as ${as}`}`;
  if (mark === undefined) return `${seen}; the first poll of the source is not over, so nothing is told yet`;
  if (state.awaitsAnnouncement) return `${seen}; it is announced once the first poll is over`;
  const isTold = events.some((facts) => occurrenceOf(facts.event) === 1 && isToldAtOnce(facts));
  if (state.firstSeenAtMs > mark.firstPollDoneAtMs || isTold) return seen;
  const mayBeForgotten = state.firstSeenAtMs + config.keepDeliveredMs < nowMs;
  return `${seen}; a first poll remembered it and told nobody${mayBeForgotten ? ', or whom it told is forgotten' : ''}`;
}

function occurrenceOf(event: EventFacts['event']): number {
  return isRecordingEvent(event) ? event.data.occurrence : 0;
}

/** Not remembered as such: certain where a time or an event says so, else what the counts suggest. */
function firstStatus(state: RecordingFacts['state'], events: readonly EventFacts[]): string | undefined {
  const { status, firstSeenAtMs, availableCount, availableAtMs, processingCount, processingSinceMs } = state;
  if (availableCount + processingCount === 0) return status;
  if (availableAtMs === firstSeenAtMs && availableCount === 1) return 'available';
  if (processingSinceMs === firstSeenAtMs && processingCount === 1) return 'processing';
  const first = events.find((facts) => isToldAtOnce(facts) && occurrenceOf(facts.event) === 1)?.event;
  if (first !== undefined && isRecordingEvent(first) && first.data.previousStatus === null)
    return first.data.recording.status;
  // Of a store from before the time of a spell was kept.
  const isUntimed = processingCount > 0 && processingSinceMs === null;
  return isUntimed || processingCount > 1 ? 'processing, it seems' : undefined;
}
