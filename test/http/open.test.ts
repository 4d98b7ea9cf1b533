import type { LookupAll } from '../../src/http/address-guard.js';
import type { HttpBodyError, HttpOpenRequest, HttpStream } from '../../src/ports.js';
import { collect } from '../support/collect.js';
import { answer, type Behaviour, hang, startZoo } from '../support/zoo.js';
import { createStage, NEVER, TIMEOUT_MS } from './stage.js';

const IDLE_MS = 5_000;
const HERE = 'http://127.0.0.1:1/';

const stage = createStage();

function get(url: string, request: Partial<HttpOpenRequest> = {}): HttpOpenRequest {
  return { url, headers: {}, timeoutMs: TIMEOUT_MS, idleMs: IDLE_MS, signal: NEVER, givenBy: HERE, ...request };
}

/** A head that promises more than the piece that follows it. */
const halfway: Behaviour = (socket) => {
  socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello');
};

async function opened(port: number, request: Partial<HttpOpenRequest> = {}): Promise<HttpStream> {
  const got = await stage.clientWith().open(get(`http://127.0.0.1:${port}/f?q=1`, request));
  if (got.kind === 'failure') throw new Error(got.detail);
  return got;
}

/** The pieces that came, and how it ended. */
async function readOut({ body }: HttpStream, onPiece: () => void = () => undefined) {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of body) {
      pieces.push(piece);
      onPiece();
    }
  } catch (error) {
    return { text: Buffer.concat(pieces).toString(), reason: (error as HttpBodyError).reason, error };
  }
  return { text: Buffer.concat(pieces).toString() };
}

test('gives head and body, and asks for no coding, whatever the caller says', async () => {
  const { port, requests } = await stage.visit(answer(206, { 'Content-Range': 'bytes 1-5/6' }, 'hello'));
  const stream = await opened(port, { headers: { Range: 'bytes=1-', 'Accept-Encoding': 'gzip' } });
  expect(stream).toMatchObject({ kind: 'stream', status: 206, headers: { 'content-range': 'bytes 1-5/6' } });
  expect(await readOut(stream)).toEqual({ text: 'hello' });
  expect(requests[0]).toMatch(/^GET \/f\?q=1 HTTP\/1\.1\r\n/);
  expect(requests[0]).toMatch(/^range: bytes=1-\r$/m);
  expect(requests[0]).toMatch(/^accept-encoding: identity\r$/m);
  expect(stage.clock.timers()).toBe(0);
});

test('a coding that was not asked for is no answer', async () => {
  const { port } = await stage.visit(answer(200, { 'content-encoding': 'gzip' }, 'x'));
  const got = await stage.clientWith().open(get(`http://127.0.0.1:${port}/`));
  expect(got).toMatchObject({ kind: 'failure', reason: 'bad_answer' });
  expect(stage.clock.timers()).toBe(0);
});

test('a redirect is not followed, so the target sees nothing', async () => {
  const target = await startZoo(answer(200));
  const { port } = await stage.visit(answer(302, { location: `http://127.0.0.1:${target.port}/` }));
  const stream = await opened(port);
  stream.discard();
  expect(stream).toMatchObject({ status: 302, headers: { location: `http://127.0.0.1:${target.port}/` } });
  expect(target.connections.count).toBe(0);
  await target.close();
});

test('no head in time', async () => {
  const { port, arrivals, ends } = await stage.visit(hang);
  const pending = stage.clientWith().open(get(`http://127.0.0.1:${port}/secret`));
  await arrivals.reach(1);
  stage.clock.advance(TIMEOUT_MS);
  await expect(pending).resolves.toEqual({
    kind: 'failure',
    reason: 'timeout',
    detail: `127.0.0.1:${port}: no answer within ${TIMEOUT_MS} ms`,
  });
  await ends.reach(1);
});

test('a body that falls silent ends in a timeout, and its connection with it', async () => {
  const { port, ends } = await stage.visit(halfway);
  const stream = await opened(port);
  const pieces = stream.body[Symbol.asyncIterator]();
  await expect(pieces.next()).resolves.toMatchObject({ value: Buffer.from('hello') });
  const silence = pieces.next();
  stage.clock.advance(IDLE_MS);
  await expect(silence).rejects.toMatchObject({
    reason: 'timeout',
    message: `127.0.0.1:${port}: nothing came for ${IDLE_MS} ms`,
  });
  await ends.reach(1);
  expect(stage.clock.timers()).toBe(0);
});

test('the time that its reader takes ends nothing', async () => {
  const { port } = await stage.visit(answer(200, {}, 'hello'));
  const stream = await opened(port);
  stage.clock.advance(100 * TIMEOUT_MS);
  expect(await readOut(stream, () => stage.clock.advance(100 * IDLE_MS))).toEqual({ text: 'hello' });
});

