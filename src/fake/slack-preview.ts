/** What Slack makes of a message of ours, near enough to judge it by: for a terminal, and as a page. */

interface Text {
  readonly text: string;
}

interface Button {
  readonly text: Text;
  readonly url: string;
}

interface Block {
  readonly type: string;
  readonly text?: Text;
  readonly fields?: readonly Text[];
  readonly elements?: readonly (Text | Button)[];
  readonly accessory?: Button;
}

export interface SlackPayload {
  readonly text: string;
  readonly blocks?: readonly Block[];
}

export function slackLines({ text, blocks }: SlackPayload): string[] {
  return (blocks ?? [{ type: 'section', text: { text } }]).flatMap(
    ({ text: title, fields = [], elements = [], accessory }) => [
      ...(title === undefined ? [] : plain(title.text).split('\n')),
      ...fields.map((field) => plain(field.text).replace('\n', ': ')),
      ...[...elements, ...(accessory === undefined ? [] : [accessory])].map((element) =>
        'url' in element ? `[ ${plain(element.text.text)} ]` : plain(element.text),
      ),
    ],
  );
}

export function slackHtml({ text, blocks }: SlackPayload): string {
  const parts = (blocks ?? [{ type: 'section', text: { text } }]).map((block) => blockHtml(block));
  return `<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Slack</title>
<style>
:root { color-scheme: light dark } body { font: 15px/1.46 Lato, -apple-system, sans-serif; max-width: 600px; margin: 24px auto; padding: 0 16px }
h1 { font-size: 18px; margin: 0 0 8px } dl { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; margin: 0 0 12px }
dd, .text { margin: 0 0 12px; white-space: pre-line; overflow-wrap: anywhere } dd { margin: 0 } .button { display: inline-block; padding: 5px 12px; border-radius: 4px; background: #007a5a; color: #fff; text-decoration: none }
.beside { display: flex; justify-content: space-between; align-items: flex-start; gap: 16px } .beside .button { flex: none }
.context { font-size: 13px; opacity: .75; margin: 8px 0 0; overflow-wrap: anywhere }
</style>
${parts.join('\n')}
</html>
`;
}

function blockHtml({ type, text, fields = [], elements = [], accessory }: Block): string {
  if (text !== undefined && type === 'header') return `<h1>${escapeHtml(text.text)}</h1>`;
  if (text !== undefined && accessory !== undefined)
    return `<div class="beside">${htmlText('text', text.text)}${buttonHtml(accessory)}</div>`;
  if (text !== undefined) return htmlText('text', text.text);
  if (fields.length > 0) return `<dl>${fields.map((field) => `<dd>${html(field.text)}</dd>`).join('')}</dl>`;
  return elements
    .map((element) => ('url' in element ? buttonHtml(element) : htmlText('context', element.text)))
    .join('');
}

function buttonHtml({ text, url }: Button): string {
  return `<a class="button" href="${escapeHtml(url)}">${escapeHtml(text.text)}</a>`;
}

function htmlText(name: string, text: string): string {
  return `<p class="${name}">${html(text)}</p>`;
}

const DATE = /<!date\^(\d+)\^[^|>]*\|[^>]*>/g;
const LINK = /<(https?:[^|>]*)\|([^>]*)>/g;
const BOLD = /\*([^*\n]+)\*/g;

/** Slack's dates in the reader's own time, and its three escapes undone. */
function plain(text: string): string {
  return unescaped(dated(text).replace(LINK, '[ $2 ]').replace(BOLD, '$1'));
}

/** Splitting at links leaves what is before one, its address, its words, and so on. */
function html(text: string): string {
  const parts = dated(text).split(LINK);
  return parts
    .map((part, index) => [bold(part), `<a href="${escaped(part)}">`, `${bold(part)}</a>`][index % 3])
    .join('');
}

function bold(text: string): string {
  return escaped(text).replace(BOLD, '<b>$1</b>');
}

function escaped(text: string): string {
  return escapeHtml(unescaped(text));
}

function dated(text: string): string {
  return text.replace(DATE, (_, seconds) => localDate(Number(seconds)));
}

function localDate(seconds: number): string {
  return new Date(seconds * 1_000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

function unescaped(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
