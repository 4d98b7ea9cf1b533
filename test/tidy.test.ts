import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_TYPES } from '../src/core/event.js';
import { FAILURE_REASONS } from '../src/core/failure.js';
import { SINK_TYPES } from '../src/sinks/registry.js';
import { SOURCE_TYPES } from '../src/source/registry.js';
import { parseSource, type SourceFile } from './support/source-file.js';
import { filesNaming, knownToRegistryAlone, RULES, unusedExports } from './support/tidy-rules.js';

const ROOT = join(import.meta.dirname, '..');

/** What asks about some of the types, or shows them: a type that it does not know works all the same. */
const DOES_WITHOUT = ['commands/init-recipes.ts', 'commands/demo', 'fake/'];

/** A word of every day that names a type as well: where it means something else. */
const OTHER_MEANINGS: Readonly<Record<string, readonly string[]>> = {
  exec: ['commands/started-as.ts'],
  file: [
    'commands/completion-words.ts',
    'archive/',
    'sinks/archive.ts',
    'commands/drain-',
    'commands/init-by-questions.ts',
  ],
};

const files = sourcesOf('src');
const tests = sourcesOf('test').map(({ path, text }) => parseSource(`../test/${path}`, text));
const adapters = files.filter(isAdapter).map(({ path }) => path);

test.each(Object.entries(RULES))('src: %s', (_name, rule) => {
  expect(broken(files, rule)).toEqual([]);
});

test('src: a type of sink or source is known to its registry alone', () => {
  expect(adapters).toEqual(expect.arrayContaining(['sinks/stdout.ts', 'sinks/webhook.ts', 'source/superviz.ts']));
  expect(broken(files, knownToRegistryAlone(adapters))).toEqual([]);
});

test.each(SINK_TYPES.map(({ type }) => type))(
  'a sink type is three files: its own, its test, and a line of the registry: %s',
  (type) => {
    const paths = [...files, ...tests].map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining([`sinks/${type}.ts`, `../test/sinks/${type}.test.ts`]));
    const others = [...DOES_WITHOUT, ...(OTHER_MEANINGS[type] ?? [])];
    const naming = filesNaming(type, files).filter((path) => !others.some((folder) => path.startsWith(folder)));
    expect(naming).toEqual(['sinks/registry.ts']);
  },
);

test.each(SOURCE_TYPES.map(({ type }) => type))(
  'a source type is its own files, its test, and a line of the registry: %s',
  (type) => {
    const paths = [...files, ...tests].map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining([`source/${type}.ts`, `../test/source/${type}.test.ts`]));
    const naming = filesNaming(type, files, 'source');
    expect(naming.filter((path) => !DOES_WITHOUT.some((folder) => path.startsWith(folder)))).toEqual([
      'source/registry.ts',
    ]);
  },
);

test('tests take sink types as examples: none names them all, so none waits for another', () => {
  expect(filesNamingAll(tests.map(seenFromSrc))).toEqual([]);
  expect(filesNamingAll(files)).toEqual(['commands/init-recipes.ts', 'sinks/registry.ts']);
});

test('src: every exported name is imported somewhere', () => {
  const users = [...files, ...tests.map(seenFromSrc)];
  expect(unusedExports(files, users)).toEqual([]);
});

test('src: every reason of a failure is given somewhere', () => {
  const given = new Set(files.filter(({ path }) => path !== 'core/failure.ts').flatMap(({ strings }) => [...strings]));
  expect(Object.keys(FAILURE_REASONS).filter((reason) => !given.has(reason))).toEqual([]);
});

