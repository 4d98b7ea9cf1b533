import assert from 'node:assert/strict';
import { stringify } from 'yaml';
import { EVENT_TYPES } from '../core/event.js';
import { FAILURE_REASONS } from '../core/failure.js';
import { FILTERS, TAGS } from '../template/engine.js';
import { VARIABLES } from '../template/variables.js';
import type { Types } from './check.js';
import { type JsonSchema, jsonSchemaOf } from './json-schema.js';
import { fileKeys, sinkKeys, sourceKeys } from './schema.js';
import { listed } from './words.js';

const HEAD = `# Reference

Generated from the code. Durations carry a unit (\`ms s m h d\`). \`\${NAME}\`, \`\${NAME:-default}\` and \`\${file:PATH}\` work in every value;
inside \`{ }\` and \`[ ]\` YAML needs quotes around them. Required keys are marked \\*, secrets 🔒.`;

const TEMPLATES = `Keys below \`template\` are [Liquid](https://shopify.github.io/liquid/). What they put in is escaped for its place: Slack, HTML, a form,
and in JSON a value stands by itself (\`"room": {{ recording.roomId }}\`) or inside of a text (\`"text": "in {{ recording.roomId }}"\`). \`| raw\` puts it in as it is: never
do that with what a platform says. Tags are ${codes(TAGS)}; filters are ${codes(FILTERS)}. \`date\` is
in the time zone of the sink: \`{{ timestamp | date }}\` or \`{{ timestamp | date: "%d.%m.%Y %H:%M" }}\`; \`duration\` is for milliseconds, \`bytes\` for sizes. Naming what an event
does not have is an error: \`{% if recording %}…{% endif %}\` asks for it.`;

const FATES = {
  retry: 'tried again on the schedule',
  dead: 'the delivery is dead',
  suspend: 'the sink is suspended',
  uncounted: 'does not count',
} as const;

/** `config/REFERENCE.md`: every key, event type and reason, from the tables that the program itself uses. */
export function renderReference({ sourceTypes, sinkTypes }: Types): string {
  const { sources: _, sinks: __, ...file } = jsonSchemaOf(fileKeys).properties ?? {};
  return [
    HEAD,
    '## The file',
    keyTable({ properties: file }),
    '## Every source',
    keyTable(jsonSchemaOf(sourceKeys)),
    ...sourceTypes.flatMap(({ type, summary, settings }) => [
      `### Source \`${type}\``,
      summary,
      keyTable(jsonSchemaOf(settings)),
    ]),
    '## Every sink',
    keyTable(jsonSchemaOf(sinkKeys)),
    takersLine(sinkTypes),
    ...sinkTypes.flatMap(({ type, summary, settings, concurrency, rate, deliverDigest }) => [
      `### Sink \`${type}\``,
      `${summary} \`concurrency\` is ${concurrency}${rate === undefined ? '' : ` and \`rate\` ${rate}`} unless it is set.${deliverDigest === undefined ? '' : ' It takes `digest`.'}`,
      keyTable(jsonSchemaOf(settings)),
    ]),
    '## Templates',
    TEMPLATES,
    table(
      ['variable', 'of', 'what it is'],
      VARIABLES.map(({ name, of, help }) => [code(name), of, help]),
    ),
    '## Events',
    table(
      ['type', 'when'],
      Object.entries(EVENT_TYPES).map(([type, when]) => [code(type), when]),
    ),
    '## Why an attempt failed',
    table(
      ['reason', 'what it means', 'what follows'],
      Object.entries(FAILURE_REASONS).map(([reason, { fate, help }]) => [code(reason), help, FATES[fate]]),
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function takersLine(sinkTypes: Types['sinkTypes']): string {
  const codesOf = (types: Types['sinkTypes']) => listed(types.map(({ type }) => code(type)));
  const ofDigest = sinkTypes.filter(({ deliverDigest }) => deliverDigest !== undefined);
  const ofTemplate = sinkTypes.filter(({ templates }) => templates !== undefined);
  return `Types that take \`digest\` are ${codesOf(ofDigest)}; those that take \`template\`, which each has with keys of its own, are ${codesOf(ofTemplate)}.`;
}

/** The README with the table of source types as the code has them, in place of the one that stands between the marks. */
export function withSourceTable(readme: string, sourceTypes: Types['sourceTypes']): string {
  const rows = sourceTypes.map(({ type, summary }) => [code(type), summary]);
  return withTable(readme, 'sources', table(['type', 'what it does'], rows));
}

/** The same of sink types. */
export function withSinkTable(readme: string, sinkTypes: Types['sinkTypes']): string {
  return withTable(readme, 'sinks', sinkTable(sinkTypes));
}

function withTable(readme: string, name: string, content: string): string {
  const [before, , after] = readme.split(new RegExp(`^<!-- (?:${name}: .*|/${name}) -->\\n`, 'm'));
  assert(before !== undefined && after !== undefined, `the README has the marks of the table of ${name}`);
  const begin = `<!-- ${name}: made from the code by "npm run generate" -->`;
  return `${before}${begin}\n${content}\n<!-- /${name} -->\n${after}`;
}

function sinkTable(sinkTypes: Types['sinkTypes']): string {
  return table(
    ['type', 'what it does', 'at once', 'rate', 'takes `template`', 'takes `digest`'],
    sinkTypes.map(({ type, summary, concurrency, rate = '', templates, deliverDigest }) => [
      ...[code(type), summary, String(concurrency), rate],
      ...[templates, deliverDigest].map((takes) => (takes === undefined ? '' : 'yes')),
    ]),
  );
}

function keyTable(schema: JsonSchema): string {
  const rows = keyRows(schema, '');
  return rows.length === 0 ? '' : table(['key', 'value', 'default', 'meaning'], rows);
}

/** A row for each key, those of an object below it. Alternatives stand one after the other. */
function keyRows({ properties = {}, required = [] }: JsonSchema, prefix: string): string[][] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const path = `${prefix}${key}`;
    const marks = `${required.includes(key) ? ' \\*' : ''}${isSecret(schema) ? ' 🔒' : ''}`;
    const row = [`${code(path)}${marks}`, formOf(schema), defaultOf(schema), schema.description ?? ''];
    return [row, ...rowsInside(schema, `${path}.`)];
  });
}

