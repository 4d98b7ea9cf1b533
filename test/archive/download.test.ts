import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ArchiveTarget } from '../../src/archive/define.js';
import { type DownloadOptions, download } from '../../src/archive/download.js';
import { folderTarget } from '../../src/archive/folder.js';
import { createHttpClient } from '../../src/http/client.js';
import type { HttpClient } from '../../src/ports.js';
import { nonce } from '../../src/system.js';
import { collect } from '../support/collect.js';
import { type Act, type FileServer, startFileServer } from '../support/file-server.js';
import { createManualClock } from '../support/manual-clock.js';
import { realClock } from '../support/real-clock.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { bytesOf, recordingOf } from './conformance.js';

const MIB = 1024 * 1024;
const SIZE = 2 * MIB;
/** A connection that breaks takes along what is in its buffers. */
const LOST_BYTES_MAX = 3 * 65_536;
const RECORDING = recordingOf('a');

let files: FileServer;
let folder: string;
let target: ArchiveTarget;
let http: HttpClient;

beforeEach(async () => {
  files = await startFileServer(bytesOf(SIZE));
  folder = temporaryFolder();
  target = folderTarget({ folder, clock: realClock, nonce });
  await target.open();
  http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
});
afterEach(async () => {
  await Promise.all([http.close(), files.close(), target.close()]);
});

async function fetchIt(options: Partial<DownloadOptions> = {}) {
  return download({
    ...{ http, clock: realClock, firstUrl: files.url, givenBy: files.url, signal: new AbortController().signal },
    freshUrl: async () => undefined,
    draft: await target.begin(RECORDING, 'a.mp4'),
    ...options,
    limits: { pausesMs: [0, 0, 0], ...options.limits },
  });
}

async function expectWhole(got: unknown, content: Uint8Array): Promise<void> {
  const sha256 = createHash('sha256').update(content).digest('hex');
  expect(got).toEqual({ kind: 'archived', file: expect.objectContaining({ bytes: content.byteLength, sha256 }) });
  const found = await target.find(RECORDING);
  expect(found).toMatchObject({ sha256 });
  if (found !== undefined) {
    expect(Buffer.concat(await collect(target.read(found))).equals(content)).toBe(true);
  }
}

/** The acts one after the other, then as it should be. */
function acts(...all: readonly Act[]): FileServer['plan'] {
  return (number) => all[number - 1] ?? {};
}

/** From which byte each request wanted the file. */
function startsOf({ requests }: FileServer): number[] {
  return requests.map(({ range }) => Number(/\d+/.exec(range ?? '0')));
}

const CHUNKED = { without: ['content-length'], headers: { 'transfer-encoding': 'chunked' } };

/** A part that is shorter than what was asked for, and says so. */
const EARLY_END = {
  status: 206,
  ignoresRange: true,
  body: bytesOf(SIZE).subarray(MIB, MIB + 100_000),
  headers: { 'content-range': `bytes ${MIB}-${MIB + 99_999}/${SIZE}` },
};

/** The same numbers for the same seed. */
function dice(seed: number): (below: number) => number {
  let count = 0;
  return (below) => {
    count += 1;
    return createHash('sha256').update(`${seed} ${count}`).digest().readUInt32BE() % below;
  };
}

test('a file comes whole, and its progress is told', async () => {
  const told: (readonly [number, number | null])[] = [];
  const got = await fetchIt({ progress: (bytes, ofBytes) => void told.push([bytes, ofBytes]) });
  await expectWhole(got, files.content);
  expect(told.at(0)).toEqual([0, null]);
  expect(told.at(-1)).toEqual([SIZE, SIZE]);
  expect(readdirSync(join(folder, '.partial')).filter((name) => !name.endsWith('.lock'))).toEqual([]);
});

test.each([1, 2, 3, 4, 5])('breaks at random bytes are mended, each from where it was: seed %i', async (seed) => {
  const roll = dice(seed);
  const breaks = Array.from({ length: 8 }, () => 65_536 + roll(SIZE / 8 - 65_536));
  files.plan = acts(...breaks.map((breakAfter) => ({ breakAfter })));
  await expectWhole(await fetchIt(), files.content);
  const starts = startsOf(files);
  expect(starts).toHaveLength(breaks.length + 1);
  for (const [index, bytes] of breaks.entries()) {
    const from = (starts[index] ?? 0) + bytes;
    expect(starts[index + 1]).toBeLessThanOrEqual(from);
    expect(starts[index + 1]).toBeGreaterThan(from - LOST_BYTES_MAX);
  }
});

