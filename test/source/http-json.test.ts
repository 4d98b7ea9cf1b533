import type { RecordingUuid } from '../../src/core/id.js';
import { createHttpClient } from '../../src/http/client.js';
import type { Clock } from '../../src/ports.js';
import { httpJson } from '../../src/source/http-json.js';
import type { PlatformRecording } from '../../src/testing.js';
import { type Answered, type Asked, startPlatform } from '../support/fake-list.js';
import { createManualClock } from '../support/manual-clock.js';
import { createMemoryLog } from '../support/memory-log.js';
import { realClock } from '../support/real-clock.js';
import { describeSource } from './conformance.js';
import { walkAll, walkToError } from './support.js';

const NEVER = new AbortController().signal;
const NOTHING = { meetingId: null, roomId: null };
const TOKEN = 'token-4e8';
const FIELDS = { uuid: 'id', status: 'state' };
const STATUSES = { processing: ['encoding'], available: ['ready'] };
const PAGE_SIZE = 2;

interface Row {
  readonly id: unknown;
  readonly state: unknown;
  readonly [key: string]: unknown;
}

function opened(written: object, clock: Clock = realClock) {
  const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
  const settings = httpJson.settings.parse({ items: 'items', fields: FIELDS, statuses: STATUSES, ...written });
  const log = createMemoryLog();
  const source = httpJson.open({
    ...{ name: 'other', settings, http, clock, random: () => 0, log, quickRetryDelayMs: 1 },
  });
  return { source, [Symbol.asyncDispose]: () => http.close() };
}

type Paged = (rows: readonly Row[], asked: Asked, url: string) => Answered;

/** How platforms page, and how the config says it. */
const PAGINGS: readonly { readonly paging: object; readonly answer: Paged; readonly method?: 'POST' }[] = [
  { paging: { type: 'none' }, answer: (rows) => ({ body: { items: rows } }) },
  {
    paging: { type: 'page', first: 0, param: 'p', sizeParam: 'n', size: PAGE_SIZE },
    answer: (rows, { query }) => ({ body: { items: cut(rows, Number(query.get('p')) * Number(query.get('n'))) } }),
  },
  {
    paging: { type: 'page', pages: 'pages' },
    answer: (rows, { query }) => ({
      body: {
        items: cut(rows, (Number(query.get('page')) - 1) * PAGE_SIZE),
        pages: Math.max(1, Math.ceil(rows.length / PAGE_SIZE)),
      },
    }),
  },
  {
    paging: { type: 'offset', sizeParam: 'limit' },
    answer: (rows, { query }) => ({ body: { items: cut(rows, Number(query.get('offset'))), total: rows.length } }),
  },
  {
    paging: { type: 'cursor', param: 'after', next: 'items[-1].id' },
    answer: (rows, { query }) => ({
      body: { items: cut(rows, rows.findIndex(({ id }) => id === query.get('after')) + 1) },
    }),
  },
  {
    method: 'POST',
    paging: { type: 'cursor', param: 'token', next: 'nextToken' },
    answer(rows, { body }) {
      const from = Number((JSON.parse(body) as { token?: string }).token ?? 0);
      const next = from + PAGE_SIZE;
      return { body: { items: cut(rows, from), nextToken: next < rows.length ? String(next) : '' } };
    },
  },
  {
    paging: { type: 'link' },
    answer(rows, { query }, url) {
      const from = Number(query.get('from'));
      const next = from + PAGE_SIZE;
      const link = `<${url}/?a=1,2>; title="x, y"; rel="first", </list?from=${next}>; rel="last next"`;
      return { body: { items: cut(rows, from) }, headers: next < rows.length ? { link } : {} };
    },
  },
  {
    paging: { type: 'nextUrl', next: 'links.next' },
    answer(rows, { query }, url) {
      const from = Number(query.get('from'));
      const next = from + PAGE_SIZE < rows.length ? `${url}/list?from=${from + PAGE_SIZE}` : null;
      return { body: { items: cut(rows, from), links: { next } } };
    },
  },
];

function cut(rows: readonly Row[], from: number): readonly Row[] {
  return rows.slice(from, from + PAGE_SIZE);
}

