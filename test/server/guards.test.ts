import { request } from 'node:http';
import { connect } from 'node:net';
import { configOf, openWorld, sourcePolled, type World } from '../support/notifier-stage.js';
import { type Served, startServed } from '../support/served.js';
import { until } from '../support/turn.js';

const TOKEN = 'correct horse battery';
const OPEN_ROUTES = ['/healthz', '/readyz'];
const ROUTES = ['/', '/metrics', '/api/status', '/api/recordings', '/api/deliveries', '/api/openapi.json', '/nowhere'];

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

function serve(token?: string): Promise<Served> {
  return startServed(world, configOf([sourcePolled(world)], []), token);
}

/** With any Host: `fetch` sets its own. */
function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers: { host }, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.on('error', reject).end();
  });
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test.each([
  { name: 'no credential', authorization: undefined, want: 401 },
  { name: 'Bearer', authorization: `Bearer ${TOKEN.replaceAll(' ', '-')}`, want: 200 },
  { name: 'bearer in lower case', authorization: `bearer ${TOKEN.replaceAll(' ', '-')}`, want: 200 },
  { name: 'the wrong token', authorization: 'Bearer nope', want: 401 },
  { name: 'a token that only begins right', authorization: 'Bearer correct-horse', want: 401 },
  { name: 'Basic with any name', authorization: basic(`anybody:${TOKEN.replaceAll(' ', '-')}`), want: 200 },
  { name: 'Basic without a name', authorization: basic(`:${TOKEN.replaceAll(' ', '-')}`), want: 200 },
  { name: 'Basic with the token as name', authorization: basic(`${TOKEN.replaceAll(' ', '-')}:`), want: 401 },
  { name: 'Basic that is not base64', authorization: 'Basic %%%', want: 401 },
  { name: 'another scheme', authorization: `Digest ${TOKEN.replaceAll(' ', '-')}`, want: 401 },
])('with a token: $name: $want', async ({ authorization, want }) => {
  await using served = await serve(TOKEN.replaceAll(' ', '-'));
  const answer = await served.get('/api/status', authorization === undefined ? {} : { authorization });
  expect(answer.status).toBe(want);
  expect(answer.headers.get('www-authenticate')?.startsWith('Basic ') ?? false).toBe(want === 401);
});

test('with a token, everything but the health routes needs it', async () => {
  await using served = await serve('t');
  const codes = await Promise.all([...OPEN_ROUTES, ...ROUTES].map(async (path) => (await served.get(path)).status));
  expect(codes).toEqual([...OPEN_ROUTES.map(() => 200), ...ROUTES.map(() => 401)]);
});

test.each([
  { host: 'localhost:8080', want: 200 },
  { host: 'localhost', want: 200 },
  { host: '127.0.0.1:9', want: 200 },
  { host: '127.8.8.8', want: 200 },
  { host: '[::1]:8080', want: 200 },
  { host: 'evil.example', want: 421 },
  { host: '127.0.0.1.evil.example', want: 421 },
  { host: 'localhost.evil.example:80', want: 421 },
  { host: '10.0.0.1', want: 421 },
])('without a token, a Host of $host: $want', async ({ host, want }) => {
  await using served = await serve();
  expect(await statusFor(`${served.url}api/status`, host)).toBe(want);
});

test('with a token, any name will do; health answers to any anyway', async () => {
  await using closed = await serve('t');
  expect(await statusFor(`${closed.url}api/status`, 'notifier.example')).toBe(401);
  await using open = await serve();
  expect(await statusFor(`${open.url}healthz`, '10.1.2.3:8080')).toBe(200);
});

test.each([
  { name: 'curl', headers: {}, want: 200 },
  {
    name: 'our own page behind a proxy of another host',
    headers: { origin: 'https://notifier.example', 'sec-fetch-site': 'same-origin' },
    want: 200,
  },
  { name: 'our own page', headers: { origin: 'SELF', 'sec-fetch-site': 'same-origin' }, want: 200 },
  { name: 'another site', headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, want: 403 },
  { name: 'another site in an old browser', headers: { origin: 'https://evil.example' }, want: 403 },
  { name: 'another port of this machine', headers: { 'sec-fetch-site': 'same-site' }, want: 403 },
  { name: 'a page without an origin', headers: { origin: 'null' }, want: 403 },
])('POST from $name: $want', async ({ headers, want }) => {
  await using served = await serve();
  const own = new URL(served.url).origin;
  const sent = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, value === 'SELF' ? own : value]));
  expect((await served.post('/api/sources/production/poll', sent)).status).toBe(want);
});

test('every answer says that nothing of it is kept, framed, or fetched from elsewhere', async () => {
  await using served = await serve();
  for (const path of [...OPEN_ROUTES, ...ROUTES]) {
    const { headers } = await served.get(path);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'.*frame-ancestors 'none'/);
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
  }
});

test('a body that is too long is not read', async () => {
  await using served = await serve();
  const answer = await served.post('/api/sources/production/poll', {}, 'x'.repeat(20_000));
  expect([answer.status, await answer.json()]).toEqual([413, { error: expect.stringContaining('16384 bytes') }]);
});

test('a Host that is none is a mistake of who asks, and no news for the log', async () => {
  await using served = await serve();
  expect(await statusFor(`${served.url}healthz`, '1.2.3.999')).toBe(400);
});

test('whoever asks without end and does not listen is cut off', async () => {
  await using served = await serve('t');
  const { hostname, port } = new URL(served.url);
  const socket = connect(Number(port), hostname);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(2_000));
  await until(() => true);
  socket.resume();
  await closed;
  expect(socket.bytesRead).toBeLessThan(200 * 1_500);
});
