import { parse, stringify } from 'yaml';
import type { Types } from './check.js';
import { isRecord } from './explain.js';
import type { JsonSchema } from './json-schema.js';
import { fileSchema } from './render.js';
import { sinkKeys } from './schema.js';

const HEAD = `# yaml-language-server: $schema=./schema.json
#
# Every key of this version, with its default or an example. Only sources and sinks are required.
# Generated; copy it to notifier.yaml and take away what you do not need. \${NAME} comes from the environment or from .env.
`;

/** The commented example config: every key, in a form that loads once the variables in it are set. */
export function renderExample(types: Types): string {
  const { sources, sinks, ...rest } = fileSchema(types).properties ?? {};
  const lines = [
    HEAD,
    ...heading('sources', sources),
    ...types.sourceTypes.flatMap(({ type, example }, index) =>
      entryLines(index === 0 ? 'production' : `my-${type}`, variantOf(sources, type), example, false),
    ),
    ...heading('sinks', sinks),
    ...types.sinkTypes.flatMap(({ type, example }, index) =>
      entryLines(`my-${type}`, variantOf(sinks, type), example, index > 0),
    ),
    ...Object.entries(rest).flatMap(([key, schema]) => [...keyLines(key, schema, undefined, ''), '']),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function heading(key: string, schema: JsonSchema | undefined): string[] {
  return [withComment(`${key}:`, schema?.description)];
}

function variantOf(entries: JsonSchema | undefined, type: string): JsonSchema {
  const each = entries?.additionalProperties;
  const variants = typeof each === 'object' ? (each.anyOf ?? [each]) : [];
  return variants.find(({ properties }) => properties?.['type']?.['const'] === type) ?? {};
}

/** A source or sink. What every sink takes is written out for the first one only; a rate of the type's own is no such thing, nor is what few types take. */
function entryLines(name: string, schema: JsonSchema, example: string, isRepeated: boolean): string[] {
  const given: unknown = parse(example);
  const isShown = (key: string, { default: standard }: JsonSchema) =>
    !isRepeated ||
    !(key in sinkKeys.shape) ||
    (['rate', 'timeout'].includes(key) && standard !== undefined) ||
    key === 'digest';
  const own = Object.entries(schema.properties ?? {}).filter(([key, value]) => isShown(key, value));
  return [
    withComment(`  ${name}:`, schema.description),
    ...own.flatMap(([key, value]) => keyLines(key, value, isRecord(given) ? given[key] : undefined, '    ')),
    ...(isRepeated ? ['    # and the keys that every sink takes, as above'] : []),
    '',
  ];
}

/** One key, commented out when it has neither a given value nor a default. */
function keyLines(key: string, schema: JsonSchema, given: unknown, indent: string): string[] {
  const value = given ?? schema['const'] ?? schema.default;
  const { description = '', example, properties } = schema;
  if (value === undefined) return [withComment(`${indent}# ${key}: ${flow(example ?? '…')}`, description)];
  if (isRecord(value) && hasDefaults(properties)) {
    const inner = Object.entries(properties ?? {}).flatMap(([name, each]) =>
      keyLines(name, each, value[name], `${indent}  `),
    );
    return [withComment(`${indent}${key}:`, description), ...inner];
  }
  if (isRecord(value) && Object.keys(value).length > 0) {
    const inner = Object.entries(value).map(([name, each]) => `${indent}  ${name}: ${flow(each)}`);
    return [withComment(`${indent}${key}:`, description), ...inner, ...furtherLines(schema, value, `${indent}  `)];
  }
  const suffix = example === undefined ? '' : ` Such as ${flow(example)}.`;
  return [withComment(`${indent}${key}: ${flow(value)}`, `${description}${suffix}`)];
}

/** What the alternative that the example takes offers beside it. */
function furtherLines({ anyOf = [] }: JsonSchema, given: Readonly<Record<string, unknown>>, indent: string): string[] {
  const taken = anyOf.find(({ properties = {} }) => Object.keys(given).every((key) => key in properties));
  const further = Object.entries(taken?.properties ?? {}).filter(([key]) => !(key in given));
  return further.flatMap(([key, schema]) => keyLines(key, schema, undefined, indent));
}

/** Without a default inside, the keys would all be comments, and what holds them empty. */
function hasDefaults(properties: JsonSchema['properties']): boolean {
  return Object.values(properties ?? {}).some((schema) => schema.default !== undefined);
}

function flow(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trim();
}

const COMMENT_COLUMN = 44;
const LINE_LENGTH_MAX = 150;

/** The comment beside the text where there is room, else above. */
function withComment(text: string, comment = ''): string {
  if (comment === '') return text;
  const line = `${text.padEnd(COMMENT_COLUMN - 1)} # ${comment}`;
  if (line.length <= LINE_LENGTH_MAX) return line;
  const indent = /^ */.exec(text)?.[0] ?? '';
  return `${indent}# ${comment}\n${text}`;
}
