import type { RecordingUuid } from '../../src/core/id.js';
import { startFakeApi } from '../../src/fake/api.js';
import type { Fault, NewRecording } from '../../src/fake/api-schema.js';
import { superviz } from '../../src/source/superviz.js';
import { VERSION } from '../../src/version.js';
import { realClock as clock } from '../support/real-clock.js';
import { until } from '../support/turn.js';
import { describeSource } from './conformance.js';
import { many, openSource, walkAll } from './support.js';

const NEVER = new AbortController().signal;

/** @param fault what every answer of it is */
async function openPlatform(recordings: readonly NewRecording[], fault?: Fault) {
  const api = await startFakeApi({ clock, recordings: recordings.toReversed() });
  if (fault !== undefined) api.fault(fault, { times: 1_000 });
  return {
    settings: { baseUrl: api.url, auth: { clientId: 'id-7c1', secret: 'secret-9f2' }, paging: { size: 2 } },
    reached: () => until(() => api.requestCount > 0),
    close: () => api.close(),
  };
}

describeSource({
  definition: superviz,
  secrets: ['id-7c1', 'secret-9f2'],
  open: (recordings) => openPlatform(recordings.map((each) => ({ ...each, lifeMs: null }))),
  openSilent: () => openPlatform([], { kind: 'hang' }),
  failures: [
    {
      name: 'a credential that is refused',
      want: 'unauthorized',
      open: () => openPlatform([], { kind: 'unauthorized' }),
    },
    { name: 'too many polls', want: 'rate_limited', open: () => openPlatform([], { kind: 'rate_limited' }) },
    { name: 'a proxy in trouble', want: 'server_error', open: () => openPlatform([], { kind: 'bad_gateway' }) },
    { name: 'an error in 200', want: 'bad_answer', open: () => openPlatform([], { kind: 'error_in_ok' }) },
    { name: 'a connection that breaks', want: 'unreachable', open: () => openPlatform([], { kind: 'reset' }) },
  ],
});

function uuids(recordings: readonly { readonly uuid: string }[]): string[] {
  return recordings.map(({ uuid }) => uuid);
}

test('the documented answer, a bare array with one row', async () => {
  await using api = await startFakeApi({ clock });
  const row = {
    uuid: 'RECORDING_ID',
    url: 'https://.../',
    roomId: 'ROOM_ID',
    status: 'processing',
    meetingId: 'MEETING_ID',
    createdAt: '2024-05-13T17:14:00.941Z',
  };
  api.fault({ kind: 'answer', status: 200, body: [row] });
  await using opened = openSource(api.url);
  expect(await walkAll(opened.source)).toEqual({
    recordings: [row],
    rejected: 0,
    end: { complete: true, pages: 1, shifted: false },
  });
  expect(opened.log.lines).toEqual([]);
});

test.each([
  { name: '100 were asked for', mode: {}, settings: {}, pages: 1 },
  { name: '10 were asked for', mode: {}, settings: { paging: { size: 10 } }, pages: 4 },
  { name: 'the server caps at 10 although 100 were asked for', mode: { pageSizeMax: 10 }, settings: {}, pages: 4 },
  {
    name: 'the server caps at 10 and tells no totalPages',
    mode: { pageSizeMax: 10, pagination: { omits: ['totalPages'] } },
    settings: {},
    pages: 5,
  },
  {
    name: 'totalPages is a string',
    mode: { pageSizeMax: 10, pagination: { overrides: { totalPages: '1' } } },
    settings: {},
    pages: 5,
  },
  {
    name: 'total is wrong',
    mode: { pageSizeMax: 10, pagination: { overrides: { total: 3 } } },
    settings: {},
    pages: 4,
  },
  {
    name: 'totalPages is too large',
    mode: { pageSizeMax: 10, pagination: { overrides: { totalPages: 100 } } },
    settings: {},
    pages: 6,
  },
  {
    name: 'the parameters have other names',
    mode: { pageParam: 'p', sizeParam: 'n' },
    settings: { paging: { pageParam: 'p', sizeParam: 'n', size: 7 } },
    pages: 5,
  },
])('35 rows: $name', async ({ mode, settings, pages }) => {
  await using api = await startFakeApi({ clock, recordings: many(35), mode });
  await using opened = openSource(api.url, settings);
  const { recordings, end } = await walkAll(opened.source);
  expect(end).toEqual({ complete: true, pages, shifted: false });
  expect(uuids(recordings)).toEqual(Array.from({ length: 35 }, (_, index) => `r${35 - index}`));
  expect(api.requestCount).toBe(pages);
});

