import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { renderExample } from '../../src/config/example.js';
import { loadConfig } from '../../src/config/load.js';
import { formatProblem } from '../../src/config/problem.js';
import { renderReference, withSinkTable, withSourceTable } from '../../src/config/reference.js';
import { renderJsonSchema } from '../../src/config/render.js';
import { SINK_TYPES } from '../../src/sinks/registry.js';
import { SOURCE_TYPES } from '../../src/source/registry.js';
import { EXAMPLE_VARIABLES } from '../support/example-variables.js';

const types = { sourceTypes: SOURCE_TYPES, sinkTypes: SINK_TYPES };
const example = renderExample(types);

const validate = new Ajv2020({ strict: false, formats: { uri: true } }).compile(JSON.parse(renderJsonSchema(types)));

test.each([
  { file: 'schema.json', want: renderJsonSchema(types) },
  { file: 'notifier.example.yaml', want: example },
  { file: 'REFERENCE.md', want: renderReference(types) },
])('config/$file is what the code makes: else run "npm run generate"', ({ file, want }) => {
  expect(readFileSync(join(import.meta.dirname, '..', '..', 'config', file), 'utf8')).toBe(want);
});

test('README.md has the table of sinks that the code makes: else run "npm run generate"', () => {
  const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
  expect(withSinkTable(readme, SINK_TYPES)).toBe(readme);
  const [first, ...others] = SINK_TYPES;
  const stale = withSinkTable(readme, others);
  expect(stale).not.toContain(`\n| \`${first?.type}\` |`);
  expect(withSinkTable(stale, SINK_TYPES)).toBe(readme);
});

test('README.md has the table of sources that the code makes: else run "npm run generate"', () => {
  const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
  expect(withSourceTable(readme, SOURCE_TYPES)).toBe(readme);
  expect(withSourceTable(readme, SOURCE_TYPES.slice(1))).not.toContain(`\n| \`${SOURCE_TYPES[0]?.type}\` |`);
});

test('the reference says which types of a form have a key', () => {
  const reference = renderReference(types);
  expect(reference).toContain('| `paging.type` \\* | `none` `page` `offset` `cursor` `link` `nextUrl` |  |  |');
  expect(reference).toContain('| `auth.clientId` \\* | text |  | `oauth2ClientCredentials`:');
  expect(reference).toContain('| `paging.next` \\* | a JMESPath expression |  | `cursor` `nextUrl`: ');
});

test('the reference names who takes digest and template, and nobody else', () => {
  const line =
    renderReference(types)
      .split('\n')
      .find((each) => each.startsWith('Types that take `digest`')) ?? '';
  const [digest = '', template = ''] = line.split(';');
  for (const { type, deliverDigest, templates } of SINK_TYPES) {
    expect([type, digest.includes(`\`${type}\``)]).toEqual([type, deliverDigest !== undefined]);
    expect([type, template.includes(`\`${type}\``)]).toEqual([type, templates !== undefined]);
  }
});

test('the example loads once its variables are set', () => {
  const loaded = loadConfig('notifier.example.yaml', example, { env: EXAMPLE_VARIABLES, readFile: () => '' });
  expect('problems' in loaded ? loaded.problems.map(formatProblem) : []).toEqual([]);
});

test('the example says nothing but the defaults', () => {
  const minimal = 'sources: { production: { auth: { clientId: a, secret: b } } }\nsinks: { out: { type: stdout } }\n';
  const load = (text: string) => {
    const loaded = loadConfig('notifier.yaml', text, { env: {}, readFile: () => '' });
    if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'));
    const { sources, sinks: _, ...rest } = loaded.config;
    return { ...rest, sources };
  };
  const [sources] = example
    .replace(/\$\{SUPERVIZ_CLIENT_ID\}/, 'a')
    .replace(/\$\{SUPERVIZ_SECRET\}/, 'b')
    .split(/\n {2}my-/);
  const sections = example.slice(example.indexOf('\nstore:'));
  expect(load(`${sources}\nsinks: { out: { type: stdout } }${sections}`)).toEqual(load(minimal));
});

test.each(SINK_TYPES)('the example shows every key of $type', ({ type }) => {
  const schema = JSON.parse(renderJsonSchema({ ...types, sinkTypes: SINK_TYPES.filter((each) => each.type === type) }));
  for (const key of Object.keys(schema.properties.sinks.additionalProperties.anyOf[0].properties)) {
    expect(example).toMatch(new RegExp(`^ +(# )?${key}:`, 'm'));
  }
});

test('the JSON Schema accepts the example', () => {
  validate(parse(example));
  expect(validate.errors ?? []).toEqual([]);
});

const SOURCES = 'sources: { production: { auth: { clientId: a, secret: b } } }\n';
const SINKS = 'sinks: { out: { type: stdout } }\n';

test.each([
  { name: 'the smallest config', text: SOURCES + SINKS },
  { name: 'keys for anchors', text: `x-sinks: &sinks { out: { type: stdout } }\n${SOURCES}sinks: *sinks\n` },
  { name: "a sink type of one's own", text: `${SOURCES}sinks: { own: { type: ./my-sink.js, path: list.txt } }\n` },
  { name: "a source type of one's own", text: `sources: { own: { type: ./my-source.js, path: list } }\n${SINKS}` },
  { name: 'a sink type from a package', text: `${SOURCES}sinks: { own: { type: "@me/sink", path: list.txt } }\n` },
  { name: 'a reference for a number', text: `${SOURCES}sinks: { out: { type: stdout, concurrency: "\${N}" } }\n` },
  { name: 'a reference for a duration', text: `${SOURCES}${SINKS}delivery: { timeout: "\${T:-5s}" }\n` },
  { name: 'a reference for a URL', text: `${SOURCES}sinks: { hook: { type: webhook, url: "\${URL}" } }\n` },
  { name: 'a reference for a word', text: `${SOURCES}${SINKS}log: { level: "\${LEVEL}" }\n` },
])('the JSON Schema accepts $name', ({ text }) => {
  validate(parse(text));
  expect(validate.errors ?? []).toEqual([]);
});

test.each([
  { name: 'a slip in a type', text: `${SOURCES}sinks: { out: { type: stdot } }\n` },
  { name: 'an unknown key', text: `${SOURCES}${SINKS}stores: memory\n` },
  {
    name: 'an unknown key of a source',
    text: `sources: { production: { auth: { token: a, apiKey: b }, url: x } }\n${SINKS}`,
  },
  { name: 'a key of another type of sink', text: `${SOURCES}sinks: { out: { type: stdout, secret: a } }\n` },
  { name: 'a sink without a type', text: `${SOURCES}sinks: { out: {} }\n` },
  { name: 'half of a credential', text: `sources: { production: { auth: { clientId: a } } }\n${SINKS}` },
  { name: 'a bare number for a duration', text: `${SOURCES}${SINKS}delivery: { timeout: 30 }\n` },
  { name: 'a number out of bounds', text: `${SOURCES}sinks: { out: { type: stdout, concurrency: 257 } }\n` },
  { name: 'a name with a blank', text: `${SOURCES}sinks: { "my sink": { type: stdout } }\n` },
  { name: 'no sinks', text: `${SOURCES}sinks: {}\n` },
  { name: 'a store of a kind that is not known', text: `${SOURCES}${SINKS}store: mysql://localhost\n` },
])('the JSON Schema refuses $name', ({ text }) => {
  expect(validate(parse(text))).toBe(false);
});
