import type { SinkConfig } from '../config/config.js';
import { listed } from '../config/words.js';
import { isRecordingEvent } from '../core/event.js';
import { type Mismatch, mismatchOf } from '../core/routing.js';
import type { EventFacts, RecordingFacts } from './story-facts.js';
import { quoted, type SinkStory, type Surroundings } from './surroundings.js';

/** Why a sink has no delivery of an event, and what a person can do. */
export function missing(
  sink: SinkConfig,
  facts: EventFacts,
  of: RecordingFacts | undefined,
  around: Surroundings,
): SinkStory {
  const none = { sink: sink.name, state: 'none', delivery: undefined } as const;
  if (!sink.enabled)
    return { ...none, why: 'not made: the sink is disabled, and new events make no delivery for it', next: [] };
  const mismatch = mismatchOf(sink, facts.event);
  if (mismatch !== undefined)
    return { ...none, mismatch: mismatch.key, why: `not made: ${mismatchWords(sink.name, mismatch)}`, next: [] };
  return { ...none, why: unmadeWords(facts, of, around), next: announceWords(sink, facts, of, around) };
}

function mismatchWords(sink: string, { key, found, wanted }: Mismatch): string {
  const path = `sinks.${sink}.${key}`;
  if (key === 'events') return `${path} has ${listed(wanted)}, not ${found}`;
  const what = { 'only.sources': 'source', 'only.rooms': 'room', 'only.meetings': 'meeting' }[key];
  const subject =
    found === null ? `it has no ${what}, which only * matches` : `the ${what} is ${JSON.stringify(found)}`;
  return `${subject}, and ${path} has ${listed(wanted.map((glob) => JSON.stringify(glob)))}`;
}

/** The sink would get it by the config as it is now, so something was otherwise then. */
function unmadeWords(facts: EventFacts, of: RecordingFacts | undefined, { config, nowMs }: Surroundings): string {
  const wasOther = 'the sink was not in the config then, or its events, only or enabled were other ones';
  if (of === undefined || !isRecordingEvent(facts.event) || facts.deliveries.size > 0) return `not made: ${wasOther}`;
  if (of.mark === undefined) return 'not made: the first poll of the source is not over, and nothing is told before';
  if (of.state.awaitsAnnouncement) return 'not made yet: it is announced once the first poll is over';
  const wasFirstPoll = facts.atMs !== null && facts.atMs <= of.mark.firstPollDoneAtMs;
  const mayBeForgotten = facts.atMs === null || facts.atMs + config.keepDeliveredMs < nowMs;
  const forgotten = 'it was delivered and is forgotten since, as delivery.keepDelivered says';
  if (wasFirstPoll && !mayBeForgotten) return 'not made: a first poll saw it, which remembers and tells nobody';
  if (wasFirstPoll)
    return `no delivery is stored: a first poll saw it, which remembers and tells nobody; or ${forgotten}`;
  return mayBeForgotten ? `no delivery is stored: ${forgotten}; or ${wasOther}` : `not made: ${wasOther}`;
}

function announceWords(
  sink: SinkConfig,
  { event, deliveries }: EventFacts,
  of: RecordingFacts | undefined,
  { call }: Surroundings,
): readonly string[] {
  if (of?.mark === undefined || !isRecordingEvent(event) || event.type !== 'recording.available') return [];
  const isCurrent = of.state.status === 'available' && of.state.availableCount === event.data.occurrence;
  // Without a sink, those that have had it would get it again.
  const option = deliveries.size === 0 ? '' : ` --sink ${sink.name}`;
  return isCurrent ? [`To send it: ${call(`announce ${quoted(of.uuid)}${option}`)}`] : [];
}
