import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { NewRecording } from '../../src/fake/api-schema.js';
import { createStage, sourceOf } from '../support/stage.js';

const stage = createStage();
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

/** A file server of our own, which counts: a film for each name, with ranges. */
async function startFiles(answers: Readonly<Record<string, Answer>> = {}) {
  const requested: string[] = [];
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '/', 'http://files').pathname.slice(1);
    requested.push(name);
    stage.check();
    (answers[name] ?? whole)(request, response, filmOf(name));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { requested, urlOf: (name: string) => `http://127.0.0.1:${port}/${name}?Signature=secret` };
}

function filmOf(name: string): Buffer {
  return Buffer.from(`a film that is called ${name} `.repeat(4_000));
}

const whole: Answer = ({ headers }, response, body) => {
  const from = Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? Number.NaN);
  const head = { 'content-type': 'video/mp4', etag: '"one"', 'accept-ranges': 'bytes' };
  if (Number.isNaN(from)) {
    response.writeHead(200, { ...head, 'content-length': body.length }).end(body);
    return;
  }
  const to = headers.range === 'bytes=0-0' ? 0 : body.length - 1;
  const range = { 'content-range': `bytes ${from}-${to}/${body.length}`, 'content-length': to - from + 1 };
  response.writeHead(206, { ...head, ...range }).end(body.subarray(from, to + 1));
};

/** Half of it, and then silence. */
const half: Answer = (_, response, body) => {
  const head = { 'content-type': 'video/mp4', etag: '"one"', 'accept-ranges': 'bytes' };
  response.writeHead(200, { ...head, 'content-length': body.length }).write(body.subarray(0, body.length / 2));
};

const refused: Answer = (_, response) => void response.writeHead(410).end();

const METADATA = 'http://169.254.169.254/latest/meta-data/';
const trap: Answer = (_, response) => void response.writeHead(302, { location: METADATA }).end();

interface Given {
  readonly names?: readonly string[];
  readonly answers?: Readonly<Record<string, Answer>>;
  readonly more?: readonly NewRecording[];
}

/** An account with a film for each name, and a program that is configured for it. */
async function openAccount({ names = ['one', 'two', 'three'], answers = {}, more = [] }: Given = {}) {
  const files = await startFiles(answers);
  const films = names.map((uuid) => ({ uuid, status: 'available', overrides: { url: files.urlOf(uuid) } }));
  const api = await stage.api({ recordings: [...films, ...more] });
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { out: { type: 'stdout' } } });
  return { api, files, archive: join(stage.folder, 'archive') };
}

/** What a drain says last when it is asked for JSON. */
function reportOf({ stdout }: { readonly stdout: readonly string[] }): Record<string, unknown> {
  return JSON.parse(stdout.at(-1) ?? '{}');
}

function linesOf({ stdout }: { readonly stdout: readonly string[] }, kind: string): Record<string, unknown>[] {
  return stdout.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line['kind'] === kind);
}

test('archives everything, and a second drain asks for no byte of it', async () => {
  const { files } = await openAccount();
  const first = await stage.run(['drain', '--to', 'archive', '--json']);
  expect(reportOf(first)).toMatchObject({ kind: 'report', seen: 3, before: 0, archived: 3, missing: 0, isWhole: true });
  expect(first.code).toBe(0);
  for (const { location, uuid } of linesOf(first, 'archived')) {
    expect(readFileSync(location as string)).toEqual(filmOf(uuid as string));
  }
  expect(files.requested.toSorted()).toEqual(['one', 'three', 'two']);

  const second = await stage.run(['drain', '--to', 'archive']);
  expect(second).toMatchObject({ code: 0, stderr: [] });
  expect(second.stdout).toEqual([
    `archive   ${join(stage.folder, 'archive')}`,
    'listed    3 recordings',
    expect.stringMatching(/^archived {2}3: 3 before, 0 now/),
    'missing   0',
    'Everything that the lists show is in the archive.',
  ]);
  expect(files.requested).toHaveLength(3);
});

