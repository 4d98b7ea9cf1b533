import { inspect } from 'node:util';
import { ArchiveError, type ArchiveTarget } from '../../src/archive/define.js';
import { s3Target } from '../../src/archive/s3.js';
import { archiveErrorOf } from '../../src/archive/s3-errors.js';
import { nonce, systemClock } from '../../src/system.js';
import { collect } from '../support/collect.js';
import { freePort } from '../support/free-port.js';
import { BUCKET, type S3Server, startS3Server } from '../support/s3-server.js';
import { archive, bytesOf, recordingOf } from './conformance.js';

let server: S3Server;
const opened: ArchiveTarget[] = [];

beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());
afterEach(async () => {
  server.heal();
  for (const target of opened.splice(0)) await target.close();
});

function targetAt({
  bucket = BUCKET,
  prefix = 'a',
  endpoint = String(server.settings.endpoint),
  attempts = 2,
  idleTimeoutMs = 20_000,
} = {}) {
  const settings = { ...server.settings, endpoint };
  const limits = { connectTimeoutMs: 5_000, idleTimeoutMs, attempts };
  const target = s3Target({ address: { bucket, prefix }, settings, clock: systemClock, nonce, limits });
  opened.push(target);
  return target;
}

async function errorOf(operation: Promise<unknown>): Promise<ArchiveError> {
  const error: unknown = await operation.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ArchiveError)) throw new Error(`no ArchiveError, but ${inspect(error)}`);
  return error;
}

const CASES = [
  { status: 403, code: 'InvalidAccessKeyId', kind: 'forbidden', words: 'does not know the access key' },
  { status: 403, code: 'SignatureDoesNotMatch', kind: 'forbidden', words: 'check secretAccessKey' },
  { status: 400, code: 'AuthorizationHeaderMalformed', kind: 'forbidden', words: 'and region' },
  { status: 400, code: 'ExpiredToken', kind: 'forbidden', words: 'not valid any more' },
  { status: 403, code: 'RequestTimeTooSkewed', kind: 'forbidden', words: 'the clock of this machine' },
  {
    status: 403,
    code: 'AccessDenied',
    kind: 'forbidden',
    words: 'answered 403 AccessDenied; check what the key may do',
  },
  { status: 404, code: 'NoSuchBucket', kind: 'broken', words: 'no such bucket; create it' },
  { status: 301, code: 'PermanentRedirect', kind: 'broken', words: 'another region; set region' },
  { status: 400, code: 'Strange', kind: 'broken', words: 'answered 400 Strange' },
  { status: 503, code: 'SlowDown', kind: 'unreachable', words: 'left alone for a while' },
  { status: 500, code: 'InternalError', kind: 'unreachable', words: 'answered 500 InternalError' },
  { status: 507, code: 'XMinioStorageFull', kind: 'no_space', words: 'no room left' },
  { status: 403, code: 'QuotaExceeded', kind: 'no_space', words: 'no room left' },
];

test.each(CASES)('the answer $status $code is $kind, in words', async ({ status, code, kind, words }) => {
  server.fail({ status, code }, () => true);
  const error = await errorOf(targetAt().open());
  expect(error.kind).toBe(kind);
  expect(error.message).toMatch(/^s3:\/\/archive\/a: /);
  expect(error.message).toContain(words);
  expect(error.message).toContain('127.0.0.1:');
  expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/planted|AKIATEST/);
});

test.each(['find', 'read', 'files', 'inspect', 'finish'])(
  'a failed %s is told, and not taken for nothing',
  async (what) => {
    const target = targetAt({ prefix: what });
    const file = await archive(target, recordingOf('a'), 'a.mp4', bytesOf(10));
    server.fail({ status: 403, code: 'AccessDenied' }, () => true);
    const operations: Record<string, () => Promise<unknown>> = {
      find: () => target.find(file),
      read: () => collect(target.read(file)),
      files: () => collect(target.files()),
      inspect: () => collect(target.inspect()),
      finish: () => archive(target, recordingOf('b'), 'b.mp4', bytesOf(10)),
    };
    expect((await errorOf(operations[what]?.() ?? Promise.resolve())).kind).toBe('forbidden');
  },
);

test('a bucket that does not exist is said to be missing', async () => {
  const error = await errorOf(targetAt({ bucket: 'nowhere' }).open());
  expect(error.message).toMatch(
    /^s3:\/\/nowhere\/a: there is no such bucket; create it, or correct the name \(NoSuchBucket of /,
  );
});

test.each([
  { name: 'a page that is no XML', body: '<html><p>Log in<br></html>' },
  { name: 'XML of something else', body: '<html><p>Log in</p></html>' },
])('what is no storage is not taken for an empty one: $name', async ({ body }) => {
  server.fail({ status: 200, body }, () => true);
  const target = targetAt();
  for (const operation of [target.open(), collect(target.files()), collect(target.inspect())]) {
    expect((await errorOf(operation)).message).toMatch(/ does not answer as S3 does; check endpoint$/);
  }
});

test('a key that may read and not write is noticed at the start', async () => {
  server.fail({ status: 403, code: 'AccessDenied' }, ({ method }) => method !== 'GET');
  expect((await errorOf(targetAt().open())).kind).toBe('forbidden');
});

test('a host without a server is unreachable', async () => {
  const host = `127.0.0.1:${await freePort()}`;
  const error = await errorOf(targetAt({ endpoint: `http://${host}` }).open());
  expect(error.kind).toBe('unreachable');
  expect(error.message).toBe(`s3://archive/a: ${host}: the connection was refused (ECONNREFUSED)`);
});

test('a storage that never answers is asked as often as it may be, and left', async () => {
  server.fail('silence', () => true);
  const from = server.requests.length;
  const error = await errorOf(targetAt({ attempts: 3, idleTimeoutMs: 200 }).open());
  expect(error.message).toMatch(/^s3:\/\/archive\/a: 127\.0\.0\.1:\d+ did not answer in time$/);
  expect(error.kind).toBe('unreachable');
  expect(server.requests.length - from).toBe(3);
});

test('a connection that breaks is unreachable', async () => {
  server.fail('break', () => true);
  expect((await errorOf(targetAt().find(recordingOf('a')))).kind).toBe('unreachable');
});

test.each([
  { error: { name: 'CredentialsProviderError' }, want: 'there are no credentials; set accessKeyId' },
  { error: new Error('Region is missing'), want: 'there is no region; set region' },
  { error: { name: 'evil \u001b[31m', $metadata: { httpStatusCode: 418 } }, want: 'answered 418' },
  { error: { name: 'TypeError' }, want: 'the client for S3 failed (TypeError)' },
  { error: { code: 'EHOSTUNREACH' }, want: 'the host cannot be reached (EHOSTUNREACH)' },
  { error: undefined, want: 'the client for S3 failed' },
])('what the client throws by itself is in words: $want', ({ error, want }) => {
  const { message } = archiveErrorOf(error, { label: 's3://b', host: 'AWS' });
  expect(message).toContain(want);
  expect(message).not.toContain('evil');
});
