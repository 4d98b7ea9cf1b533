import { type FakeApi, startFakeApi } from '../../src/fake/api.js';
import { type ControlCommand, FAULT_KINDS, type NewRecording } from '../../src/fake/api-schema.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';

const NEWER = { client_id: 'a', secret: 'b' };
const OLDER = { authorization: 'Bearer t', apiKey: 'k' };

interface Envelope {
  readonly data: Record<string, string | null>[];
  readonly pagination: Record<string, number>;
}

let clock: ManualClock;

beforeEach(() => {
  clock = createManualClock();
});

async function get(api: FakeApi, query = '', headers: Record<string, string> = NEWER): Promise<Response> {
  return fetch(`${api.url}/recording${query}`, { headers });
}

async function list(api: FakeApi, query = ''): Promise<Envelope> {
  return (await get(api, query)).json() as Promise<Envelope>;
}

async function control(api: FakeApi, command: unknown): Promise<Response> {
  return fetch(`${api.url}/_control`, { method: 'POST', body: JSON.stringify(command) });
}

function many(count: number): NewRecording[] {
  return Array.from({ length: count }, (_, index) => ({ uuid: `r${index + 1}` }));
}

function uuids({ data }: Envelope): (string | null | undefined)[] {
  return data.map(({ uuid }) => uuid);
}

test('a row has the documented fields, in the documented order', async () => {
  await using api = await startFakeApi({ clock, recordings: [{ uuid: 'u', roomId: 'lobby', meetingId: 'm' }] });
  const [row] = (await list(api)).data;
  expect(Object.keys(row ?? {})).toEqual(['uuid', 'url', 'roomId', 'status', 'meetingId', 'createdAt']);
  expect(row).toMatchObject({ uuid: 'u', roomId: 'lobby', status: 'processing', meetingId: 'm' });
  expect(row?.['createdAt']).toBe('2024-05-13T17:14:00.941Z');
});

test.each([
  { name: 'newer pair, any', credentials: undefined, headers: NEWER, status: 200 },
  { name: 'older pair, any', credentials: undefined, headers: OLDER, status: 200 },
  { name: 'nothing', credentials: undefined, headers: {}, status: 401 },
  { name: 'half of the newer pair', credentials: undefined, headers: { client_id: 'a' }, status: 401 },
  { name: 'half of the older pair', credentials: undefined, headers: { authorization: 'Bearer t' }, status: 401 },
  { name: 'the newer pair', credentials: { clientId: 'a', secret: 'b' }, headers: NEWER, status: 200 },
  { name: 'a wrong secret', credentials: { clientId: 'a', secret: 'c' }, headers: NEWER, status: 401 },
  { name: 'the older pair', credentials: { token: 't', apiKey: 'k' }, headers: OLDER, status: 200 },
  { name: 'a wrong key', credentials: { token: 't', apiKey: 'x' }, headers: OLDER, status: 401 },
  { name: 'the other generation', credentials: { token: 't', apiKey: 'k' }, headers: NEWER, status: 401 },
])('credentials: $name', async ({ credentials, headers, status }) => {
  await using api = await startFakeApi({ clock, credentials });
  const answer = await get(api, '', headers as Record<string, string>);
  expect(answer.status).toBe(status);
  if (status === 401) expect(await answer.json()).toEqual({ statusCode: 401, message: 'Unauthorized' });
});

test('pages are of ten, newest first, and add up', async () => {
  await using api = await startFakeApi({ clock, recordings: many(35) });
  const first = await list(api);
  expect(first.pagination).toEqual({ page: 1, totalPages: 4, limit: 10, total: 35 });
  expect(uuids(first).slice(0, 2)).toEqual(['r35', 'r34']);
  expect(uuids(await list(api, '?page=4'))).toEqual(['r5', 'r4', 'r3', 'r2', 'r1']);
  expect((await list(api, '?take=100')).data).toHaveLength(35);
  api.mode({ pageSizeMax: 10 });
  expect((await list(api, '?take=100&page=2')).pagination).toEqual({ page: 2, totalPages: 4, limit: 10, total: 35 });
});

test('filters narrow the list', async () => {
  const recordings = [
    { uuid: 'a', roomId: 'é & ü', meetingId: '1' },
    { uuid: 'b', roomId: 'é & ü', meetingId: '2' },
    { uuid: 'c', roomId: 'other', meetingId: '2' },
  ];
  await using api = await startFakeApi({ clock, recordings });
  expect(uuids(await list(api, `?roomId=${encodeURIComponent('é & ü')}`))).toEqual(['b', 'a']);
  expect(uuids(await list(api, '?meetingId=2'))).toEqual(['c', 'b']);
  expect(uuids(await list(api, `?meetingId=2&roomId=other`))).toEqual(['c']);
});