test('what is missing is listed with the reason, and the exit code is 1', async () => {
  const more = [{ uuid: 'unfinished' }, { uuid: 'bare', status: 'available', overrides: { url: null } }];
  await openAccount({ names: ['good', 'bad', 'trap'], answers: { bad: refused, trap }, more });
  const ended = await stage.run(['drain', '--to', 'archive', '--rounds', '0']);
  expect(ended.code).toBe(1);
  expect(ended.stdout).toContain('missing   4');
  expect(ended.stdout).toContainEqual(expect.stringMatching(/^ {2}production {2}bad .*410/));
  expect(ended.stdout).toContainEqual(
    expect.stringMatching(/^ {2}production {2}trap .*169\.254\.169\.254.*always refused/),
  );
  expect(ended.stdout).toContainEqual(expect.stringMatching(/^ {2}production {2}bare .*no URL/));
  expect(ended.stdout).toContainEqual(expect.stringContaining('not available yet: 1'));
});

test('killed in the middle of a file, it goes on where it was', async () => {
  const answers = { two: half };
  const { files } = await openAccount({ answers });
  const killed = await stage.start(['drain', '--to', 'archive', '--json']);
  await stage.until(
    'two are archived and one is under way',
    () => killed.stdout.length === 2 && files.requested.length === 3,
  );
  killed.kill('SIGKILL');
  await killed.ended;

  answers.two = whole;
  const again = await stage.run(['drain', '--to', 'archive', '--json']);
  expect(reportOf(again)).toMatchObject({ before: 2, archived: 1, isWhole: true });
  expect(readFileSync(linesOf(again, 'archived')[0]?.['location'] as string)).toEqual(filmOf('two'));
  expect(files.requested.toSorted()).toEqual(['one', 'three', 'two', 'two']);
  expect(await stage.run(['drain', '--to', 'archive', '--verify'])).toMatchObject({ code: 0 });
});

test('a first SIGINT stops it, and the report says what is left', async () => {
  const { files } = await openAccount({ answers: { one: half, two: half, three: half } });
  const drain = await stage.start(['drain', '--to', 'archive', '--concurrency', '2']);
  await stage.until('two are under way', () => files.requested.length === 2);
  drain.kill('SIGINT');
  const { code, stdout } = await drain.ended;
  expect(code).toBe(1);
  expect(stdout).toContain('missing   3, of which 3 were not reached');
  expect(stdout).toContain('stopped; start it again to go on');
  expect(files.requested).toHaveLength(2);
});

test('two drains of one archive: the second one says that there is a first', async () => {
  const { files } = await openAccount({ answers: { one: half } });
  const first = await stage.start(['drain', '--to', 'archive']);
  await stage.until('all are asked for', () => files.requested.length === 3);
  const second = await stage.run(['drain', '--to', 'archive']);
  expect(second.code).toBe(1);
  expect(second.stderr).toEqual([expect.stringContaining('another drain works on it')]);
  // The lock ends with its process, however that ends.
  first.kill('SIGKILL');
  await first.ended;
  expect(await stage.run(['drain', '--to', 'archive', '--dry-run'])).toMatchObject({ code: 0 });
});