test('DECISIONS.md: a line for every dependency, and for nothing else', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json'));
  const lines = section(read('src/DECISIONS.md'), 'Dependencies').filter((line) => line.startsWith('- `'));
  const named = lines.map((line) => /^- `([^`]+)` \S/.exec(line)?.[1] ?? line);
  expect(named.toSorted()).toEqual(Object.keys({ ...dependencies, ...devDependencies }).toSorted());
});

test('README.md: a row for every command, sink type and event type, and for nothing else', () => {
  const registered = files.flatMap(({ path, text }) =>
    path.startsWith('commands/') ? [...text.matchAll(/\.command\('([a-z-]+)/g)].map(([, name]) => name) : [],
  );
  expect(rowsOf('Commands')).toEqual(registered.toSorted());
  expect(rowsOf('Sinks')).toEqual(SINK_TYPES.map(({ type }) => type).toSorted());
  expect(rowsOf('Events')).toEqual(Object.keys(EVENT_TYPES).toSorted());
});

test.each([
  { rule: 'core imports nothing', path: 'core/diff.ts', text: "import { createHash } from 'node:crypto';" },
  { rule: 'core imports nothing', path: 'core/diff.ts', text: "import type { Store } from '../ports.js';" },
  { rule: 'core imports nothing', path: 'core/diff.ts', text: "export { z } from 'zod';" },
  { rule: 'core imports nothing', path: 'core/diff.ts', text: "type Z = import('zod').ZodType;" },
  { rule: 'core is pure', path: 'core/diff.ts', text: 'export async function diff() {}' },
  { rule: 'core is pure', path: 'core/diff.ts', text: 'const diff = async () => 1;' },
  { rule: 'core is pure', path: 'core/diff.ts', text: 'class Diff { async diff() {} }' },
  { rule: 'core is pure', path: 'core/diff.ts', text: 'for await (const row of rows) see(row);' },
  { rule: 'core is pure', path: 'core/diff.ts', text: 'const nowMs = Date.now();' },
  { rule: 'core is pure', path: 'core/diff.ts', text: 'const cwd = process.cwd();' },
  ...["'../store/ledger.js'", "'../engine/lane.js'", "'../config/config.js'", "'../commands/run.js'"].map((from) => ({
    rule: 'a sink imports no store, engine, config, source or command',
    path: 'sinks/slack.ts',
    text: `import { x } from ${from};`,
  })),
  ...["'../store/keyv.js'", "'../sinks/webhook.js'", "'../source/superviz.js'", "'../http/client.js'"].map((from) => ({
    rule: 'the engine imports contracts, not what fulfils them',
    path: 'engine/lane.ts',
    text: `import type { x } from ${from};`,
  })),
  {
    rule: 'the engine imports contracts, not what fulfils them',
    path: 'engine/lane.ts',
    text: "import { loadConfig } from '../config/load.js';",
  },
  {
    rule: 'the engine imports contracts, not what fulfils them',
    path: 'engine/lane.ts',
    text: "import { type Config, parse } from '../config/config.js';",
  },
  ...["'../engine/lane.js'", "'../sinks/define.js'", "'../source/define.js'", "'../commands/run.js'"].map((from) => ({
    rule: 'the store imports no engine, command, sink or source',
    path: 'store/ledger.ts',
    text: `import { x } from ${from};`,
  })),
  ...["'../engine/lane.js'", "'../sinks/define.js'", "'../store/ledger.js'", "'../commands/run.js'"].map((from) => ({
    rule: 'a source imports no store, engine, sink or command',
    path: 'source/superviz.ts',
    text: `import { x } from ${from};`,
  })),
  {
    rule: 'notifier is imported by assemble and commands alone',
    path: 'engine/lane.ts',
    text: "import type { Notifier } from '../notifier.js';",
  },
  { rule: 'nobody imports cli, index or testing', path: 'commands/run.ts', text: "import '../cli.js';" },
  { rule: 'nobody imports cli, index or testing', path: 'cli.ts', text: "await import('./index.js');" },
  ...[
    { path: 'library/notifier.ts', text: "import { notifierOf } from '../commands/session.js';" },
    { path: 'commands/run.ts', text: "import { createNotifier } from '../library/notifier.js';" },
  ].map((file) => ({
    rule: 'the library and the command line share assemble, and import nothing of each other',
    ...file,
  })),
  ...[
    'const nowMs = Date.now();',
    'const now = new Date();',
    'const now = Date();',
    'const random = Math.random();',
    'setTimeout(go, 1);',
    'const wait = { after: setInterval };',
    'const { after = setTimeout } = ports;',
    'const startMs = performance.now();',
    "const answer = await fetch('https://example.com');",
    'const id = crypto.randomUUID();',
    'globalThis.fetch(url);',
    'const signal = AbortSignal.timeout(5);',
    "import { setTimeout } from 'node:timers/promises';",
    "import { randomBytes as bytes } from 'node:crypto';",
    "import * as crypto from 'node:crypto';",
    "import process from 'node:process';",
  ].map((text) => ({
    rule: 'the ambient clock, dice, timers and fetch are in system alone',
    path: 'engine/lane.ts',
    text,
  })),
  {
    rule: 'the process is in system, cli and node-version alone',
    path: 'commands/run.ts',
    text: "process.on('SIGHUP', reload);",
  },
  { rule: 'argv and exit are in cli alone', path: 'system.ts', text: 'const argv = process.argv.slice(2);' },
  { rule: 'argv and exit are in cli alone', path: 'system.ts', text: 'process.exit(1);' },
  { rule: 'the environment is in system alone', path: 'cli.ts', text: 'const { NO_COLOR } = process.env;' },
  {
    rule: 'system is handed on by assemble, library, commands and cli, types apart',
    path: 'engine/lane.ts',
    text: "import { systemClock } from '../system.js';",
  },
  { rule: 'console is nowhere', path: 'cli.ts', text: "console.error('no');" },
  { rule: 'keyv is constructed in store/keyv alone', path: 'store/open.ts', text: 'const keyv = new Keyv({ store });' },
  {
    rule: 'node:sqlite is imported as types alone, so that an old Node gets to say that it is old',
    path: 'store/sqlite.ts',
    text: "import { DatabaseSync, type StatementSync } from 'node:sqlite';",
  },
  { rule: 'no default export', path: 'core/diff.ts', text: 'export default function diff() {}' },
  { rule: 'no default export', path: 'core/diff.ts', text: 'export default diff;' },
  {
    rule: 'a log line has a constant message, so that it can be searched for and counted',
    path: 'engine/poller.ts',
    text: 'log.warn({ source }, `poll of ${source} failed`);',
  },
  { rule: 'nothing is left for later', path: 'core/diff.ts', text: `// ${'TO'}DO: think` },
])('a rule can fail: $rule: $text', ({ rule, path, text }) => {
  expect(RULES[rule]?.(parseSource(path, text))).not.toEqual([]);
});