for (const { paging, answer, method } of PAGINGS) {
  const open = async (recordings: readonly PlatformRecording[], fixed?: (asked: Asked) => Answered | undefined) => {
    const rows = recordings.map(({ uuid, status }) => ({
      id: uuid,
      state: status === 'available' ? 'ready' : 'encoding',
    }));
    const platform = await startPlatform((asked, url) => (fixed ? fixed(asked) : answer(rows, asked, url)));
    const auth = { type: 'bearer', token: TOKEN };
    const total = 'size' in paging ? undefined : 'total';
    const common = { items: 'items', fields: FIELDS, statuses: STATUSES, ...(total && { total }) };
    return {
      settings: { url: `${platform.url}/list`, ...(method && { method }), auth, paging, ...common },
      reached: platform.reached,
      close: platform.close,
    };
  };
  const refusing = (status: number) => () =>
    open([], ({ headers }) => ({ status, body: { error: 'no', message: `not ${headers.authorization}` } }));
  describe(JSON.stringify(paging), () => {
    describeSource({
      definition: httpJson,
      secrets: [TOKEN],
      open: (recordings) => open(recordings),
      openSilent: () => open([], () => undefined),
      failures: [
        { name: 'a credential that is refused', want: 'unauthorized', open: refusing(401) },
        { name: 'too many requests', want: 'rate_limited', open: refusing(429) },
        { name: 'another address', want: 'not_found', open: refusing(404) },
        { name: 'a platform in trouble', want: 'server_error', open: refusing(503) },
        { name: 'a login page', want: 'bad_answer', open: () => open([], () => ({ body: '<html>' })) },
        { name: 'something else', want: 'bad_answer', open: () => open([], () => ({ body: { error: TOKEN } })) },
        { name: 'half an answer', want: 'bad_answer', open: () => open([], () => ({ body: '{"items":[' })) },
      ],
    });
  });
}

const ROW: Row = { id: 'a', state: 'ready' };

test.each([
  { name: 'as they are', row: ROW, want: { uuid: 'a', status: 'available' } },
  { name: 'a whole number as a uuid', row: { ...ROW, id: 71 }, want: { uuid: '71' } },
  { name: 'in processing', row: { ...ROW, state: 'encoding' }, want: { status: 'processing' } },
  { name: 'another status', row: { ...ROW, state: 'failed' }, want: { status: 'failed' } },
  { name: 'seconds', row: { ...ROW, at: 1_548_789_650 }, want: { createdAt: '2019-01-29T19:20:50.000Z' } },
  { name: 'milliseconds', row: { ...ROW, at: 1_548_789_650_123 }, want: { createdAt: '2019-01-29T19:20:50.123Z' } },
  { name: 'microseconds', row: { ...ROW, at: 1_548_789_650_123_456 }, want: { createdAt: '2019-01-29T19:20:50.123Z' } },
  { name: 'nanoseconds', row: { ...ROW, at: '1548789650123456789' }, want: { createdAt: '2019-01-29T19:20:50.123Z' } },
  { name: 'ISO 8601', row: { ...ROW, at: '2019-01-29T19:20:50Z' }, want: { createdAt: '2019-01-29T19:20:50Z' } },
  { name: 'no time at all', row: { ...ROW, at: -5 }, want: { createdAt: null } },
  { name: 'a room inside', row: { ...ROW, room: { name: 'lobby' } }, want: { roomId: 'lobby' } },
  { name: 'a room that is none', row: { ...ROW, room: { name: ['x'] } }, want: { roomId: null } },
  { name: 'an empty URL', row: { ...ROW, file: '' }, want: { url: null } },
  { name: 'what any object has', row: { ...ROW, file: { toString: 1 } }, want: { url: null } },
])('a row: $name', async ({ row, want }) => {
  await using platform = await startPlatform(() => ({ body: { items: [row] } }));
  const fields = { ...FIELDS, createdAt: 'at', roomId: 'room.name', url: 'file', meetingId: 'constructor' };
  await using other = opened({ url: platform.url, paging: { type: 'none' }, fields });
  expect((await walkAll(other.source)).recordings).toMatchObject([{ meetingId: null, ...want }]);
});

