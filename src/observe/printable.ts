/** Control characters, and those that turn the direction of text: a room's name must not move the cursor. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what it is for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/gu;

/** A text from elsewhere, made fit for a terminal. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '�');
}

/** What JSON leaves as it is, though a terminal obeys it. */
const UNPRINTABLE_IN_JSON = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/gu;

/** The same JSON, escaped where a terminal would obey it. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE_IN_JSON, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A value as one line of JSON that is fit for a terminal. */
export function jsonLine(value: unknown): string {
  return printableJson(JSON.stringify(value));
}

/** A backslash in JSON, with what it escapes. */
const ESCAPED = /\\(?:u00[01][0-9a-f]|.)/g;
const COMMANDING = /^\\(?:u00|[bfr])/;

/** JSON whose texts hold nothing that a terminal obeys, once it is read. Line feeds and tabs stay: the stack of an error has them. */
export function tameJson(json: string): string {
  const tamed = json.replace(ESCAPED, (found) => (COMMANDING.test(found) ? '�' : found));
  return tamed.replace(UNPRINTABLE_IN_JSON, '�');
}