test.each<{ name: string; all: readonly Act[]; requests: number }>([
  { name: 'the server knows no ranges', all: [{ breakAfter: MIB }, { ignoresRange: true }], requests: 2 },
  { name: 'the server gives no validator', all: [{ breakAfter: MIB, without: ['etag'] }], requests: 2 },
  { name: 'the validator is weak', all: [{ breakAfter: MIB, headers: { etag: 'W/"one"' } }], requests: 2 },
  {
    name: 'the server sends another part',
    all: [{ breakAfter: MIB }, { headers: { 'content-range': `bytes 5-${SIZE - 1}/${SIZE}` } }],
    requests: 3,
  },
  {
    name: 'the part says another size',
    all: [{ breakAfter: MIB }, { headers: { 'content-range': `bytes ${MIB}-${SIZE}/${SIZE + 1}` } }],
    requests: 3,
  },
  { name: 'the part is of another file', all: [{ breakAfter: MIB }, { headers: { etag: '"two"' } }], requests: 3 },
  {
    name: 'the part is of a file of unknown length',
    all: [{ breakAfter: MIB, ...CHUNKED }, { headers: { 'content-range': `bytes ${MIB}-${SIZE - 1}/*` } }],
    requests: 3,
  },
  { name: 'the part has no range', all: [{ breakAfter: MIB }, { without: ['content-range'] }], requests: 3 },
  { name: 'the server calls a part the whole', all: [{ breakAfter: MIB }, { status: 200 }], requests: 3 },
  {
    name: 'the server calls a part the whole before anything is here',
    all: [{ body: bytesOf(SIZE).subarray(0, 100), headers: { 'content-range': `bytes 0-99/${SIZE}` } }],
    requests: 2,
  },
  { name: 'the range is refused', all: [{ breakAfter: MIB }, { status: 416 }], requests: 3 },
  { name: 'the server fails for a moment', all: [{ status: 500 }, { status: 503 }, { status: 429 }], requests: 4 },
  { name: 'a part ends early by its own words', all: [{ breakAfter: MIB }, EARLY_END], requests: 3 },
  { name: 'so does one of a file of chunks', all: [{ breakAfter: MIB, ...CHUNKED }, EARLY_END], requests: 3 },
  {
    name: 'the length is told by chunks alone',
    all: [CHUNKED],
    requests: 1,
  },
  { name: 'the type is that of any bytes', all: [{ headers: { 'content-type': 'binary/octet-stream' } }], requests: 1 },
  { name: 'no type is given', all: [{ without: ['content-type'] }], requests: 1 },
])('a file comes whole although $name', async ({ all, requests }) => {
  files.plan = acts(...all);
  await expectWhole(await fetchIt(), files.content);
  expect(files.requests).toHaveLength(requests);
});

test('a file that has changed between two tries is fetched anew, and none of the old is in it', async () => {
  files.plan = (number) => {
    if (number === 2) [files.content, files.etag] = [bytesOf(SIZE - 7), '"two"'];
    return number === 1 ? { breakAfter: MIB } : {};
  };
  const changed = await fetchIt();
  await expectWhole(changed, bytesOf(SIZE - 7));
});

test('what an attempt has left is gone on with by the next', async () => {
  files.plan = (number) => (number === 1 ? { breakAfter: MIB } : { status: 500 });
  expect(await fetchIt()).toMatchObject({ kind: 'failed', reason: 'server_error' });
  files.plan = () => ({});
  await expectWhole(await fetchIt(), files.content);
  expect(startsOf(files).at(-1)).toBeGreaterThan(MIB - LOST_BYTES_MAX);
});

test('a file that is here whole is not asked for again', async () => {
  const draft = await target.begin(RECORDING, 'a.mp4');
  await draft.describe({ bytes: SIZE, validator: '"one"', contentType: 'video/mp4' });
  await draft.write(files.content);
  await draft.abandon();
  await expectWhole(await fetchIt(), files.content);
  expect(files.requests).toEqual([]);
});

