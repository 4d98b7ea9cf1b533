import type { NotifierEvent } from '../core/event.js';
import { type Fact, messageFor } from './message.js';

interface TeamsMessage {
  readonly type: 'message';
  readonly attachments: readonly [Attachment];
}

interface Attachment {
  readonly contentType: 'application/vnd.microsoft.card.adaptive';
  readonly contentUrl: null;
  readonly content: Card;
}

interface Card {
  readonly $schema: string;
  readonly type: 'AdaptiveCard';
  readonly version: '1.4';
  /** What a client shows that cannot show the card; it may be read as Markdown. */
  readonly fallbackText: string;
  readonly body: readonly (RichTextBlock | TextBlock)[];
  readonly actions?: readonly { readonly type: 'Action.OpenUrl'; readonly title: string; readonly url: string }[];
}

/** No Markdown in it. */
interface RichTextBlock {
  readonly type: 'RichTextBlock';
  readonly spacing?: 'Small';
  readonly inlines: readonly TextRun[];
}

interface TextRun {
  readonly type: 'TextRun';
  readonly text: string;
  readonly size?: 'Small' | 'Large';
  readonly weight?: 'Bolder';
  readonly color?: 'Attention' | 'Warning' | 'Good';
  readonly isSubtle?: true;
}

/** Markdown, and dates in the time zone of the reader: for texts of our own. */
interface TextBlock {
  readonly type: 'TextBlock';
  readonly text: string;
  readonly wrap: true;
  readonly spacing: 'Small';
}

const COLORS = { news: undefined, alarm: 'Attention', warning: 'Warning', relief: 'Good' } as const;

/**
 * With everything else at its longest it keeps a message within 14,000 characters: 28 KB are the limit, and what counts them may have
 * made two bytes of each.
 */
const LINK_CHARACTERS_MAX = 3_000;

/**
 * The message as an Adaptive Card.
 *
 * What is not ours stands in runs of text, which know no Markdown: in a TextBlock or a FactSet it would have to be escaped, and the
 * clients of Teams do not agree on how.
 *
 * @see https://learn.microsoft.com/en-us/adaptive-cards/authoring-cards/text-features
 * @see https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
 */
export function teamsMessage(event: NotifierEvent, timezone = 'UTC'): TeamsMessage {
  const { mood, title, sentence, facts, link, worksUntil, identity } = messageFor(event, LINK_CHARACTERS_MAX, timezone);
  const color = COLORS[mood];
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          fallbackText: title,
          body: [
            runs([
              { type: 'TextRun', text: withoutDates(title), size: 'Large', weight: 'Bolder', ...(color && { color }) },
            ]),
            ...(sentence === '' ? [] : [runs([{ type: 'TextRun', text: withoutDates(sentence) }])]),
            ...facts.map(line),
            ...(worksUntil === undefined ? [] : [line(worksUntil)]),
            runs([{ type: 'TextRun', text: withoutDates(identity), size: 'Small', isSubtle: true }]),
          ],
          ...(link !== undefined && { actions: [{ type: 'Action.OpenUrl', title: 'Watch', url: link }] }),
        },
      },
    ],
  };
}

function runs(inlines: readonly TextRun[]): RichTextBlock {
  return { type: 'RichTextBlock', inlines };
}

function line({ label, text, atMs }: Fact): RichTextBlock | TextBlock {
  if (atMs !== undefined) {
    return { type: 'TextBlock', text: `**${label}** ${dateOf(atMs)}`, wrap: true, spacing: 'Small' };
  }
  const inlines: TextRun[] = [
    { type: 'TextRun', text: `${label} `, weight: 'Bolder' },
    { type: 'TextRun', text: withoutDates(text) },
  ];
  return { type: 'RichTextBlock', spacing: 'Small', inlines };
}

/** Of seconds: a part of one is shown as it stands. */
function dateOf(atMs: number): string {
  const second = new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
  return `{{DATE(${second}, SHORT)}} {{TIME(${second})}}`;
}

/** Clients look for the functions of dates in runs too. */
function withoutDates(text: string): string {
  return text.replaceAll(/\{(?=\{)/g, '{ ');
}
