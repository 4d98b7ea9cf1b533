import type { SendMailOptions } from 'nodemailer';
import type { RecordingEvent } from '../core/event.js';
import type { Digest } from './define.js';
import { digestTitle, kindIn } from './digest-text.js';
import { type Content, contentOf, headersOf, renderPage } from './email-message.js';
import type { EmailSettings } from './email-settings.js';
import { escapeHtml, oneLine } from './text.js';

const NOTE_CHARACTERS_MAX = 200;

/** One event in the mail: everything is one line. */
interface Entry extends Pick<Content, 'facts' | 'link' | 'linkNote'> {
  readonly name: string;
  readonly id: string;
}

/**
 * The mail of several events: the same Message-ID whenever the same ones go together, so that a mailbox that got it twice shows it once.
 *
 * @param sink  the sink's name
 * @param nowMs for the header Date
 * @param timezone of its dates
 */
export function digestMessageOf(
  { id, events }: Digest,
  sink: string,
  mailboxes: Pick<EmailSettings, 'from' | 'to'>,
  nowMs: number,
  timezone = 'UTC',
): SendMailOptions {
  const title = digestTitle(events);
  const entries = events.map((event) => entryOf(event, events, timezone));
  const footer = `Sent by recording-notifier. Digest ${id}`;
  return {
    ...headersOf(id, sink, mailboxes, nowMs),
    subject: title,
    text: [title, '', ...entries.flatMap(textOf), '-- ', footer, ''].join('\n'),
    html: renderPage(title, entries.map(htmlOf).join(''), footer),
  };
}

function entryOf(event: RecordingEvent, events: readonly RecordingEvent[], timezone: string): Entry {
  const { facts, link, linkNote } = contentOf(event, timezone);
  const factOf = (wanted: string) => facts.find(([label]) => label === wanted)?.[1];
  const [room, recording] = [factOf('Room'), factOf('Recording')];
  const kind = kindIn(events, event);
  const name = room ?? recording ?? event.source;
  const others = facts.filter(([label, value]) => label !== 'Room' && !(label === 'Recording' && value === name));
  const named = kind === '' ? name : `${name}: ${kind}`;
  return { name: named, facts: others, link, linkNote: oneLine(linkNote, NOTE_CHARACTERS_MAX), id: event.id };
}

function textOf({ name, facts, link, linkNote, id }: Entry, index: number): string[] {
  const watch = link === undefined ? [] : [`Watch it: ${link}`, linkNote];
  const lines = [...facts.map(([label, value]) => `${label}: ${value}`), ...watch, `Event ${id}`];
  return [`${index + 1}. ${name}`, ...lines.map((line) => `   ${line}`), ''];
}

/** A fact is broken over lines only where it has no room in one; the rule is above all entries but the first. */
function htmlOf({ name, facts, link, linkNote, id }: Entry, index: number): string {
  const known = facts
    .map(([label, value]) => `${escapeHtml(label)}: ${escapeHtml(value)}`)
    .map((fact, at) => `<span class="fact">${fact}${at < facts.length - 1 ? ' ·' : ''}</span>`)
    .join(' ');
  const rule = 'margin:16px 0 0;padding:16px 0 0;border:0 solid #dde2e7;border-top-width:1px';
  const watch =
    link === undefined
      ? ''
      : `<p style="margin:8px 0 0"><a class="button" href="${escapeHtml(link)}" style="display:inline-block;padding:6px 14px;background:#1f5fbf;color:#ffffff;text-decoration:none;font-weight:600;border-radius:6px;font-size:14px">Watch the recording</a></p>
<p class="note" style="margin:6px 0 0;font-size:13px;color:#5b6672">${escapeHtml(linkNote)}</p>
`;
  return `<div class="entry" style="${index === 0 ? 'margin:0' : rule}">
<h2 class="title" style="margin:0 0 4px;font-size:16px;line-height:1.3;color:#1c2228;overflow-wrap:anywhere">${escapeHtml(name)}</h2>
<p class="label" style="margin:0;font-size:13px;color:#5b6672;overflow-wrap:anywhere">${known}</p>
${watch}<p class="footer" style="margin:6px 0 0;font-size:12px;color:#5b6672;overflow-wrap:anywhere">Event ${escapeHtml(id)}</p>
</div>
`;
}
