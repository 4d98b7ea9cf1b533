import { isRecordingEvent } from '../core/event.js';
import { uncountedOf } from './attempts.js';
import type { EventFacts, Facts, RecordingFacts } from './story-facts.js';
import { awaitedWords, firstSeenWords } from './story-recording.js';
import { sinkStories } from './story-words.js';
import { pauseOf, type Surroundings } from './surroundings.js';

/** A line for each recording, event and sink, with the words beside the facts. */
export function* storyLines({ recordings, operatorEvents }: Facts, around: Surroundings): Generator<object> {
  for (const recording of recordings) {
    const { source, uuid, state, earlierEvents } = recording;
    yield {
      kind: 'recording',
      source,
      uuid,
      roomId: state.roomId,
      meetingId: state.meetingId,
      status: state.status,
      firstSeenAt: isoTime(state.firstSeenAtMs),
      availableAt: isoTime(state.availableAtMs),
      occurrence: state.availableCount,
      firstSeen: firstSeenWords(recording, around),
      next: awaitedWords(recording, around),
      earlierEvents,
    };
    for (const event of recording.events) yield* eventLines(event, recording, around);
  }
  for (const event of operatorEvents) yield* eventLines(event, undefined, around);
}

function* eventLines(
  facts: EventFacts,
  recording: RecordingFacts | undefined,
  around: Surroundings,
): Generator<object> {
  const { event, atMs } = facts;
  const of = { eventId: event.id, type: event.type, source: event.source, uuid: recording?.uuid ?? null };
  const occurrence = isRecordingEvent(event) ? event.data.occurrence : null;
  yield { kind: 'event', ...of, occurrence, timestamp: isoTime(atMs) };
  for (const { sink, state, delivery, why, byHand, next, history } of sinkStories(facts, recording, around)) {
    const { id = null, attempts = 0, nextAttemptAtMs = null, lastError = null, createdAtMs = null } = delivery ?? {};
    const digest = history.at(-1)?.digest;
    const isPaused = pauseOf('sink', sink, around) !== undefined;
    yield {
      kind: 'delivery',
      ...{ id, ...of, sink, state, attempts },
      uncountedAttempts: delivery === undefined ? 0 : uncountedOf(delivery),
      ...{ nextAttemptAt: isPaused ? null : isoTime(nextAttemptAtMs) },
      lastError: lastError === null ? null : `${lastError.reason}: ${lastError.detail}`,
      createdAt: isoTime(createdAtMs),
      ...(digest !== undefined && { digest: digest.id }),
      ...{ why, ...(byHand !== undefined && { byHand }), next },
      history: history.map(({ atMs: ms, ...attempt }) => ({ at: isoTime(ms), ...attempt })),
    };
  }
}

function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
