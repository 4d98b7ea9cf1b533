import { isRecordingEvent, type NotifierEvent, type RecordingEvent } from '../core/event.js';
import type { OperatorEvent } from '../core/operator-event.js';
import { MOOD_SIGNS, type OperatorText, operatorText } from './operator-text.js';
import { archiveFacts, dateMsOf, dateWords, durationWords, oneLine, processedForMs, titleOf, webLink } from './text.js';

export interface Fact {
  readonly label: string;
  readonly text: string;
  /** Of a time, for places that show it in the time zone of each reader; the text is the same in that of the sink. Milliseconds. */
  readonly atMs?: number;
}

/**
 * What a person is told of an event, before it is anybody's markup. Each text is one line, visible and cut, and not escaped: rooms,
 * meetings and messages of errors are hostile.
 */
export interface Message {
  readonly mood: OperatorText['mood'] | 'news';
  /** In words of our own, with a sign in front where it is for operators. At most 120 characters, as is the headline. */
  readonly title: string;
  /** Title and room in one, for where there is one line only; hostile. */
  readonly headline: string;
  /** At most 500 characters; empty for none. */
  readonly sentence: string;
  /** At least one and at most nine, none empty: of 200 characters, paths and lists of 350. */
  readonly facts: readonly Fact[];
  /** For beneath the headline: the facts, but for a room that stands whole in it. */
  readonly furtherFacts: readonly Fact[];
  /** Where to watch it: percent-encoded ASCII without backslashes. */
  readonly link: string | undefined;
  /** How long the link works; undefined where that is unknown, or where there is no link. */
  readonly worksUntil: Fact | undefined;
  /** By this line a person recognises a repeat, where the place knows no idempotency key. At most 300 characters. */
  readonly identity: string;
}

const ROOM = 'Room';

const TITLE_CHARACTERS_MAX = 120;
const SENTENCE_CHARACTERS_MAX = 500;
const VALUE_CHARACTERS_MAX = 200;
/** Of a path, and of a list. */
const LONG_VALUE_CHARACTERS_MAX = 350;

/**
 * @param linkCharactersMax a longer link is left out
 * @param timezone of dates, a name of the IANA database
 */
export function messageFor(event: NotifierEvent, linkCharactersMax: number, timezone = 'UTC'): Message {
  return isRecordingEvent(event)
    ? recordingMessage(event, linkCharactersMax, timezone)
    : operatorMessage(event, timezone);
}

function recordingMessage(event: RecordingEvent, linkCharactersMax: number, timezone: string): Message {
  const { roomId, uuid, url, urlExpiresAt } = event.data.recording;
  const room = oneLine(roomId ?? '', VALUE_CHARACTERS_MAX);
  const recording = oneLine(uuid, VALUE_CHARACTERS_MAX);
  const link = linkOf(url, linkCharactersMax);
  const headline = oneLine(`${titleOf(event)}: ${room === '' ? recording : room}`, TITLE_CHARACTERS_MAX);
  const facts = factsOf(event, timezone);
  return {
    mood: 'news',
    title: titleOf(event),
    headline,
    sentence: '',
    facts,
    furtherFacts: headline.endsWith(`: ${room}`) ? facts.filter(({ label }) => label !== ROOM) : facts,
    link,
    worksUntil: link === undefined ? undefined : time('The link works until', urlExpiresAt, timezone)[0],
    identity: `Event ${oneLine(event.id, 64)} · recording ${recording}`,
  };
}

function factsOf(event: RecordingEvent, timezone: string): readonly Fact[] {
  const { roomId, meetingId, createdAt } = event.data.recording;
  const processedMs = processedForMs(event);
  const took = event.type === 'recording.stuck' ? 'Not available after' : 'Available after';
  return [
    ...shown(ROOM, roomId),
    ...shown('Meeting', meetingId),
    ...time('Recorded', createdAt, timezone),
    ...shown(took, processedMs === undefined ? null : durationWords(processedMs)),
    ...shown('Source', event.source),
    ...archiveFacts(event).flatMap(([label, value]) => shown(label, value, LONG_VALUE_CHARACTERS_MAX)),
  ];
}

function operatorMessage(event: OperatorEvent, timezone: string): Message {
  const { mood, title, message, facts } = operatorText(event, timezone);
  const signed = oneLine(`${MOOD_SIGNS[mood]} ${title}`, TITLE_CHARACTERS_MAX);
  const known = facts.flatMap(([label, value]) => shown(label, value, LONG_VALUE_CHARACTERS_MAX));
  return {
    mood,
    title: signed,
    headline: signed,
    sentence: oneLine(message, SENTENCE_CHARACTERS_MAX),
    facts: known,
    furtherFacts: known,
    link: undefined,
    worksUntil: undefined,
    identity: `Event ${oneLine(event.id, 64)}`,
  };
}

/** Nothing for what has nothing to see. */
function shown(label: string, value: string | null, charactersMax = VALUE_CHARACTERS_MAX): readonly Fact[] {
  const text = oneLine(value ?? '', charactersMax);
  return text === '' ? [] : [{ label, text }];
}

function time(label: string, value: string | null, timezone: string): readonly Fact[] {
  const atMs = dateMsOf(value);
  return atMs === undefined ? [] : [{ label, text: dateWords(atMs, timezone), atMs }];
}

/** A backslash would be an escape in Markdown and two characters in JSON. */
function linkOf(url: string | null, charactersMax: number): string | undefined {
  const link = webLink(url, charactersMax)?.replaceAll('\\', '%5C');
  return link !== undefined && link.length <= charactersMax ? link : undefined;
}
