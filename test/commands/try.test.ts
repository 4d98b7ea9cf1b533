import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startPlatform } from '../support/fake-list.js';
import { CLIENT_SECRET, createStage, sourceOf } from '../support/stage.js';

const stage = createStage();

const SIGNED = 'https://files.example/r.mp4?X-Amz-Signature=abcdef&Expires=';

async function tried(body: unknown, args: readonly string[] = []) {
  const api = await stage.api();
  if (body !== undefined) api.fault({ kind: 'answer', status: 200, body });
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { out: { type: 'stdout' } } });
  return { api, ...(await stage.run(['try', 'production', ...args])) };
}

const ROWS = [
  {
    uuid: 'r1',
    status: 'available',
    roomId: 'lobby',
    meetingId: 'm1',
    createdAt: '2024-05-13',
    url: `${SIGNED}4000000000`,
  },
  { uuid: 'r2', status: 'processing', roomId: 7, url: '', duration: 12, 'odd\u001bname': 1 },
  { uuid: 'r3', status: 'deleted', url: '/files/r3' },
  { status: 'available', url: `${SIGNED}1` },
  'a text',
];

test('a table shows how each row is understood, then the paging and the request', async () => {
  const { api, code, stdout, stderr } = await tried({ data: ROWS, pagination: { page: 1, totalPages: 3, limit: 5 } });
  expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
  expect(stdout).toEqual([
    expect.stringMatching(/^row +meaning +uuid +roomId +meetingId +status +createdAt +url$/),
    expect.stringMatching(
      /^1 +available: remembered only, since it is the first poll +r1 +lobby +m1 +available +2024-05-13 +yes, at files\.example, expires in \d+ days$/,
    ),
    expect.stringMatching(/^2 +in processing: announced once it is available +r2 +- +- +processing +- +no$/),
    expect.stringMatching(
      /^3 +unknown status "deleted": remembered, makes no event +r3 .*yes, but it is not a whole URL$/,
    ),
    expect.stringMatching(/^4 +not a recording: has no uuid of 1 to 200 characters +-/),
    expect.stringMatching(/^5 +not a recording: is not an object +-/),
    '',
    'rows     5, of which 2 are set aside',
    '         row 2: roomId: no text, or too long, and taken as missing',
    '         row 4: has no uuid of 1 to 200 characters',
    '         row 5: is not an object',
    'paging   an object with "data" and "pagination" (page 1, totalPages 3, total missing); a poll asks for pages 2 to 3',
    'fields   not used: duration, odd\\u001bname',
    expect.stringMatching(new RegExp(`^request  GET ${api.url}/recording\\?page=1&take=100: status 200 in \\d+ ms$`)),
  ]);
  expect(api.requestCount).toBe(1);
  expect(existsSync(join(stage.folder, 'state'))).toBe(false);
});

test('each row by what is remembered: nothing new, announced, or changed; and a pause is said', async () => {
  const api = await stage.api();
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { out: { type: 'stdout' } } });
  api.recordings.add({ uuid: 'old', status: 'available' });
  api.recordings.add({ uuid: 'open' });
  await stage.run(['poll'], { printsUrls: true });
  await stage.run(['pause', '--source', 'production']);
  api.recordings.add({ uuid: 'new', status: 'available' });
  api.recordings.update('open', { status: 'available' });
  const { stdout } = await stage.run(['try', 'production', '--json']);
  const meanings = Object.fromEntries(
    stdout.map((line) => JSON.parse(line)).map((row) => [row.uuid, [row.meaning, row.remembered]]),
  );
  expect(meanings).toEqual({
    old: ['available, as remembered: nothing new', 'available'],
    new: ['available: would be announced', null],
    open: ['available, was processing: would be announced', 'processing'],
  });
  const { stderr } = await stage.run(['try', 'production']);
  expect(stderr).toEqual([expect.stringMatching(/^source production is paused since \S+Z: it is not polled; "resume/)]);
});

test('--json: one object a row, and the summary beside it', async () => {
  const { code, stdout, stderr } = await tried(ROWS, ['--json']);
  expect(code).toBe(0);
  const rows = stdout.map((line) => JSON.parse(line));
  expect(rows.map(({ row, kind }) => [row, kind])).toEqual([
    [1, 'available'],
    [2, 'processing'],
    [3, 'unknown_status'],
    [4, 'rejected'],
    [5, 'rejected'],
  ]);
  expect(rows[0]).toMatchObject({ uuid: 'r1', urlHost: 'files.example', urlExpiresAt: '2096-10-02T07:06:40.000Z' });
  expect(rows[1]).toMatchObject({ roomId: null, leftOut: 'roomId', url: 'no' });
  expect(stderr.join('\n')).toContain(
    'paging   a bare array, which is taken for the whole list; there is no other page',
  );
});

test.each([
  { name: 'of the documented form, without a row', body: [], want: /a bare array/ },
  { name: 'that has one page', body: { data: [], pagination: { page: 1, totalPages: 0 } }, want: /no other page/ },
  {
    name: 'that tells no number of pages',
    body: { data: [ROWS[0]], pagination: {} },
    want: /page missing, totalPages missing, total missing\); a poll asks for more pages until one has no rows$/,
  },
  { name: 'without pagination', body: { data: [ROWS[0]] }, want: /asks for more pages/ },
])('it understands a list $name', async ({ body, want }) => {
  const { code, stdout } = await tried(body);
  expect(code).toBe(0);
  expect(stdout.find((line) => line.startsWith('paging'))).toMatch(want);
});