test('a body that breaks off', async () => {
  const { port } = await stage.visit((socket, request) => {
    halfway(socket, request);
    socket.end();
  });
  const got = await readOut(await opened(port));
  expect(got).toMatchObject({ text: 'hello', reason: 'broken' });
  expect(String(got.error)).toContain(`127.0.0.1:${port}: `);
  expect(String(got.error)).not.toContain('q=1');
});

test('a stop of the caller ends a body', async () => {
  const { port, ends } = await stage.visit(halfway);
  const stop = new AbortController();
  const stream = await opened(port, { signal: stop.signal });
  expect(await readOut(stream, () => stop.abort())).toMatchObject({ text: 'hello', reason: 'aborted' });
  await ends.reach(1);
  expect(stage.clock.timers()).toBe(0);
});

test.each([
  { name: 'before it is read', use: async (stream: HttpStream) => stream.discard() },
  {
    name: 'by leaving the loop',
    use: async ({ body }: HttpStream) => {
      for await (const _piece of body) break;
    },
  },
])('a body is dropped with its connection: $name', async ({ use }) => {
  const { port, ends } = await stage.visit(halfway);
  const stream = await opened(port);
  await use(stream);
  await ends.reach(1);
  expect(stage.clock.timers()).toBe(0);
});

test('nothing comes faster than it is read', async () => {
  const sent = { isAll: false };
  const { port } = await stage.visit((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n');
    socket.write(Buffer.alloc(50_000_000), (error) => {
      sent.isAll = error == null;
    });
  });
  const stream = await opened(port);
  const pieces = stream.body[Symbol.asyncIterator]();
  await pieces.next();
  const other = await stage.visit(answer(200, {}, Buffer.alloc(1_000_000)));
  for (let turn = 0; turn < 100; turn += 1) await readOut(await opened(other.port));
  expect(sent.isAll).toBe(false);
  await collect({ [Symbol.asyncIterator]: () => pieces });
  expect(sent.isAll).toBe(true);
});

describe('a URL that an API gave', () => {
  const resolveTo =
    (address: string): LookupAll =>
    (_hostname, _options, callback) =>
      callback(null, [{ address, family: 4 }]);

  test.each([
    { name: 'nobody vouches for it', givenBy: undefined, rules: 'allow' },
    { name: 'its API is at a public address', givenBy: 'https://8.8.8.8/', rules: 'allow' },
    { name: 'the operator denies private addresses', givenBy: HERE, rules: 'deny' },
    { name: 'its API is nowhere', givenBy: 'nowhere', rules: 'allow' },
  ] as const)('does not lead into our own network where $name', async ({ givenBy, rules }) => {
    const { port, connections } = await stage.visit(answer(200));
    const http = stage.clientWith({ privateAddresses: rules });
    for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', 'localhost', '2130706433']) {
      await expect(http.open(get(`http://${host}:${port}/`, { givenBy }))).resolves.toMatchObject({
        reason: 'address_forbidden',
        detail: expect.stringMatching(/is a private address, which a URL from an API must not lead to$/),
      });
    }
    expect(connections.count).toBe(0);
  });

  test.each([
    { name: 'written as one', givenBy: HERE, lookup: resolveTo('8.8.8.8') },
    { name: 'by its name', givenBy: 'http://api.internal/', lookup: resolveTo('10.1.2.3') },
  ])('may lead there if its API is there: $name', async ({ givenBy, lookup }) => {
    const { port } = await stage.visit(answer(200, {}, 'hello'));
    const got = await stage.clientWith({ lookup }).open(get(`http://127.0.0.1:${port}/`, { givenBy }));
    expect(await readOut(got as HttpStream)).toEqual({ text: 'hello' });
  });

  test('does not, by a name of its API that is public', async () => {
    const http = stage.clientWith({ lookup: resolveTo('8.8.8.8') });
    await expect(http.open(get('http://10.0.0.1/', { givenBy: 'https://api.example/' }))).resolves.toMatchObject({
      reason: 'address_forbidden',
    });
  });

  test.each(['169.254.169.254', '100.100.100.200', '[fe80::1]'])('never leads to %s', async (host) => {
    await expect(stage.clientWith().open(get(`http://${host}/`))).resolves.toMatchObject({
      reason: 'address_forbidden',
      detail: expect.stringContaining('always refused'),
    });
  });

  test('is reached over no connection that was opened by easier rules', async () => {
    const { port, connections } = await stage.visit(answer(200, {}, 'hello'));
    const http = stage.clientWith();
    const url = `http://127.0.0.1:${port}/`;
    expect(await readOut((await http.open(get(url))) as HttpStream)).toEqual({ text: 'hello' });
    await expect(http.open(get(url, { givenBy: undefined }))).resolves.toMatchObject({ reason: 'address_forbidden' });
    expect(connections.count).toBe(1);
  });
});
