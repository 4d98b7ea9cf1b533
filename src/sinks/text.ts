import type { RecordingEvent, RecordingEventType } from '../core/event.js';

/** Small helpers for sinks whose messages people read. What comes from an API is hostile until it went through {@link oneLine}. */

const TITLES: Readonly<Record<RecordingEventType, string>> = {
  'recording.available': 'Recording available',
  'recording.processing': 'Recording in processing',
  'recording.stuck': 'Recording stuck in processing',
  'recording.archived': 'Recording archived',
};

/** What has happened, in a few words of our own; a sample says that it is one. */
export function titleOf({ type, data }: RecordingEvent): string {
  return data.test === true ? `TEST: ${TITLES[type]}` : TITLES[type];
}

const BYTE_UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** `734 MB`: three digits, in steps of a thousand. */
export function sizeWords(bytes: number): string {
  const step = bytes < 1_000 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1_000 ** step;
  return `${step === 0 ? value : Number(value.toPrecision(3))} ${BYTE_UNITS[step]}`;
}

/** Where a recording is archived and what it is, as label and value; nothing for other events. */
export function archiveFacts({
  data: { archive },
}: RecordingEvent): readonly (readonly [label: string, value: string])[] {
  if (archive === undefined) return [];
  const { location, bytes, sha256, sink } = archive;
  return [
    ['Archived at', location],
    ['Size', sizeWords(bytes)],
    ['SHA-256', sha256],
    ['Archive', sink],
  ];
}

const ELLIPSIS = '…';

/** Fillers, selectors, joiners and the empty pattern of Braille: not controls, and yet nobody sees them by themselves. */
const NOTHING_TO_SEE = /^[\p{Default_Ignorable_Code_Point}\p{Z}\u2800]*$/u;

/**
 * A text that takes one line and shows what it holds, cut where it is too long.
 *
 * Control characters and every kind of space become one space. Invisible characters go, since those for the direction of writing
 * can make a text look like another one; the two joiners stay, which scripts and emoji need. A text with nothing to see is empty.
 */
export function oneLine(text: string, charactersMax: number): string {
  const visible = text
    .toWellFormed()
    .replace(/(?![\u200c\u200d])\p{Cf}/gu, '')
    .replace(/[\p{Cc}\p{Z}]+/gu, ' ');
  return NOTHING_TO_SEE.test(visible) ? '' : cutText(visible.trim(), charactersMax);
}

/**
 * At most so many characters, the ellipsis included; no code point is cut in two.
 *
 * Counted in UTF-16 units, the larger number, so that it fits whichever way the receiver counts.
 *
 * @param charactersMax 1 or more
 */
export function cutText(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const kept = text.slice(0, charactersMax - ELLIPSIS.length);
  return (kept.isWellFormed() ? kept : kept.slice(0, -1)) + ELLIPSIS;
}

/**
 * For every text in a Slack message that is not ours: these three and nothing else.
 *
 * @see https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
export function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** For text and for quoted attributes of HTML. */
export function escapeHtml(text: string): string {
  return escapeSlack(text).replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

/** The URL as an href, or undefined when it is no http or https URL, or longer than the place for it. */
export function webLink(url: string | null, charactersMax: number): string | undefined {
  const parsed = url === null ? null : URL.parse(url);
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) return undefined;
  return parsed.href.length <= charactersMax ? parsed.href : undefined;
}

const ISO_DATE = /^\d{4}-\d{2}-\d{2}T/;

/** Milliseconds since 1970, or undefined for what is no date of ISO 8601 since then: `Date.parse('1')` is the year 2001. */
export function dateMsOf(text: string | null): number | undefined {
  if (text === null || !ISO_DATE.test(text)) return undefined;
  const ms = Date.parse(text);
  return ms >= 0 ? ms : undefined;
}

/** By time zone, since making one takes a hundred times as long as using it. A config has no more zones than sinks. */
const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * `13 May 2024, 17:14 UTC`, `13 May 2024, 19:14 CEST`, `13 May 2024, 13:14 GMT-4`.
 *
 * @param timezone a name of the IANA database
 */
export function dateWords(ms: number, timezone = 'UTC'): string {
  const format = formats.get(timezone) ?? formatIn(timezone);
  formats.set(timezone, format);
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  const [day, month, year] = [
    Number(parts.get('day')),
    MONTHS[Number(parts.get('month')) - 1],
    Number(parts.get('year')),
  ];
  return `${day} ${month} ${year}, ${parts.get('hour')}:${parts.get('minute')} ${parts.get('timeZoneName')}`;
}

/** In the words of Node's data they differ between versions. */
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

function formatIn(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, hourCycle: 'h23', timeZoneName: 'short' },
    ...{ day: 'numeric', month: 'numeric', year: 'numeric', hour: '2-digit', minute: '2-digit' },
  });
}

const UNITS = [
  { name: 'day', ms: 86_400_000 },
  { name: 'hour', ms: 3_600_000 },
  { name: 'minute', ms: 60_000 },
  { name: 'second', ms: 1_000 },
] as const;

/** `2 hours 5 minutes`: the two largest units, rounded down; under a second is `less than a second`. */
export function durationWords(ms: number): string {
  const first = UNITS.findIndex((unit) => ms >= unit.ms);
  if (first === -1) return 'less than a second';
  const parts = UNITS.slice(first, first + 2).map(({ name, ms: unitMs }, index) => {
    const count = Math.floor((index === 0 ? ms : ms % (UNITS[first]?.ms ?? 1)) / unitMs);
    return count === 0 ? '' : `${count} ${name}${count === 1 ? '' : 's'}`;
  });
  return parts.join(' ').trim();
}

/**
 * From the recording to its becoming available, or to the alarm that it is stuck; undefined where that is not known.
 *
 * A recording that was first seen as available may have been so for long, and one that comes back was so before.
 */
export function processedForMs({ type, timestamp, data }: RecordingEvent): number | undefined {
  const { recording, previousStatus, occurrence } = data;
  const isFirstWatched = type === 'recording.available' && previousStatus === 'processing';
  if (occurrence !== 1 || !(isFirstWatched || type === 'recording.stuck')) return undefined;
  const createdAtMs = dateMsOf(recording.createdAt);
  const seenAtMs = dateMsOf(timestamp);
  if (createdAtMs === undefined || seenAtMs === undefined || seenAtMs < createdAtMs) return undefined;
  return seenAtMs - createdAtMs;
}
