import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { LookupAll } from '../../src/http/address-guard.js';
import { createHttpClient, type HttpClientOptions } from '../../src/http/client.js';
import type { HttpAnswer, HttpClient, HttpRequest } from '../../src/ports.js';
import { selfSignedCertificate } from '../support/certificate.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';
import {
  answer,
  type Behaviour,
  closeAtOnce,
  drip,
  flood,
  gzipBomb,
  hang,
  head,
  resetAtOnce,
  resetInBody,
  speakAnotherProtocol,
  startZoo,
  type Zoo,
} from '../support/zoo.js';

const TIMEOUT_MS = 20_000;
const NEVER = new AbortController().signal;

let zoo: Zoo | undefined;
let client: HttpClient | undefined;
let clock: ManualClock;

beforeEach(() => {
  clock = createManualClock();
});

afterEach(async () => {
  await client?.close();
  await zoo?.close();
  client = undefined;
  zoo = undefined;
});

async function visit(behave: Behaviour, tls?: Parameters<typeof startZoo>[1]): Promise<Zoo> {
  zoo = await startZoo(behave, tls);
  return zoo;
}

function clientWith(options: Partial<HttpClientOptions> = {}): HttpClient {
  client = createHttpClient({ privateAddresses: 'allow', clock, userAgent: 'recording-notifier/test', ...options });
  return client;
}

function post(url: string, request: Partial<HttpRequest> = {}): HttpRequest {
  const defaults = { headers: {}, body: '{}', timeoutMs: TIMEOUT_MS, bodyBytesMax: 0, signal: NEVER };
  return { method: 'POST', url, ...defaults, ...request };
}

test('sends method, path, headers and body, and gives the whole answer', async () => {
  const { port, requests } = await visit(answer(200, { 'X-One': 'a', 'x-two': 'b' }, 'hello'));
  const got = await clientWith().request(
    post(`http://127.0.0.1:${port}/in?q=1#part`, { headers: { 'X-Key': 'k' }, body: '{"a":"é"}', bodyBytesMax: 100 }),
  );
  expect(got).toMatchObject({ kind: 'answer', status: 200, headers: { 'x-one': 'a', 'x-two': 'b' } });
  expect((got as HttpAnswer).body.toString()).toBe('hello');
  expect(got).not.toHaveProperty('bodyProblem');
  expect(requests[0]).toMatch(/^POST \/in\?q=1 HTTP\/1\.1\r\n/);
  expect(requests[0]).toMatch(/^x-key: k\r$/m);
  expect(requests[0]).toMatch(/^user-agent: recording-notifier\/test\r$/m);
  expect(requests[0]).toMatch(/^content-length: 10\r$/m);
  expect(clock.timers()).toBe(0);
});

test('joins a header that is repeated', async () => {
  const twice: Behaviour = (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\ncontent-length: 0\r\n\r\n');
  };
  const { port } = await visit(twice);
  await expect(clientWith().request(post(`http://127.0.0.1:${port}`))).resolves.toMatchObject({
    headers: { 'x-a': '1, 2' },
  });
});

test.each([301, 302, 303, 307, 308])('does not follow a %i, so the target sees nothing', async (status) => {
  const target = await startZoo(answer(200));
  const location = `http://127.0.0.1:${target.port}/`;
  const { port } = await visit(answer(status, { location }));
  await expect(
    clientWith().request(post(`http://127.0.0.1:${port}`, { headers: { 'webhook-signature': 'v1,x' } })),
  ).resolves.toMatchObject({ kind: 'answer', status, headers: { location } });
  expect(target.connections.count).toBe(0);
  await target.close();
});

test.each([
  { name: 'with a body that is wanted', bodyBytesMax: 10 },
  { name: 'with a body that is not', bodyBytesMax: 0 },
])('uses connections again, $name', async ({ bodyBytesMax }) => {
  const { port, connections } = await visit(answer(200, {}, 'ok'));
  const http = clientWith();
  for (let index = 0; index < 20; index += 1) await http.request(post(`http://127.0.0.1:${port}`, { bodyBytesMax }));
  // The next request may start a moment before the last one's connection is free.
  expect(connections.count).toBeLessThanOrEqual(2);
});

