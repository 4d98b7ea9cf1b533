import { type Document, isScalar, visit, type YAMLError } from 'yaml';

/** Where it begins that a text is no YAML, and what would do: the parser says where it gave up, in words of its own. */
export interface YamlProblem {
  readonly offset: number;
  /** Holds no value of the file: it may be a secret. */
  readonly message: string;
}

type Explain = (error: YAMLError, text: string, document: Document.Parsed) => YamlProblem | undefined;

const EXPLAINED: Readonly<Record<string, Explain>> = {
  BAD_INDENT: ({ pos: [offset], message }, text) => {
    const isFlow = message.startsWith('Flow');
    return isFlow
      ? unclosedBracket(offset, text)
      : at(offset, 'this is indented otherwise than what it stands beside; indent alike what belongs together');
  },
  TAB_AS_INDENT: ({ pos: [offset] }) => at(offset, 'a tab indents this line; indent with spaces'),
  MULTILINE_IMPLICIT_KEY: ({ pos: [offset] }, text) => keyWithoutColon(offset, text),
  MISSING_CHAR: (error, text, document) => {
    const [offset] = error.pos;
    if (/closing ["']quote/.test(error.message)) return unclosedQuote(offset, text, document);
    return error.message.startsWith('Implicit map keys') ? keyWithoutColon(offset, text) : undefined;
  },
  UNEXPECTED_TOKEN: ({ pos: [offset], message }, text, document) =>
    message.startsWith('Unexpected scalar at node end') ? afterQuote(offset, text, document) : undefined,
  BLOCK_AS_IMPLICIT_KEY: ({ pos: [offset] }) =>
    at(
      offset,
      'a value is followed by a key; put quotes around a text that holds a colon and a space, or indent what belongs below, and nothing else, deeper',
    ),
  BAD_SCALAR_START: ({ pos: [offset] }, text) =>
    at(offset, `a text cannot begin with ${text[offset]}; put quotes around it`),
  BAD_ALIAS: ({ pos: [offset] }) => at(offset, 'a * names an anchor; put quotes around a text that begins with *'),
  TAG_RESOLVE_FAILED: ({ pos: [offset] }) => at(offset, 'a ! names a tag; put quotes around a text that begins with !'),
};

/** The parser's own words where there are no better ones, without a piece of the file at their end. */
export function yamlProblem(error: YAMLError, text: string, document: Document.Parsed): YamlProblem {
  const [offset] = error.pos;
  if (error.code === 'MULTIPLE_DOCS')
    return { offset, message: 'a second document begins here; write one document, without ---' };
  return EXPLAINED[error.code]?.(error, text, document) ?? at(offset, error.message.replace(/: ".*$/s, ''));
}

function at(offset: number, message: string): YamlProblem {
  return { offset, message: `is not YAML: ${message}` };
}

const CLOSING: Readonly<Record<string, string>> = { '[': ']', '{': '}' };

/** What closes it may be there, indented like the key: that does not count. */
function unclosedBracket(offset: number, text: string): YamlProblem | undefined {
  const open: number[] = [];
  for (let index = 0; index < offset; index += 1) {
    const character = text[index] ?? '';
    if (character in CLOSING) open.push(index);
    else if (character === ']' || character === '}') open.pop();
  }
  const start = open[0];
  if (start === undefined) return undefined;
  const [opening, closing] = [text[start] ?? '', CLOSING[text[start] ?? ''] ?? ''];
  const line = lineOf(start, text);
  const where = line === lineOf(offset, text) ? '' : ` of line ${line}`;
  return at(
    offset,
    `the ${opening}${where} is still open, and this line is not indented deeper than its key; close it by ${closing} before, or indent this line, the closing ${closing} too`,
  );
}

/** A line that was to be a key with a value. */
function keyWithoutColon(offset: number, text: string): YamlProblem {
  const key = /^([\w-]{1,63}):(?!\/\/)\S/.exec(text.slice(offset, offset + 100))?.[1];
  if (key !== undefined)
    return at(offset, `there is no space after the colon of "${key}"; write "${key}: " and the value`);
  return at(offset, 'this is no key with a value; write KEY: VALUE in one line, with a space after the colon');
}

function unclosedQuote(offset: number, text: string, document: Document.Parsed): YamlProblem | undefined {
  const start = quotedBefore(offset, document);
  if (start === undefined) return undefined;
  return at(start, `the quote that begins here is never closed; write ${text[start]} at the end of the text`);
}

function afterQuote(offset: number, text: string, document: Document.Parsed): YamlProblem | undefined {
  const start = quotedBefore(offset, document);
  if (start === undefined || lineOf(start, text) !== lineOf(offset, text)) return undefined;
  return at(offset, `there is more after the closing ${text[start]}; put all of it into the quotes`);
}

/** Where the last quoted text before the place begins. */
function quotedBefore(offset: number, document: Document.Parsed): number | undefined {
  let start: number | undefined;
  visit(document, (_key, node) => {
    if (!isScalar(node) || !node.range || node.range[0] >= offset) return;
    if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') start = Math.max(start ?? 0, node.range[0]);
  });
  return start;
}

function lineOf(offset: number, text: string): number {
  return text.slice(0, offset).split('\n').length;
}
