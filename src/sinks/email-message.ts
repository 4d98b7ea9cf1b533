import { createHash } from 'node:crypto';
import type { SendMailOptions } from 'nodemailer';
import { isRecordingEvent, type NotifierEvent, type RecordingEvent } from '../core/event.js';
import type { OperatorEvent } from '../core/operator-event.js';
import type { EmailSettings } from './email-settings.js';
import { MOOD_SIGNS, operatorText } from './operator-text.js';
import {
  archiveFacts,
  dateMsOf,
  dateWords,
  durationWords,
  escapeHtml,
  oneLine,
  processedForMs,
  titleOf,
  webLink,
} from './text.js';

const VALUE_CHARACTERS_MAX = 200;
const LEAD_CHARACTERS_MAX = 500;
/** Of a list, and of a path. */
const LIST_CHARACTERS_MAX = 350;
export const SUBJECT_CHARACTERS_MAX = 150;
const LINK_CHARACTERS_MAX = 8_000;
const DIGEST_DIGITS = 32;

/** What stands in a message, before it is text or HTML. Everything is one line. */
export interface Content {
  readonly title: string;
  /** A sentence before the facts; empty for none. */
  readonly lead: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** Undefined where there is nothing to watch. */
  readonly link: string | undefined;
  readonly linkNote: string;
  readonly footer: string;
}

/**
 * The mail of an event: the same Message-ID at every attempt, so that a mailbox that got it twice shows it once, and one thread for
 * each recording.
 *
 * @param sink  the sink's name
 * @param timezone of its dates
 * @param nowMs for the header Date: a filter that sees one far in the past takes the mail for spam
 */
export function messageOf(
  event: NotifierEvent,
  sink: string,
  { from, to }: Pick<EmailSettings, 'from' | 'to'>,
  nowMs: number,
  timezone = 'UTC',
): SendMailOptions {
  const thread = `<${threadOf(event)}.${sink}@${domainOf(from.address)}>`;
  const content = isRecordingEvent(event) ? contentOf(event, timezone) : operatorContentOf(event, timezone);
  return {
    ...headersOf(event.id, sink, { from, to }, nowMs),
    inReplyTo: thread,
    references: [thread],
    subject: isRecordingEvent(event) ? subjectOf(event) : operatorSubjectOf(event),
    text: renderText(content),
    html: renderHtml(content),
  };
}

/** @param id of what is told: it makes the Message-ID */
export function headersOf(
  id: string,
  sink: string,
  { from, to }: Pick<EmailSettings, 'from' | 'to'>,
  nowMs: number,
): SendMailOptions {
  const domain = domainOf(from.address);
  return {
    messageId: `<${id}.${sink}@${domain}>`,
    date: new Date(nowMs),
    from: { ...from },
    to: to.map((mailbox) => ({ ...mailbox })),
    headers: { 'Auto-Submitted': 'auto-generated', 'List-Id': `<${sink}.recording-notifier.${domain}>` },
  };
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

/** One for each recording, and one for each source or sink that an operator hears of. A uuid may hold any character, and an id of a message may not. */
function threadOf(event: NotifierEvent): string {
  if (!isRecordingEvent(event)) return `operator.${digestOf(operatorText(event).subject)}`;
  return `recording.${digestOf(JSON.stringify([event.source, event.data.recording.uuid]))}`;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, DIGEST_DIGITS);
}

function operatorSubjectOf(event: OperatorEvent): string {
  const { mood, title } = operatorText(event);
  return oneLine(`${MOOD_SIGNS[mood]} ${title}`, SUBJECT_CHARACTERS_MAX);
}

function operatorContentOf(event: OperatorEvent, timezone: string): Content {
  const { mood, title, message, facts } = operatorText(event, timezone);
  return {
    title: oneLine(`${MOOD_SIGNS[mood]} ${title}`, SUBJECT_CHARACTERS_MAX),
    lead: oneLine(message, LEAD_CHARACTERS_MAX),
    facts: facts.map(([label, value]) => [label, oneLine(value, LIST_CHARACTERS_MAX)] as const),
    link: undefined,
    linkNote: '',
    footer: footerOf(event),
  };
}

function footerOf({ id }: NotifierEvent): string {
  return `Sent by recording-notifier. Event ${id}`;
}

function subjectOf(event: RecordingEvent): string {
  const { roomId, uuid } = event.data.recording;
  const room = oneLine(roomId ?? '', VALUE_CHARACTERS_MAX);
  return oneLine(`${titleOf(event)}: ${room === '' ? uuid : room}`, SUBJECT_CHARACTERS_MAX);
}

