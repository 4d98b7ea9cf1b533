import type { SinkConfig, SourceConfig } from '../config/config.js';
import { isRecord } from '../config/explain.js';
import { type JsonSchema, jsonSchemaOf } from '../config/json-schema.js';

/** Masks what the settings of a sink or source hold in secret, for what a command shows of it. */

const MASK = '***';

/** What is shorter stands in texts that have nothing to do with it: it is masked by the name that it stands under. */
const LENGTH_MIN = 6;

/** A name of a header that carries nothing but a credential. */
const SECRET_HEADER = /^(?:proxy-)?authorization$|^cookie$/i;

export interface Masks {
  text(text: string): string;
  url(url: string): string;
  /** Of a URL, the values of its query alone: where it leads may be shown. */
  query(url: string): string;
  header(name: string, value: string): string;
  /** `NAME=value`. */
  variable(text: string): string;
}

/** @param recordingUrls of the events, whose query is what makes them credentials */
export function masksFor(
  { definition, settings }: Pick<SinkConfig | SourceConfig, 'definition' | 'settings'>,
  recordingUrls: readonly string[] = [],
): Masks {
  const secrets = secretsIn(jsonSchemaOf(definition.settings), settings, false);
  const addresses = secrets.flatMap((secret) => (/^https?:/i.test(secret) ? (URL.parse(secret) ?? []) : []));
  const hosts = addresses.map(({ host }) => host);
  const queries = recordingUrls.flatMap((url) => [URL.parse(url)?.search ?? '', url.replace(/^[^?]*/, '')]);
  const logins = recordingUrls.flatMap((url) => /^[a-z]+:\/\/([^/?#@]+@)/i.exec(url)?.[1] ?? []);
  const long = [...secrets, ...addresses.map(({ href }) => href)].filter(({ length }) => length >= LENGTH_MIN);
  const patterns = longestFirst([...long, ...queries, ...logins]).map(
    (secret) => [patternOf(secret), maskOf(secret)] as const,
  );
  const named = namedIn(settings);

  function text(given: string): string {
    return patterns.reduce((shown, [pattern, mask]) => shown.replace(pattern, mask), given);
  }

  return {
    text,
    url(given) {
      const url = URL.parse(given);
      if (url === null) return MASK;
      const origin = `${url.protocol}//${url.host}`;
      const isBare = url.pathname === '/' && url.search === '';
      if (!hosts.includes(url.host)) return text(`${origin}${url.pathname}${url.search}`);
      return isBare ? origin : `${origin}/${MASK}`;
    },
    query(given) {
      const [, where = '', query = ''] = /^([^?]*)(.*)$/s.exec(given) ?? [];
      return `${where}${text(query)}`;
    },
    header(name, value) {
      if (SECRET_HEADER.test(name) || named.has(name.toLowerCase())) return MASK;
      return text(name === 'webhook-signature' ? value.replaceAll(/,\S+/g, `,${MASK}`) : value);
    },
    variable(given) {
      const [name = ''] = given.split('=', 1);
      return named.has(name.toLowerCase()) ? `${name}=${MASK}` : text(given);
    },
  };
}

/** What makes it readable stays. */
function maskOf(secret: string): string {
  if (secret.startsWith('?')) return `?${MASK}`;
  return secret.endsWith('@') ? `${MASK}@` : MASK;
}

/** A secret that is in another one goes after it. */
function longestFirst(secrets: readonly string[]): readonly string[] {
  return [...new Set(secrets.filter((secret) => secret !== ''))].sort((one, other) => other.length - one.length);
}

/** The secret as it may stand in a body, in a URL, in Markdown or in markup, each of its characters in one form or another. */
function patternOf(secret: string): RegExp {
  return new RegExp([...secret.toWellFormed()].map(patternOfCharacter).join(''), 'gi');
}

function patternOfCharacter(character: string): string {
  if (/[a-z\d]/i.test(character)) return character;
  const percent = [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const forms = [character, percent, JSON.stringify(character).slice(1, -1), ENTITIES[character], `\\${character}`];
  const sources = forms
    .filter((form) => form !== undefined)
    .map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return `(?:${sources.join('|')})`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
};

/** Headers and variables of the environment that the settings give a value. */
function namedIn(settings: unknown): ReadonlySet<string> {
  if (!isRecord(settings)) return new Set();
  const maps = [settings['headers'], settings['env']].filter(isRecord);
  return new Set(maps.flatMap((map) => Object.keys(map).map((name) => name.toLowerCase())));
}

/** The texts at and below what the schema marks; a host that a URL was read into is none. */
function secretsIn(schema: JsonSchema, value: unknown, isSecret: boolean): readonly string[] {
  const isMarked = isSecret || schema.secret === true;
  if (typeof value === 'string') return isMarked || isMarkedAside(schema) ? [value] : [];
  const alternatives = (schema.anyOf ?? []).flatMap((each) => secretsIn(each, value, isMarked));
  if (Array.isArray(value)) {
    return [...alternatives, ...value.flatMap((item) => secretsIn(schema.items ?? {}, item, isMarked))];
  }
  if (!isRecord(value)) return alternatives;
  const inside = Object.entries(value).flatMap(([key, item]) => {
    const other = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
    return key === 'host' ? [] : secretsIn(schema.properties?.[key] ?? other, item, isMarked);
  });
  return [...alternatives, ...inside];
}

function isMarkedAside({ anyOf = [] }: JsonSchema): boolean {
  return anyOf.some((each) => each.secret === true || isMarkedAside(each));
}