test('paging that is ignored: incomplete, names the key, and what page one shows is told', async () => {
  await using api = await startFakeApi({ clock, recordings: many(35), mode: { pageParam: 'p', pageSizeMax: 10 } });
  await using opened = openSource(api.url);
  const { recordings, end } = await walkAll(opened.source);
  expect(end).toMatchObject({
    complete: false,
    reason: expect.stringContaining('sources.production.paging.pageParam'),
  });
  expect(uuids(recordings)).toContain('r35');
  expect(api.requestCount).toBe(2);
});

test('paging that is ignored and not told: the second page repeats the first', async () => {
  const mode = { pageParam: 'p', pageSizeMax: 10, pagination: { omits: ['page', 'totalPages'] } };
  await using api = await startFakeApi({ clock, recordings: many(35), mode });
  await using opened = openSource(api.url);
  expect((await walkAll(opened.source)).end).toMatchObject({
    complete: false,
    reason: expect.stringMatching(/^page 2 repeats page 1; set /),
  });
});

test('a list longer than paging.maxPages', async () => {
  await using api = await startFakeApi({ clock, recordings: many(35) });
  await using opened = openSource(api.url, { paging: { size: 10, maxPages: 3 } });
  const { recordings, end } = await walkAll(opened.source);
  expect(end).toEqual({
    complete: false,
    pages: 3,
    reason: 'the list is longer than 3 pages; raise sources.production.paging.maxPages',
  });
  expect(recordings).toHaveLength(30);
});

test('a hole in the list', async () => {
  await using api = await startFakeApi({ clock, recordings: many(35), mode: { emptyPages: [2] } });
  await using opened = openSource(api.url, { paging: { size: 10 } });
  const { recordings, end } = await walkAll(opened.source);
  expect(end).toMatchObject({ complete: false, pages: 4, reason: expect.stringContaining('page 2 came without rows') });
  expect(recordings).toHaveLength(25);
});

test('rows that shift between two pages are noticed', async () => {
  await using api = await startFakeApi({ clock, recordings: many(15) });
  api.fault({ kind: 'change', add: [{ uuid: 'new' }] });
  await using opened = openSource(api.url, { paging: { size: 10 } });
  expect((await walkAll(opened.source)).end).toEqual({ complete: true, pages: 2, shifted: true });
  expect((await walkAll(opened.source)).end).toEqual({ complete: true, pages: 2, shifted: false });
});

test('an empty list', async () => {
  await using api = await startFakeApi({ clock, recordings: many(3), mode: { empty: true } });
  await using opened = openSource(api.url);
  expect(await walkAll(opened.source)).toMatchObject({ recordings: [], end: { complete: true } });
  api.mode({ pagination: { overrides: { total: 3 } } });
  expect((await walkAll(opened.source)).end).toMatchObject({
    complete: false,
    reason: expect.stringMatching(/no rows although total is 3/),
  });
});

