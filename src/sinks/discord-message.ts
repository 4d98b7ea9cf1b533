import type { NotifierEvent } from '../core/event.js';
import { type Fact, type Message, messageFor } from './message.js';

interface DiscordMessage {
  /** Nobody is mentioned, whatever a room is called. */
  readonly allowed_mentions: { readonly parse: readonly [] };
  readonly embeds?: readonly Embed[];
  readonly content?: string;
  readonly flags?: number;
}

interface Embed {
  readonly title: string;
  readonly description?: string;
  readonly color: number;
  readonly fields: readonly { readonly name: string; readonly value: string; readonly inline: boolean }[];
  readonly footer: { readonly text: string };
}

const NO_MENTIONS = { parse: [] } as const;
const COLORS = { news: 0x1f5fbf, alarm: 0xd93025, warning: 0xf29900, relief: 0x188038 } as const;

/** With everything else at its longest it keeps all texts of an embed within 6,000. */
const LINK_CHARACTERS_MAX = 2_500;
const CONTENT_CHARACTERS_MAX = 2_000;
/** Longer values have a line of their own. */
const INLINE_CHARACTERS_MAX = 40;
const SUPPRESS_EMBEDS = 4;

/**
 * The message as an embed: its texts are hostile until they are escaped, which at most doubles them.
 *
 * The title alone is in our own words, with names of the config, and not escaped: some show the backslash there and others obey it, so
 * nothing hostile may be in it.
 *
 * A date that is a text, as those for operators are, is in the given time zone. It keeps within the limits whatever the event holds:
 * a title of 256 characters, a description of 4,096, 25 fields of 1,024, a footer of 2,048, and 6,000 in all.
 *
 * @see https://discord.com/developers/docs/resources/message#embed-object-embed-limits
 * @see https://github.com/autobrr/tqm/pull/59 which met backslashes in titles
 * @see https://github.com/skyra-project/discord-components/issues/400 which met Markdown in them
 */
export function discordMessage(event: NotifierEvent, timezone = 'UTC'): DiscordMessage {
  const message = messageFor(event, LINK_CHARACTERS_MAX, timezone);
  const description = [escapeDiscord(message.sentence), ...watch(message)].filter((line) => line !== '').join('\n');
  return {
    allowed_mentions: NO_MENTIONS,
    embeds: [
      {
        title: message.title,
        ...(description !== '' && { description }),
        color: COLORS[message.mood],
        fields: message.facts.map((fact) => ({
          name: fact.label,
          value: shownAs(fact),
          inline: fact.text.length <= INLINE_CHARACTERS_MAX,
        })),
        footer: { text: message.identity },
      },
    ],
  };
}

/** The same as lines, for when Discord refuses the embed; what does not fit is left out. */
export function plainDiscordMessage(event: NotifierEvent, timezone = 'UTC'): DiscordMessage {
  const message = messageFor(event, LINK_CHARACTERS_MAX, timezone);
  const first = `**${escapeDiscord(message.title)}**`;
  const last = escapeDiscord(message.identity);
  const lines = [escapeDiscord(message.sentence), ...message.facts.map(lineOf), ...watch(message)];
  let left = CONTENT_CHARACTERS_MAX - first.length - last.length - 2;
  const fitting = lines.filter((line) => {
    if (line === '' || line.length + 1 > left) return false;
    left -= line.length + 1;
    return true;
  });
  return { allowed_mentions: NO_MENTIONS, content: [first, ...fitting, last].join('\n'), flags: SUPPRESS_EMBEDS };
}

function watch({ link, worksUntil }: Message): readonly string[] {
  const target = link?.replaceAll('(', '%28').replaceAll(')', '%29');
  if (target === undefined || target.length > LINK_CHARACTERS_MAX) return [];
  return [`[Watch](${target})`, ...(worksUntil === undefined ? [] : [`${worksUntil.label} ${shownAs(worksUntil)}`])];
}

function lineOf(fact: Fact): string {
  return `${fact.label}: ${shownAs(fact)}`;
}

/**
 * A time is shown in the time zone of each reader.
 *
 * @see https://discord.com/developers/docs/reference#message-formatting-timestamp-styles
 */
function shownAs({ text, atMs }: Fact): string {
  return atMs === undefined ? escapeDiscord(text) : `<t:${Math.floor(atMs / 1_000)}:f>`;
}

/** Emphasis, code, spoilers, quotes, headings, lists, links, mentions, emoji, times, and the colon without which no address is a link. */
function escapeDiscord(text: string): string {
  return text.replace(/[\\*_~`|<>[\]()#@:-]/g, '\\$&');
}