test.each([
  { name: 'a local name that shadows', path: 'engine/urls.ts', text: 'const fetch = begin(); fetch.then(go);' },
  {
    name: 'a parameter that shadows',
    path: 'commands/run.ts',
    text: 'export function run(process: Process) { process.print(); }',
  },
  { name: 'a property', path: 'engine/lane.ts', text: 'ports.fetch({ setTimeout: 1 });' },
  { name: 'a type', path: 'engine/lane.ts', text: 'export type Get = typeof fetch;' },
  { name: 'a word in a comment or a text', path: 'engine/lane.ts', text: "// not Date.now()\nsay('console.log');" },
  { name: 'a date of a number', path: 'core/event.ts', text: 'const date = new Date(nowMs);' },
  { name: 'a contract', path: 'engine/poller.ts', text: "import { SourceError } from '../source/define.js';" },
  {
    name: 'a type of the config',
    path: 'engine/lane.ts',
    text: "import { type SinkConfig } from '../config/config.js';",
  },
  { name: 'a hash', path: 'sinks/webhook.ts', text: "import { createHmac } from 'node:crypto';" },
  { name: 'the types of system', path: 'config/load.ts', text: "import type { Environment } from '../system.js';" },
])('a rule lets pass: $name', ({ path, text }) => {
  const file = parseSource(path, text);
  expect(Object.values(RULES).flatMap((rule) => rule(file))).toEqual([]);
});

test('a rule can fail: a long file', () => {
  const rule = RULES['no file is long'];
  expect(rule?.(parseSource('core/diff.ts', 'go();\n'.repeat(351)))).toHaveLength(1);
  expect(rule?.(parseSource('core/diff.ts', 'go();\n'.repeat(350)))).toEqual([]);
});

test('a rule can fail: a sink that imports another, an engine that imports a source', () => {
  const rule = knownToRegistryAlone(['sinks/webhook.ts', 'source/superviz.ts']);
  expect(rule(parseSource('sinks/slack.ts', "import { webhook } from './webhook.js';"))).toEqual(['sinks/webhook.ts']);
  expect(rule(parseSource('engine/poller.ts', "import { superviz } from '../source/superviz.js';"))).toHaveLength(1);
  expect(rule(parseSource('sinks/registry.ts', "import { webhook } from './webhook.js';"))).toEqual([]);
});

