import { isRecordingEvent, type NotifierEvent } from '../core/event.js';
import { MOOD_SIGNS, operatorText } from '../sinks/operator-text.js';
import { durationWords, oneLine, processedForMs, titleOf, webLink } from '../sinks/text.js';
import type { Place } from './places.js';

/** Which events have a variable. */
type Of =
  | 'every event'
  | 'recording.*'
  | 'recording.archived'
  | 'operator events'
  | 'sink.*'
  | 'delivery.*'
  | 'sink.*, delivery.*'
  | 'source.*, sink.*';

export interface Variable {
  readonly name: string;
  readonly of: Of;
  readonly help: string;
}

/** What a template may name. Checks, `config/REFERENCE.md` and the JSON Schema are made from this table. */
export const VARIABLES: readonly Variable[] = [
  { name: 'id', of: 'every event', help: 'Of the event, `evt_…`; the same at every attempt.' },
  { name: 'type', of: 'every event', help: 'Such as `recording.available`.' },
  { name: 'timestamp', of: 'every event', help: 'When the notifier saw it, ISO 8601.' },
  { name: 'source', of: 'every event', help: 'The name of the source; nothing for `sink.*` and `delivery.*`.' },
  { name: 'title', of: 'every event', help: 'What has happened, in the words of the messages without a template.' },
  { name: 'sign', of: 'every event', help: '🔴, 🟠 or 🟢 for an operator event; nothing for the others.' },
  { name: 'test', of: 'every event', help: 'true in a sample.' },
  { name: 'event', of: 'every event', help: 'The whole event, for `{{ event | json }}`.' },
  { name: 'recording.uuid', of: 'recording.*', help: 'Its id.' },
  { name: 'recording.roomId', of: 'recording.*', help: 'The room; may be nothing.' },
  { name: 'recording.meetingId', of: 'recording.*', help: 'The meeting; may be nothing.' },
  { name: 'recording.status', of: 'recording.*', help: 'As the platform says it.' },
  { name: 'recording.createdAt', of: 'recording.*', help: 'When it was recorded, ISO 8601; may be nothing.' },
  {
    name: 'recording.url',
    of: 'recording.*',
    help: 'Where to watch it; may be nothing. Of `recording.available` alone.',
  },
  { name: 'recording.urlExpiresAt', of: 'recording.*', help: 'Until when the URL works, ISO 8601; may be nothing.' },
  { name: 'previousStatus', of: 'recording.*', help: 'The status before; nothing when it was first seen so.' },
  { name: 'occurrence', of: 'recording.*', help: 'How often it has become so.' },
  {
    name: 'took',
    of: 'recording.*',
    help: 'From its recording to this event, such as `4 minutes 23 seconds`; may be nothing.',
  },
  { name: 'archive.location', of: 'recording.archived', help: 'A path, or an s3 URL.' },
  { name: 'archive.bytes', of: 'recording.archived', help: 'Its size; `{{ archive.bytes | bytes }}` is `734 MB`.' },
  { name: 'archive.sha256', of: 'recording.archived', help: 'In hex.' },
  { name: 'archive.sink', of: 'recording.archived', help: 'The sink that stored it.' },
  { name: 'reason', of: 'operator events', help: 'One word, such as `unauthorized`.' },
  { name: 'message', of: 'operator events', help: 'What is wrong and what would do, in a sentence.' },
  { name: 'since', of: 'source.*, sink.*', help: 'Since when, ISO 8601.' },
  { name: 'sink', of: 'sink.*, delivery.*', help: 'The sink that it is about.' },
  { name: 'waiting', of: 'sink.*', help: 'How many deliveries wait for the sink.' },
  { name: 'count', of: 'delivery.*', help: 'How many deliveries were given up.' },
  {
    name: 'deliveries',
    of: 'delivery.*',
    help: 'Twenty of them at most, each with `id`, `eventId`, `type` and `uuid`.',
  },
];

/** Of a text from elsewhere, where it stands in a message that people read. */
const TEXT_CHARACTERS_MAX = 1_000;
const LINK_CHARACTERS_MAX = 8_000;

/** The values of {@link VARIABLES} for an event. What an event does not have is not there. */
export function variablesOf(event: NotifierEvent, place: Place): Readonly<Record<string, unknown>> {
  const { id, type, timestamp, source, data } = event;
  const own = isRecordingEvent(event)
    ? { title: titleOf(event), sign: '', took: tookOf(event) }
    : {
        title: operatorText(event).title,
        sign: MOOD_SIGNS[operatorText(event).mood],
        message: operatorText(event).message,
      };
  const all = { ...data, id, type, timestamp, source, ...own, test: data.test === true, event };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, TAMED[place] ? tame(value, name, place) : value]));
}

/** Where people read, or a line break has a meaning, texts are one line. In JSON and forms everything can be said. */
const TAMED: Readonly<Record<Place, boolean>> = {
  mrkdwn: true,
  html: true,
  text: true,
  json: false,
  'json lines': false,
  form: false,
};

function tookOf(event: Parameters<typeof processedForMs>[0]): string | null {
  const ms = processedForMs(event);
  return ms === undefined ? null : durationWords(ms);
}

function tame(value: unknown, key: string, place: Place): unknown {
  if (typeof value === 'string') return key === 'url' ? linkIn(place, value) : oneLine(value, TEXT_CHARACTERS_MAX);
  if (Array.isArray(value)) return value.map((item) => tame(item, key, place));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, tame(item, name, place)]));
}

/** In Slack a bar would end the address. */
function linkIn(place: Place, url: string): string | null {
  const link = webLink(url, LINK_CHARACTERS_MAX) ?? null;
  return place === 'mrkdwn' ? (link?.replaceAll('|', '%7C') ?? null) : link;
}