test.each([
  { name: 'gzip', coding: 'gzip', body: gzipSync('decoded') },
  { name: 'deflate', coding: 'deflate', body: deflateSync('decoded') },
  { name: 'brotli', coding: 'br', body: brotliCompressSync('decoded') },
  { name: 'none', coding: 'identity', body: Buffer.from('decoded') },
])('decodes a body, coding $name', async ({ coding, body }) => {
  const { port, requests } = await visit(answer(200, { 'content-encoding': coding }, body));
  const got = await clientWith().request(post(`http://127.0.0.1:${port}`, { bodyBytesMax: 7 }));
  expect((got as HttpAnswer).body.toString()).toBe('decoded');
  expect(got).not.toHaveProperty('bodyProblem');
  expect(requests[0]).toMatch(/^accept-encoding: gzip, deflate, br\r$/m);
});

test.each([
  { name: 'one byte too many', behave: answer(200, {}, 'x'.repeat(101)), want: 'too_large', bytes: 100 },
  { name: 'endless', behave: flood(200), want: 'too_large', bytes: 100 },
  { name: 'a gzip bomb', behave: gzipBomb(200, 50_000_000), want: 'too_large', bytes: 100 },
  { name: 'reset in the middle', behave: resetInBody(200), want: 'broken', bytes: 4 },
  { name: 'gzip that is none', behave: answer(200, { 'content-encoding': 'gzip' }, 'no'), want: 'broken', bytes: 0 },
  {
    name: 'a coding nobody asked for',
    behave: answer(200, { 'content-encoding': 'zstd' }, 'no'),
    want: 'broken',
    bytes: 0,
  },
  {
    name: 'a coding that every object has',
    behave: answer(200, { 'content-encoding': 'constructor' }, 'no'),
    want: 'broken',
    bytes: 0,
  },
  { name: 'gzip twice', behave: answer(200, { 'content-encoding': 'gzip, gzip' }, 'no'), want: 'broken', bytes: 0 },
  {
    name: 'gzip cut off',
    behave: answer(200, { 'content-encoding': 'gzip' }, gzipSync('x').subarray(0, 12)),
    want: 'broken',
    bytes: 1,
  },
])('an answer counts although its body is bad: $name', async ({ behave, want, bytes }) => {
  const { port } = await visit(behave);
  const got = await clientWith().request(post(`http://127.0.0.1:${port}`, { bodyBytesMax: 100 }));
  expect(got).toMatchObject({ kind: 'answer', status: 200, bodyProblem: want });
  expect((got as HttpAnswer).body).toHaveLength(bytes);
});

test('an endless body that is wanted ends with its connection', async () => {
  const { port, ends } = await visit(flood(200));
  await clientWith().request(post(`http://127.0.0.1:${port}`, { bodyBytesMax: 100 }));
  await ends.reach(1);
});

test('a body may be as long as the bound', async () => {
  const { port } = await visit(answer(200, {}, 'x'.repeat(100)));
  const got = await clientWith().request(post(`http://127.0.0.1:${port}`, { bodyBytesMax: 100 }));
  expect(got).not.toHaveProperty('bodyProblem');
});

test('an empty answer that calls itself gzip is empty', async () => {
  const { port } = await visit(answer(200, { 'content-encoding': 'gzip' }));
  const got = await clientWith().request(post(`http://127.0.0.1:${port}`, { bodyBytesMax: 100 }));
  expect((got as HttpAnswer).body).toHaveLength(0);
});

test('a body that drips is cut off by the time of the request', async () => {
  const { port, arrivals, ends } = await visit(drip(200));
  const pending = clientWith().request(post(`http://127.0.0.1:${port}`, { bodyBytesMax: 1_000_000 }));
  await arrivals.reach(1);
  clock.advance(TIMEOUT_MS - 1);
  expect(clock.timers()).toBe(1);
  clock.advance(1);
  // Whether the status line had been read by then is up to the network.
  const got = await pending;
  expect(got.kind === 'answer' ? got.bodyProblem : got.reason).toBe('timeout');
  await ends.reach(1);
});

