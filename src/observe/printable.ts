/** Control characters, and those that turn the direction of text: a room's name must not move the cursor. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what it is for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/gu;

/** A text from elsewhere, made fit for a terminal. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '�');
}
