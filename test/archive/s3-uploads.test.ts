import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { ArchiveTarget } from '../../src/archive/define.js';
import { s3Target } from '../../src/archive/s3.js';
import { partBytesFor } from '../../src/archive/s3-draft.js';
import { nonce, systemClock } from '../../src/system.js';
import { collect } from '../support/collect.js';
import { createCondition } from '../support/condition.js';
import { BUCKET, type S3Request, type S3Server, startS3Server } from '../support/s3-server.js';
import { archive, begin, bytesOf, recordingOf } from './conformance.js';

const [KIB, MIB, GIB] = [1024, 1024 ** 2, 1024 ** 3];
const DAY_MS = 86_400_000;

let server: S3Server;
let target: ArchiveTarget;
let prefixes = 0;

beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());

beforeEach(() => {
  prefixes += 1;
  target = targetAt(`archive-${prefixes}`);
});
afterEach(async () => {
  server.heal();
  server.uploads.clear();
  await target.close();
});

function targetAt(prefix: string): ArchiveTarget {
  return s3Target({ address: { bucket: BUCKET, prefix }, settings: server.settings, clock: systemClock, nonce });
}

test.each([
  { name: 'an empty file', bytes: 0, want: 8 * MIB },
  { name: 'a file of which the size is not known', bytes: null, want: 32 * MIB },
  { name: '10,000 of the smallest parts', bytes: 80_000 * MIB, want: 8 * MIB },
  { name: 'a byte more', bytes: 80_000 * MIB + 1, want: 9 * MIB },
  { name: 'hundreds of gigabytes', bytes: 500 * GIB, want: 52 * MIB },
  { name: 'the largest object', bytes: 5 * 1024 * GIB, want: 525 * MIB },
  { name: 'more than that', bytes: 50 * 1024 * GIB, want: 525 * MIB },
])('the size of parts: $name', ({ bytes, want }) => {
  expect(partBytesFor(bytes)).toBe(want);
});

test.each([
  { size: 8 * MIB - 1, parts: 0 },
  { size: 8 * MIB, parts: 0 },
  { size: 8 * MIB + 1, parts: 2 },
  { size: 16 * MIB, parts: 2 },
  { size: 20 * MIB + 7, parts: 3 },
])('a file of $size bytes is sent in $parts parts', async ({ size, parts }) => {
  const from = server.requests.length;
  const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(size));
  const numbers = server.requests.slice(from).flatMap(({ query }) => query.get('partNumber') ?? []);
  expect(numbers).toEqual(Array.from({ length: parts }, (_, index) => String(index + 1)));
  expect(server.uploads.size).toBe(0);
  expect(await target.find(file)).toEqual(file);
  expect(Buffer.concat(await collect(target.read(file))).equals(bytesOf(size))).toBe(true);
});

test.each([
  { name: 'part of several', size: 9 * MIB, isSent: (request: S3Request) => request.query.get('partNumber') === '1' },
  { name: 'whole file', size: KIB, isSent: ({ method, key }: S3Request) => method === 'PUT' && key.endsWith('.mp4') },
])('a $name that breaks once is sent again', async ({ size, isSent }) => {
  server.fail('break', (request) => {
    if (!isSent(request)) return false;
    server.heal();
    return true;
  });
  const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(size));
  expect(Buffer.concat(await collect(target.read(file))).equals(bytesOf(size))).toBe(true);
});

test.each([
  { name: 'the first part', matches: ({ query }: S3Request) => query.get('partNumber') === '1' },
  { name: 'the last part', matches: ({ query }: S3Request) => query.get('partNumber') === '3' },
  { name: 'the end', matches: ({ method, query }: S3Request) => method === 'POST' && query.has('uploadId') },
])('an upload that fails at $name is aborted on the storage', async ({ matches }) => {
  server.fail({ status: 507, code: 'InsufficientStorage' }, matches);
  const archiving = archive(target, recordingOf('a'), 'a.mp4', bytesOf(20 * MIB));
  await expect(archiving).rejects.toMatchObject({ name: 'ArchiveError', kind: 'no_space' });
  expect(server.uploads.size).toBe(0);
  expect(await collect(target.inspect())).toEqual([]);

  server.heal();
  const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(20 * MIB));
  expect(await target.find(file)).toEqual(file);
});

test('an attempt that ends while a part hangs is aborted on the storage at once', async () => {
  const condition = createCondition(() => JSON.stringify(server.requests));
  let hanging = 0;
  server.fail('silence', ({ query }) => {
    if (!query.has('partNumber')) return false;
    hanging += 1;
    condition.check();
    return true;
  });
  const draft = await begin(target, recordingOf('a'), 'a.mp4', bytesOf(9 * MIB));
  await condition.until('a part hangs', () => hanging > 0);
  expect(server.uploads.size).toBe(1);
  await draft.abandon();
  expect(server.uploads.size).toBe(0);
  await expect(draft.write(bytesOf(1))).rejects.toThrow();
  await expect(draft.finish()).rejects.toThrow();
  expect(await collect(target.inspect())).toEqual([]);
});