test.each([
  { name: 'dripping', behave: drip(200) },
  {
    name: 'promised and never sent',
    behave: ((socket) => socket.write(head(200, { 'content-length': '9' }))) as Behaviour,
  },
])('an unwanted body is not waited for, and its connection is closed after a while: $name', async ({ behave }) => {
  const { port, ends } = await visit(behave);
  await expect(clientWith().request(post(`http://127.0.0.1:${port}`))).resolves.toMatchObject({
    kind: 'answer',
    status: 200,
  });
  expect(ends.count).toBe(0);
  clock.advance(1_000);
  await ends.reach(1);
});

test.each([
  { name: 'endless', behave: flood(200) },
  { name: 'long', behave: answer(200, {}, 'x'.repeat(1_000_000)) },
  { name: 'reset in the middle', behave: resetInBody(200) },
])('an unwanted body costs no more than a few bytes: $name', async ({ behave }) => {
  const { port, ends } = await visit(behave);
  await expect(clientWith().request(post(`http://127.0.0.1:${port}`))).resolves.toMatchObject({
    kind: 'answer',
    status: 200,
  });
  await ends.reach(1);
});

test('an unwanted body is not asked for in compressed form', async () => {
  const { port, requests } = await visit(answer(204));
  await clientWith().request(post(`http://127.0.0.1:${port}`));
  expect(requests[0]).not.toMatch(/accept-encoding/i);
});

test.each([
  { name: 'reset before an answer', behave: resetAtOnce, want: 'connection_failed' },
  { name: 'closed before an answer', behave: closeAtOnce, want: 'connection_failed' },
  { name: 'another protocol', behave: speakAnotherProtocol, want: 'bad_answer' },
  { name: 'a head without end', behave: answer(200, { 'x-long': 'x'.repeat(100_000) }), want: 'bad_answer' },
])('no answer: $name', async ({ behave, want }) => {
  const { port } = await visit(behave);
  const got = await clientWith().request(post(`http://user:pass@127.0.0.1:${port}/secret?token=t`));
  expect(got).toMatchObject({ kind: 'failure', reason: want, detail: expect.stringMatching(`^127.0.0.1:${port}: `) });
  expect(JSON.stringify(got)).not.toMatch(/secret|token|user|pass/);
});

test('no answer: nobody listens', async () => {
  const { port, close } = await visit(hang);
  await close();
  await expect(clientWith().request(post(`http://127.0.0.1:${port}/secret`))).resolves.toEqual({
    kind: 'failure',
    reason: 'connection_failed',
    detail: `127.0.0.1:${port}: the connection was refused (ECONNREFUSED)`,
  });
});

test('a receiver that hangs: timeout, and the connection is gone', async () => {
  const { port, arrivals, ends } = await visit(hang);
  const pending = clientWith().request(post(`http://127.0.0.1:${port}/secret`));
  await arrivals.reach(1);
  clock.advance(TIMEOUT_MS);
  await expect(pending).resolves.toEqual({
    kind: 'failure',
    reason: 'timeout',
    detail: `127.0.0.1:${port}: no answer within 20000 ms`,
  });
  await ends.reach(1);
});

test('a stop of the caller ends a request and its connection', async () => {
  const { port, arrivals, ends } = await visit(hang);
  const stop = new AbortController();
  const pending = clientWith().request(post(`http://127.0.0.1:${port}`, { signal: stop.signal }));
  await arrivals.reach(1);
  stop.abort();
  await expect(pending).resolves.toMatchObject({ kind: 'failure', reason: 'aborted' });
  await ends.reach(1);
  expect(clock.timers()).toBe(0);
});

test('a signal that was aborted before sends nothing', async () => {
  const { port, connections } = await visit(answer(200));
  const got = await clientWith().request(post(`http://127.0.0.1:${port}`, { signal: AbortSignal.abort() }));
  expect(got).toMatchObject({ kind: 'failure', reason: 'aborted' });
  expect(connections.count).toBe(0);
});

test('a name that is never resolved: timeout', async () => {
  const silent: LookupAll = () => undefined;
  const pending = clientWith({ lookup: silent }).request(post('http://example.com/'));
  clock.advance(TIMEOUT_MS);
  await expect(pending).resolves.toMatchObject({ kind: 'failure', reason: 'timeout' });
});

