import { escapeHtml, escapeSlack } from '../sinks/text.js';

/**
 * What a template makes, which says how the values in it are escaped. `text` is plain text, where nothing has to be; `html` is XML
 * as well; `json lines` has a value of JSON a line; `mrkdwn` is that of Slack; `form` is application/x-www-form-urlencoded.
 */
export type Place = 'mrkdwn' | 'html' | 'text' | 'json' | 'json lines' | 'form';

/** Of what a template makes, every value as it is escaped: more is no message. */
const CHARACTERS_MAX = 1_000_000;

/** It would have made more than a template may. */
class TooLongError extends Error {
  override readonly name = 'TooLongError';
}

/** The template's own text, or a value that it puts in. */
export type Piece = string | { readonly value: unknown };

/** Why pieces do not make a text: a backslash before a value would eat what the value begins with. */
export class BackslashError extends Error {
  override readonly name = 'BackslashError';
}

/** The text that the pieces make, each value escaped for where it stands. Throws a {@link BackslashError} or a {@link TooLongError}. */
export function textOf(pieces: readonly Piece[], place: Place): string {
  return joined(place === 'json' || place === 'json lines' ? jsonTexts(pieces) : escapedTexts(pieces, ESCAPES[place]));
}

function* escapedTexts(pieces: readonly Piece[], escapeText: (text: string) => string): Generator<string> {
  for (const piece of pieces) yield typeof piece === 'string' ? piece : escapeText(plainOf(piece.value));
}

/** As far as it goes: nothing is made that is too long to be sent. */
function joined(texts: Iterable<string>): string {
  let length = 0;
  const all: string[] = [];
  for (const text of texts) {
    length += text.length;
    if (length > CHARACTERS_MAX) throw new TooLongError('output limit exceeded');
    all.push(text);
  }
  return all.join('');
}

const ESCAPES: Readonly<Record<Exclude<Place, 'json' | 'json lines'>, (text: string) => string>> = {
  mrkdwn: escapeSlack,
  html: escapeHtml,
  text: (text) => text,
  form: (text) => encodeURIComponent(text.toWellFormed()),
};

/** As a text: nothing is empty, lists and objects are JSON. */
export function plainOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Within quotes a value is the inside of a text; elsewhere it is a value of JSON by itself, with quotes of its own if it needs them. */
function* jsonTexts(pieces: readonly Piece[]): Generator<string> {
  let isInside = false;
  let isEscaped = false;
  function follow(text: string): string {
    for (const character of text) {
      if (isEscaped) isEscaped = false;
      else if (character === '\\') isEscaped = isInside;
      else if (character === '"') isInside = !isInside;
    }
    return text;
  }
  for (const piece of pieces) {
    if (typeof piece === 'string') yield follow(piece);
    else if (isEscaped) throw new BackslashError('a backslash stands before a value');
    else if (isInside) yield JSON.stringify(plainOf(piece.value)).slice(1, -1);
    else yield JSON.stringify(piece.value) ?? 'null';
  }
}

/** Of a body: how its values are escaped, by its media type. What is not known is taken for plain text, where nothing is. */
export function placeOfType(contentType: string): Place {
  const essence = essenceOf(contentType);
  const [, format = ''] = /(?:\/|\+)(?:x-)?([a-z-]+)$/.exec(essence) ?? [];
  if (['ndjson', 'jsonl', 'jsonlines', 'json-lines'].includes(format)) return 'json lines';
  if (format === 'json') return 'json';
  if (format === 'xml' || format === 'html') return 'html';
  return essence === 'application/x-www-form-urlencoded' ? 'form' : 'text';
}

/** Whether values go into a body of the type as they are, though it may be more than plain text. */
export function isUnescaped(contentType: string): boolean {
  return placeOfType(contentType) === 'text' && essenceOf(contentType) !== 'text/plain';
}

function essenceOf(contentType: string): string {
  return contentType.toLowerCase().split(';')[0]?.trim() ?? '';
}