export function contentOf(event: RecordingEvent, timezone: string): Content {
  const { roomId, meetingId, createdAt, uuid, url, urlExpiresAt } = event.data.recording;
  const tookMs = processedForMs(event);
  const facts = [
    ['Room', roomId],
    ['Meeting', meetingId],
    ['Recorded', dateText(createdAt, timezone)],
    [event.type === 'recording.stuck' ? 'Processing for' : 'Available after', tookMs && durationWords(tookMs)],
    ['Recording', uuid],
    ['Source', event.source],
  ] as const;
  const archived = archiveFacts(event).flatMap(([label, value]) => shown(label, value, LIST_CHARACTERS_MAX));
  const expiresAt = dateText(urlExpiresAt, timezone);
  return {
    title: titleOf(event),
    lead: '',
    facts: [...facts.flatMap(([label, value]) => shown(label, String(value ?? ''), VALUE_CHARACTERS_MAX)), ...archived],
    link: webLink(url, LINK_CHARACTERS_MAX),
    linkNote: expiresAt === null ? 'The link works for a limited time.' : `The link works until ${expiresAt}.`,
    footer: footerOf(event),
  };
}

/** Nothing for what has nothing to see. */
function shown(label: string, value: string, charactersMax: number): (readonly [label: string, value: string])[] {
  const text = oneLine(value, charactersMax);
  return text === '' ? [] : [[label, text]];
}

function dateText(text: string | null, timezone: string): string | null {
  const ms = dateMsOf(text);
  return ms === undefined ? text : dateWords(ms, timezone);
}

function renderText({ title, lead, facts, link, linkNote, footer }: Content): string {
  const lines = facts.map(([label, value]) => `${label}: ${value}`);
  const watch = link === undefined ? [] : ['', `Watch it: ${link}`, oneLine(linkNote, VALUE_CHARACTERS_MAX)];
  return [title, '', ...(lead === '' ? [] : [lead, '']), ...lines, ...watch, '', '-- ', footer, ''].join('\n');
}

/** Inline where clients keep nothing else, a style sheet for the dark; nothing is loaded from anywhere. */
const STYLE = `
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #15181c !important; }
  .card { background: #20252b !important; }
  .card, .entry { border-color: #3a424c !important; }
  .title, .value { color: #f1f3f5 !important; }
  .label, .note, .footer { color: #a9b3be !important; }
  .button { background: #6ea8fe !important; color: #0b1726 !important; }
}
.fact { display: inline-block; }
@media (max-width: 480px) {
  .page { padding: 8px !important; }
  .card { padding: 16px !important; }
  .button { display: block !important; text-align: center !important; }
}`;

const FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

function renderHtml({ title, lead, facts, link, linkNote, footer }: Content): string {
  const rows = facts.map(
    ([label, value]) =>
      `<tr><td class="label" style="padding:4px 16px 4px 0;color:#5b6672;vertical-align:top;white-space:nowrap">${escapeHtml(label)}</td>` +
      `<td class="value" style="padding:4px 0;color:#1c2228;overflow-wrap:anywhere;word-break:break-word">${escapeHtml(value)}</td></tr>`,
  );
  const table = `<table role="presentation" cellpadding="0" cellspacing="0" style="border-collapse:collapse;width:100%;font-size:15px">
${rows.join('\n')}
</table>
`;
  return renderPage(title, `${renderLead(lead)}${table}${renderButton(link, linkNote)}`, footer);
}

/** @param body HTML; title and footer are text */
export function renderPage(title: string, body: string, footer: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${STYLE}
</style>
</head>
<body class="page" style="margin:0;padding:24px;background:#f3f5f7;${FONT};font-size:15px;line-height:1.45">
<div class="card" style="max-width:520px;margin:0 auto;padding:24px;background:#ffffff;border:1px solid #dde2e7;border-radius:8px">
<h1 class="title" style="margin:0 0 16px;font-size:20px;line-height:1.3;color:#1c2228">${escapeHtml(title)}</h1>
${body}</div>
<p class="footer" style="max-width:520px;margin:12px auto 0;font-size:12px;color:#5b6672;overflow-wrap:anywhere">${escapeHtml(footer)}</p>
</body>
</html>
`;
}

function renderLead(lead: string): string {
  return lead === ''
    ? ''
    : `<p class="value" style="margin:0 0 16px;color:#1c2228;overflow-wrap:anywhere">${escapeHtml(lead)}</p>\n`;
}

function renderButton(link: string | undefined, note: string): string {
  if (link === undefined) return '';
  return `<p style="margin:20px 0 0"><a class="button" href="${escapeHtml(link)}" style="display:inline-block;padding:10px 20px;background:#1f5fbf;color:#ffffff;text-decoration:none;font-weight:600;border-radius:6px">Watch the recording</a></p>
<p class="note" style="margin:12px 0 0;font-size:13px;color:#5b6672">${escapeHtml(oneLine(note, VALUE_CHARACTERS_MAX))}</p>
`;
}