test.each([
  { name: 'no uuid', row: { state: 'ready' }, want: 'has no uuid: id gives nothing, want text of 1 to 200 characters' },
  { name: 'an empty one', row: { id: '', state: 'ready' }, want: 'has no uuid: id gives an empty text' },
  { name: 'a long one', row: { id: 'x'.repeat(201), state: 'ready' }, want: 'id gives a text of 201 characters' },
  { name: 'half a number', row: { id: 1.5, state: 'ready' }, want: 'id gives a number' },
  { name: 'an object', row: { id: {}, state: 'ready' }, want: 'id gives an object' },
  { name: 'no status', row: { id: 'a' }, want: 'has no status: state gives nothing, want text of 1 to 100 characters' },
  { name: 'a status that is a list', row: { id: 'a', state: [] }, want: 'state gives a list' },
  { name: 'a text', row: 'a', want: 'is not an object' },
])('a row that is set aside: $name', async ({ row, want }) => {
  await using platform = await startPlatform(() => ({ body: { items: [row] } }));
  await using other = opened({ url: platform.url, paging: { type: 'none' } });
  const look = await other.source.look(NEVER);
  expect(look.rows).toEqual([{ rejected: expect.stringContaining(want) }]);
  expect(await walkAll(other.source)).toMatchObject({ recordings: [], rejected: 1, end: { complete: true } });
});

test('an expression that cannot be applied gives nothing', async () => {
  await using platform = await startPlatform(() => ({ body: { items: [{ ...ROW, size: 5 }] } }));
  const fields = { ...FIELDS, roomId: 'length(size)' };
  await using other = opened({ url: platform.url, paging: { type: 'none' }, fields });
  expect((await walkAll(other.source)).recordings).toMatchObject([{ uuid: 'a', roomId: null }]);
});

test('where the list is not, the keys of the answer are told and no value', async () => {
  await using platform = await startPlatform(() => ({ body: { results: [ROW], cursor: 'secret' } }));
  await using other = opened({ url: platform.url, paging: { type: 'none' } });
  const { error } = await walkToError(other.source);
  expect(error.message).toBe(
    'source other: status 200 with an object without a list at items (nothing there); look at sources.other.items; the answer has results, cursor',
  );
});

test.each([
  {
    name: 'a cursor that stays',
    paging: { type: 'cursor', next: 'next' },
    body: { items: [ROW], next: 'x' },
    want: /page 2 has the cursor of itself; look at sources.other.paging.next and sources.other.paging.param/,
  },
  {
    name: 'a cursor that is none',
    paging: { type: 'cursor', next: 'next' },
    body: { items: [ROW], next: {} },
    want: /page 1 has a cursor that is none/,
  },
  {
    name: 'a page parameter that is not known',
    paging: { type: 'page', param: 'p' },
    body: { items: [ROW] },
    want: /page 2 repeats page 1; set sources.other.paging.param/,
  },
  {
    name: 'an offset that is not known',
    paging: { type: 'offset' },
    body: { items: [ROW] },
    want: /page 2 repeats page 1; look at sources.other.paging/,
  },
  {
    name: 'another host',
    paging: { type: 'nextUrl', next: 'next' },
    body: { items: [ROW], next: 'https://evil.example/?page=2' },
    want: /page 1 names a next page at evil.example, which is not where sources.other.url is: no credential goes there/,
  },
  {
    name: 'itself',
    paging: { type: 'nextUrl', next: 'next' },
    body: { items: [ROW], next: '#' },
    want: /page 1 names itself as the next page/,
  },
  {
    name: 'a total beside no rows',
    paging: { type: 'cursor', next: 'next' },
    body: { items: [], total: 5 },
    want: /page 1 has no rows although the total is 5; look at sources.other.items/,
  },
])('a walk that is not complete: $name', async ({ paging, body, want }) => {
  await using platform = await startPlatform(() => ({ body }));
  await using other = opened({ url: `${platform.url}/`, paging, total: 'total' });
  expect((await walkAll(other.source)).end).toEqual({
    complete: false,
    pages: expect.any(Number),
    reason: expect.stringMatching(want),
  });
});

test('a list with more pages than it may have is not complete', async () => {
  await using platform = await startPlatform(({ query }) => {
    const page = Number(query.get('cursor'));
    return { body: { items: [{ id: `r${page}`, state: 'ready' }], next: page + 1 } };
  });
  await using other = opened({ url: platform.url, paging: { type: 'cursor', next: 'next', maxPages: 3 } });
  const { recordings, end } = await walkAll(other.source);
  expect(recordings).toHaveLength(3);
  expect(end).toMatchObject({ complete: false, pages: 3, reason: expect.stringContaining('paging.maxPages') });
});

