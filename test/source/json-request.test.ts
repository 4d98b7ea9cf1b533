import { startFakeApi } from '../../src/fake/api.js';
import type { Fault } from '../../src/fake/api-schema.js';
import { createManualClock } from '../support/manual-clock.js';
import { realClock as clock } from '../support/real-clock.js';
import { until } from '../support/turn.js';
import { many, openSource, walkAll, walkToError } from './support.js';

test.each([
  { name: 'unauthorized', fault: { kind: 'unauthorized' }, kind: 'unauthorized', requests: 1 },
  { name: '429', fault: { kind: 'rate_limited', retryAfter: '7' }, kind: 'rate_limited', requests: 1, after: 7_000 },
  { name: '429 without a wait', fault: { kind: 'rate_limited' }, kind: 'rate_limited', requests: 1 },
  { name: '502 with HTML', fault: { kind: 'bad_gateway' }, kind: 'server_error', requests: 3 },
  { name: '503', fault: { kind: 'answer', status: 503 }, kind: 'server_error', requests: 3 },
  {
    name: '503 with Retry-After',
    fault: { kind: 'answer', status: 503, headers: { 'retry-after': '60' } },
    kind: 'server_error',
    requests: 1,
    after: 60_000,
  },
  { name: '408', fault: { kind: 'answer', status: 408 }, kind: 'server_error', requests: 3 },
  { name: '425', fault: { kind: 'answer', status: 425 }, kind: 'server_error', requests: 3 },
  { name: '403', fault: { kind: 'answer', status: 403 }, kind: 'unauthorized', requests: 1 },
  { name: '404', fault: { kind: 'answer', status: 404 }, kind: 'not_found', requests: 1 },
  { name: '410', fault: { kind: 'answer', status: 410 }, kind: 'gone', requests: 1 },
  { name: '418', fault: { kind: 'answer', status: 418 }, kind: 'server_error', requests: 1 },
  {
    name: '302',
    fault: { kind: 'answer', status: 302, headers: { location: '/' } },
    kind: 'server_error',
    requests: 1,
  },
  { name: 'an error in 200', fault: { kind: 'error_in_ok' }, kind: 'bad_answer', requests: 1 },
  { name: 'HTML in 200', fault: { kind: 'answer', status: 200, body: '<html>' }, kind: 'bad_answer', requests: 1 },
  { name: 'nothing in 200', fault: { kind: 'answer', status: 200, body: '' }, kind: 'bad_answer', requests: 1 },
  { name: 'truncated JSON', fault: { kind: 'truncated' }, kind: 'bad_answer', requests: 3 },
  { name: 'a body that breaks off', fault: { kind: 'broken' }, kind: 'bad_answer', requests: 3 },
  { name: 'a connection that breaks', fault: { kind: 'reset' }, kind: 'unreachable', requests: 3 },
  { name: 'a huge body', fault: { kind: 'huge', bytes: 70_000_000 }, kind: 'too_large', requests: 1 },
] as { name: string; fault: Fault; kind: string; requests: number; after?: number }[])(
  'failure: $name',
  async ({ fault, kind, requests, after }) => {
    await using api = await startFakeApi({ clock });
    api.fault(fault, { times: 1_000 });
    await using opened = openSource(api.url, { timeout: '20s' });
    const { error } = await walkToError(opened.source);
    expect(error).toMatchObject({ name: 'SourceError', kind, retryAfterMs: after });
    expect(error.message).toMatch(/^source production: .+; .+/);
    expect(error.message).not.toMatch(/take|secret-9f2|id-7c1/);
    expect(api.requestCount).toBe(requests);
  },
);

test.each<{ name: string; fault: Fault }>([
  { name: 'no answer', fault: { kind: 'hang' } },
  { name: 'a slow body', fault: { kind: 'slow', delayMs: 60_000 } },
])('failure: $name', async ({ fault }) => {
  await using api = await startFakeApi({ clock });
  api.fault(fault, { times: 1_000 });
  const requestClock = createManualClock();
  await using opened = openSource(api.url, { timeout: '20s' }, clock, requestClock);
  const walked = walkToError(opened.source);
  await until(() => api.requestCount === 1);
  requestClock.advance(20_000);
  const { error } = await walked;
  expect(error).toMatchObject({ name: 'SourceError', kind: 'timeout' });
  expect(error.message).toMatch(/^source production: .+; .+/);
  expect(error.message).not.toMatch(/take|secret-9f2|id-7c1/);
  expect(api.requestCount).toBe(1);
});

test('Retry-After can be a date', async () => {
  const nowMs = Date.parse('2024-05-13T17:14:00.000Z');
  await using api = await startFakeApi({ clock });
  api.fault({ kind: 'rate_limited', retryAfter: 'Mon, 13 May 2024 17:15:00 GMT' });
  await using opened = openSource(api.url, {}, { ...clock, nowMs: () => nowMs });
  expect((await walkToError(opened.source)).error.retryAfterMs).toBe(60_000);
});

test.each(['bad_gateway', 'truncated', 'broken', 'reset'] as const)('%s twice passes unnoticed', async (kind) => {
  await using api = await startFakeApi({ clock, recordings: many(1) });
  api.fault({ kind }, { times: 2 });
  await using opened = openSource(api.url);
  expect((await walkAll(opened.source)).recordings).toHaveLength(1);
  expect(opened.log.lines.map(({ level }) => level)).toEqual(['debug', 'debug']);
});

test('a host that is not there', async () => {
  const api = await startFakeApi({ clock });
  await api.close();
  await using opened = openSource(api.url);
  const { error } = await walkToError(opened.source);
  expect(error).toMatchObject({ kind: 'unreachable', message: expect.stringContaining('ECONNREFUSED') });
});

test('401 in mid-walk: what was shown before stays shown', async () => {
  await using api = await startFakeApi({ clock, recordings: many(15) });
  api.fault({ kind: 'unauthorized' }, { after: 1 });
  await using opened = openSource(api.url, { paging: { size: 10 } });
  const { error, shown } = await walkToError(opened.source);
  expect(error.kind).toBe('unauthorized');
  expect(shown).toHaveLength(10);
});

test.each([
  { auth: { clientId: 'id-7c1', secret: 'secret-9f2' }, key: 'sources.production.auth.secret' },
  { auth: { token: 'jwt.9f2', apiKey: 'key-7c1' }, key: 'sources.production.auth.token' },
])('a refused credential names $key', async ({ auth, key }) => {
  await using api = await startFakeApi({ clock, credentials: { clientId: 'other', secret: 'other' } });
  await using opened = openSource(api.url, { auth });
  const { message } = (await walkToError(opened.source)).error;
  expect(message).toBe(
    `source production: status 401 (message "Unauthorized"); the credential is refused and may have expired; renew ${key}`,
  );
});

test('a stop ends a walk, also while it waits for an answer', async () => {
  await using api = await startFakeApi({ clock });
  await using opened = openSource(api.url);
  expect((await walkToError(opened.source, AbortSignal.abort())).error.kind).toBe('aborted');
  expect(api.requestCount).toBe(0);
  const stop = new AbortController();
  api.fault({ kind: 'hang' });
  const walk = walkToError(opened.source, stop.signal);
  stop.abort();
  expect((await walk).error.kind).toBe('aborted');
});