test('requests over the number of connections wait, and within their time', async () => {
  const { port, arrivals } = await visit(hang);
  const http = clientWith();
  const pending = Array.from({ length: 65 }, () => http.request(post(`http://127.0.0.1:${port}`)));
  await arrivals.reach(64);
  clock.advance(TIMEOUT_MS);
  const got = await Promise.all(pending);
  expect(got.every((result) => result.kind === 'failure' && result.reason === 'timeout')).toBe(true);
  expect(arrivals.count).toBe(64);
});

test.each([
  { name: 'user and password', userinfo: 'me:p%40ss', want: 'me:p@ss' },
  { name: 'a user alone', userinfo: 'me', want: 'me:' },
  { name: 'a lone percent sign', userinfo: 'me:100%', want: 'me:100%' },
  { name: 'beyond ASCII', userinfo: 'me:é', want: 'me:é' },
])('credentials of a URL become Basic authorization: $name', async ({ userinfo, want }) => {
  const { port, requests } = await visit(answer(204));
  await clientWith().request(post(`http://${userinfo}@127.0.0.1:${port}/`));
  expect(requests[0]).toContain(`authorization: Basic ${Buffer.from(want).toString('base64')}\r\n`);
  expect(requests[0]).toMatch(/^POST \/ HTTP/);
});

test('an authorization header of the caller wins over the URL', async () => {
  const { port, requests } = await visit(answer(204));
  await clientWith().request(post(`http://me:p@127.0.0.1:${port}/`, { headers: { Authorization: 'Bearer t' } }));
  expect(requests[0]?.match(/^authorization: .*$/gim)).toEqual(
    ['authorization: Bearer t\r'].map((line) => line.trim()),
  );
});

test.each([
  { name: 'a line break in a value', headers: { 'x-a': 'one\r\nx-b: two' } },
  { name: 'a NUL in a value', headers: { 'x-a': '\0' } },
  { name: 'a character beyond Latin-1', headers: { 'x-a': '…' } },
  { name: 'a space in a name', headers: { 'x a': '1' } },
])('a header that is not valid sends nothing: $name', async ({ headers }) => {
  const { port, connections } = await visit(answer(200));
  await expect(clientWith().request(post(`http://127.0.0.1:${port}`, { headers }))).resolves.toMatchObject({
    kind: 'failure',
    detail: expect.stringMatching(/^nothing was sent: /),
  });
  expect(connections.count).toBe(0);
});

test.each(['127.0.0.1', '127.1', '2130706433', '0x7f.1', '１２７．０．０．１', '[::ffff:127.0.0.1]', 'localhost'])(
  'under deny nothing reaches loopback by %s',
  async (host) => {
    const { port, connections } = await visit(answer(200));
    const http = clientWith({ privateAddresses: 'deny' });
    await expect(http.request(post(`http://${host}:${port}/`))).resolves.toMatchObject({ reason: 'address_forbidden' });
    await expect(http.connect(`http://${host}:${port}/`, TIMEOUT_MS, NEVER)).resolves.toMatchObject({
      reason: 'address_forbidden',
    });
    expect(connections.count).toBe(0);
  },
);

test.each(['169.254.169.254', '2852039166', '[::ffff:169.254.169.254]', '[fe80::1]', '0.0.0.0'])(
  'under allow, too, nothing goes to %s',
  async (host) => {
    await expect(clientWith().request(post(`http://${host}/`))).resolves.toMatchObject({
      reason: 'address_forbidden',
      detail: expect.stringContaining('always refused'),
    });
  },
);

test('a name that is rebound between two requests gains nothing', async () => {
  const { port, connections } = await visit(answer(204, { connection: 'close' }));
  const answers = ['127.0.0.1', '169.254.169.254'];
  const rebinding: LookupAll = (_hostname, _options, callback) =>
    callback(null, [{ address: answers.shift() ?? '', family: 4 }]);
  const http = clientWith({ lookup: rebinding });
  const url = `http://rebind.example:${port}/`;
  await expect(http.request(post(url))).resolves.toMatchObject({ kind: 'answer' });
  await expect(http.request(post(url))).resolves.toMatchObject({ reason: 'address_forbidden' });
  expect(connections.count).toBe(1);
});