test('a first page that is as it was is asked for by its ETag, and a URL is never taken from it', async () => {
  let version = 1;
  await using platform = await startPlatform(({ headers }) =>
    headers['if-none-match'] === `"v${version}"`
      ? { status: 304 }
      : { body: { items: [{ ...ROW, file: `https://files.example/${version}` }] }, headers: { etag: `"v${version}"` } },
  );
  const fields = { ...FIELDS, url: 'file' };
  await using other = opened({ url: platform.url, paging: { type: 'none' }, fields });
  const urls = async () => (await walkAll(other.source)).recordings.map(({ url }) => url);
  expect(await urls()).toEqual(['https://files.example/1']);
  expect(await urls()).toEqual(['https://files.example/1']);
  version = 2;
  expect(await urls()).toEqual(['https://files.example/2']);
  expect(platform.asked.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"v1"', '"v1"']);
  await other.source.find('a' as RecordingUuid, NOTHING, NEVER);
  expect(platform.asked.at(-1)?.headers['if-none-match']).toBeUndefined();
});

test('a 304 that nobody asked for is no answer', async () => {
  await using platform = await startPlatform(() => ({ status: 304 }));
  await using other = opened({ url: platform.url, paging: { type: 'none' } });
  expect((await walkToError(other.source)).error.kind).toBe('server_error');
});

test.each([
  {
    name: 'a URL',
    status: 200,
    body: { link: 'https://files.example/a?sig=1' },
    want: 'https://files.example/a?sig=1',
  },
  { name: 'no such recording', status: 404, body: {}, want: undefined },
])('a link is asked for by the uuid: $name', async ({ status, body, want }) => {
  await using platform = await startPlatform(() => ({ status, body }));
  const link = { url: `${platform.url}/recordings/{uuid}/link`, path: 'link', query: { seconds: 60 } };
  const auth = { type: 'bearer', token: TOKEN };
  await using other = opened({ url: platform.url, paging: { type: 'none' }, link, auth });
  const hints = { meetingId: 'm', roomId: 'r' };
  const found = await other.source.find('a/b?' as RecordingUuid, hints, NEVER);
  expect(found?.url).toBe(want);
  if (found !== undefined) expect(found).toMatchObject({ uuid: 'a/b?', meetingId: 'm', roomId: 'r' });
  expect(platform.asked).toMatchObject([
    { path: '/recordings/a%2Fb%3F/link', headers: { authorization: `Bearer ${TOKEN}` } },
  ]);
  expect(platform.asked[0]?.query.toString()).toBe('seconds=60');
});

test('a link that is no URL is an error, without it', async () => {
  await using platform = await startPlatform(() => ({ body: { url: 'https://files.example/a?sig=1' } }));
  const link = { url: `${platform.url}/{uuid}`, path: 'link' };
  await using other = opened({ url: platform.url, paging: { type: 'none' }, link });
  const found = other.source.find('a' as RecordingUuid, NOTHING, NEVER);
  await expect(found).rejects.toThrow(/without a URL at link; look at sources.other.link.path; the answer has url$/);
});

test('a query, headers and a body go along, and a day is counted from today', async () => {
  await using platform = await startPlatform(() => ({ body: { items: [] } }));
  const clock = createManualClock(Date.parse('2024-03-05T00:30:00Z'));
  await using other = opened(
    {
      ...{ url: platform.url, method: 'POST', paging: { type: 'cursor', next: 'next', sizeParam: 'limit', size: '7' } },
      ...{ query: { from: '{today-29d}', to: '{today}', deep: true, n: 5 }, headers: { 'X-Version': '2' } },
      ...{ body: { active: false }, auth: { type: 'headers', headers: { 'x-api-key': TOKEN } } },
    },
    clock,
  );
  await walkAll(other.source);
  const [asked] = platform.asked;
  expect(asked?.query.toString()).toBe('from=2024-02-05&to=2024-03-05&deep=true&n=5');
  expect(asked).toMatchObject({
    method: 'POST',
    headers: { 'x-version': '2', 'x-api-key': TOKEN, 'content-type': 'application/json' },
    body: '{"active":false,"limit":7}',
  });
});

test('another list has another scope, and no key of an API is in it', async () => {
  const written = { url: 'https://api.example/list', paging: { type: 'none' } };
  const scopes = [
    ...[written, { ...written, url: 'https://api.example/other' }, { ...written, query: { room: 'lobby' } }],
    ...[
      { ...written, items: 'rows' },
      { ...written, fields: { ...FIELDS, uuid: 'sid' } },
    ],
  ].map((each) => opened(each).source.scope);
  expect(new Set(scopes).size).toBe(scopes.length);
  const same = { ...written, url: 'https://API.example/list', auth: { type: 'bearer', token: TOKEN }, timeout: '5s' };
  expect(opened(same).source.scope).toBe(scopes[0]);
  expect(scopes.join()).not.toContain('lobby');
});
