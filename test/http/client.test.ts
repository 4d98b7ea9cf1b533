import type { LookupAll } from '../../src/http/address-guard.js';
import type { HttpAnswer } from '../../src/ports.js';
import {
  answer,
  type Behaviour,
  closeAtOnce,
  hang,
  resetAtOnce,
  speakAnotherProtocol,
  startZoo,
} from '../support/zoo.js';
import { createStage, NEVER, post, TIMEOUT_MS } from './stage.js';

const stage = createStage();

test('sends method, path, headers and body, and gives the whole answer', async () => {
  const { port, requests } = await stage.visit(answer(200, { 'X-One': 'a', 'x-two': 'b' }, 'hello'));
  const got = await stage
    .clientWith()
    .request(
      post(`http://127.0.0.1:${port}/in?q=1#part`, { headers: { 'X-Key': 'k' }, body: '{"a":"é"}', bodyBytesMax: 100 }),
    );
  expect(got).toMatchObject({ kind: 'answer', status: 200, headers: { 'x-one': 'a', 'x-two': 'b' } });
  expect((got as HttpAnswer).body.toString()).toBe('hello');
  expect(got).not.toHaveProperty('bodyProblem');
  expect(requests[0]).toMatch(/^POST \/in\?q=1 HTTP\/1\.1\r\n/);
  expect(requests[0]).toMatch(/^x-key: k\r$/m);
  expect(requests[0]).toMatch(/^user-agent: recording-notifier\/test\r$/m);
  expect(requests[0]).toMatch(/^content-length: 10\r$/m);
  expect(stage.clock.timers()).toBe(0);
});

test('joins a header that is repeated', async () => {
  const twice: Behaviour = (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\ncontent-length: 0\r\n\r\n');
  };
  const { port } = await stage.visit(twice);
  await expect(stage.clientWith().request(post(`http://127.0.0.1:${port}`))).resolves.toMatchObject({
    headers: { 'x-a': '1, 2' },
  });
});

test.each([301, 302, 303, 307, 308])('does not follow a %i, so the target sees nothing', async (status) => {
  const target = await startZoo(answer(200));
  const location = `http://127.0.0.1:${target.port}/`;
  const { port } = await stage.visit(answer(status, { location }));
  await expect(
    stage.clientWith().request(post(`http://127.0.0.1:${port}`, { headers: { 'webhook-signature': 'v1,x' } })),
  ).resolves.toMatchObject({ kind: 'answer', status, headers: { location } });
  expect(target.connections.count).toBe(0);
  await target.close();
});

test.each([
  { name: 'with a body that is wanted', bodyBytesMax: 10 },
  { name: 'with a body that is not', bodyBytesMax: 0 },
])('uses connections again, $name', async ({ bodyBytesMax }) => {
  const { port, connections } = await stage.visit(answer(200, {}, 'ok'));
  const http = stage.clientWith();
  for (let index = 0; index < 20; index += 1) await http.request(post(`http://127.0.0.1:${port}`, { bodyBytesMax }));
  // The next request may start a moment before the last one's connection is free.
  expect(connections.count).toBeLessThanOrEqual(2);
});

test.each([
  { name: 'reset before an answer', behave: resetAtOnce, want: 'connection_failed' },
  { name: 'closed before an answer', behave: closeAtOnce, want: 'connection_failed' },
  { name: 'another protocol', behave: speakAnotherProtocol, want: 'bad_answer' },
  { name: 'a head without end', behave: answer(200, { 'x-long': 'x'.repeat(100_000) }), want: 'bad_answer' },
])('no answer: $name', async ({ behave, want }) => {
  const { port } = await stage.visit(behave);
  const got = await stage.clientWith().request(post(`http://user:pass@127.0.0.1:${port}/secret?token=t`));
  expect(got).toMatchObject({ kind: 'failure', reason: want, detail: expect.stringMatching(`^127.0.0.1:${port}: `) });
  expect(JSON.stringify(got)).not.toMatch(/secret|token|user|pass/);
});

test('no answer: nobody listens', async () => {
  const { port, close } = await stage.visit(hang);
  await close();
  await expect(stage.clientWith().request(post(`http://127.0.0.1:${port}/secret`))).resolves.toEqual({
    kind: 'failure',
    reason: 'connection_failed',
    detail: `127.0.0.1:${port}: the connection was refused (ECONNREFUSED)`,
  });
});

