import type { IncomingWebhookSendArguments } from '@slack/webhook';
import { isRecordingEvent, type NotifierEvent, type RecordingEvent } from '../core/event.js';
import type { OperatorEvent } from '../core/operator-event.js';
import { messageFor } from './message.js';
import { dateMsOf, dateWords, escapeSlack, oneLine, titleOf, webLink } from './text.js';

export type SlackBlock = NonNullable<IncomingWebhookSendArguments['blocks']>[number];

/** `parse: none` keeps Slack from making links and mentions out of plain text. */
export type SlackMessage = IncomingWebhookSendArguments & { readonly text: string; readonly parse: 'none' };

export const PLAIN = { parse: 'none', unfurl_links: false, unfurl_media: false } as const;

/** Of a room or a recording in the text of a notification. */
const VALUE_CHARACTERS_MAX = 200;

/** Of a button, and of a link in a text once it is escaped. */
const LINK_CHARACTERS_MAX = 3_000;

/**
 * The message with everything on it; its `text` is what a notification shows.
 *
 * It keeps within the limits of Slack whatever the event holds.
 *
 * @param timezone of dates where a client cannot show them in its reader's
 * @see https://docs.slack.dev/reference/block-kit/blocks
 */
export function slackMessage(event: NotifierEvent, timezone = 'UTC'): SlackMessage {
  if (!isRecordingEvent(event)) return operatorMessage(event, timezone);
  const url = watchable(event);
  const context = [...(url === undefined ? [] : worksUntil(event, timezone)), identity(event)];
  return {
    ...PLAIN,
    text: headline(event),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: titleOf(event) } },
      ...factSections(facts(event, timezone)),
      ...(url === undefined ? [] : [watchButton(url)]),
      { type: 'context', elements: context.map(markdown) },
    ],
  };
}

/** The same in plain text, for when Slack refuses the blocks. */
export function plainSlackMessage(event: NotifierEvent, timezone = 'UTC'): SlackMessage {
  if (!isRecordingEvent(event)) return plainOperatorMessage(event, timezone);
  const url = linkInText(event.data.recording.url);
  const lines = [
    `*${titleOf(event)}*`,
    ...facts(event, timezone).map(([label, value]) => `${label}: ${value}`),
    ...(url === undefined ? [] : [`<${url}|Watch>`, ...worksUntil(event, timezone)]),
    identity(event),
  ];
  return { ...PLAIN, text: lines.join('\n') };
}

/** Of a section. */
const TEXT_CHARACTERS_MAX = 3_000;

/** A text of mrkdwn, as a message and in its plain form; undefined where Slack takes no such text. */
export function writtenSlackMessages(
  text: string,
  event: NotifierEvent,
): readonly [SlackMessage, SlackMessage] | undefined {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > TEXT_CHARACTERS_MAX) return undefined;
  const blocks: SlackBlock[] = [
    { type: 'section', text: markdown(trimmed) },
    { type: 'context', elements: [markdown(identity(event))] },
  ];
  return [
    { ...PLAIN, text: trimmed, blocks },
    { ...PLAIN, text: `${trimmed}\n${identity(event)}` },
  ];
}

function operatorMessage(event: OperatorEvent, timezone: string): SlackMessage {
  const { signed, sentences, facts: known } = operatorParts(event, timezone);
  return {
    ...PLAIN,
    text: escapeSlack(signed),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: signed } },
      ...sentences.map((sentence) => ({ type: 'section', text: markdown(sentence) }) as const),
      ...factSections(known),
      { type: 'context', elements: [markdown(identity(event))] },
    ],
  };
}

function plainOperatorMessage(event: OperatorEvent, timezone: string): SlackMessage {
  const { signed, sentences, facts: known } = operatorParts(event, timezone);
  const facts = known.map(([label, value]) => `${label}: ${value}`);
  return { ...PLAIN, text: [`*${escapeSlack(signed)}*`, ...sentences, ...facts, identity(event)].join('\n') };
}

/** The title is not escaped, the rest is. No sentence where the event has none: Slack refuses empty texts. */
function operatorParts(event: OperatorEvent, timezone: string) {
  const { title, sentence } = messageFor(event, LINK_CHARACTERS_MAX, timezone);
  return { signed: title, sentences: sentence === '' ? [] : [escapeSlack(sentence)], facts: facts(event, timezone) };
}

function headline(event: RecordingEvent): string {
  const { roomId, uuid } = event.data.recording;
  const room = safe(roomId);
  return `${titleOf(event)}: ${room === '' ? safe(uuid) : room}`;
}

/**
 * What is known, as label and value; the values are escaped. At most nine, where Slack takes ten; and of 350 characters, where it takes
 * 2,000 for a field once each is escaped into five.
 */
function facts(event: NotifierEvent, timezone: string): (readonly [label: string, value: string])[] {
  return messageFor(event, LINK_CHARACTERS_MAX, timezone).facts.map(({ label, text, atMs }) => [
    label,
    atMs === undefined ? escapeSlack(text) : slackDate(atMs, timezone),
  ]);
}

/** None where nothing is known: Slack refuses a section of nothing. */
function factSections(known: ReturnType<typeof facts>): readonly SlackBlock[] {
  if (known.length === 0) return [];
  return [{ type: 'section', fields: known.map(([label, value]) => markdown(`*${label}*\n${value}`)) }];
}

function worksUntil({ data }: RecordingEvent, timezone: string): string[] {
  const untilMs = dateMsOf(data.recording.urlExpiresAt);
  return untilMs === undefined ? [] : [`The link works until ${slackDate(untilMs, timezone)}`];
}

/** Slack knows no idempotency key: by this line a person recognises a repeat. */
function identity(event: NotifierEvent): string {
  return escapeSlack(messageFor(event, LINK_CHARACTERS_MAX).identity);
}

/** Shown in the time zone of each reader; a client that cannot shows the words. */
export function slackDate(ms: number, timezone: string): string {
  return `<!date^${Math.floor(ms / 1_000)}^{date_short_pretty} at {time}|${dateWords(ms, timezone)}>`;
}

function safe(text: string | null): string {
  return text === null ? '' : escapeSlack(oneLine(text, VALUE_CHARACTERS_MAX));
}

/** What a button may lead to. */
export function watchable(event: RecordingEvent | undefined): string | undefined {
  return webLink(event?.data.recording.url ?? null, LINK_CHARACTERS_MAX);
}

/** In a text a bar would end the address. */
export function linkInText(url: string | null): string | undefined {
  const link = webLink(url, LINK_CHARACTERS_MAX);
  if (link === undefined) return undefined;
  const escaped = escapeSlack(link.replaceAll('|', '%7C'));
  return escaped.length <= LINK_CHARACTERS_MAX ? escaped : undefined;
}

function watchButton(url: string): SlackBlock {
  const text = { type: 'plain_text', text: 'Watch' } as const;
  return { type: 'actions', elements: [{ type: 'button', text, url, style: 'primary' }] };
}

export function markdown(text: string) {
  return { type: 'mrkdwn', text, verbatim: true } as const;
}
