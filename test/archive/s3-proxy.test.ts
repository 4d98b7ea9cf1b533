import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { s3Target } from '../../src/archive/s3.js';
import { proxyRules } from '../../src/http/proxy.js';
import { nonce, systemClock } from '../../src/system.js';
import { BUCKET, type S3Server, startS3Server } from '../support/s3-server.js';
import { archive, bytesOf, recordingOf } from './conformance.js';

/** A proxy that alone knows where the storage is, and lets nobody through to anything else. */
async function startProxy(storage: S3Server) {
  const asked: string[] = [];
  const server = createServer((incoming, answer) => {
    const { host, pathname, search } = new URL(incoming.url ?? '');
    asked.push(host);
    const { port, host: itsOwn } = new URL(storage.settings.endpoint ?? '');
    const headers = { ...incoming.headers, host: itsOwn };
    const to = { port, path: pathname + search, method: incoming.method, headers };
    const onward = forward(to, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(answer);
    });
    incoming.pipe(onward.on('error', () => answer.destroy()));
  });
  server.on('connect', ({ url }, socket) => {
    asked.push(`CONNECT ${url}`);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { asked, url: `http://user:planted-password@127.0.0.1:${port}`, close: () => server.close() };
}

let storage: S3Server;
let proxy: Awaited<ReturnType<typeof startProxy>>;

beforeEach(async () => {
  storage = await startS3Server();
  proxy = await startProxy(storage);
});
afterEach(async () => {
  proxy.close();
  await storage.close();
});

function targetAt(endpoint: string | undefined, environment: Record<string, string>) {
  const limits = { connectTimeoutMs: 10_000, idleTimeoutMs: 10_000, attempts: 1 };
  const settings = { ...storage.settings, region: 'eu-central-1', endpoint };
  const { proxyFor } = proxyRules(environment);
  return s3Target({ address: { bucket: BUCKET, prefix: 'a' }, settings, clock: systemClock, nonce, limits, proxyFor });
}

test('storage is reached through the proxy of the environment', async () => {
  const target = targetAt('http://storage.example', { HTTP_PROXY: proxy.url });
  await target.open();
  const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(9_000_000));
  expect(await target.find(file)).toEqual(file);
  expect(new Set(proxy.asked)).toEqual(new Set(['storage.example']));
  await target.close();
});

test('storage that NO_PROXY names is reached directly', async () => {
  const target = targetAt(storage.settings.endpoint, { HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.1' });
  await target.open();
  expect(proxy.asked).toEqual([]);
  await target.close();
});

test.each([
  { name: 'a storage of one own', endpoint: 'https://storage.example', host: 'storage.example:443' },
  { name: 'AWS', endpoint: undefined, host: `${BUCKET}.s3.eu-central-1.amazonaws.com:443` },
])(
  'https goes through a tunnel; a proxy that refuses it is said without its password: $name',
  async ({ endpoint, host }) => {
    const target = targetAt(endpoint, { HTTPS_PROXY: proxy.url });
    const error: Error = await target.open().then(
      () => new Error('it was opened'),
      (reason) => reason,
    );
    expect(error).toMatchObject({ name: 'ArchiveError', kind: 'unreachable' });
    expect(error.message).toContain('proxy');
    expect(error.message).not.toContain('planted');
    expect(proxy.asked).toEqual([`CONNECT ${host}`]);
    await target.close();
  },
);