test('a recording becomes available after its life, and others appear by themselves', async () => {
  await using api = await startFakeApi({ clock, lifeMs: 5_000, everyMs: 60_000 });
  api.recordings.add({ uuid: 'short' });
  api.recordings.add({ uuid: 'stuck', lifeMs: null });
  clock.advance(4_999);
  expect((await list(api)).data.map(({ status }) => status)).toEqual(['processing', 'processing']);
  clock.advance(1);
  expect((await list(api)).data.map(({ status }) => status)).toEqual(['processing', 'available']);
  clock.advance(116_000);
  const { data } = await list(api);
  expect(data.map(({ status }) => status)).toEqual(['processing', 'available', 'processing', 'available']);
  expect(new Set(data.map(({ uuid }) => uuid)).size).toBe(4);
});

test('a recording goes back, vanishes, returns and is removed', async () => {
  await using api = await startFakeApi({ clock, recordings: [{ uuid: 'u', status: 'available' }] });
  api.recordings.setStatus('u', 'processing');
  expect((await list(api)).data[0]?.['status']).toBe('processing');
  api.recordings.update('u', { hidden: true });
  expect((await list(api)).data).toEqual([]);
  api.recordings.update('u', { hidden: false, status: 'available' });
  expect((await list(api)).data[0]?.['status']).toBe('available');
  api.recordings.remove('u');
  expect((await list(api)).data).toEqual([]);
  expect(() => api.recordings.remove('u')).toThrow('no recording u');
});

test('rows can be odd', async () => {
  await using api = await startFakeApi({
    clock,
    recordings: [
      { uuid: 'twin' },
      { uuid: 'twin', overrides: { size: 12, roomId: null } },
      { uuid: 'none', omits: ['uuid'] },
      { uuid: 'failed', status: 'failed', createdAt: '2020-01-01T00:00:00.000Z' },
    ],
  });
  const { data } = await list(api);
  expect(data.map(({ uuid }) => uuid)).toEqual([undefined, 'twin', 'twin', 'failed']);
  expect(data[1]).toMatchObject({ size: 12, roomId: null });
});

test.each([
  { mode: 'signed', want: expect.stringContaining('/files/u.mp4?AWSAccessKeyId=') },
  { mode: 'null', want: null },
  { mode: 'empty', want: '' },
  { mode: 'missing', want: undefined },
] as const)('url while processing: $mode', async ({ mode, want }) => {
  await using api = await startFakeApi({ clock, recordings: [{ uuid: 'u' }], mode: { urlWhileProcessing: mode } });
  expect((await list(api)).data[0]?.['url']).toEqual(want);
});

test('a url is another one at every answer, works, and dies', async () => {
  await using api = await startFakeApi({
    clock,
    urlLifeMs: 60_000,
    recordings: [{ uuid: 'a/b', status: 'available' }],
  });
  const url = String((await list(api)).data[0]?.['url']);
  expect(String((await list(api)).data[0]?.['url'])).not.toBe(url);
  expect((await fetch(url)).status).toBe(200);
  expect((await fetch(url.replace('Signature=', 'Signature=x'))).status).toBe(403);
  clock.advance(61_000);
  expect((await fetch(url)).status).toBe(403);
});

test('the envelope can lie, pages can be empty, parameters can be ignored', async () => {
  await using api = await startFakeApi({ clock, recordings: many(25) });
  api.mode({ pagination: { overrides: { total: 3 }, omits: ['totalPages'] } });
  expect((await list(api)).pagination).toEqual({ page: 1, limit: 10, total: 3 });
  api.mode({ pagination: {}, emptyPages: [2] });
  expect((await list(api, '?page=2')).data).toEqual([]);
  api.mode({ pageParam: 'p' });
  expect(await list(api, '?page=2')).toMatchObject({ pagination: { page: 1 }, data: { length: 10 } });
  api.mode({ empty: true });
  expect(await list(api)).toEqual({ data: [], pagination: { page: 1, totalPages: 0, limit: 10, total: 0 } });
  api.mode({ empty: false, form: 'array' });
  expect(await (await get(api)).json()).toHaveLength(25);
});

test.each([
  { fault: { kind: 'unauthorized' }, status: 401, body: '{"statusCode":401,"message":"Unauthorized"}' },
  { fault: { kind: 'rate_limited', retryAfter: '7' }, status: 429, body: expect.stringContaining('Too Many') },
  { fault: { kind: 'bad_gateway' }, status: 502, body: expect.stringMatching(/^<html>/) },
  { fault: { kind: 'error_in_ok' }, status: 200, body: '{"statusCode":500,"message":"Internal server error"}' },
  { fault: { kind: 'answer', status: 418, body: 'tea' }, status: 418, body: 'tea' },
  { fault: { kind: 'answer', status: 200, body: { a: 1 } }, status: 200, body: '{"a":1}' },
  { fault: { kind: 'truncated' }, status: 200, body: '{"data":[],"pagination":{"page":1,"' },
  { fault: { kind: 'huge', bytes: 3 }, status: 200, body: '[   ]' },
  { fault: { kind: 'slow', delayMs: 0 }, status: 200, body: expect.stringMatching(/^\{"data":\[\],.*\}$/) },
] as const)('fault: $fault.kind', async ({ fault, status, body }) => {
  await using api = await startFakeApi({ clock: Object.assign(clock, { after: immediately }) });
  api.fault(fault);
  const answer = await get(api);
  expect(answer.status).toBe(status);
  expect(await answer.text()).toEqual(body);
  expect((await get(api)).status).toBe(200);
});

