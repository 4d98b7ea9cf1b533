import type { SinkConfig } from '../config/config.js';
import { listed } from '../config/words.js';
import { isRecordingEvent } from '../core/event.js';
import { isAbout } from '../core/operator-news.js';
import { type Mismatch, mismatchOf } from '../core/routing.js';
import { attemptsWords, earlierAttempts } from './attempts.js';
import { isToldAtOnce, type Move } from './story-by-hand.js';
import type { EventFacts, RecordingFacts } from './story-facts.js';
import { quoted, type SinkStory, type Surroundings, timeWords } from './surroundings.js';

const NONE = { state: 'none', delivery: undefined, history: [], earlierAttempts: 0, next: [] } as const;

/** Why a sink has no delivery of an event, and what a person can do. */
export function missing(
  sink: SinkConfig,
  facts: EventFacts,
  of: RecordingFacts | undefined,
  around: Surroundings,
): SinkStory {
  const none = { ...NONE, sink: sink.name };
  if (!sink.enabled) return { ...none, why: 'not made: the sink is disabled, and new events make no delivery for it' };
  const mismatch = mismatchOf(sink, facts.event);
  if (mismatch !== undefined)
    return { ...none, mismatch: mismatch.key, why: `not made: ${mismatchWords(sink.name, mismatch)}` };
  if (isAbout(facts.event, sink.name))
    return { ...none, why: 'not made: it is about this sink, which is not told of its own trouble' };
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

/** Of a sink that would have got it, or has tried to. */
export function movedAway(move: Move, { nowMs }: Surroundings): SinkStory {
  const { sink, to, atMs, lastError, history } = move;
  const error = lastError === null ? '' : `: ${lastError.reason}: ${lastError.detail}`;
  return {
    ...NONE,
    ...{ sink, history, earlierAttempts: earlierAttempts(move) },
    badge: 'moved',
    why: `moved to ${to} by hand at ${timeWords(atMs, nowMs)}, after ${attemptsWords(move)}${error}`,
  };
}

const WAS_OTHER = 'the sink was not in the config then, or its events, only or enabled were other ones';
const FIRST_POLL = 'a first poll saw it, which remembers and tells nobody';

/** The sink would get it by the config as it is now, so something was otherwise then, or it did. */
function unmadeWords(facts: EventFacts, of: RecordingFacts | undefined, around: Surroundings): string {
  const isToldOfPoll = isToldAtOnce(facts);
  if (of !== undefined && isRecordingEvent(facts.event) && !isToldOfPoll) {
    if (of.mark === undefined) return 'not made: the first poll of the source is not over, and nothing is told before';
    if (of.state.awaitsAnnouncement) return 'not made yet: it is announced once the first poll is over';
  }
  const wasFirstPoll = !isToldOfPoll && isOfFirstPoll(facts, of);
  const forgotten = forgottenWords(facts, around);
  const announced = announcedWords(facts, forgotten === undefined);
  if (forgotten === undefined) return `not made: ${wasFirstPoll ? FIRST_POLL : WAS_OTHER}${announced}`;
  const reasons = wasFirstPoll ? [FIRST_POLL, forgotten] : [forgotten, WAS_OTHER];
  return `no delivery is stored: ${reasons.join('; or ')}${announced}`;
}

function isOfFirstPoll({ event, atMs }: EventFacts, of: RecordingFacts | undefined): boolean {
  if (of?.mark === undefined || !isRecordingEvent(event)) return false;
  const seenAtMs = atMs ?? (event.data.occurrence === 1 ? of.state.firstSeenAtMs : Number.POSITIVE_INFINITY);
  return seenAtMs <= of.mark.firstPollDoneAtMs;
}

/** Undefined: it is too young to be forgotten. */
function forgottenWords({ atMs }: EventFacts, { config, nowMs }: Surroundings): string | undefined {
  if (nowMs - (atMs ?? 0) > config.keepDeadMs)
    return 'it was delivered or given up and is forgotten since, as delivery.keepDelivered and delivery.keepDead say';
  if (nowMs - (atMs ?? 0) > config.keepDeliveredMs)
    return 'it was delivered and is forgotten since, as delivery.keepDelivered says';
  return undefined;
}

/** @param isWhole nothing of the event is forgotten */
function announcedWords(facts: EventFacts, isWhole: boolean): string {
  const announced = [...facts.deliveries.values()].filter(({ madeBy }) => madeBy === 'announce');
  if (announced.length === 0 || isToldAtOnce(facts)) return '';
  return `; announced by hand to ${listed(announced.map(({ sink }) => sink))}${isWhole ? ' alone' : ''}`;
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
