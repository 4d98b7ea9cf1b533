import type { Import, SourceFile } from './source-file.js';

/** What breaks the rule, in words; nothing if the file keeps it. */
export type Rule = (file: SourceFile) => string[];

const AMBIENT_NAMES = [
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate', 'queueMicrotask'],
  ...['performance', 'fetch', 'WebSocket', 'EventSource', 'crypto', 'globalThis', 'global'],
];
const AMBIENT_USES = ['Date.now', 'new Date()', 'Date()', 'Math.random', 'AbortSignal.timeout'];
const AMBIENT_MODULES = ['node:timers', 'node:timers/promises', 'node:process', 'node:perf_hooks'];
const DICE = ['randomBytes', 'randomInt', 'randomUUID', 'randomFill', 'randomFillSync', 'webcrypto', '*'];

const LINES_MAX = 350;

/** The rules of src/README.md, "Who may import whom", and those of style that no linter has. */
export const RULES: Readonly<Record<string, Rule>> = {
  'core imports nothing': inside(['core/'], importsOtherThan(['core/'])),

  'core is pure': inside(['core/'], (file) => [
    ...uses(file, ['async', 'await']),
    ...ambient(file),
    ...free(file, ['process']),
  ]),

  'a sink imports no store, engine, config, source or command': inside(
    ['sinks/'],
    imports(['store/', 'engine/', 'config/', 'source/', 'commands/']),
  ),

  'the engine imports contracts, not what fulfils them': inside(['engine/'], (file) => [
    ...imports(
      ['store/', 'sinks/', 'source/', 'commands/', 'http/', 'observe/', 'fake/'],
      ['sinks/define.ts', 'source/define.ts'],
    )(file),
    ...imports(['config/'])({ ...file, imports: file.imports.filter((each) => !isConfigType(each)) }),
  ]),

  'the store imports no engine, command, sink or source': inside(
    ['store/'],
    imports(['engine/', 'commands/', 'sinks/', 'source/']),
  ),

  'a source imports no store, engine, sink or command': inside(
    ['source/'],
    imports(['store/', 'engine/', 'sinks/', 'commands/']),
  ),

  'notifier is imported by assemble and commands alone': outside(
    ['assemble.ts', 'commands/'],
    imports(['notifier.ts']),
  ),

  'nobody imports cli, index or testing': imports(['cli.ts', 'index.ts', 'testing.ts']),

  'the ambient clock, dice, timers and fetch are in system alone': outside(['system.ts'], ambient),

  'the process is in system, cli and node-version alone': outside(['system.ts', 'cli.ts', 'node-version.ts'], (file) =>
    free(file, ['process']),
  ),

  'argv and exit are in cli alone': outside(['cli.ts'], (file) => uses(file, ['process.argv', 'process.exit'])),

  'the environment is in system alone': outside(['system.ts'], (file) => uses(file, ['process.env'])),

  'system is handed on by assemble, library, commands and cli, types apart': outside(
    ['assemble.ts', 'library/', 'commands/', 'cli.ts'],
    (file) => imports(['system.ts'])({ ...file, imports: file.imports.filter(({ typeOnly }) => !typeOnly) }),
  ),

  'the library and the command line share assemble, and import nothing of each other': (file) => [
    ...inside(['library/', 'index.ts', 'testing.ts', 'testing/'], imports(['commands/', 'cli.ts', 'fake/']))(file),
    ...inside(['commands/', 'assemble.ts', 'notifier.ts'], imports(['library/', 'testing/']))(file),
  ],

  'console is nowhere': (file) => free(file, ['console']),

  'node:sqlite is imported as types alone, so that an old Node gets to say that it is old': ({ imports: all }) =>
    all.filter(({ from, typeOnly }) => from === 'node:sqlite' && !typeOnly).map(({ names }) => names.join()),

  'keyv is constructed in store/keyv alone': outside(['store/keyv.ts'], (file) => uses(file, ['new Keyv'])),

  'no default export': (file) => uses(file, ['export default']),

  'a log line has a constant message, so that it can be searched for and counted': ({ text }) =>
    text.match(/\blog\.(?:debug|info|warn|error)\([^;]*?, `[^`]*`,?\s*\);/g) ?? [],

  'no file is long': ({ text }) =>
    text.split('\n').length > LINES_MAX + 1 ? [`has more than ${LINES_MAX} lines`] : [],

  'nothing is left for later': ({ text }) => text.match(/\b(?:TODO|FIXME|XXX|HACK)\b/g) ?? [],
};

/** A type of sink or source is known to its registry, and to nobody else. */
export function knownToRegistryAlone(adapters: readonly string[]): Rule {
  return outside(['sinks/registry.ts', 'source/registry.ts'], imports(adapters));
}

/** The files that name a type of sink or import one of its modules, its own (`sinks/slack.ts`, `sinks/slack-message.ts`) apart. */
export function filesNaming(
  type: string,
  files: readonly SourceFile[],
  folder: 'sinks' | 'source' = 'sinks',
): string[] {
  const own = new RegExp(`^(?:\\.\\./test/)?${folder}/${type}(?:-[a-z-]+)?(?:\\.test)?\\.ts$`);
  return files
    .filter(({ path }) => !own.test(path))
    .filter(({ strings, imports: all }) => strings.has(type) || all.some(({ from }) => own.test(from)))
    .map(({ path }) => path);
}

/**
 * Names that one of the files exports and none of the users imports. A type may also be there for the sake of an exported
 * signature beside it.
 */
export function unusedExports(files: readonly SourceFile[], users: readonly SourceFile[]): string[] {
  const used = new Set(
    users.flatMap((user) => user.imports.flatMap(({ from, names }) => names.map((name) => `${from} ${name}`))),
  );
  return files.flatMap(({ path, text, exports }) =>
    exports
      .filter(({ name }) => !used.has(`${path} ${name}`) && !used.has(`${path} *`))
      .filter(({ name, isType }) => !isType || text.match(new RegExp(`\\b${name}\\b`, 'g'))?.length === 1)
      .map(({ name }) => `${path} ${name}`),
  );
}

function inside(paths: readonly string[], rule: Rule): Rule {
  return (file) => (isOneOf(file.path, paths) ? rule(file) : []);
}

function outside(paths: readonly string[], rule: Rule): Rule {
  return (file) => (isOneOf(file.path, paths) ? [] : rule(file));
}

function imports(paths: readonly string[], except: readonly string[] = []): Rule {
  return (file) =>
    file.imports.map(({ from }) => from).filter((from) => isOneOf(from, paths) && !isOneOf(from, except));
}

function importsOtherThan(paths: readonly string[]): Rule {
  return (file) => file.imports.map(({ from }) => from).filter((from) => !isOneOf(from, paths));
}

/** A folder ends in a slash. */
function isOneOf(path: string, paths: readonly string[]): boolean {
  return paths.some((each) => path === each || (each.endsWith('/') && path.startsWith(each)));
}

function isConfigType({ from, typeOnly }: Import): boolean {
  return typeOnly && from === 'config/config.ts';
}

function ambient(file: SourceFile): string[] {
  const dice = file.imports.filter(({ from }) => from === 'node:crypto').flatMap(({ names }) => names);
  return [
    ...free(file, AMBIENT_NAMES),
    ...uses(file, AMBIENT_USES),
    ...imports(AMBIENT_MODULES)(file),
    ...dice.filter((name) => DICE.includes(name)),
  ];
}

function free(file: SourceFile, names: readonly string[]): string[] {
  return names.filter((name) => file.free.has(name));
}

function uses(file: SourceFile, expressions: readonly string[]): string[] {
  return expressions.filter((expression) => file.uses.has(expression));
}