function rowsInside(schema: JsonSchema, prefix: string): string[][] {
  const alternatives = schema.anyOf ?? [];
  const words = alternatives
    .flatMap(({ properties }) => properties?.['type']?.const ?? [])
    .map((word) => code(String(word)));
  const inner = [schema, ...alternatives].map((each) => keyRows(each, prefix));
  const all = inner.flat();
  const rows = all.filter(([first], index) => all.findIndex(([other]) => other === first) === index);
  return words.length === 0 || words.length < alternatives.length
    ? rows
    : rows.map((row) => withTypes(row, words, inner.slice(1)));
}

/** A row of one of several forms that a `type` tells apart: which of them have the key. */
function withTypes(row: string[], words: readonly string[], forms: readonly string[][][]): string[] {
  const [key = '', form = '', standard = '', meaning = ''] = row;
  const having = words.filter((_, index) => forms[index]?.some(([other]) => other === key));
  if (form === words[0]) return [key, words.join(' '), standard, meaning];
  return having.length === words.length ? row : [key, form, standard, `${having.join(' ')}: ${meaning}`.trim()];
}

function isSecret({ secret, anyOf = [], items, additionalProperties: values }: JsonSchema): boolean {
  return secret === true || [...anyOf, items, values].some((each) => typeof each === 'object' && isSecret(each));
}

function formOf(schema: JsonSchema): string {
  const { type, enum: words, const: constant, items, anyOf, want, pattern } = schema;
  if (constant !== undefined) return code(String(constant));
  if (Array.isArray(words)) return words.map((word) => code(String(word))).join(' ');
  if (want !== undefined) return want;
  if (anyOf !== undefined) return [...new Set(anyOf.map(formOf))].join(' or ');
  if (type === 'array' && items !== undefined) return `list: ${formOf(items)}`;
  if (type === 'string') return pattern === undefined ? 'text' : 'text of a certain form';
  if (type === 'object') return 'keys';
  return type ?? '';
}

function defaultOf({ default: value, properties }: JsonSchema): string {
  if (value === undefined || properties !== undefined) return '';
  return code(stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trim());
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function codes(words: readonly string[]): string {
  return words.map(code).join(' ');
}

function code(text: string): string {
  return `\`${text}\``;
}
