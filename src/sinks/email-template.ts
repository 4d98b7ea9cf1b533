import type { SendMailOptions } from 'nodemailer';
import type { NotifierEvent } from '../core/event.js';
import { applyTemplate } from '../template/use.js';
import type { RenderedPart, SinkTemplate } from './define.js';
import { SUBJECT_CHARACTERS_MAX } from './email-message.js';
import type { EmailSettings, Mailbox } from './email-settings.js';
import { oneLine } from './text.js';

const PLACES = { subject: 'text', text: 'text', html: 'html' } as const;

type Part = keyof typeof PLACES;
const PARTS = Object.keys(PLACES) as Part[];

export function emailTemplates({ template = {} }: Pick<EmailSettings, 'template'>): SinkTemplate[] {
  return PARTS.flatMap((part) => {
    const source = template[part];
    return source === undefined ? [] : [{ key: ['template', part], source, place: PLACES[part] }];
  });
}

/**
 * The mail in the words of the templates. One that fails makes way for our own words, in all parts, so that a mail is of one piece:
 * somebody waits for the news.
 */
export function withTemplate(
  message: SendMailOptions,
  { template }: Pick<EmailSettings, 'template'>,
  event: NotifierEvent,
  timezone: string,
): { readonly message: SendMailOptions; readonly hasFailed: boolean } {
  if (template === undefined) return { message, hasFailed: false };
  const made = new Map<Part, string>();
  for (const part of PARTS) {
    const result = applyTemplate(template, part, PLACES[part], event, timezone);
    if (result === undefined) continue;
    if ('flaw' in result) return { message, hasFailed: true };
    made.set(part, part === 'subject' ? oneLine(result.text, SUBJECT_CHARACTERS_MAX) : result.text);
  }
  if (made.get('subject') === '') return { message, hasFailed: true };
  const { html: _, ...withoutHtml } = message;
  const isTextAlone = made.has('text') && !made.has('html');
  return { message: { ...(isTextAlone ? withoutHtml : message), ...Object.fromEntries(made) }, hasFailed: false };
}

/** The mail as a person reads it: its header, and its parts decoded. */
export function mailParts(message: SendMailOptions, { from, to }: Pick<EmailSettings, 'from' | 'to'>): RenderedPart[] {
  const { subject, messageId, inReplyTo, text, html } = message;
  const header = {
    ...{ From: addressed(from), To: to.map(addressed).join(', '), Subject: subject },
    ...{ 'Message-ID': messageId, 'In-Reply-To': inReplyTo, ...(message.headers as object) },
  };
  const lines = Object.entries(header).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  const parts = { 'text/plain': text, 'text/html': html };
  return [
    { name: 'header', content: lines.join('\n') },
    ...Object.entries(parts).flatMap(([name, content]) => (typeof content === 'string' ? [{ name, content }] : [])),
  ];
}

function addressed({ name, address }: Mailbox): string {
  return name === '' ? address : `${name} <${address}>`;
}
