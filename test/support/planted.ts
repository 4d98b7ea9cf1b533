import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Types } from '../../src/config/check.js';
import type { JsonSchema } from '../../src/config/json-schema.js';
import { fileSchema } from '../../src/config/render.js';

/** Secrets that a test plants, and the search for their traces. */

const LETTERS = 'ghijkmnpqrstuvwxyz';
/** Letters in a row that are not there by chance: none of them is a hex digit. */
const WINDOW = 8;

/** A text that is like no other and the same in a URL, in JSON and in a header. */
export function planted(name: string): string {
  return [...createHash('sha256').update(`planted ${name}`).digest().subarray(0, 20)]
    .map((byte) => LETTERS[byte % LETTERS.length])
    .join('');
}

/** With what is written otherwise in a URL, in JSON and in base64. */
export function spiced(name: string): string {
  const [one, two] = [planted(name), planted(`${name}, the rest`)];
  return `${one.slice(0, 10)}"+${one.slice(10)}/%${two.slice(0, 10)}&~${two.slice(10)}`;
}

/** What a text may look like elsewhere. Of base64 it depends on what stands before it, so there are three. */
function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const base64 = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // The ends are made of what stands beside it, too.
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const forms = [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), ...base64];
  return [...new Set([...forms, ...base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))])];
}

/** A part of a secret is one. */
function windowsOf(text: string): readonly string[] {
  if (text.length <= WINDOW) return [text];
  return Array.from({ length: text.length - WINDOW + 1 }, (_, at) => text.slice(at, at + WINDOW));
}

export interface Place {
  readonly name: string;
  readonly content: string;
}

/** Where a secret, or eight characters in a row of it, can be read in one form or another. */
export function tracesOf(secrets: Readonly<Record<string, string>>, places: readonly Place[]): string[] {
  const searched = Object.entries(secrets).map(([name, value]) => ({
    name,
    windows: [...new Set(formsOf(value).flatMap(windowsOf))],
  }));
  return places.flatMap(({ name: place, content }) =>
    searched
      .filter(({ windows }) => windows.some((window) => content.includes(window)))
      .map(({ name, windows }) => `${name} in ${place}: ${around(content, windows)}`),
  );
}

function around(content: string, windows: readonly string[]): string {
  const at = Math.min(...windows.map((window) => content.indexOf(window)).filter((index) => index >= 0));
  return content.slice(Math.max(0, at - 100), at + 60);
}

/** Every file below the folder, byte for byte. */
export function filesIn(folder: string): readonly Place[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ name: file, content: readFileSync(file, 'latin1') }));
}

/** `sinks.webhook.headers.*`: each key that the schemas mark as a secret; `*` is any name or index, after `sources` and `sinks` the type. */
export function secretKeysOf(types: Types): readonly string[] {
  return [...new Set(keysBelow(fileSchema(types), ''))].sort();
}

function keysBelow(schema: JsonSchema, path: string): readonly string[] {
  const { properties = {}, items, anyOf = [], additionalProperties: values } = schema;
  const isEntry = path === 'sources' || path === 'sinks';
  const nameOf = (each: JsonSchema) => (isEntry ? String(each.properties?.['type']?.['const']) : '*');
  const entries = typeof values === 'object' ? (values.anyOf ?? [values]) : [];
  return [
    ...(schema.secret === true ? [path] : []),
    ...Object.entries(properties).flatMap(([key, each]) => keysBelow(each, path === '' ? key : `${path}.${key}`)),
    ...anyOf.flatMap((each) => keysBelow(each, path)),
    ...(items === undefined ? [] : keysBelow(items, `${path}.*`)),
    ...entries.flatMap((each) => keysBelow(each, `${path}.${nameOf(each)}`)),
  ];
}
