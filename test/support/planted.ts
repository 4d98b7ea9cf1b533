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
  const owners = ownersOf(secrets);
  return places.flatMap(({ name: place, content }) => {
    const found = firstTraces(content, owners);
    return Object.keys(secrets).flatMap((name) => {
      const at = found.get(name);
      return at === undefined ? [] : [`${name} in ${place}: ${content.slice(Math.max(0, at - 100), at + 60)}`];
    });
  });
}

/** Whose each window is. */
function ownersOf(secrets: Readonly<Record<string, string>>): ReadonlyMap<string, ReadonlySet<string>> {
  const owners = new Map<string, Set<string>>();
  for (const [name, value] of Object.entries(secrets)) {
    for (const window of formsOf(value).flatMap(windowsOf)) {
      owners.set(window, (owners.get(window) ?? new Set()).add(name));
    }
  }
  return owners;
}

/** The first place of each secret: all of them in one reading, since there are many of them and megabytes to read. */
function firstTraces(content: string, owners: ReadonlyMap<string, ReadonlySet<string>>): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const length of new Set([...owners.keys()].map((window) => window.length))) {
    for (let at = 0; at + length <= content.length; at += 1) {
      for (const name of owners.get(content.slice(at, at + length)) ?? []) {
        found.set(name, Math.min(found.get(name) ?? at, at));
      }
    }
  }
  return found;
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
