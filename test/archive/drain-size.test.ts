import { remoteBytes } from '../../src/archive/drain-size.js';
import { createHttpClient } from '../../src/http/client.js';
import { type Act, type FileServer, startFileServer } from '../support/file-server.js';
import { realClock } from '../support/real-clock.js';

const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
let files: FileServer;

beforeAll(async () => {
  files = await startFileServer(Buffer.alloc(1_234));
});
afterAll(() => Promise.all([http.close(), files.close()]));

test.each<{ name: string; act: Act; want: number | undefined }>([
  { name: 'a server that knows no ranges', act: {}, want: 1_234 },
  {
    name: 'a range of the whole',
    act: { status: 206, headers: { 'content-range': 'bytes 0-0/98765432100' }, breakAfter: 1 },
    want: 98_765_432_100,
  },
  {
    name: 'a range of nobody knows what',
    act: { status: 206, headers: { 'content-range': 'bytes 0-0/*' } },
    want: undefined,
  },
  {
    name: 'a range of nonsense',
    act: { status: 206, headers: { 'content-range': '/99999999999999999999' } },
    want: undefined,
  },
  { name: 'no range', act: { status: 206 }, want: undefined },
  { name: 'no length', act: { without: ['content-length'] }, want: undefined },
  { name: 'a dead URL', act: { status: 403 }, want: undefined },
  { name: 'a redirect', act: { status: 302, headers: { location: '/' } }, want: undefined },
])('$name', async ({ act, want }) => {
  files.plan = () => act;
  const link = { url: files.url, givenBy: files.url };
  expect(await remoteBytes(http, link, new AbortController().signal)).toBe(want);
  expect(files.requests.at(-1)?.range).toBe('bytes=0-0');
});

test('an address that a URL from an API must not lead to is not asked', async () => {
  const before = files.requests.length;
  expect(await remoteBytes(http, { url: files.url, givenBy: undefined }, new AbortController().signal)).toBeUndefined();
  expect(files.requests).toHaveLength(before);
});
