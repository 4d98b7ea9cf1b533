import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { VERSION } from '../../src/version.js';
import { builtDist } from '../support/build.js';
import { CLIENT_SECRET, createStage } from '../support/stage.js';

/**
 * What `npm pack` makes, in an empty project beside the packages that it needs: as a command, as a library in JavaScript and
 * TypeScript, and with the examples of the README.
 */

const ROOT = join(import.meta.dirname, '../..');
const BIN = join(ROOT, 'node_modules/.bin');

const stage = createStage();
let project: string;
let tarball: string;

beforeAll(async () => {
  const home = dirname(await builtDist());
  project = mkdtempSync(join(dirname(home), 'project-'));
  const packed = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', project], home);
  tarball = join(project, packed.output.trim());
  const installed = join(project, 'node_modules/recording-notifier');
  mkdirSync(installed, { recursive: true });
  mkdirSync(join(project, 'node_modules/.bin'));
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', installed]);
  // As npm installs a command.
  chmodSync(join(installed, 'dist/cli.js'), 0o755);
  symlinkSync('../recording-notifier/dist/cli.js', join(project, 'node_modules/.bin/recording-notifier'));
  write('package.json', JSON.stringify({ name: 'empty', private: true, type: 'module' }));
});

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

test('it is a command', async () => {
  const { code, output } = await run('npx', ['--offline', 'recording-notifier', '--version']);
  expect([code, output.trim()]).toEqual([0, VERSION]);
});

test('publint and are-the-types-wrong find nothing', async () => {
  expect(await run(join(BIN, 'publint'), [tarball, '--strict'])).toMatchObject({ code: 0 });
  expect(await run(join(BIN, 'attw'), [tarball, '--profile', 'esm-only'])).toMatchObject({ code: 0 });
});

test('its types are found, and say what an event holds and which there are', async () => {
  write(
    'use.ts',
    `import { createNotifier, defineSink, defineSource, secret, z } from 'recording-notifier';
const sink = defineSink({
  type: 'mine',
  settings: z.strictObject({ key: secret() }),
  async deliver(event, { settings }) {
    const key: string = settings.key;
    return { kind: 'delivered', receipt: key + event.id };
  },
});
const source = defineSource({
  type: 'list',
  settings: z.strictObject({ room: z.string() }),
  open: ({ settings }) => ({
    scope: settings.room,
    async *walk() {
      yield { rows: [{ uuid: 'a', status: 'available' }] };
      return undefined;
    },
  }),
});
const plain = defineSink({ type: 'plain', deliver: async () => ({ kind: 'delivered', receipt: 'ok' }) });
const notifier = await createNotifier({ sources: { a: {} }, sinks: { b: { type: 'mine' } }, sinkTypes: [sink, plain], sourceTypes: [source], log: console });
notifier.on('recording.available', (event) => {
  const type: 'recording.available' = event.type;
  const url: string | null = event.data.recording.url;
  return [type, url];
});
// @ts-expect-error a misspelt type
notifier.on('recording.avaliable', () => undefined);
// @ts-expect-error a key that no sink has of the wrong kind
await createNotifier({ sources: {}, sinks: { b: { type: 'mine', enabled: 'no' } } });
`,
  );
  const compilerOptions = { strict: true, noEmit: true, module: 'nodenext', target: 'es2024', types: ['node'] };
  write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['use.ts', 'readme.ts'] }));
  write('readme.ts', exampleWith('createNotifier({'));
  expect(await run(join(BIN, 'tsc'), [])).toEqual({ code: 0, output: '' });
});

test('README: the example tells a listener and the sink', async () => {
  const api = await stage.api();
  const receiver = await stage.receiver();
  const env = {
    SUPERVIZ_CLIENT_ID: 'client',
    SUPERVIZ_SECRET: CLIENT_SECRET,
    WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  };
  const example = exampleWith('createNotifier({');
  write(
    'app.js',
    example
      .replace('{ auth:', `{ baseUrl: '${api.url}', schedule: '* * * * * *', firstPoll: 'announce', auth:`)
      .replace('https://example.com/hooks/recordings', `${receiver.url}in`),
  );
  const uuid = api.recordings.add({ status: 'available', roomId: 'lobby' });
  const app = start(process.execPath, ['app.js'], project, env);
  await Promise.race([receiver.waitFor(1), app.ended]);
  app.child.kill('SIGTERM');
  expect(await app.ended).toMatchObject({
    code: 0,
    output: expect.stringMatching(`^evt_.+ lobby ${api.url}/files/${uuid}`),
  });
  expect(receiver.accepted).toEqual([expect.stringMatching(/^evt_/)]);
});

