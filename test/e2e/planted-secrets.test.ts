import { join } from 'node:path';
import { z } from 'zod';
import { loadConfig } from '../../src/config/load.js';
import { formatProblem } from '../../src/config/problem.js';
import type { FakeApi } from '../../src/fake/api.js';
import { type Receiver, startReceiver } from '../../src/fake/receiver.js';
import { secret } from '../../src/settings.js';
import { defineSink } from '../../src/sinks/define.js';
import { SINK_TYPES } from '../../src/sinks/registry.js';
import { SOURCE_TYPES } from '../../src/source/registry.js';
import { openStore } from '../../src/store/open.js';
import { systemClock } from '../../src/system.js';
import type { Program } from '../support/child-program.js';
import { filesIn, type Place, planted, secretKeysOf, spiced, tracesOf } from '../support/planted.js';
import {
  BY_KEY,
  configWith,
  ELSEWHERE,
  echo,
  KEPT,
  RECORDING_URL,
  SECRETS,
  sourceAt,
  startRefusingMailServer,
  troubles,
} from '../support/planted-config.js';
import { createStage } from '../support/stage.js';
import { cleanServers, describeWith, newAddress, type ServerKind } from '../support/store-servers.js';

const stage = createStage();
const servers: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(cleanServers);

const TYPES = { sourceTypes: SOURCE_TYPES, sinkTypes: SINK_TYPES };

test('every key that can hold a secret has one planted; a key that comes to them is missed', () => {
  const planting = [...Object.keys(BY_KEY), 'sources.superviz.baseUrl'].sort();
  expect(secretKeysOf(TYPES)).toEqual(planting);
  const chat = defineSink({
    type: 'chat',
    settings: z.strictObject({ login: z.strictObject({ pin: secret() }) }),
    deliver: async () => ({ kind: 'delivered', receipt: 'ok' }),
  } as never);
  expect(secretKeysOf({ ...TYPES, sinkTypes: [...SINK_TYPES, chat] })).toContain('sinks.chat.login.pin');
});

const VALUE = spiced('control');

test.each([
  { name: 'plain', content: `a ${VALUE} b` },
  { name: 'in a URL', content: `?key=${encodeURIComponent(VALUE)}` },
  { name: 'in JSON', content: JSON.stringify({ VALUE }) },
  { name: 'in JSON in JSON', content: JSON.stringify(JSON.stringify({ VALUE })) },
  { name: 'in base64', content: Buffer.from(VALUE).toString('base64') },
  { name: 'in base64, after one letter', content: Buffer.from(`:${VALUE}`).toString('base64') },
  { name: 'in base64, as a password', content: Buffer.from(`me:${VALUE}`).toString('base64url') },
  { name: 'in part', content: `${VALUE.slice(3, 11)}…` },
])('the search finds what is planted: $name', ({ content }) => {
  expect(tracesOf({ it: VALUE, other: planted('other') }, [{ name: 'there', content }])).toEqual([
    expect.stringMatching(/^it in there: /),
  ]);
});

