import type { z } from 'zod';
import { DEFAULT_SOURCE_TYPE } from '../source/registry.js';
import { VARIABLES } from '../template/variables.js';
import type { Types } from './check.js';
import { type JsonSchema, jsonSchemaOf, mapSchema } from './json-schema.js';
import { fileKeys, NAME, sinkKeys, sourceKeys } from './schema.js';

/** JSON Schema of a config file, for editors and for `schema`. */
export function renderJsonSchema(types: Types): string {
  const { properties, ...file } = fileSchema(types, ownSchemas());
  const published = mapSchema({ ...file, properties: properties ?? {} }, (schema) => acceptReferences(publish(schema)));
  const whole = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of recording-notifier',
    ...published,
    patternProperties: { '^x-': { description: 'Ignored; a place for anchors.' } },
  };
  return `${JSON.stringify(whole, undefined, 2)}\n`;
}

/** The schema of the file with those of every type in it, our marks included. */
export function fileSchema(types: Types, others?: ReturnType<typeof ownSchemas>): JsonSchema {
  const file = jsonSchemaOf(fileKeys);
  const entries = (key: string, variants: readonly JsonSchema[]) => ({
    [key]: {
      type: 'object',
      description: file.properties?.[key]?.description ?? '',
      minProperties: 1,
      propertyNames: { pattern: NAME.source },
      additionalProperties: variants.length === 1 && variants[0] !== undefined ? variants[0] : { anyOf: variants },
    },
  });
  return {
    ...file,
    properties: {
      ...file.properties,
      ...entries('sources', [...types.sourceTypes.map(sourceSchema), ...(others?.sources ?? [])]),
      ...entries('sinks', [...types.sinkTypes.map(sinkSchema), ...(others?.sinks ?? [])]),
    },
  };
}

interface Definition {
  readonly type: string;
  readonly summary: string;
  readonly settings: z.ZodType;
}

function sourceSchema(definition: Definition): JsonSchema {
  const isDefault = definition.type === DEFAULT_SOURCE_TYPE;
  const type = {
    const: definition.type,
    description: 'The type of source.',
    ...(isDefault && { default: definition.type }),
  };
  return entrySchema(definition, type, isDefault ? [] : ['type'], jsonSchemaOf(sourceKeys).properties);
}

interface SinkTypeDefinition extends Definition {
  readonly concurrency: number;
  readonly rate?: string;
  readonly timeout?: string;
  readonly deliverDigest?: unknown;
}

function sinkSchema(definition: SinkTypeDefinition): JsonSchema {
  const type = { const: definition.type, description: 'The type of sink.' };
  const { digest, ...common } = jsonSchemaOf(sinkKeys).properties ?? {};
  return entrySchema(definition, type, ['type'], {
    ...common,
    ...(digest !== undefined && definition.deliverDigest !== undefined && { digest }),
    concurrency: { ...common['concurrency'], default: definition.concurrency },
    rate: { ...common['rate'], ...(definition.rate !== undefined && { default: definition.rate }) },
    timeout: { ...common['timeout'], ...(definition.timeout !== undefined && { default: definition.timeout }) },
  });
}

/** Sources and sinks whose type is a module: what else they take is known to that alone. An unscoped package without a hyphen would hide slips. */
function ownSchemas() {
  const own = (kind: string, keys: z.ZodType): JsonSchema => ({
    type: 'object',
    description: `A ${kind} type of your own: a path from the working directory, or a package.`,
    properties: { type: { type: 'string', pattern: '^(\\.{0,2}/|@|[a-z0-9]+-)' }, ...jsonSchemaOf(keys).properties },
    required: ['type'],
  });
  return { sources: [own('source', sourceKeys)], sinks: [own('sink', sinkKeys)] };
}

function entrySchema(
  { settings, summary }: Definition,
  type: JsonSchema,
  required: readonly string[],
  common: JsonSchema['properties'],
): JsonSchema {
  const own = jsonSchemaOf(settings);
  return {
    type: 'object',
    description: summary,
    properties: { type, ...own.properties, ...common },
    required: [...required, ...(own.required ?? [])],
    additionalProperties: false,
  };
}

/** Our marks in the words of JSON Schema, or gone. */
function publish({ secret: _secret, want: _want, template, example, ...schema }: JsonSchema): JsonSchema {
  const names = VARIABLES.map(({ name }) => name).join(', ');
  return {
    ...schema,
    ...(template && { description: `${schema.description} It may name ${names}.` }),
    ...(example !== undefined && { examples: [example] }),
  };
}

/** `${NAME}` may stand for every scalar; free text takes it anyway. */
function acceptReferences(schema: JsonSchema): JsonSchema {
  const { description, default: standard, examples, ...rules } = schema;
  const isScalar = rules.type !== undefined ? !['object', 'array'].includes(rules.type) : 'const' in rules;
  const isFreeText = rules.type === 'string' && !['const', 'enum', 'pattern', 'format'].some((rule) => rule in rules);
  if (!isScalar || isFreeText) return schema;
  return {
    ...(description !== undefined && { description }),
    ...(standard !== undefined && { default: standard }),
    ...(examples !== undefined && { examples }),
    anyOf: [rules, { type: 'string', pattern: '\\$\\{' }],
  };
}