test('a receiver that hangs: timeout, and the connection is gone', async () => {
  const { port, arrivals, ends } = await stage.visit(hang);
  const pending = stage.clientWith().request(post(`http://127.0.0.1:${port}/secret`));
  await arrivals.reach(1);
  stage.clock.advance(TIMEOUT_MS);
  await expect(pending).resolves.toEqual({
    kind: 'failure',
    reason: 'timeout',
    detail: `127.0.0.1:${port}: no answer within 20000 ms`,
  });
  await ends.reach(1);
});

test('a stop of the caller ends a request and its connection', async () => {
  const { port, arrivals, ends } = await stage.visit(hang);
  const stop = new AbortController();
  const pending = stage.clientWith().request(post(`http://127.0.0.1:${port}`, { signal: stop.signal }));
  await arrivals.reach(1);
  stop.abort();
  await expect(pending).resolves.toMatchObject({ kind: 'failure', reason: 'aborted' });
  await ends.reach(1);
  expect(stage.clock.timers()).toBe(0);
});

test('a signal that was aborted before sends nothing', async () => {
  const { port, connections } = await stage.visit(answer(200));
  const got = await stage.clientWith().request(post(`http://127.0.0.1:${port}`, { signal: AbortSignal.abort() }));
  expect(got).toMatchObject({ kind: 'failure', reason: 'aborted' });
  expect(connections.count).toBe(0);
});

test('a name that is never resolved: timeout', async () => {
  const silent: LookupAll = () => undefined;
  const pending = stage.clientWith({ lookup: silent }).request(post('http://example.com/'));
  stage.clock.advance(TIMEOUT_MS);
  await expect(pending).resolves.toMatchObject({ kind: 'failure', reason: 'timeout' });
});

test('requests over the number of connections wait, and within their time', async () => {
  const { port, arrivals } = await stage.visit(hang);
  const http = stage.clientWith();
  const pending = Array.from({ length: 65 }, () => http.request(post(`http://127.0.0.1:${port}`)));
  await arrivals.reach(64);
  stage.clock.advance(TIMEOUT_MS);
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
  const { port, requests } = await stage.visit(answer(204));
  await stage.clientWith().request(post(`http://${userinfo}@127.0.0.1:${port}/`));
  expect(requests[0]).toContain(`authorization: Basic ${Buffer.from(want).toString('base64')}\r\n`);
  expect(requests[0]).toMatch(/^POST \/ HTTP/);
});

test('an authorization header of the caller wins over the URL', async () => {
  const { port, requests } = await stage.visit(answer(204));
  await stage.clientWith().request(post(`http://me:p@127.0.0.1:${port}/`, { headers: { Authorization: 'Bearer t' } }));
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
  const { port, connections } = await stage.visit(answer(200));
  await expect(stage.clientWith().request(post(`http://127.0.0.1:${port}`, { headers }))).resolves.toMatchObject({
    kind: 'failure',
    detail: expect.stringMatching(/^nothing was sent: /),
  });
  expect(connections.count).toBe(0);
});

test.each(['ftp://example.com', 'nonsense', ''])('%p is no URL to send to', async (url) => {
  await expect(stage.clientWith().request(post(url))).resolves.toMatchObject({ kind: 'failure' });
});

describe('connect', () => {
  test('opens a connection, sends nothing and closes it', async () => {
    const { port, ends, requests } = await stage.visit(answer(200));
    await expect(stage.clientWith().connect(`http://127.0.0.1:${port}/in`, TIMEOUT_MS, NEVER)).resolves.toBeUndefined();
    await ends.reach(1);
    expect(requests).toEqual([]);
    expect(stage.clock.timers()).toBe(0);
  });

  test('says that nobody listens', async () => {
    const { port, close } = await stage.visit(hang);
    await close();
    await expect(stage.clientWith().connect(`http://127.0.0.1:${port}`, TIMEOUT_MS, NEVER)).resolves.toMatchObject({
      reason: 'connection_failed',
    });
  });

  test('ends in time', async () => {
    const silent: LookupAll = () => undefined;
    const pending = stage.clientWith({ lookup: silent }).connect('http://example.com', 500, NEVER);
    stage.clock.advance(500);
    await expect(pending).resolves.toMatchObject({ reason: 'timeout' });
  });

  test('ends when the caller stops', async () => {
    const got = stage.clientWith().connect('http://127.0.0.1:1', 500, AbortSignal.abort());
    await expect(got).resolves.toMatchObject({ reason: 'aborted' });
  });
});
