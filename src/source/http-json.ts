import { createHash } from 'node:crypto';
import type { RecordingUuid } from '../core/id.js';
import type { Recording } from '../core/recording.js';
import type { NotWanted } from './answer.js';
import { credentialExpiryOf, credentialFor } from './credentials.js';
import {
  type ConfiguredSource,
  defineSource,
  type FirstLook,
  keyNamesOf,
  type Page,
  type SourceContext,
  SourceError,
  type WalkEnd,
} from './define.js';
import { compileExpression } from './expression.js';
import { findInWalk } from './find.js';
import { type CamePage, createSignposts, type PageRequest, Pager, queryOf } from './http-json-pages.js';
import { createRowReader, linkedRecording } from './http-json-rows.js';
import { type Settings, settings } from './http-json-settings.js';
import { createJsonRequest, type JsonAnswer } from './json-request.js';
import { lookAt } from './look.js';
import { isObject } from './schema.js';

const TYPE = 'http-json';

/** Of the keys of an answer in which no list was found. */
const KEYS_SHOWN_MAX = 10;
const KEY_LENGTH_MAX = 40;

/** A first page that is kept in case that it stays as it is. */
const KEPT_ROWS_MAX = 10_000;
const ETAG_LENGTH_MAX = 1_000;

export const httpJson = defineSource({
  type: TYPE,
  summary: 'Polls any list of recordings in JSON, over HTTP, as the config says where what is.',
  settings,
  example:
    'url: https://api.example.com/v1/recordings\nauth: { type: bearer, token: "${PLATFORM_TOKEN}" }\npaging: { type: cursor, param: after, next: next_cursor, sizeParam: limit }\nitems: recordings\nfields: { uuid: id, status: state, roomId: room.name, createdAt: started_at, url: download_url }\nstatuses: { processing: [recording, encoding], available: [ready] }\n',
  open: openHttpJson,
});

/** What is taken from an answer. */
interface List {
  readonly rows: readonly unknown[];
  readonly json: unknown;
}

/** A page with what it says of the list. */
interface Fetched {
  readonly page: Page;
  readonly came: CamePage;
}