/** Everything that a command said. */
async function said(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Place> {
  const { stdout, stderr, code } = await stage.run(args, { env });
  return { name: args.join(' '), content: [...stdout, ...stderr, `code ${code}`].join('\n') };
}

/** Everything that its server shows, and says of wrong credentials. */
async function pagesOf({ stderr }: Pick<Program, 'stderr'>, uuid: string): Promise<Place[]> {
  const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(stderr.find((line) => / running /.test(line)) ?? '')?.[0];
  const authorization = `Bearer ${BY_KEY['server.token']}`;
  const paths = ['', 'recordings', 'deliveries', `story?of=${uuid}`, 'metrics', 'readyz', 'api/openapi.json'];
  const apis = ['api/status', 'api/recordings?limit=1000', 'api/deliveries?limit=1000', 'nowhere'];
  const hook = `hooks/superviz/source-0?token=${encodeURIComponent(BY_KEY['sources.superviz.hookToken'])}`;
  const asked = [
    ...[...paths, ...apis].map((path) => ({ path, method: 'GET', authorization })),
    { path: 'api/status', method: 'GET', authorization: `${authorization}x` },
    { path: 'api/sources/source-0/poll', method: 'POST', authorization },
    { path: hook, method: 'POST', authorization: '' },
    { path: `${hook}x`, method: 'POST', authorization: '' },
  ];
  const answers = await Promise.all(
    asked.map(async ({ path, method, ...headers }) => {
      const answer = await fetch(`${url}${path}`, { method, headers });
      const head = JSON.stringify([...answer.headers]);
      return { name: `${method} ${path.split('?')[0]}`, content: `${answer.status} ${head} ${await answer.text()}` };
    }),
  );
  expect(answers.map(({ content }) => content.slice(0, 3))).toEqual([
    ...[...paths, ...apis].map((path) => (path === 'nowhere' ? '404' : expect.stringMatching(/^(200|503)$/))),
    ...['401', '200', '204', '401'],
  ]);
  return answers;
}

async function saidOfAll(lines: readonly (readonly string[])[]): Promise<Place[]> {
  const places: Place[] = [];
  for (const line of lines) places.push(await said(line));
  return places;
}

async function openPlaces() {
  const api = await stage.api({ credentials: undefined });
  const receiver: Receiver = await startReceiver({ clock: systemClock, respond: echo });
  const mail = await startRefusingMailServer();
  servers.push(receiver, mail);
  return { api, receiver, mail };
}

function addRecordings(api: FakeApi): string {
  const overrides = { url: RECORDING_URL };
  api.recordings.add({ status: 'processing', overrides });
  return api.recordings.add({ status: 'available', overrides });
}

test('whatever goes wrong, no secret is told or kept', async () => {
  const { api, receiver, mail } = await openPlaces();
  const config = configWith(api, receiver, mail);
  stage.configure(config);
  addRecordings(api);
  const places = await saidOfAll([['poll']]);
  for (const trouble of troubles()) api.fault(trouble);
  // Both sources meet one, and another one when they try once more.
  const hasMet = () => api.requests.filter(({ answeredWith }) => answeredWith !== 'list').length;
  for (let before = -1; before < hasMet(); ) {
    before = hasMet();
    places.push(await said(['poll']));
  }
  expect(hasMet()).toBe(troubles().length);
  for (const trouble of troubles().slice(0, 2)) api.fault(trouble);
  places.push(await said(['check', '--connect']));
  api.clearFaults();
  const uuid = addRecordings(api);
  places.push(...(await saidOfAll([['poll', '--dry-run'], ['poll'], ['poll'], ['poll']])));
  const tried = Object.keys(config.sources).map((name) => ['try', name]);
  const reading = [...tried, ['recordings'], ['deliveries'], ['explain', uuid], ['check', '--connect']];
  places.push(...(await saidOfAll([...reading, ...reading.map((line) => [...line, '--json']), ['schema']])));
  const asking = [['redeliver', '--dead'], ['announce', uuid], ['release']];
  const tests = ['hook-500', 'slack-echo', 'mail-url'].map((sink) => ['test', sink]);
  // One of each type.
  const byType = new Map(Object.entries(config.sinks).map(([sink, { type }]) => [type, sink]));
  const rendered = [...byType.values()].map((sink) => ['render', sink]);
  places.push(...(await saidOfAll([...asking, ...tests, ...rendered])));

  const unreachable = ['https://nowhere.invalid', `https://127.0.0.1:${receiver.port}`, 'http://127.0.0.1:1'];
  const sources = {
    ...config.sources,
    ...Object.fromEntries(unreachable.map((url, index) => sourceAt(url, index + 2))),
  };
  const others = Object.keys(sources).filter((name) => name.startsWith('other-'));
  const pretty = { ...config, sources, log: { level: 'debug', format: 'pretty' } };
  stage.configure(pretty);
  const program = await stage.start(['run']);
  const hasFailed = () =>
    program.stderr.filter((line) => /poll failed/.test(line)).length >= unreachable.length + others.length;
  await stage.until('the polls have failed', hasFailed);
  stage.configure({ ...config, heartbeat: [BY_KEY.heartbeat], store: `redis:${BY_KEY.store}` });
  program.kill('SIGHUP');
  await stage.until('it has read it', () => program.stderr.some((line) => line.includes('the old one stays')));
  stage.configure(pretty);
  places.push(...(await pagesOf(program, uuid)));
  places.push(
    ...(await saidOfAll([
      ['redeliver', '--dead'],
      ['announce', uuid],
    ])),
  );
  program.kill('SIGTERM');
  await program.ended;
  places.push({ name: 'run', content: [...program.stdout, ...program.stderr].join('\n') });

  const ofOperators = receiver.messages.filter(({ body }) => /"type":"(source|sink|delivery)\./.test(body));
  places.push({ name: 'events for operators', content: ofOperators.map(({ body }) => body).join('\n') });
  expect(tracesOf(SECRETS, [...places, ...filesIn(join(stage.folder, 'state'))])).toEqual([]);
  // The search would have found them: each was there to be told, and came back in the answers.
  const { store: _, queue: __, ...inConfig } = BY_KEY;
  const found = tracesOf(inConfig, filesIn(join(stage.folder, 'config'))).map((line) => line.split(' in ')[0]);
  expect(found).toEqual(Object.keys(inConfig));
  expect(tracesOf(KEPT, filesIn(join(stage.folder, 'config')))).toHaveLength(Object.keys(KEPT).length);
  expect(places.map(({ content }) => content).join('\n')).toMatch(/"reason":"login_refused"/);
  const arrived = [{ name: 'the receiver', content: JSON.stringify(receiver.messages) }];
  expect(tracesOf(ELSEWHERE, arrived)).toHaveLength(Object.keys(ELSEWHERE).length);
}, 400_000);

test.each(['redis', 'postgres'] as const)(
  '%s: a store that cannot be opened keeps its password to itself',
  async (kind) => {
    const { api, receiver, mail } = await openPlaces();
    const login = `me:${encodeURIComponent(BY_KEY.store)}`;
    const places: Place[] = [];
    for (const store of [
      `${kind}://${login}@127.0.0.1:1/0`,
      `${kind}://${login}@127.0.0.1:1/0?sslmode=x`,
      `${kind}:${login}`,
    ]) {
      stage.configure(configWith(api, receiver, mail, { store }));
      places.push(...(await saidOfAll([['run'], ['recordings'], ['check', '--connect']])));
    }
    expect(tracesOf(SECRETS, places)).toEqual([]);
    expect(places[0]?.content).toMatch(/cannot be opened/);
  },
  200_000,
);

test('a queue that cannot be reached keeps its password to itself', async () => {
  const { api, receiver, mail } = await openPlaces();
  const login = `me:${encodeURIComponent(BY_KEY.queue)}`;
  const places: Place[] = [];
  for (const queue of [`redis://${login}@127.0.0.1:1/0`, `redis:${login}`, `nats://${login}@127.0.0.1`]) {
    stage.configure({ ...configWith(api, receiver, mail, { store: 'redis://127.0.0.1:1/0' }), queue });
    places.push(...(await saidOfAll([['run'], ['check', '--connect'], ['doctor']])));
  }
  expect(tracesOf(SECRETS, places)).toEqual([]);
  expect(places[1]?.content).toMatch(/failed {2}queue: redis:\/\/127\.0\.0\.1:1\/0: nothing listens/);
}, 200_000);

test('init tells none of what it asks for', async () => {
  const { api, receiver } = await openPlaces();
  const env = {
    SUPERVIZ_CLIENT_ID: BY_KEY['sources.superviz.auth.clientId'],
    SUPERVIZ_SECRET: BY_KEY['sources.superviz.auth.secret'],
    SLACK_WEBHOOK_URL: `${receiver.url}500/${BY_KEY['sinks.slack.url']}`,
  };
  for (const trouble of troubles().slice(0, 4)) api.fault(trouble);
  const places = [
    await said(['init', '--yes', '--base-url', api.url], env),
    await said(['init', '--yes', '--base-url', api.url], env),
    await said(['init', '--yes', '--no-test', '--base-url', api.url, '--config', 'other.yaml'], env),
  ];
  expect(tracesOf(SECRETS, places)).toEqual([]);
  const [inEnv, elsewhere] = [true, false].map((isEnv) =>
    filesIn(stage.folder).filter(({ name }) => name.endsWith('.env') === isEnv),
  );
  expect(tracesOf(SECRETS, elsewhere ?? [])).toEqual([]);
  expect(tracesOf(SECRETS, inEnv ?? [])).toHaveLength(Object.keys(env).length);
}, 200_000);

/** The value of a secret key, written wrongly in every way. */
const MISTAKES: readonly { readonly name: string; readonly wrong: (value: string) => unknown }[] = [
  { name: 'in a list of lists', wrong: (value) => [[value]] },
  { name: 'in a map', wrong: (value) => ({ value }) },
  { name: 'after a word', wrong: (value) => `not ${value}` },
  { name: 'with a line break', wrong: (value) => `${value}\n` },
  { name: 'with a letter that no credential has', wrong: (value) => `${value}ü` },
  { name: 'as a URL of another scheme', wrong: (value) => `gopher://${encodeURIComponent(value)}` },
  { name: 'as a URL with a fragment', wrong: (value) => `https://example.com/#${encodeURIComponent(value)}` },
  { name: 'beside a reference', wrong: (value) => `${value}\${UNSET}` },
];

const cases = Object.entries(BY_KEY).flatMap(([key, value]) => MISTAKES.map((mistake) => ({ key, value, ...mistake })));

test.each(cases)('a mistake in $key does not repeat it: $name', ({ key, value, wrong }) => {
  const [section = '', type = '', ...path] = key.split('.');
  const nested = path.reduceRight<unknown>(
    (inner, part) => (part === '*' ? { a: inner } : { [part]: inner }),
    wrong(value),
  );
  const entry = { type, ...(nested as object) };
  const isOwn = section === 'server';
  const config = isOwn
    ? { [section]: { [type]: wrong(value) } }
    : path.length === 0
      ? { [section]: wrong(value) }
      : { [section]: { one: entry } };
  const loaded = loadConfig('notifier.yaml', JSON.stringify(config), { env: {}, readFile: () => '' });
  const words = 'problems' in loaded ? loaded.problems.map(formatProblem).join('\n') : '';
  expect(words).toContain('is required');
  expect(tracesOf({ [key]: value }, [{ name: 'the problems', content: words }])).toEqual([]);
});

describe.each<ServerKind>(['redis', 'postgres'])('in a store on %s', (kind) => {
  describeWith(kind, 'secrets', () => {
    test('none is kept', async () => {
      const { api, receiver, mail } = await openPlaces();
      const address = newAddress(kind);
      stage.configure(configWith(api, receiver, mail, { store: `${address.url}?prefix=${address.prefix}` }));
      addRecordings(api);
      await stage.run(['poll']);
      const uuid = addRecordings(api);
      const places = await saidOfAll([['poll'], ['poll'], ['explain', uuid], ['redeliver', '--dead']]);
      const { store } = await openStore(address, 'read', { clock: systemClock, cwd: '/', host: 'test', pid: 1 });
      const entries = await Array.fromAsync(store.scan(''));
      await store.close();
      expect(entries.length).toBeGreaterThan(20);
      const kept = entries.map(([key, value]) => ({ name: key, content: JSON.stringify(value) }));
      expect(tracesOf(SECRETS, [...places, ...kept])).toEqual([]);
    }, 200_000);
  });
});
