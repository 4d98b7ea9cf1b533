import type { NotifierEvent } from '../core/event.js';
import { type Fact, type Message, messageFor } from './message.js';
import { escapeHtml } from './text.js';

interface TelegramMessage {
  readonly text: string;
  readonly parse_mode?: 'HTML';
  readonly entities?: readonly { readonly type: 'code'; readonly offset: number; readonly length: number }[];
  readonly link_preview_options: { readonly is_disabled: true };
}

const NO_PREVIEW = { is_disabled: true } as const;
/** With everything else at its longest it keeps a text within 4,096 characters. */
const LINK_CHARACTERS_MAX = 2_048;

/**
 * Telegram makes mentions, links, hashtags, commands and more out of any text that is not code. So what is not ours stands in `<code>`,
 * words apart that hold nothing of which it makes anything.
 *
 * @see https://core.telegram.org/bots/api#html-style
 * @see https://core.telegram.org/bots/api#sendmessage
 */
export function telegramMessage(event: NotifierEvent, timezone = 'UTC'): TelegramMessage {
  const message = messageFor(event, LINK_CHARACTERS_MAX, timezone);
  const lines = [
    `<b>${escapeHtml(message.title)}</b>`,
    ...(message.sentence === '' ? [] : [safe(message.sentence)]),
    ...message.facts.map((fact) => `${fact.label}: ${shownAs(fact)}`),
    ...watch(message),
    code(message.identity),
  ];
  return { text: lines.join('\n'), parse_mode: 'HTML', link_preview_options: NO_PREVIEW };
}

/** The same without markup to parse, for when Telegram refuses it; all of it is code. */
export function plainTelegramMessage(event: NotifierEvent, timezone = 'UTC'): TelegramMessage {
  const { title, sentence, facts, link, worksUntil, identity } = messageFor(event, LINK_CHARACTERS_MAX, timezone);
  const lines = [
    title,
    identity,
    sentence,
    ...facts.map((fact) => `${fact.label}: ${fact.text}`),
    ...(link === undefined ? [] : [link]),
    ...(worksUntil === undefined ? [] : [`${worksUntil.label} ${worksUntil.text}`]),
  ];
  const text = lines.filter((line) => line !== '').join('\n');
  return {
    text,
    entities: [{ type: 'code', offset: 0, length: text.length }],
    link_preview_options: NO_PREVIEW,
  };
}

function watch({ link, worksUntil }: Message): readonly string[] {
  if (link === undefined) return [];
  const until = worksUntil === undefined ? [] : [`${worksUntil.label} ${worksUntil.text}`];
  return [`<a href="${escapeHtml(link)}">Watch</a>`, ...until];
}

/** A time is ours. */
function shownAs({ text, atMs }: Fact): string {
  return atMs === undefined ? safe(text) : text;
}

/**
 * A word of which Telegram makes nothing: it finds mentions by an `@`, commands by a `/`, hashtags by a `#`, cashtags by a `$`,
 * addresses by a dot or a colon within a word, and numbers of bank cards, as clients find those of telephones, by their digits. A time
 * of day is a place in a film, where a message has one; ours has none.
 *
 * A word as long as a uuid is one to copy, for which code is best.
 *
 * @see https://github.com/tdlib/td/blob/master/td/telegram/MessageEntity.cpp find_entities
 */
const MERE_WORD = /^(?:["“(]?[\p{L}\p{M}\p{N}\p{Pd}'’&_]{1,30}["”)]?[.,:;!?]?|\d\d:\d\d)$/u;
const LONG_NUMBER = /(?:\p{N}[ \p{Pd}_]?){6}/u;

function safe(text: string): string {
  const isMere = text.split(' ').every((word) => MERE_WORD.test(word)) && !LONG_NUMBER.test(text);
  return isMere ? escapeHtml(text) : code(text);
}

function code(text: string): string {
  return `<code>${escapeHtml(text)}</code>`;
}