test('abandoning does not throw where the storage is gone, and may come twice', async () => {
  const draft = await begin(target, recordingOf('a'), 'a.mp4', bytesOf(9 * MIB));
  server.fail('break', () => true);
  await expect(draft.abandon()).resolves.toBeUndefined();
  await expect(draft.abandon()).resolves.toBeUndefined();
});

test('abandoning a draft that is finished leaves the file', async () => {
  const draft = await begin(target, recordingOf('a'), 'a.mp4', bytesOf(9 * MIB));
  const file = await draft.finish();
  await draft.abandon();
  expect(await target.find(file)).toEqual(file);
});

test('an upload of which the last answer is lost is whole', async () => {
  server.fail(
    'lost answer',
    ({ method, query }) => method === 'POST' && query.has('uploadId') && server.uploads.size > 0,
  );
  const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(9 * MIB));
  expect(await target.find(file)).toEqual(file);
  expect(Buffer.concat(await collect(target.read(file))).equals(bytesOf(9 * MIB))).toBe(true);
});

test.each([
  { name: 'its JSON', isLost: (key: string) => key.endsWith('a.mp4.json'), want: 'unknown' },
  { name: 'its line of the manifest', isLost: (key: string) => key.includes('/.manifest/'), want: 'disputed' },
])('an object is no file of the archive without $name', async ({ isLost, want }) => {
  server.fail('break', ({ method, key }) => method === 'PUT' && isLost(key));
  const archiving = archive(target, recordingOf('a'), 'a.mp4', bytesOf(KIB));
  await expect(archiving).rejects.toMatchObject({ name: 'ArchiveError', kind: 'unreachable' });

  server.heal();
  expect(await target.find(recordingOf('a'))).toBeUndefined();
  expect(await collect(target.files())).toEqual([]);
  expect(await collect(target.inspect())).toEqual([expect.objectContaining({ kind: want, path: 'a.mp4' })]);
  const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(KIB));
  expect(await collect(target.inspect())).toEqual([{ kind: 'file', file }]);
});

test('a line does not vouch for the object of another draft', async () => {
  const file = await archive(target, recordingOf('a'), 'a.mp4', Buffer.from('one'));
  expect(await target.find(file)).toEqual(file);
  server.fail('break', ({ method, key }) => method === 'PUT' && key.endsWith('.json'));
  await expect(archive(target, recordingOf('a'), 'a.mp4', Buffer.from('two'))).rejects.toThrow();
  server.heal();
  expect(await target.find(file)).toBeUndefined();
});

test('an object says what it is', async () => {
  const recording = { ...recordingOf('é/😀', 3), source: 'main' };
  await archive(target, recording, 'a.mp4', bytesOf(9 * MIB));
  const key = { Bucket: BUCKET, Key: `archive-${prefixes}/a.mp4` };
  const { ContentType, Metadata } = await server.client.send(new HeadObjectCommand(key));
  const metadata = { draft: expect.any(String), source: 'main', uuid: '%C3%A9%2F%F0%9F%98%80', occurrence: '3' };
  expect({ ContentType, Metadata }).toEqual({ ContentType: 'video/mp4', Metadata: metadata });
});

/** The upload by which it tries whether it may write is one of them. */
async function abortedByOpening(): Promise<readonly string[]> {
  const from = server.requests.length;
  await target.open();
  return server.requests
    .slice(from)
    .flatMap(({ method, query }) => (method === 'DELETE' ? (query.get('uploadId') ?? []) : []));
}

test('opening aborts what killed attempts have left, if it is old and ours', async () => {
  const nowMs = Date.now();
  const draft = await begin(target, recordingOf('a'), 'a.mp4', bytesOf(9 * MIB));
  const [[ours] = []] = [...server.uploads];
  server.uploads.set(String(ours), { key: `archive-${prefixes}/a.mp4`, startedAtMs: nowMs - DAY_MS - 60_000 });
  server.uploads.set('young', { key: `archive-${prefixes}/b.mp4`, startedAtMs: nowMs - DAY_MS + 60_000 });
  server.uploads.set('of others', { key: `archive-${prefixes}0/a.mp4`, startedAtMs: nowMs - 9 * DAY_MS });
  expect(await abortedByOpening()).toEqual([expect.any(String), ours]);
  expect([...server.uploads.keys()]).toEqual(['young', 'of others']);
  await draft.abandon();
});

test('opening aborts nothing in a bucket without a prefix, where it may be of others', async () => {
  target = targetAt('');
  server.uploads.set('of others', { key: 'a.mp4', startedAtMs: Date.now() - 9 * DAY_MS });
  expect(await abortedByOpening()).toEqual([expect.any(String)]);
});

test('opening works where uploads may not be listed', async () => {
  server.fail({ status: 403, code: 'AccessDenied' }, ({ method, query }) => method === 'GET' && query.has('uploads'));
  await expect(target.open()).resolves.toBeUndefined();
});
