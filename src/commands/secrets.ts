import type { SinkConfig } from '../config/config.js';
import { isRecord } from '../config/explain.js';
import { type JsonSchema, jsonSchemaOf } from '../config/json-schema.js';

/** Masks what a sink's settings hold in secret, for what a command shows of it. */

const MASK = '***';

/** A name of a header that carries nothing but a credential. */
const SECRET_HEADER = /^(?:proxy-)?authorization$|^cookie$/i;

export interface Masks {
  text(text: string): string;
  url(url: string): string;
  header(name: string, value: string): string;
}

/** @param recordingUrls of the events, whose query is what makes them credentials */
export function masksFor({ definition, settings }: SinkConfig, recordingUrls: readonly string[]): Masks {
  const secrets = secretsIn(jsonSchemaOf(definition.settings), settings, false);
  const addresses = secrets.flatMap((secret) => (/^https?:/i.test(secret) ? (URL.parse(secret) ?? []) : []));
  const hosts = addresses.map(({ host }) => host);
  const queries = recordingUrls.flatMap((url) => [URL.parse(url)?.search ?? '', url.replace(/^[^?]*/, '')]);
  const texts = longestFirst([...secrets, ...addresses.map(({ href }) => href), ...queries]);

  function text(given: string): string {
    return texts.reduce((shown, secret) => shown.replaceAll(secret, secret.startsWith('?') ? `?${MASK}` : MASK), given);
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
    header(name, value) {
      if (SECRET_HEADER.test(name)) return MASK;
      return text(name === 'webhook-signature' ? value.replaceAll(/,\S+/g, `,${MASK}`) : value);
    },
  };
}

/** In every form; a secret in another one goes first. */
function longestFirst(secrets: readonly string[]): readonly string[] {
  const forms = [...new Set(secrets.filter((secret) => secret !== '').flatMap(formsOf))];
  return forms.sort((one, other) => other.length - one.length);
}

/** As it may stand in a body, in a URL or in markup. */
function formsOf(secret: string): readonly string[] {
  const inHtml = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), inHtml];
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
