import type { RecordingEvent } from '../core/event.js';
import type { Digest } from './define.js';
import { digestTitle, firstExpiryMs, kindIn } from './digest-text.js';
import {
  linkInText,
  markdown,
  PLAIN,
  type SlackBlock,
  type SlackMessage,
  slackDate,
  watchable,
} from './slack-message.js';
import { dateMsOf, escapeSlack, oneLine } from './text.js';

/** In a message, the title and the last line included. */
const BLOCKS_MAX = 50;

/**
 * Of the name and of the uuid of one recording, escaped. Slack refuses blocks with more than about 12,000 characters of text in all
 * (`msg_blocks_too_long`), which fifty times this and the rest of an entry keep within.
 *
 * @see https://github.com/slackapi/bolt-js/issues/2509
 */
const NAME_CHARACTERS_MAX = 40;

/** Of a text without blocks: Slack cuts at 40,000. Links that do not fit are left out. */
const TEXT_CHARACTERS_MAX = 38_000;

/**
 * Several events in one message, an entry for each with its own button. Title and last line are blocks of their own where Slack has
 * room for them.
 *
 * @param timezone of dates where a client cannot show them in its reader's
 */
export function slackDigest({ id, events }: Digest, timezone = 'UTC'): SlackMessage {
  const title = digestTitle(events);
  const entries = events.map((event) => entryOf(event, events, timezone));
  const isFull = events.length + 2 > BLOCKS_MAX;
  const last = entries.length - 1;
  const sections = entries.map((entry, index): SlackBlock => {
    const text = isFull
      ? [
          ...(index === 0 ? [`*${title}*`, ''] : []),
          entry,
          ...(index === last ? ['', ...notes(id, events, timezone)] : []),
        ].join('\n')
      : entry;
    const url = watchable(events[index]);
    return { type: 'section', text: markdown(text), ...(url !== undefined && { accessory: button(url) }) };
  });
  if (isFull) return { ...PLAIN, text: title, blocks: sections };
  return {
    ...PLAIN,
    text: title,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: title } },
      ...sections,
      { type: 'context', elements: notes(id, events, timezone).map(markdown) },
    ],
  };
}

/** The same in plain text, for when Slack refuses the blocks. */
export function plainSlackDigest({ id, events }: Digest, timezone = 'UTC'): SlackMessage {
  const head = [`*${digestTitle(events)}*`, ''];
  const foot = notes(id, events, timezone);
  const entries = events.map((event) => entryOf(event, events, timezone));
  let room = TEXT_CHARACTERS_MAX - [...head, ...entries, ...foot].join('\n\n').length;
  const lines = events.flatMap((event, index) => {
    const link = linkInText(event.data.recording.url);
    const watch = link === undefined ? '' : `<${link}|Watch>\n`;
    const fits = watch.length <= room;
    if (fits) room -= watch.length;
    return [`${entries[index]}\n${fits ? watch : ''}`];
  });
  return { ...PLAIN, text: [...head, ...lines, ...foot].join('\n') };
}

/** At most 240 characters, and none of it markup but our own. */
function entryOf(event: RecordingEvent, events: readonly RecordingEvent[], timezone: string): string {
  const { roomId, uuid, createdAt } = event.data.recording;
  const [room, recording] = [named(roomId ?? ''), named(uuid)];
  const createdAtMs = dateMsOf(createdAt);
  const what = [`*${room === '' ? recording : room}*`, kindIn(events, event)].filter((part) => part !== '');
  const when = createdAtMs === undefined ? [] : [`Recorded ${slackDate(createdAtMs, timezone)}`];
  // By these a person finds it elsewhere, and recognises a repeat.
  const identity = [named(event.id), ...(room === '' ? [] : [recording])].filter((part) => part !== '');
  return [what.join(' · '), ...when, identity.join(' · ')].join('\n');
}

/** As much of it as fits when it is escaped: an `&` takes the room of five characters. */
function named(text: string): string {
  for (let charactersMax = NAME_CHARACTERS_MAX; charactersMax > 1; charactersMax -= 1) {
    const escaped = escapeSlack(oneLine(text, charactersMax));
    if (escaped.length <= NAME_CHARACTERS_MAX) return escaped;
  }
  return '';
}

/** The same digest has the same id: Slack knows no idempotency key. */
function notes(id: Digest['id'], events: readonly RecordingEvent[], timezone: string): string[] {
  const untilMs = firstExpiryMs(events);
  return [
    ...(untilMs === undefined ? [] : [`The first link works until ${slackDate(untilMs, timezone)}`]),
    `Digest ${id}`,
  ];
}

function button(url: string) {
  return { type: 'button', text: { type: 'plain_text', text: 'Watch' }, url } as const;
}
