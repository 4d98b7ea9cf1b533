import { loadConfig } from '../../src/config/load.js';
import { notices } from '../../src/config/notices.js';
import { OPERATOR_EVENT_TYPES } from '../../src/core/operator-event.js';

/** A sink that hears of everything that concerns operators. */
const OPERATORS = `ops: { type: stdout, events: [${Object.keys(OPERATOR_EVENT_TYPES).join(', ')}] }`;

function noticesOf(sinks: string, rest = ''): string[] {
  const text = `sources: { production: { auth: { clientId: a, secret: b } } }\nsinks: { ${sinks} }\n${rest}`;
  const loaded = loadConfig('notifier.yaml', text, { env: {}, readFile: () => '' });
  return 'config' in loaded ? notices(loaded.config, Date.parse('2026-11-28')) : ['the config is faulty'];
}

test.each([
  { name: 'nothing to point out', sinks: 'out: { type: stdout }', want: [] },
  { name: 'a glob that matches', sinks: 'out: { type: stdout, only: { sources: ["prod*"] } }', want: [] },
  {
    name: 'a glob that matches no source',
    sinks: 'out: { type: stdout, only: { sources: [production, staging] } }',
    want: ['sinks.out.only.sources: "staging" matches no source.'],
  },
  {
    name: 'a digest of nothing',
    sinks: `chat: { type: slack, url: "https://example.com", digest: {}, events: [source.failing] }`,
    want: ['sinks.chat.digest: collects events of recordings, and the sink gets none.'],
  },
  {
    name: 'a digest beside a template',
    sinks: `chat: { type: slack, url: "https://example.com", digest: {}, template: { text: "{{ title }}" } }`,
    want: ['sinks.chat.template: is for messages of one event; a digest is in our own words.'],
  },
  {
    name: 'what the type of sink has to say',
    sinks: 'hook: { type: webhook, url: "https://example.com" }',
    want: ['sinks.hook: It has no secret, so nothing is signed.'],
  },
  {
    name: 'a disabled sink beside another',
    sinks: 'out: { type: stdout }, off: { type: stdout, enabled: false }',
    want: ['sinks.off: is disabled; what waits for it is kept, and new events make no deliveries for it.'],
  },
])('$name', ({ sinks, want }) => {
  expect(noticesOf(`${sinks}, ${OPERATORS}`)).toEqual(want);
});

test('no sink is enabled', () => {
  expect(noticesOf('out: { type: stdout, enabled: false }')).toContain(
    'sinks: none is enabled, so nothing is told to anyone.',
  );
});

test('a token that can be guessed', () => {
  expect(noticesOf(OPERATORS, 'server: { token: secret }\n')).toEqual([
    expect.stringContaining('server.token: is short'),
  ]);
  expect(noticesOf(OPERATORS, 'server: { token: 0123456789abcdef0123456789abcdef }\n')).toEqual([]);
});

test('the store forgets', () => {
  expect(noticesOf(OPERATORS, 'store: memory\n')).toEqual([
    'store: memory forgets at every stop what was seen and not yet delivered.',
  ]);
});

test.each([
  {
    name: 'none',
    sinks: 'out: { type: stdout }',
    want: 'source.failing, source.recovered, source.expiring, sink.failing, sink.recovered and delivery.dead',
  },
  {
    name: 'a part',
    sinks:
      'out: { type: stdout, events: [source.failing, sink.failing] }, b: { type: stdout, events: [sink.recovered] }',
    want: 'source.recovered, source.expiring and delivery.dead',
  },
  {
    name: 'a disabled one alone',
    sinks: `out: { type: stdout, events: [source.failing] }, ${OPERATORS.replace('stdout', 'stdout, enabled: false')}`,
    want: 'source.recovered, source.expiring, sink.failing, sink.recovered and delivery.dead',
  },
])('sinks hear of what concerns operators: $name', ({ sinks, want }) => {
  expect(noticesOf(sinks)).toContain(
    `sinks: none gets ${want}: the log alone tells of these. Add them to the events of a sink.`,
  );
});