test('a page that makes a poll incomplete is a failure, in the words of polls', async () => {
  const { code, stdout, stderr } = await tried({ data: [ROWS[0]], pagination: { page: 0, totalPages: 3 } });
  expect(code).toBe(1);
  expect(stdout.join('\n')).toContain('it does not fit together');
  expect(stderr.at(-1)).toBe(
    'source production: a poll would not be complete: asked for page 1, got page 0; set sources.production.paging.pageParam to the query parameter that the API knows',
  );
});

test.each([
  {
    name: 'a refused credential',
    status: 401,
    body: { message: `no ${CLIENT_SECRET}` },
    want: /status 401; .*auth\.secret/,
  },
  { name: 'an object that is no list', status: 200, body: { items: [] }, want: /an object without a list/ },
])('what fails is said in the words of polls: $name', async ({ status, body, want }) => {
  const api = await stage.api();
  api.fault({ kind: 'answer', status, body });
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { out: { type: 'stdout' } } });
  const { code, stdout, stderr } = await stage.run(['try', 'production']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: [] });
  expect(stderr[0]).toMatch(/^request {2}GET .*: status \d+ in \d+ ms$/);
  expect(stderr[1]).toMatch(want);
});

test('a source that is not in the config is asked wrongly, and those there are are named', async () => {
  const api = await stage.api();
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { out: { type: 'stdout' } } });
  expect(await stage.run(['try', 'staging'])).toMatchObject({
    code: 2,
    stderr: ['The config has no source "staging"; it has production.'],
  });
});

test('a list of another platform: why a row is set aside, whether its link is to be had, and no value of its query', async () => {
  await using platform = await startPlatform(({ path }) => ({
    body:
      path === '/link/a'
        ? { download: 'https://files.example/a?Expires=4102444800' }
        : { rows: [{ id: 'a', state: 'ready', size: 1 }, { state: 'ready' }], more: 'x' },
  }));
  const source = {
    ...{ type: 'http-json', url: `${platform.url}/list`, query: { key: 'query-secret' }, paging: { type: 'none' } },
    ...{ items: 'rows', fields: { uuid: 'id', status: 'state' }, statuses: { available: ['ready'] } },
    link: { url: `${platform.url}/link/{uuid}`, path: 'download' },
  };
  const config = { sources: { other: source }, sinks: { out: { type: 'stdout' } }, store: 'memory' };
  const tried = await stage.run(['try', 'other'], { config });
  expect(tried.code).toBe(0);
  const lines = tried.stdout.join('\n');
  expect(lines).toContain('row 2: has no uuid: id gives nothing, want text of 1 to 200 characters');
  expect(lines).toMatch(/^link {5}of row 1: yes, at files.example, expires in \d+ days$/m);
  expect(lines).toContain('fields   not used: size');
  expect(lines).toContain('2 rows at rows, paging.type none; they are taken for the whole list');
  const wrong = { ...config, sources: { other: { ...source, items: 'data' } } };
  const missed = await stage.run(['try', 'other'], { config: wrong });
  expect(missed.code).toBe(1);
  expect(missed.stderr.join('\n')).toContain('look at sources.other.items; the answer has rows, more');
  expect(missed.stderr.join('\n')).toContain('/list?key=***: status 200');
  expect([...tried.stdout, ...missed.stderr].join('\n')).not.toContain('query-secret');
});