test('works beside a running program that archives the same, and both end whole', async () => {
  const names = Array.from({ length: 40 }, (_, index) => `film-${index}`);
  const { api, archive } = await openAccount({ names });
  const sources = { production: sourceOf(api, { firstPoll: 'announce' }) };
  stage.configure({ sources, sinks: { vault: { type: 'archive', to: './archive', concurrency: 4 } } });
  const run = await stage.start(['run']);
  await stage.untilLog(run, /first poll/);
  const drained = await stage.run(['drain', '--json']);
  expect(reportOf(drained)).toMatchObject({ seen: 40, missing: 0, isWhole: true });
  const delivered = () => run.log.filter(({ msg }) => msg === 'delivered').length;
  await stage.until('the sink has all as well', () => delivered() === names.length);
  expect(run.log.filter(({ level }) => level === 'error')).toEqual([]);

  const films = readdirSync(archive, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.mp4'));
  expect(films).toHaveLength(names.length);
  expect(await stage.run(['drain', '--verify'])).toMatchObject({
    code: 0,
    stdout: [expect.stringMatching(/40 files/)],
  });
});

test('--dry-run says how many and about how much, and makes nothing', async () => {
  const more = [{ uuid: 'unfinished' }, { uuid: 'bare', status: 'available', overrides: { url: null } }];
  const { archive } = await openAccount({ more });
  const { code, stdout } = await stage.run(['drain', '--to', 'archive', '--dry-run']);
  expect(code).toBe(0);
  expect(stdout).toEqual([
    `archive   ${archive}`,
    'listed    5 recordings',
    'archived  0 (0 B)',
    expect.stringMatching(/^missing {3}5, of which 4 are available; 3 can be archived now, about 3\d\d kB$/),
    expect.stringMatching(/^ {2}production {2}bare .*no URL/),
    expect.stringContaining('not available yet: 1'),
  ]);
  expect(existsSync(archive)).toBe(false);
});

test.each([
  {
    name: 'a flipped byte',
    spoil: (path: string) => {
      const bytes = readFileSync(path);
      bytes.writeUInt8(bytes.readUInt8(77) ^ 1, 77);
      writeFileSync(path, bytes);
    },
    want: /^damaged {2}.*SHA-256/,
  },
  { name: 'a cut file', spoil: (path: string) => writeFileSync(path, 'a film'), want: /^damaged {2}.*6 bytes/ },
  { name: 'a file that is gone', spoil: (path: string) => rmSync(path), want: /^missing {2}/ },
  { name: 'a file of nobody', spoil: (path: string) => writeFileSync(`${path}.part.mp4`, 'x'), want: /^unknown {2}/ },
])('--verify finds $name, and asks no platform', async ({ spoil, want }) => {
  const { api } = await openAccount();
  const drained = await stage.run(['drain', '--to', 'archive', '--json']);
  const { requestCount } = api;
  const fine = await stage.run(['drain', '--to', 'archive', '--verify']);
  expect(fine).toMatchObject({ code: 0, stdout: [expect.stringContaining('3 files')] });
  spoil(linesOf(drained, 'archived')[1]?.['location'] as string);
  const { code, stdout } = await stage.run(['drain', '--to', 'archive', '--verify']);
  expect(code).toBe(1);
  expect(stdout).toEqual([expect.stringMatching(want), expect.stringContaining('1 wrong')]);
  expect(api.requestCount).toBe(requestCount);
});

test('each of many recordings takes one request, and the list two walks', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `film-${index}`);
  const { api, files } = await openAccount({ names, answers: Object.fromEntries(names.map((name) => [name, short])) });
  const { code, stdout } = await stage.run(['drain', '--to', 'archive', '--concurrency', '16', '--json']);
  expect(reportOf({ stdout })).toMatchObject({ seen: 200, archived: 200, missing: 0 });
  expect(code).toBe(0);
  expect(files.requested).toHaveLength(200);
  expect(new Set(files.requested).size).toBe(200);
  expect(api.requestCount).toBe(4);
});

const short: Answer = (request, response, body) => whole(request, response, body.subarray(0, 40));

test.each([
  { name: 'no place', args: [], want: '--to' },
  { name: 'a place that is none', args: ['--to', 's3://'], want: 'names no bucket' },
  { name: 'an unknown source', args: ['--to', 'archive', '--source', 'staging'], want: 'production' },
  { name: 'a rate without a unit', args: ['--to', 'archive', '--max-rate', '20'], want: '20MB/s' },
  { name: 'no recording at once', args: ['--to', 'archive', '--concurrency', '0'], want: '1 to 64' },
  { name: 'to read and to write', args: ['--to', 'archive', '--verify', '--dry-run'], want: 'cannot be used with' },
])('$name is asked wrongly', async ({ args, want }) => {
  await openAccount();
  const { code, stderr } = await stage.run(['drain', ...args]);
  expect(code).toBe(2);
  expect(stderr.join('\n')).toContain(want);
});