describe('a URL that dies', () => {
  /** Only the last signature that was given lives. */
  function signing() {
    let signature = 0;
    const urlOf = () => `http://127.0.0.1:${files.port}/a.mp4?Signature=${signature}`;
    return {
      firstUrl: urlOf(),
      isAlive: (path: string) => path.endsWith(`Signature=${signature}`),
      kill: () => {
        signature += 1;
      },
      freshUrl: async () => urlOf(),
    };
  }

  test.each([400, 401, 403, 404, 410])('in mid-download with %i is replaced, and the file goes on', async (status) => {
    const { firstUrl, freshUrl, isAlive, kill } = signing();
    files.plan = (number, path) => {
      if (!isAlive(path)) return { status };
      if (number > 5) return {};
      kill();
      return { breakAfter: 300_000 };
    };
    await expectWhole(await fetchIt({ firstUrl, freshUrl }), files.content);
    const starts = startsOf(files);
    expect(starts).toHaveLength(7);
    expect(starts).toEqual(starts.toSorted((one, other) => one - other));
    expect([starts[1], starts[3], starts[5]]).toEqual([starts[2], starts[4], starts[6]]);
    expect(starts[1]).toBeGreaterThan(0);
  });

  test('by its own words is not asked for', async () => {
    const firstUrl = `${files.url}&Expires=${Math.floor(realClock.nowMs() / 1_000) + 5}`;
    await expectWhole(await fetchIt({ firstUrl, freshUrl: async () => files.url }), files.content);
    expect(files.requests.map(({ path }) => path)).not.toContainEqual(expect.stringContaining('Expires'));
  });

  test('by its own words is asked for where there is no other: our clock may be wrong', async () => {
    const firstUrl = `${files.url}&Expires=5`;
    await expectWhole(await fetchIt({ firstUrl, freshUrl: async () => firstUrl }), files.content);
  });

  test.each([
    { name: 'and every fresh one is refused', fresh: true, want: 'url_refused', requests: 3 },
    { name: 'and there is no other', fresh: false, want: 'url_refused', requests: 1 },
  ])('ends it $name', async ({ fresh, want, requests }) => {
    files.plan = () => ({ status: 403 });
    const got = await fetchIt({ freshUrl: async () => (fresh ? files.url : undefined) });
    expect(got).toEqual({ kind: 'failed', reason: want, detail: `127.0.0.1:${files.port}: the server says 403` });
    expect(files.requests).toHaveLength(requests);
  });

  test('or is missing altogether ends it', async () => {
    expect(await fetchIt({ firstUrl: null })).toMatchObject({ reason: 'no_url' });
  });
});

describe('no recording', () => {
  test.each<{ name: string; act: Act; want: string }>([
    { name: 'a page', act: { headers: { 'content-type': 'text/html; charset=utf-8' } }, want: 'not_a_recording' },
    { name: 'an error in XML', act: { headers: { 'content-type': 'application/xml' } }, want: 'not_a_recording' },
    { name: 'an error in JSON', act: { headers: { 'content-type': 'application/json' } }, want: 'not_a_recording' },
    { name: 'an empty file', act: { body: new Uint8Array() }, want: 'not_a_recording' },
    {
      name: 'an empty file in chunks',
      act: { body: new Uint8Array(), ...CHUNKED },
      want: 'not_a_recording',
    },
    {
      name: 'a file of which nobody knows where it ends',
      act: { without: ['content-length'], headers: { connection: 'close', 'transfer-encoding': 'identity' } },
      want: 'wrong_length',
    },
    { name: 'a part that nobody asked for', act: { status: 206 }, want: 'bad_answer' },
    { name: 'an answer without a file', act: { status: 204, body: new Uint8Array() }, want: 'bad_answer' },
    { name: 'a coding', act: { headers: { 'content-encoding': 'gzip' } }, want: 'bad_answer' },
    { name: 'fewer bytes than said, always', act: { breakAfter: 1_000, without: ['etag'] }, want: 'connection_failed' },
    { name: 'an end of the connection, always', act: { status: 502 }, want: 'server_error' },
  ])('is $name', async ({ act, want }) => {
    files.plan = () => act;
    expect(await fetchIt()).toMatchObject({
      kind: 'failed',
      reason: want,
      detail: expect.stringMatching('^127.0.0.1:'),
    });
    expect(files.requests.length).toBeLessThanOrEqual(4);
    expect(await target.find(RECORDING)).toBeUndefined();
    expect(readdirSync(folder).filter((name) => name.endsWith('.mp4'))).toEqual([]);
  });

  test('is one that changes at every try', async () => {
    files.plan = (number) => {
      files.etag = `"${number}"`;
      return number % 2 === 1 ? { breakAfter: MIB } : { status: 416 };
    };
    expect(await fetchIt()).toMatchObject({ kind: 'failed', reason: 'changed' });
    expect(files.requests.length).toBeLessThan(12);
  });

  test('shows neither path nor query of a URL in its words', async () => {
    files.plan = () => ({ status: 418 });
    expect(JSON.stringify(await fetchIt())).not.toMatch(/recordings|a\.mp4|Signature|secret/);
  });
});