function openHttpJson(context: SourceContext<Settings>): ConfiguredSource {
  const { name, clock } = context;
  const { url, auth, items, link, timeout: timeoutMs, paging, headers, method } = context.settings;
  const keyName = keyNamesOf(context);
  const rowReader = createRowReader(context.settings);
  const itemsOf = compileExpression(items);
  const linkOf = link === undefined ? undefined : compileExpression(link.path);
  const signposts = createSignposts(context.settings);
  const sizeKey = 'size' in paging && paging.sizeParam !== undefined ? 'paging.size' : undefined;
  const credential = credentialFor(context, auth, timeoutMs);
  const ask = createJsonRequest(context, { urlKey: 'url', sizeKey, timeoutMs, credential });
  const askForLink = createJsonRequest(context, { urlKey: 'link.url', timeoutMs, credential });
  const given = { ...headers, ...(method === 'POST' && { 'content-type': 'application/json' }) };
  let kept: { readonly url: string; readonly etag: string; readonly fetched: Fetched } | undefined;

  return {
    address: url,
    scope: scopeOf(context.settings),
    credentialExpiresAtMs: credentialExpiryOf(auth),
    walk: (signal) => walk(signal, firstIfChanged),
    async look(signal) {
      const pager = new Pager(context.settings, keyName, clock.nowMs());
      const answer = await askForList(pager.first(), signal);
      const { came } = fetchedFrom(1, answer);
      const step = pager.after(came);
      const end = 'end' in step ? step.end : undefined;
      const paging = `${formWords(answer.read.rows, came)}; ${endWords(end)}`;
      const { rows } = answer.read;
      const look = lookAt({ rows, paging, end, seenRow: rowReader.seen, isKnown: rowReader.isKnown });
      return { ...look, link: await lookAtLink(rows, signal) };
    },
    async find(uuid, hints, signal, passing) {
      // A row that has not changed since may have a URL that has died since.
      if (linkOf === undefined) return findInWalk(name, uuid, walk(signal, fetchPage), passing);
      return findLink(uuid, hints, signal);
    },
  };

  async function* walk(
    signal: AbortSignal,
    fetchFirst: (number: number, request: PageRequest, signal: AbortSignal) => Promise<Fetched>,
  ): AsyncGenerator<Page, WalkEnd, void> {
    const pager = new Pager(context.settings, keyName, clock.nowMs());
    let request = pager.first();
    for (let number = 1; ; number += 1) {
      const { page, came } = await (number === 1 ? fetchFirst : fetchPage)(number, request, signal);
      // Judged only afterwards: what a page shows is told, whatever it says of the list.
      yield page;
      const step = pager.after(came);
      if ('end' in step) return step.end;
      request = step.request;
    }
  }

  /** A first page that is as it was costs neither the platform nor us anything: a 304 has no body. */
  async function firstIfChanged(number: number, request: PageRequest, signal: AbortSignal): Promise<Fetched> {
    const before = kept?.url === request.url ? kept : undefined;
    if (request.method !== 'GET' || before === undefined) return fetchPage(number, request, signal);
    const headers = { ...given, 'if-none-match': before.etag };
    const answer = await ask<List | typeof before>(
      { ...request, headers, read: listIn, instead: ({ status }) => (status === 304 ? before : undefined) },
      signal,
    );
    if ('fetched' in answer.read) return answer.read.fetched;
    return keep(request, fetchedFrom(number, { ...answer, read: answer.read }), answer.headers['etag']);
  }

  async function fetchPage(number: number, request: PageRequest, signal: AbortSignal): Promise<Fetched> {
    const answer = await askForList(request, signal);
    const fetched = fetchedFrom(number, answer);
    return number === 1 ? keep(request, fetched, answer.headers['etag']) : fetched;
  }

  function keep({ url }: PageRequest, fetched: Fetched, etag: string | undefined): Fetched {
    const isWorthIt = etag !== undefined && etag.length <= ETAG_LENGTH_MAX && fetched.came.rowCount <= KEPT_ROWS_MAX;
    kept = isWorthIt ? { url, etag, fetched } : undefined;
    return fetched;
  }

  function askForList(request: PageRequest, signal: AbortSignal): Promise<JsonAnswer<List>> {
    return ask({ ...request, headers: given, read: listIn }, signal);
  }

  function fetchedFrom(number: number, { read: { rows, json }, headers }: JsonAnswer<List>): Fetched {
    const page = rowReader.page(rows);
    const uuids = page.recordings.map(({ uuid }) => uuid);
    const came = { number, rowCount: rows.length, uuids, ...signposts(json, headers) };
    return { page: { ...page, total: came.total }, came };
  }

  function listIn(json: unknown): List | NotWanted {
    const rows = itemsOf(json);
    if (Array.isArray(rows)) return { rows, json };
    const found = rows === undefined || rows === null ? 'nothing there' : `${typeof rows} there`;
    return { lacks: `a list at ${items} (${found})`, advice: `look at ${keyName('items')}${keysOf(json)}` };
  }

  /** Undefined where the platform says that there is no such recording, or none that can be had. */
  async function findLink(
    uuid: RecordingUuid,
    hints: { readonly meetingId: string | null; readonly roomId: string | null },
    signal: AbortSignal,
  ): Promise<Recording | undefined> {
    if (link === undefined) return undefined;
    const url = `${link.url.replaceAll('{uuid}', encodeURIComponent(uuid))}${queryOf(link.query, clock.nowMs())}`;
    const { read } = await askForLink<{ readonly url: string } | 'none'>(
      {
        ...{ url, headers },
        read: linkIn,
        instead: ({ status }) => (status === 404 || status === 410 ? 'none' : undefined),
      },
      signal,
    );
    return read === 'none' ? undefined : linkedRecording(uuid, hints, read.url);
  }

  function linkIn(json: unknown): { readonly url: string } | NotWanted {
    const found = linkOf?.(json);
    if (typeof found === 'string' && URL.parse(found) !== null) return { url: found };
    return { lacks: `a URL at ${link?.path}`, advice: `look at ${keyName('link.path')}${keysOf(json)}` };
  }

  async function lookAtLink(rows: readonly unknown[], signal: AbortSignal): Promise<FirstLook['link']> {
    const read = rows.map(rowReader.read);
    const at = read.findIndex((each) => typeof each !== 'string' && each.status === 'available');
    const recording = read[at];
    if (link === undefined || recording === undefined || typeof recording === 'string') return undefined;
    try {
      return { row: at + 1, url: (await findLink(recording.uuid, recording, signal))?.url ?? null };
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      return { row: at + 1, url: null, problem: error.message };
    }
  }

  function formWords(rows: readonly unknown[], { total }: CamePage): string {
    const size = `${rows.length} rows at ${items}`;
    return `${size}${total === undefined ? '' : `, of ${total}`}, paging.type ${paging.type}`;
  }

  function endWords(end: WalkEnd | undefined): string {
    if (end?.complete === false) return 'it does not fit together';
    if (end === undefined) return 'a poll asks for the next page';
    return paging.type === 'none' ? 'they are taken for the whole list' : 'there is no other page';
  }
}

/** What would make it another list, or other recordings of it. A query may hold a key of the API: its hash stands for it. */
function scopeOf({ url, method, query, body, items, fields }: Settings): string {
  const { origin, pathname } = new URL(url);
  const rest = createHash('sha256').update(JSON.stringify([method, query, body, items, fields.uuid]));
  return JSON.stringify([TYPE, `${origin}${pathname}`, rest.digest('hex').slice(0, 16)]);
}

/** Names, since a mapping is found by them; never values. */
function keysOf(json: unknown): string {
  if (!isObject(json)) return '';
  const keys = Object.keys(json).map((key) => key.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').slice(0, KEY_LENGTH_MAX));
  if (keys.length === 0) return '; the answer has no keys';
  const more = keys.length > KEYS_SHOWN_MAX ? ' and more' : '';
  return `; the answer has ${keys.slice(0, KEYS_SHOWN_MAX).join(', ')}${more}`;
}