test.each([
  { code: 'ENOTFOUND', want: 'dns_failed' },
  { code: 'EAI_AGAIN', want: 'dns_failed' },
])('a lookup that fails with $code', async ({ code, want }) => {
  const failing: LookupAll = (_hostname, _options, callback) => callback(Object.assign(new Error(), { code }), []);
  await expect(clientWith({ lookup: failing }).request(post('http://example.com/'))).resolves.toMatchObject({
    reason: want,
    detail: expect.stringMatching(new RegExp(`^example\\.com: .* \\(${code}\\)$`)),
  });
});

test.each(['ftp://example.com', 'nonsense', ''])('%p is no URL to send to', async (url) => {
  await expect(clientWith().request(post(url))).resolves.toMatchObject({ kind: 'failure' });
});

describe('TLS', () => {
  const trusted = selfSignedCertificate();
  const misnamed = selfSignedCertificate('DNS:elsewhere.example');
  const unknown = selfSignedCertificate();
  const systemCertificates = getCACertificates('default');

  beforeAll(() => setDefaultCACertificates([...systemCertificates, trusted.cert, misnamed.cert]));
  afterAll(() => setDefaultCACertificates(systemCertificates));

  test('a certificate that is trusted', async () => {
    const { port } = await visit(answer(204), trusted);
    await expect(clientWith().request(post(`https://127.0.0.1:${port}`))).resolves.toMatchObject({ status: 204 });
    await expect(clientWith().connect(`https://127.0.0.1:${port}`, TIMEOUT_MS, NEVER)).resolves.toBeUndefined();
  });

  test.each([
    { name: 'self-signed', tls: unknown, want: /self-signed \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/ },
    { name: 'for another name', tls: misnamed, want: /another name \(ERR_TLS_CERT_ALTNAME_INVALID\)$/ },
  ])('a certificate that is not: $name', async ({ tls, want }) => {
    const { port, requests } = await visit(answer(204), tls);
    const failure = { kind: 'failure', reason: 'tls_failed', detail: expect.stringMatching(want) };
    const http = clientWith();
    await expect(http.request(post(`https://127.0.0.1:${port}`))).resolves.toMatchObject(failure);
    await expect(http.connect(`https://127.0.0.1:${port}`, TIMEOUT_MS, NEVER)).resolves.toMatchObject(failure);
    expect(requests).toEqual([]);
  });

  test('a server that speaks no TLS', async () => {
    const plain = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await once(plain.listen(0, '127.0.0.1'), 'listening');
    const { port } = plain.address() as AddressInfo;
    await expect(clientWith().request(post(`https://127.0.0.1:${port}`))).resolves.toMatchObject({
      reason: 'tls_failed',
    });
    plain.close();
  });
});

describe('connect', () => {
  test('opens a connection, sends nothing and closes it', async () => {
    const { port, ends, requests } = await visit(answer(200));
    await expect(clientWith().connect(`http://127.0.0.1:${port}/in`, TIMEOUT_MS, NEVER)).resolves.toBeUndefined();
    await ends.reach(1);
    expect(requests).toEqual([]);
    expect(clock.timers()).toBe(0);
  });

  test('says that nobody listens', async () => {
    const { port, close } = await visit(hang);
    await close();
    await expect(clientWith().connect(`http://127.0.0.1:${port}`, TIMEOUT_MS, NEVER)).resolves.toMatchObject({
      reason: 'connection_failed',
    });
  });

  test('ends in time', async () => {
    const silent: LookupAll = () => undefined;
    const pending = clientWith({ lookup: silent }).connect('http://example.com', 500, NEVER);
    clock.advance(500);
    await expect(pending).resolves.toMatchObject({ reason: 'timeout' });
  });

  test('ends when the caller stops', async () => {
    const got = clientWith().connect('http://127.0.0.1:1', 500, AbortSignal.abort());
    await expect(got).resolves.toMatchObject({ reason: 'aborted' });
  });
});