test.each([
  { rows: 9, warnings: 0 },
  { rows: 10, warnings: 1 },
  { rows: 11, warnings: 0 },
  { rows: 25, warnings: 1 },
])('a bare array of $rows rows with paging.size 25 is warned about $warnings times', async ({ rows, warnings }) => {
  await using api = await startFakeApi({ clock, recordings: many(rows), mode: { form: 'array' } });
  await using opened = openSource(api.url, { paging: { size: 25 } });
  expect((await walkAll(opened.source)).recordings).toHaveLength(rows);
  await walkAll(opened.source);
  expect(opened.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(warnings);
});

test('odd rows: bad ones are set aside, others are as they are', async () => {
  await using api = await startFakeApi({
    clock,
    mode: { urlWhileProcessing: 'missing' },
    recordings: [
      { uuid: 'a', roomId: '<é> & "🎬"', createdAt: '2024-05-13T17:14:00.941Z' },
      { uuid: 'b', status: 'failed', overrides: { url: null, size: 5 }, createdAt: '2024-05-13T17:14:00.941Z' },
      { omits: ['uuid'] },
      { omits: ['status'] },
      { uuid: 'a', status: 'available' },
    ],
  });
  await using opened = openSource(api.url);
  const { recordings, rejected, end } = await walkAll(opened.source);
  expect(end.complete).toBe(true);
  expect(rejected).toBe(2);
  expect(recordings).toMatchObject([
    { uuid: 'a', status: 'available', url: expect.stringContaining('Expires=') },
    { uuid: 'b', status: 'failed', url: null },
    { uuid: 'a', status: 'processing', roomId: '<é> & "🎬"', url: null },
  ]);
});

test.each([
  { generation: 'newer', auth: { clientId: 'c', secret: 's' } },
  { generation: 'older', auth: { token: 'jwt.jwt.jwt', apiKey: 'k' } },
])('credentials of the $generation API, and who asks', async ({ auth }) => {
  await using api = await startFakeApi({ clock, credentials: auth });
  await using opened = openSource(api.url, { auth });
  expect((await walkAll(opened.source)).end.complete).toBe(true);
  expect(api.requests[0]?.userAgent).toBe(`recording-notifier/${VERSION}`);
});

test.each([
  { name: 'plain', suffix: '', path: '/recording' },
  { name: 'a slash at the end', suffix: '/', path: '/recording' },
  { name: 'a path', suffix: '/api/v1', path: '/api/v1/recording' },
  { name: 'a path and a slash', suffix: '/api/v1/', path: '/api/v1/recording' },
])('baseUrl: $name', async ({ suffix, path }) => {
  await using api = await startFakeApi({ clock });
  await using opened = openSource(`${api.url}${suffix}`, { roomId: 'a & b', meetingId: 'm' });
  await walkAll(opened.source);
  expect(api.requests).toMatchObject([{ path, query: { roomId: 'a & b', meetingId: 'm', page: '1', take: '100' } }]);
  expect(JSON.parse(opened.source.scope)).toEqual(['superviz', `${api.url}${suffix}`.replace(/\/$/, ''), 'a & b', 'm']);
});

test('find asks as narrowly as it can', async () => {
  const recordings = [
    { uuid: 'a', roomId: 'lobby', meetingId: '1' },
    { uuid: 'b', roomId: 'lobby', meetingId: '2' },
  ];
  await using api = await startFakeApi({ clock, recordings });
  await using opened = openSource(api.url);
  const find = (uuid: string, meetingId: string | null, roomId: string | null) =>
    opened.source.find(uuid as RecordingUuid, { meetingId, roomId }, NEVER);
  expect(await find('a', '1', 'lobby')).toMatchObject({ uuid: 'a', url: expect.stringContaining('Expires=') });
  expect(await find('b', null, 'lobby')).toMatchObject({ uuid: 'b' });
  expect(await find('a', null, null)).toMatchObject({ uuid: 'a' });
  expect(await find('a', '2', null)).toBeUndefined();
  const paging = { page: '1', take: '100' };
  expect(api.requests.map(({ query }) => query)).toEqual([
    { meetingId: '1', ...paging },
    { roomId: 'lobby', ...paging },
    paging,
    { meetingId: '2', ...paging },
  ]);
});

test('find keeps the filters of the config and walks on until it has found', async () => {
  const recordings = many(25).map((recording) => ({ ...recording, roomId: 'lobby', meetingId: 'one' }));
  await using api = await startFakeApi({ clock, recordings });
  await using opened = openSource(api.url, { roomId: 'lobby', paging: { size: 10 } });
  expect(await opened.source.find('r10' as RecordingUuid, { meetingId: 'one', roomId: 'x' }, NEVER)).toMatchObject({
    uuid: 'r10',
  });
  expect(api.requests.map(({ query }) => query)).toMatchObject([
    { roomId: 'lobby', meetingId: 'one', page: '1' },
    { roomId: 'lobby', meetingId: 'one', page: '2' },
  ]);
});

test('find throws where the list cannot be read to its end: that is no absence', async () => {
  await using api = await startFakeApi({ clock, recordings: many(35), mode: { pageParam: 'p' } });
  await using opened = openSource(api.url, { paging: { size: 10 } });
  await expect(opened.source.find('r1' as RecordingUuid, { meetingId: null, roomId: null }, NEVER)).rejects.toThrow(
    'source production: the list cannot be read to its end: asked for page 2, got page 1; set sources.production.paging.pageParam',
  );
});

test.each([
  { name: 'no auth', settings: {}, path: 'auth' },
  { name: 'halves of two generations', settings: { auth: { clientId: 'c', apiKey: 'k' } }, path: 'auth' },
  { name: 'a line break in a secret', settings: { auth: { clientId: 'c', secret: 'a\nb' } }, path: 'auth' },
  {
    name: 'a query in baseUrl',
    settings: { baseUrl: 'https://x/?key=1', auth: { token: 't', apiKey: 'k' } },
    path: 'baseUrl',
  },
  {
    name: 'a user in baseUrl',
    settings: { baseUrl: 'https://u:p@x/', auth: { token: 't', apiKey: 'k' } },
    path: 'baseUrl',
  },
])('settings: $name', ({ settings, path }) => {
  expect(superviz.settings.safeParse(settings).error?.issues[0]?.path[0]).toBe(path);
});