test('OWN-SINK.md: the sink is loaded by the command, delivers, and is held to the suite', async () => {
  const api = await stage.api();
  const receiver = await stage.receiver();
  const uuid = api.recordings.add({ status: 'available' });
  const guide = readFileSync(join(ROOT, 'config/OWN-SINK.md'), 'utf8');
  write('my-sink.js', blockWith(guide, 'export const sink'));
  write('my-sink.test.js', blockWith(guide, 'describeSink('));
  const source = { baseUrl: api.url, auth: { clientId: 'client', secret: CLIENT_SECRET }, firstPoll: 'announce' };
  write(
    'notifier.yaml',
    `sources: { production: ${JSON.stringify(source)} }\nstore: memory\n${blockWith(guide, './my-sink.js, url')}`,
  );
  const env = { BOARD_URL: `${receiver.url}cards`, BOARD_TOKEN: 'hunter2' };
  const poll = ['--offline', 'recording-notifier', 'poll', '--config', 'notifier.yaml'];
  expect(await start('npx', poll, project, env).ended).toMatchObject({ code: 0 });
  expect(receiver.messages).toMatchObject([
    {
      headers: { authorization: 'Bearer hunter2' },
      json: { key: expect.stringMatching(/^evt_/), list: 'Recordings', title: `recording.available ${uuid}` },
    },
  ]);
  const tested = await run(process.execPath, ['--test', '--test-reporter=tap', 'my-sink.test.js']);
  expect(tested).toMatchObject({ code: 0, output: expect.stringMatching(/^# pass 9$/m) });
});

test('OWN-SOURCE.md: the source is loaded by the command, polled, and held to the suite', async () => {
  const receiver = await stage.receiver();
  const asked: (string | undefined)[] = [];
  const archive = createServer((request, response) => {
    asked.push(request.headers.authorization);
    const tape = {
      number: 'tape-1',
      state: 'shelved',
      shelf: 'B4',
      made: '2024-05-13T17:14:00Z',
      file: 'https://tapes.example/1',
    };
    response.end(JSON.stringify({ tapes: [tape], next: null }));
  });
  await once(archive.listen(0, '127.0.0.1'), 'listening');
  try {
    const guide = readFileSync(join(ROOT, 'config/OWN-SOURCE.md'), 'utf8');
    write('my-source.js', blockWith(guide, 'export const source'));
    write('my-source.test.js', blockWith(guide, 'describeSource('));
    const entry = blockWith(guide, './my-source.js, url').replace(' }', ', firstPoll: announce }');
    write(
      'own-source.yaml',
      `${entry}sinks: { pipeline: { type: webhook, url: "${receiver.url}in" } }\nstore: memory\n`,
    );
    const env = { TAPES_URL: `http://127.0.0.1:${(archive.address() as AddressInfo).port}/`, TAPES_TOKEN: 'hunter2' };
    const poll = ['--offline', 'recording-notifier', 'poll', '--config', 'own-source.yaml'];
    expect(await start('npx', poll, project, env).ended).toMatchObject({ code: 0 });
    expect(receiver.messages).toMatchObject([
      {
        json: {
          type: 'recording.available',
          data: { source: 'archive', recording: { uuid: 'tape-1', roomId: 'B4', url: 'https://tapes.example/1' } },
        },
      },
    ]);
    expect(new Set(asked)).toEqual(new Set(['Bearer hunter2']));
  } finally {
    archive.close();
    archive.closeAllConnections();
  }
  const tested = await run(process.execPath, ['--test', '--test-reporter=tap', 'my-source.test.js']);
  expect(tested).toMatchObject({ code: 0, output: expect.stringMatching(/^# pass 14$/m) });
});

test.each([
  { name: 'there is no such file', module: undefined, want: 'there is no such file' },
  { name: 'no sink type in it', module: 'export const other = 1;', want: 'exports no sink type' },
  {
    name: 'something else in its place',
    module: 'export const sink = { type: "x" };',
    want: 'it needs deliver, a function',
  },
  { name: 'it throws', module: 'throw new Error("broken");', want: 'cannot be loaded: Error: broken' },
  { name: 'it is no JavaScript', module: 'export const = 1;', want: 'cannot be loaded: SyntaxError' },
  {
    name: 'its folder is of CommonJS',
    folder: 'old',
    module: "import 'node:fs'; export const sink = 1;",
    want: 'Cannot use import statement outside a module; write "type": "module" in its package.json, or call it .mjs',
  },
  {
    name: 'its folder is of CommonJS, and it imports nothing',
    folder: 'old',
    module: 'export const sink = 1;',
    want: `Unexpected token 'export'; write "type": "module" in its package.json, or call it .mjs`,
  },
  { name: 'it awaits at its top level', module: 'await 1; export const sink = 1;', want: 'it awaits at its top level' },
])('a sink that cannot be loaded is a problem of the config: $name', async ({ name, folder, module, want }) => {
  write('old/package.json', '{"type":"commonjs"}');
  const file = `./${folder === undefined ? '' : `${folder}/`}${name.replaceAll(/\W/g, '-')}.js`;
  if (module !== undefined) write(file, module);
  write(
    'broken.yaml',
    `sources: { production: { auth: { clientId: a, secret: b } } }\nsinks:\n  own: { type: ${file} }\n`,
  );
  const { code, output } = await run('npx', ['--offline', 'recording-notifier', 'check', '--config', 'broken.yaml']);
  expect(code).toBe(2);
  expect(output).toContain(`broken.yaml:3:16: sinks.own.type: "${file}"`);
  expect(output).toContain(want);
});

test('a source that cannot be loaded is a problem of the config', async () => {
  write('no-source.js', 'export const source = { type: "x" };');
  write('broken.yaml', 'sources: { own: { type: ./no-source.js } }\nsinks: { out: { type: stdout } }\n');
  const { code, output } = await run('npx', ['--offline', 'recording-notifier', 'check', '--config', 'broken.yaml']);
  expect(code).toBe(2);
  expect(output).toContain('sources.own.type: "./no-source.js" is no source type: it needs open, a function');
});

test.each([
  { name: 'a package', specifier: 'sink-of-others', exports: { '.': './index.js' }, code: 0 },
  { name: 'a package with a scope', specifier: '@others/sink', exports: { '.': './index.js' }, code: 0 },
  { name: 'a package that is not there', specifier: '@others/none', exports: undefined, code: 2 },
])('a sink type can be $name', async ({ specifier, exports, code }) => {
  if (exports !== undefined) {
    const folder = `node_modules/${specifier}`;
    write(`${folder}/package.json`, JSON.stringify({ name: basename(specifier), type: 'module', exports }));
    write(
      `${folder}/index.js`,
      "export const sink = { type: 'x', deliver: async () => ({ kind: 'delivered', receipt: 'ok' }) };",
    );
  }
  write(
    'package.yaml',
    `sources: { p: { auth: { clientId: a, secret: b } } }\nsinks: { own: { type: "${specifier}" } }\n`,
  );
  expect(await run('npx', ['--offline', 'recording-notifier', 'check', '--config', 'package.yaml'])).toMatchObject({
    code,
  });
});

function write(file: string, content: string): void {
  const path = join(project, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** The block of the README's section on the library that holds this. */
function exampleWith(part: string): string {
  const [, section = ''] = readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n## Library\n');
  return blockWith(section.split('\n## ')[0] ?? '', part);
}

function blockWith(markdown: string, part: string): string {
  const blocks = [...markdown.matchAll(/```\w+\n(.*?)```/gs)].map(([, block = '']) => block);
  const found = blocks.find((block) => block.includes(part));
  if (found === undefined) throw new Error(`there is no example of ${part}`);
  return found;
}

interface Result {
  readonly code: number | null;
  /** Of both streams. */
  readonly output: string;
}

async function run(command: string, args: readonly string[], cwd = project): Promise<Result> {
  return start(command, args, cwd).ended;
}

function start(command: string, args: readonly string[], cwd: string, more: Readonly<Record<string, string>> = {}) {
  const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, HOME: project, ...more };
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  const streams = Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = closed.then(async ([code]): Promise<Result> => ({ code, output: (await streams).join('') }));
  return { child, ended };
}
