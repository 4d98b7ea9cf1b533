import { z } from 'zod';
import type { Marks } from '../settings.js';
import type { Path } from './problem.js';

/** The part of JSON Schema that zod makes of settings, with our marks beside it. */
export interface JsonSchema extends Marks {
  readonly [keyword: string]: unknown;
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** What a user may write, as JSON Schema. Errors, the published schema and the example are made from it, not from zod's inside. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  // A sink type of somebody else's may check by code alone.
  const options = { io: 'input', target: 'draft-2020-12', unrepresentable: 'any' } as const;
  const { $schema: _, ...json } = z.toJSONSchema(schema, options);
  return mapSchema(json as JsonSchema, withForm);
}

/** A conversion's own schema lists what it takes; the form says what to write. */
function withForm({ form, ...schema }: JsonSchema): JsonSchema {
  if (form === undefined) return schema;
  const { anyOf: _, ...rest } = schema;
  return { ...rest, ...form };
}

/** Rewrites every schema in a schema, the inner ones first. */
export function mapSchema(schema: JsonSchema, rewrite: (schema: JsonSchema) => JsonSchema): JsonSchema {
  const inner = (each: JsonSchema) => mapSchema(each, rewrite);
  const { properties, items, anyOf, additionalProperties } = schema;
  return rewrite({
    ...schema,
    ...(properties && { properties: mapValues(properties, inner) }),
    ...(items && { items: inner(items) }),
    ...(anyOf && { anyOf: anyOf.map(inner) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: inner(additionalProperties) }),
  });
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

/** The schemas that a value at this path may follow; several where there are alternatives. */
export function schemasAt(schema: JsonSchema, path: Path): readonly JsonSchema[] {
  return path.reduce<readonly JsonSchema[]>(
    (schemas, part) => schemas.flatMap((each) => childrenAt(each, part)),
    alternatives(schema),
  );
}

function childrenAt(
  { properties, additionalProperties, items }: JsonSchema,
  part: string | number,
): readonly JsonSchema[] {
  const child = typeof part === 'number' ? items : (properties?.[part] ?? additionalProperties);
  return typeof child === 'object' ? alternatives(child) : [];
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  return [schema, ...(schema.anyOf ?? []).flatMap(alternatives)];
}

export function keysOf({ properties }: JsonSchema): readonly string[] {
  return Object.keys(properties ?? {});
}
