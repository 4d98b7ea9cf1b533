import { z } from 'zod';
import { duration, httpUrl, integer } from '../settings.js';
import type { NotWanted } from './answer.js';
import { jwtExpiresAtMs } from './credential-expiry.js';
import { credential, expiresAt } from './credentials.js';
import {
  type ConfiguredSource,
  defineSource,
  keyNamesOf,
  type Page,
  type SourceContext,
  type WalkEnd,
} from './define.js';
import { findInWalk } from './find.js';
import { createJsonRequest, fixedCredential } from './json-request.js';
import { lookAt } from './look.js';
import { createPagingJudge, type SeenPage } from './paging.js';
import { readRows } from './schema.js';
import { type ListAnswer, pagingWords, readList } from './superviz-list.js';

const TYPE = 'superviz';

/** How many rows the platform gives where it is not asked for a number. */
const PLATFORM_PAGE_SIZE = 10;

const settings = z.strictObject({
  baseUrl: httpUrl()
    .refine(isPlainUrl, { message: 'has a query, a fragment or a user; write only scheme, host and path' })
    .default('https://api.superviz.com')
    .describe('Where the API is; `/recording` is appended.'),
  auth: z
    .union([
      z.strictObject({ clientId: credential(), secret: credential(), expiresAt: expiresAt() }),
      z.strictObject({ token: credential(), apiKey: credential(), expiresAt: expiresAt() }),
    ])
    .describe('`clientId` and `secret` for api.superviz.com, `token` and `apiKey` for nodeapi.superviz.com.'),
  roomId: z.string().min(1).optional().meta({ example: 'lobby' }).describe('Only the recordings made in this room.'),
  meetingId: z.string().min(1).optional().meta({ example: 'abc' }).describe('Only the recordings of this meeting.'),
  timeout: duration({ minMs: 100, maxMs: 600_000 }).prefault('30s').describe('For one request, its body included.'),
  paging: z
    .strictObject({
      pageParam: z.string().min(1).default('page').describe('Query parameter with the number of the page, from 1.'),
      sizeParam: z.string().min(1).default('take').describe('Query parameter with the rows a page.'),
      size: integer(1, 1_000).prefault(100).describe('Rows asked for in a page; the server may give fewer.'),
      maxPages: integer(1, 1_000_000).prefault(10_000).describe('A longer list ends a poll as incomplete.'),
    })
    .prefault({})
    .describe('How the list is paged.'),
});

type Settings = z.output<typeof settings>;

export const superviz = defineSource({
  type: TYPE,
  summary: 'Polls GET /recording of SuperViz.',
  settings,
  example: 'auth:\n  clientId: ${SUPERVIZ_CLIENT_ID}\n  secret: ${SUPERVIZ_SECRET}\n',
  open: openSuperviz,
});

function openSuperviz(context: SourceContext<Settings>): ConfiguredSource {
  const { name, log } = context;
  const { auth, roomId, meetingId, timeout: timeoutMs, paging } = context.settings;
  const baseUrl = plainUrlOf(context.settings.baseUrl);
  const keyName = keyNamesOf(context);
  const ask = createJsonRequest(context, {
    ...{ urlKey: 'baseUrl', sizeKey: 'paging.size', timeoutMs },
    credential: fixedCredential(credentialOf(auth)),
  });
  let hasWarned = false;

  return {
    address: baseUrl,
    scope: JSON.stringify([TYPE, baseUrl, roomId ?? null, meetingId ?? null]),
    credentialExpiresAtMs: expiryOf(auth),
    walk: (signal) => walk(filtersOf(roomId, meetingId), signal),
    ...(meetingId === undefined && {
      ofMeeting: async (meeting: string, signal: AbortSignal) =>
        readRows((await requestPage(1, filtersOf(roomId, meeting), signal)).rows),
    }),
    async look(signal) {
      const list = await requestPage(1, filtersOf(roomId, meetingId), signal);
      const judge = createPagingJudge(keyName('paging.pageParam'));
      const end = judge(seenPage(1, list, readRows(list.rows)));
      return lookAt({ rows: list.rows, paging: pagingWords(list, end), end });
    },
    find(uuid, hints, signal, passing) {
      const hintedRoomId = hints.meetingId === null ? hints.roomId : undefined;
      const filters = filtersOf(roomId ?? hintedRoomId, meetingId ?? hints.meetingId);
      return findInWalk(name, uuid, walk(filters, signal), passing);
    },
  };

  async function* walk(
    filters: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<Page, WalkEnd, void> {
    const judge = createPagingJudge(keyName('paging.pageParam'));
    for (let number = 1; number <= paging.maxPages; number += 1) {
      const list = await requestPage(number, filters, signal);
      const page = readRows(list.rows);
      // Judged only afterwards: what a page shows is told, whatever it says of the list.
      yield { ...page, total: list.pagination?.total };
      const end = judge(seenPage(number, list, page));
      if (end !== undefined) return end;
    }
    const reason = `the list is longer than ${paging.maxPages} pages; raise ${keyName('paging.maxPages')}`;
    return { complete: false, pages: paging.maxPages, reason };
  }

  async function requestPage(
    number: number,
    filters: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ListAnswer> {
    const query = { ...filters, [paging.pageParam]: String(number), [paging.sizeParam]: String(paging.size) };
    const url = `${baseUrl}/recording?${new URLSearchParams(query)}`;
    const { read: list } = await ask({ url, read: listOrWhatItLacks }, signal);
    warnOfCutArray(list);
    return list;
  }

  function listOrWhatItLacks(json: unknown): ListAnswer | NotWanted {
    const advice = `check that ${keyName('baseUrl')} is the address of the API`;
    return readList(json) ?? { lacks: 'a list', advice };
  }

  function warnOfCutArray({ rows, pagination }: ListAnswer): void {
    const isPageLong = rows.length === PLATFORM_PAGE_SIZE || rows.length === paging.size;
    if (hasWarned || pagination !== undefined || !isPageLong) return;
    hasWarned = true;
    log.warn(
      { source: name, rows: rows.length },
      'the list is a bare array exactly as long as a page: if the account has more recordings than this, they are not seen',
    );
  }
}

function seenPage(number: number, { rows, pagination }: ListAnswer, { recordings }: Page): SeenPage {
  return { number, rowCount: rows.length, uuids: recordings.map(({ uuid }) => uuid), pagination };
}

/** The two generations of credentials; the key is of the part that expires. */
function credentialOf(auth: Settings['auth']) {
  return 'clientId' in auth
    ? {
        headers: { client_id: auth.clientId, secret: auth.secret },
        secrets: [auth.clientId, auth.secret],
        key: 'auth.secret',
      }
    : {
        headers: { authorization: `Bearer ${auth.token}`, apiKey: auth.apiKey },
        secrets: [auth.token, auth.apiKey],
        key: 'auth.token',
      };
}

/** What the operator says goes before what a token says. */
function expiryOf(auth: Settings['auth']): number | null {
  if (auth.expiresAt !== undefined) return auth.expiresAt;
  return 'token' in auth ? jwtExpiresAtMs(auth.token) : null;
}

function filtersOf(roomId: string | null | undefined, meetingId: string | null | undefined): Record<string, string> {
  return { ...(roomId && { roomId }), ...(meetingId && { meetingId }) };
}

/** In one form, since a slash at the end or capitals in the host make no other list. */
function plainUrlOf(text: string): string {
  const { origin, pathname } = new URL(text);
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}

/** The base URL is part of the scope, which is stored: it must hold no credential. */
function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  return url === null || `${url.search}${url.hash}${url.username}${url.password}` === '';
}
