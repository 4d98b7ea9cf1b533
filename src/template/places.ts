import { escapeHtml, escapeSlack } from '../sinks/text.js';

/**
 * What a template makes, which says how the values in it are escaped. `text` is plain text, where nothing has to be; `html` is XML
 * as well; `mrkdwn` is that of Slack; `form` is application/x-www-form-urlencoded.
 */
export type Place = 'mrkdwn' | 'html' | 'text' | 'json' | 'form';

/** The template's own text, or a value that it puts in. */
export type Piece = string | { readonly value: unknown };

/** Why pieces do not make a text: a backslash before a value would eat what the value begins with. */
export class BackslashError extends Error {
  override readonly name = 'BackslashError';
}

/** The text that the pieces make, each value escaped for where it stands. Throws a {@link BackslashError}. */
export function textOf(pieces: readonly Piece[], place: Place): string {
  if (place === 'json') return jsonTextOf(pieces);
  const escapeText = ESCAPES[place];
  return pieces.map((piece) => (typeof piece === 'string' ? piece : escapeText(plainOf(piece.value)))).join('');
}

const ESCAPES: Readonly<Record<Exclude<Place, 'json'>, (text: string) => string>> = {
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
function jsonTextOf(pieces: readonly Piece[]): string {
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
  return pieces
    .map((piece) => {
      if (typeof piece === 'string') return follow(piece);
      if (isEscaped) throw new BackslashError('a backslash stands before a value');
      return isInside ? JSON.stringify(plainOf(piece.value)).slice(1, -1) : (JSON.stringify(piece.value) ?? 'null');
    })
    .join('');
}

/** Of a body: how its values are escaped, by its media type. */
export function placeOfType(contentType: string): Place {
  const [type = ''] = contentType.toLowerCase().split(';');
  if (/^application\/(?:[\w.-]+\+)?json$/.test(type.trim())) return 'json';
  if (/^(?:text\/html|(?:text|application)\/(?:[\w.-]+\+)?xml)$/.test(type.trim())) return 'html';
  return type.trim() === 'application/x-www-form-urlencoded' ? 'form' : 'text';
}