function immediately(_delayMs: number, callback: () => void) {
  queueMicrotask(callback);
  return { cancel: () => undefined };
}

test.each([{ kind: 'broken' }, { kind: 'reset' }] as const)('fault: $kind', async (fault) => {
  await using api = await startFakeApi({ clock });
  api.fault(fault);
  await expect(get(api).then((answer) => answer.text())).rejects.toThrow();
  expect((await get(api)).status).toBe(200);
});

test('a request that hangs does not keep the server from closing', async () => {
  const api = await startFakeApi({ clock });
  api.fault({ kind: 'hang' });
  const answer = expect(get(api)).rejects.toThrow();
  await get(api);
  await api.close();
  await answer;
});

test('faults wait for their turn', async () => {
  await using api = await startFakeApi({ clock });
  api.fault({ kind: 'bad_gateway' }, { after: 1, times: 2 });
  api.fault({ kind: 'rate_limited' });
  const statuses: number[] = [];
  for (let request = 0; request < 5; request += 1) statuses.push((await get(api)).status);
  expect(statuses).toEqual([200, 502, 502, 429, 200]);
});

test('the list can change between two pages', async () => {
  await using api = await startFakeApi({ clock, recordings: many(11) });
  api.fault({ kind: 'change', add: [{ uuid: 'new' }], remove: ['r1'] });
  expect(uuids(await list(api))).not.toContain('new');
  expect(uuids(await list(api, '?page=2'))).toEqual(['r2']);
});

test('requests are kept with their queries, and headers by name alone', async () => {
  await using api = await startFakeApi({ clock });
  await get(api, '?page=2&roomId=a%20b');
  await get(api, '', {});
  expect(api.requests).toMatchObject([
    { path: '/recording', query: { page: '2', roomId: 'a b' }, answeredWith: 'list' },
    { query: {}, answeredWith: 'refused' },
  ]);
  expect(api.requests[0]?.headerNames).toContain('client_id');
  expect(JSON.stringify(api.requests)).not.toContain('"b"');
});

test('the control route does what the methods do', async () => {
  await using api = await startFakeApi({ clock, recordings: [{ uuid: 'old' }, { uuid: 'gone' }] });
  const command: ControlCommand = {
    add: [{ uuid: 'new', roomId: 'lobby' }],
    update: [{ uuid: 'old', status: 'available' }],
    remove: ['gone'],
    mode: { pageSize: 5 },
    faults: [{ fault: { kind: 'bad_gateway' }, after: 1 }],
  };
  expect(await (await control(api, command)).json()).toEqual({
    added: ['new'],
    recordings: 2,
    faultsWaiting: 1,
    mode: expect.objectContaining({ pageSize: 5, pageParam: 'page' }),
    requestCount: 0,
  });
  expect(await list(api)).toMatchObject({
    data: [{ uuid: 'new' }, { uuid: 'old', status: 'available' }],
    pagination: { limit: 5 },
  });
  expect(await (await control(api, { clearFaults: true })).json()).toMatchObject({ faultsWaiting: 0, requestCount: 1 });
  expect(await (await fetch(`${api.url}/_control`)).json()).toMatchObject({ requests: [{ path: '/recording' }] });
});

test.each([
  { name: 'no JSON', body: '{', status: 400 },
  { name: 'an unknown key', body: '{"ad":[]}', status: 400 },
  { name: 'an unknown fault', body: '{"faults":[{"fault":{"kind":"fire"}}]}', status: 400, says: 'bad_gateway' },
  { name: 'an unknown recording', body: '{"remove":["x"]}', status: 409, says: 'no recording x' },
])('the control route refuses $name', async ({ body, status, says = '' }) => {
  await using api = await startFakeApi({ clock });
  const answer = await fetch(`${api.url}/_control`, { method: 'POST', body });
  expect(answer.status).toBe(status);
  expect(await answer.text()).toContain(says);
});

test('a kind of fault says what goes beside it', () => {
  const written = FAULT_KINDS.map(({ kind, keys }) => [kind, ...keys].join(' '));
  expect(written).toEqual(
    expect.arrayContaining(['bad_gateway', 'rate_limited retryAfter?', 'slow delayMs', 'answer status headers? body?']),
  );
  expect(FAULT_KINDS.filter(({ summary }) => summary === '')).toEqual([]);
});

test('other routes are not found', async () => {
  await using api = await startFakeApi({ clock });
  expect((await fetch(`${api.url}/recordings`, { headers: NEWER })).status).toBe(404);
  expect((await fetch(`${api.url}/recording`, { method: 'POST', headers: NEWER })).status).toBe(404);
  expect((await fetch(`${api.url}/v2/recording`, { headers: NEWER })).status).toBe(200);
});