describe('a redirect', () => {
  const redirect = (location: string): Act => ({ status: 302, headers: { location } });

  test('is followed, three times at most', async () => {
    files.plan = acts(redirect('/b'), redirect('c?d'), redirect(`http://127.0.0.1:${files.port}/e`));
    await expectWhole(await fetchIt(), files.content);
    expect(files.requests.map(({ path }) => path).slice(1)).toEqual(['/b', '/c?d', '/e']);
    files.plan = () => redirect('/again');
    expect(await fetchIt()).toMatchObject({ reason: 'bad_redirect', detail: expect.stringContaining('more than 3') });
  });

  test.each([
    { name: 'the metadata service', location: 'http://169.254.169.254/latest', want: 'address_forbidden' },
    { name: 'no URL', location: 'http://', want: 'bad_redirect' },
    { name: 'nowhere', location: '', want: 'bad_redirect' },
    { name: 'another protocol', location: 'file:///etc/passwd', want: 'connection_failed' },
  ])('to $name ends it', async ({ location, want }) => {
    files.plan = () => redirect(location);
    expect(await fetchIt()).toMatchObject({ kind: 'failed', reason: want });
  });

  test('into our own network ends it where the API is not there', async () => {
    const stub: Pick<HttpClient, 'open'> = {
      open: async (request) =>
        request.url === 'https://public.example/'
          ? {
              kind: 'stream',
              status: 302,
              headers: { location: files.url.replace('http:', 'https:') },
              body: nothing(),
              discard: () => undefined,
            }
          : http.open({ ...request, givenBy: 'https://8.8.8.8/' }),
    };
    expect(await fetchIt({ http: stub, firstUrl: 'https://public.example/' })).toMatchObject({
      reason: 'address_forbidden',
    });
    expect(files.requests).toEqual([]);
  });

  test('from https to http ends it', async () => {
    const stub: Pick<HttpClient, 'open'> = {
      open: async () => ({
        kind: 'stream',
        status: 302,
        headers: { location: files.url },
        body: nothing(),
        discard: () => undefined,
      }),
    };
    expect(await fetchIt({ http: stub, firstUrl: 'https://public.example/' })).toMatchObject({
      reason: 'bad_redirect',
      detail: expect.stringContaining('from https to http'),
    });
  });

  async function* nothing(): AsyncGenerator<Uint8Array> {}
});

describe('time', () => {
  test('a server that only drips is given up', async () => {
    let passedMs = 0;
    const clock = { ...realClock, monotonicMs: step };
    function step(): number {
      passedMs += 60_000;
      return passedMs;
    }
    files.content = bytesOf(100_000);
    const dripping: Pick<HttpClient, 'open'> = {
      open: async (request) => {
        const got = await http.open(request);
        return got.kind === 'failure' ? got : { ...got, body: byteByByte(got.body) };
      },
    };
    expect(await fetchIt({ http: dripping, clock })).toMatchObject({
      reason: 'timeout',
      detail: expect.stringMatching(/only \d+ bytes came in 300000 ms$/),
    });
  });

  async function* byteByByte(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      for (const byte of chunk) yield Uint8Array.of(byte);
    }
  }

  test('a stop ends it, and what has come is kept', async () => {
    const stop = new AbortController();
    const got = await fetchIt({ signal: stop.signal, progress: (bytes) => bytes > MIB && stop.abort() });
    expect(got).toMatchObject({ kind: 'failed', reason: 'aborted' });
    const draft = await target.begin(RECORDING, 'a.mp4');
    expect(draft.kept.bytes).toBeGreaterThan(MIB);
    await draft.abandon();
  });

  test('a long Retry-After is not waited for, and is handed on', async () => {
    files.plan = () => ({ status: 429, headers: { 'retry-after': '3600' } });
    expect(await fetchIt()).toMatchObject({ reason: 'rate_limited', retryAfterMs: 3_600_000 });
    expect(files.requests).toHaveLength(1);
  });

  test('no more comes in a second than is allowed', async () => {
    const clock = createManualClock();
    const waits: number[] = [];
    const after = (delayMs: number, callback: () => void) => {
      waits.push(delayMs);
      const timer = clock.after(delayMs, callback);
      queueMicrotask(() => clock.advance(delayMs));
      return timer;
    };
    await expectWhole(
      await fetchIt({ clock: { ...clock, after }, limits: { bytesPerSecond: MIB / 4 } }),
      files.content,
    );
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(7_990);
    expect(clock.monotonicMs()).toBeLessThanOrEqual(8_010);
  });
});
