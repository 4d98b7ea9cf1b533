import { writeFileSync } from 'node:fs';
import { type Environment, readConfig, readPart } from '../../src/config/load.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** `.env` is looked for in the working directory. */
const home = process.cwd();

beforeEach(() => process.chdir(temporaryFolder()));

afterEach(() => process.chdir(home));

const SOURCES = 'sources:\n  production:\n    auth: { clientId: a, secret: b }\n';
const STORE = 'store: sqlite:kept.sqlite\n';
const SINKS = 'sinks:\n  out: { type: stdout }\n';

function partOf(text: string, env: Environment = {}) {
  writeFileSync('notifier.yaml', text);
  expect(readConfig('notifier.yaml', env)).toHaveProperty('problems');
  return readPart('notifier.yaml', env);
}

function names(text: string) {
  const part = partOf(text);
  if (part === undefined) return undefined;
  return {
    store: part.store.kind === 'sqlite' ? part.store.file : part.store.kind,
    sources: part.sources.map(({ name }) => name),
    sinks: part.sinks.map(({ name }) => name),
  };
}

test.each([
  { name: 'a sink without a type', text: `${SOURCES}${STORE}sinks:\n  hook: {}\n  out: { type: stdout }\n` },
  {
    name: 'a sink with an unset variable',
    text: `${SOURCES}${STORE}sinks:\n  hook: { type: slack, url: "\${NOT_SET}" }\n  out: { type: stdout }\n`,
  },
  {
    name: 'a template',
    text: `${SOURCES}${STORE}sinks:\n  hook: { type: stdout, template: 1 }\n  out: { type: stdout }\n`,
  },
  {
    name: 'a key of all sinks',
    text: `${SOURCES}${STORE}sinks:\n  hook: { type: stdout, rate: 1 }\n  out: { type: stdout }\n`,
  },
  {
    name: 'an unknown key beside',
    text: `${SOURCES}${STORE}${SINKS}  hook: { type: stdout }\nqeue: redis\n`,
    sinks: ['out', 'hook'],
  },
  {
    name: 'a duration without a unit',
    text: `${SOURCES}${STORE}${SINKS}  hook: { type: stdout }\ndelivery: { timeout: 3 }\n`,
    sinks: ['out', 'hook'],
  },
  {
    name: 'an open server',
    text: `${SOURCES}${STORE}${SINKS}  hook: { type: stdout }\nserver: { listen: "0.0.0.0:1" }\n`,
    sinks: ['out', 'hook'],
  },
  {
    name: 'a name that is none',
    text: `${SOURCES}${STORE}sinks:\n  hook: {}\n  "a b": { type: stdout }\n  out: { type: stdout }\n`,
  },
  {
    name: 'no YAML in a sink',
    text: `${SOURCES}${STORE}sinks:\n  hook:\n    type: webhook\n    url: "https://x\n  out: { type: stdout }\n`,
  },
  {
    name: 'a list that is not indented',
    text: `${SOURCES}sinks:\n  hook:\n    type: email\n    to: [\n]\n  out: { type: stdout }\n${STORE}`,
  },
  { name: 'a tab', text: `${SOURCES}${STORE}sinks:\n  hook:\n\ttype: stdout\n  out: { type: stdout }\n` },
  {
    name: 'no YAML in delivery',
    text: `${SOURCES}${STORE}delivery: [\nsinks:\n  hook: { type: stdout }\n  out: { type: stdout }\n`,
  },
])('what is left without $name', ({ text, sinks = ['hook', 'out'] }) => {
  expect(names(text)).toEqual({ store: 'kept.sqlite', sources: ['production'], sinks });
});

test('a source that has mistakes keeps its name', () => {
  const text = `sources:\n  production: { schedule: never }\n${STORE}${SINKS}`;
  expect(names(text)).toEqual({ store: 'kept.sqlite', sources: ['production'], sinks: ['out'] });
});

test('keys of all sinks stay where they have no mistake', () => {
  const hook = 'hook: { enabled: false, events: [sink.failing], retries: 3, url: 1, type: webhook }';
  expect(partOf(`${SOURCES}${STORE}${SINKS}  ${hook}\n`)).toMatchObject({
    isPart: true,
    sinks: [{ name: 'out' }, { name: 'hook', enabled: false, events: ['sink.failing'], retry: { jitterRatio: 0.2 } }],
  });
});

test('the store that is not written is the default, where nothing looks like it', () => {
  expect(names(`${SOURCES}sinks:\n  hook: {}\n`)?.store).toBe('state/notifier.sqlite');
});

test.each([
  { name: 'the store has a mistake', text: `${SOURCES}${SINKS}store: sqlit:a\n` },
  { name: 'the store has an unset variable', text: `${SOURCES}${SINKS}store: "\${NOT_SET}"\n` },
  { name: 'the store is no YAML', text: `${SOURCES}${SINKS}store: "sqlite:a\n` },
  { name: 'the store has no space after the colon', text: `${SOURCES}${SINKS}store:sqlite:a\n` },
  { name: 'the store is indented', text: `${SOURCES}${SINKS} store: sqlite:a\n` },
  { name: 'the store is misspelt', text: `${SOURCES}${SINKS}stroe: sqlite:a\n` },
  { name: 'the store is given twice', text: `${SOURCES}${SINKS}${STORE}${STORE}` },
  { name: 'there are no sinks', text: `${SOURCES}${STORE}` },
  { name: 'nothing is YAML', text: '{ "store": "sqlite:a", [' },
])('nothing is left where $name', ({ text }) => {
  expect(partOf(text)).toBeUndefined();
});

test('nothing is left of a file that cannot be read', () => {
  expect(readPart('nowhere.yaml', {})).toBeUndefined();
});