test('a rule can fail: a file that names a sink type or imports a module of it', () => {
  const texts = ["const type = 'slack';", "import { messageOf } from '../sinks/slack-message.js';", "say('no slack');"];
  const [naming, importing, other] = texts.map((text, index) => parseSource(`engine/${index}.ts`, text));
  const own = parseSource('sinks/slack-message.ts', "const type = 'slack';");
  const test = seenFromSrc(parseSource('../test/a.ts', "import { slack } from '../src/sinks/slack.js';"));
  const all = [naming, importing, other, own, test].filter((file) => file !== undefined);
  expect(filesNaming('slack', all)).toEqual(['engine/0.ts', 'engine/1.ts', '../test/a.ts']);
  const names = SINK_TYPES.map(({ type }) => `'${type}'`);
  const [every, some] = [names, names.slice(1)].map((given) => parseSource('engine/a.ts', `const all = [${given}];`));
  expect([every, some].map((file) => filesNamingAll(file === undefined ? [] : [file]))).toEqual([['engine/a.ts'], []]);
});

test('a rule can fail: a file that names a source type or imports a module of it', () => {
  const texts = ["const type = 'superviz';", "import { readList } from '../source/superviz-list.js';", 'poll();'];
  const all = texts.map((text, index) => parseSource(`engine/${index}.ts`, text));
  const own = parseSource('source/superviz-list.ts', "const type = 'superviz';");
  expect(filesNaming('superviz', [...all, own], 'source')).toEqual(['engine/0.ts', 'engine/1.ts']);
});

test('a rule can fail: a name that nobody imports', () => {
  const exporting = parseSource(
    'core/a.ts',
    'export const used = 1; export const dead = 2; export class Dead {}\nexport function deadToo() {}\nexport type Dangling = 1;\nexport interface Options {}\nexport function all(options: Options) {}',
  );
  const user = parseSource('engine/b.ts', "import { used, all as everything } from '../core/a.js';");
  const want = ['core/a.ts dead', 'core/a.ts Dead', 'core/a.ts deadToo', 'core/a.ts Dangling'];
  expect(unusedExports([exporting, user], [exporting, user])).toEqual(want);
  expect(unusedExports([exporting], [parseSource('cli.ts', "await import('./core/a.js');")])).toEqual([]);
});

function filesNamingAll(all: readonly SourceFile[]): string[] {
  return SINK_TYPES.reduce(
    (left, { type }) => {
      const naming = filesNaming(type, all);
      return left.filter((path) => naming.includes(path));
    },
    all.map(({ path }) => path),
  );
}

function sourcesOf(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => parseSource(path, read(join(folder, path))));
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function broken(all: readonly SourceFile[], rule: (file: SourceFile) => string[]): string[] {
  return all.flatMap((file) => rule(file).map((what) => `${file.path}: ${what}`));
}

function isAdapter({ path, uses }: SourceFile): boolean {
  return /^(sinks|source)\//.test(path) && (uses.has('defineSink()') || uses.has('defineSource()'));
}

/** The same file with its imports as the files of src name each other. */
function seenFromSrc(file: SourceFile): SourceFile {
  const imports = file.imports.map(({ from, ...rest }) => ({ ...rest, from: from.replace(/^\.\.\/src\//, '') }));
  return { ...file, imports };
}

function section(markdown: string, title: string): string[] {
  const [, after = ''] = markdown.split(`\n## ${title}\n`);
  return (after.split('\n## ')[0] ?? '').split('\n');
}

/** What the first column of a section's table names, in code: the first word of each. */
function rowsOf(title: string): string[] {
  const cells = section(read('README.md'), title).flatMap(
    (line) => /^\| (`.*?) \|/.exec(line.replaceAll('\\|', '/'))?.[1] ?? [],
  );
  return cells.flatMap((cell) => [...cell.matchAll(/`([a-z][a-z.-]*)/g)].map(([, name = '']) => name)).toSorted();
}
