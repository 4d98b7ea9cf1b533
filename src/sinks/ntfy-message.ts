import type { NotifierEvent } from '../core/event.js';
import { type Fact, type Message, messageFor } from './message.js';

interface NtfyMessage {
  readonly title?: string;
  readonly message: string;
  readonly priority?: number;
  readonly tags?: readonly string[];
  readonly click?: string;
  readonly actions?: readonly { readonly action: 'view'; readonly label: string; readonly url: string }[];
}

export interface NtfyLook {
  readonly priority?: number | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** A link is in the message up to two times, and with everything else at its longest that keeps it within 8,192 bytes of JSON. */
const LINK_CHARACTERS_MAX = 2_500;
const BUTTON_LINK_CHARACTERS_MAX = 1_200;
/** Servers were seen to fail at 4,096 exactly. */
const MESSAGE_BYTES_MAX = 4_000;
/** The phone makes itself heard, as it does not by default in its owner's pocket. */
const ALARM_PRIORITY = 4;

/**
 * A notification: a tap on it opens the link, and so does its button.
 *
 * It keeps within the limits of a server with default settings whatever the event holds: 4,096 bytes of message, which would be
 * an attachment otherwise, 1 KB of title, and twice the message for the JSON.
 *
 * @see https://docs.ntfy.sh/publish/#publish-as-json
 * @see https://docs.ntfy.sh/publish/#limitations
 */
export function ntfyMessage(event: NotifierEvent, { priority, tags }: NtfyLook, timezone = 'UTC'): NtfyMessage {
  const made = messageFor(event, LINK_CHARACTERS_MAX, timezone);
  const { mood, headline, furtherFacts, link } = made;
  const loudness = priority ?? (mood === 'alarm' ? ALARM_PRIORITY : undefined);
  const hasButton = link !== undefined && link.length <= BUTTON_LINK_CHARACTERS_MAX;
  return {
    title: headline,
    message: linesOf(made, furtherFacts).join('\n'),
    ...(loudness !== undefined && { priority: loudness }),
    ...(tags !== undefined && { tags }),
    ...(link !== undefined && { click: link }),
    ...(hasButton && { actions: [{ action: 'view', label: 'Watch', url: link }] }),
  };
}

/** Nothing but text, for when the server refuses the rest. */
export function plainNtfyMessage(event: NotifierEvent, timezone = 'UTC'): NtfyMessage {
  const made = messageFor(event, LINK_CHARACTERS_MAX, timezone);
  const { title, facts, link } = made;
  const message = [title, ...linesOf(made, facts)].join('\n');
  const withLink = link === undefined ? message : `${message}\n${link}`;
  // A longer one would be an attachment.
  return { message: Buffer.byteLength(withLink) <= MESSAGE_BYTES_MAX ? withLink : message };
}

function linesOf({ sentence, worksUntil, identity }: Message, facts: readonly Fact[]): readonly string[] {
  return [
    ...(sentence === '' ? [] : [sentence]),
    ...facts.map(({ label, text }) => `${label}: ${text}`),
    ...(worksUntil === undefined ? [] : [`${worksUntil.label} ${worksUntil.text}`]),
    identity,
  ];
}
