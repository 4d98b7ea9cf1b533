import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { readBody } from '../../src/http/body.js';
import type { HttpAnswer } from '../../src/ports.js';
import { answer, type Behaviour, drip, flood, gzipBomb, head, resetInBody } from '../support/zoo.js';
import { createStage, post, TIMEOUT_MS } from './stage.js';

const stage = createStage();

test.each([
  { name: 'gzip', coding: 'gzip', body: gzipSync('decoded') },
  { name: 'deflate', coding: 'deflate', body: deflateSync('decoded') },
  { name: 'brotli', coding: 'br', body: brotliCompressSync('decoded') },
  { name: 'none', coding: 'identity', body: Buffer.from('decoded') },
])('decodes a body, coding $name', async ({ coding, body }) => {
  const { port, requests } = await stage.visit(answer(200, { 'content-encoding': coding }, body));
  const got = await stage.clientWith().request(post(`http://127.0.0.1:${port}`, { bodyBytesMax: 7 }));
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
  const { port } = await stage.visit(behave);
  const got = await stage.clientWith().request(post(`http://127.0.0.1:${port}`, { bodyBytesMax: 100 }));
  expect(got).toMatchObject({ kind: 'answer', status: 200, bodyProblem: want });
  expect((got as HttpAnswer).body).toHaveLength(bytes);
});

test('an endless body that is wanted ends with its connection', async () => {
  const { port, ends } = await stage.visit(flood(200));
  await stage.clientWith().request(post(`http://127.0.0.1:${port}`, { bodyBytesMax: 100 }));
  await ends.reach(1);
});

test('a body may be as long as the bound', async () => {
  const { port } = await stage.visit(answer(200, {}, 'x'.repeat(100)));
  const got = await stage.clientWith().request(post(`http://127.0.0.1:${port}`, { bodyBytesMax: 100 }));
  expect(got).not.toHaveProperty('bodyProblem');
});

test('an empty answer that calls itself gzip is empty', async () => {
  const { port } = await stage.visit(answer(200, { 'content-encoding': 'gzip' }));
  const got = await stage.clientWith().request(post(`http://127.0.0.1:${port}`, { bodyBytesMax: 100 }));
  expect((got as HttpAnswer).body).toHaveLength(0);
});

test('a body that drips is cut off by the time of the request', async () => {
  const { port, arrivals, ends } = await stage.visit(drip(200));
  const pending = stage.clientWith().request(post(`http://127.0.0.1:${port}`, { bodyBytesMax: 1_000_000 }));
  await arrivals.reach(1);
  stage.clock.advance(TIMEOUT_MS - 1);
  expect(stage.clock.timers()).toBe(1);
  stage.clock.advance(1);
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
  const { port, ends } = await stage.visit(behave);
  await expect(stage.clientWith().request(post(`http://127.0.0.1:${port}`))).resolves.toMatchObject({
    kind: 'answer',
    status: 200,
  });
  expect(ends.count).toBe(0);
  stage.clock.advance(1_000);
  await ends.reach(1);
});

test.each([
  { name: 'endless', behave: flood(200) },
  { name: 'long', behave: answer(200, {}, 'x'.repeat(1_000_000)) },
  { name: 'reset in the middle', behave: resetInBody(200) },
])('an unwanted body costs no more than a few bytes: $name', async ({ behave }) => {
  const { port, ends } = await stage.visit(behave);
  await expect(stage.clientWith().request(post(`http://127.0.0.1:${port}`))).resolves.toMatchObject({
    kind: 'answer',
    status: 200,
  });
  await ends.reach(1);
});

test('an unwanted body is not asked for in compressed form', async () => {
  const { port, requests } = await stage.visit(answer(204));
  await stage.clientWith().request(post(`http://127.0.0.1:${port}`));
  expect(requests[0]).not.toMatch(/accept-encoding/i);
});

test.each([
  { name: 'destroyed', over: async (stream: Readable) => void stream.destroy() },
  {
    name: 'read by somebody else',
    over: async (stream: Readable) => {
      stream.resume();
      await finished(stream);
    },
  },
])('a body that was over before is broken, and not waited for: $name', async ({ over }) => {
  const stream = Readable.from([Buffer.from('lost')]);
  await over(stream);
  expect(await readBody(stream, undefined, 100)).toEqual({ body: Buffer.alloc(0), bodyProblem: 'broken' });
});
