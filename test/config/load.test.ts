import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { formatProblem } from '../../src/config/problem.js';

const SOURCES = 'sources: { production: { auth: { clientId: a, secret: b } } }\n';
const SINKS = 'sinks: { out: { type: stdout } }\n';

function load(text: string, env: Record<string, string> = {}): Config {
  const readFile = () => 'from-the-file';
  const loaded = loadConfig('notifier.yaml', text, { env, readFile });
  if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return loaded.config;
}

test('the smallest config has every default', () => {
  expect(load(SOURCES + SINKS)).toMatchObject({
    file: 'notifier.yaml',
    sources: [
      {
        name: 'production',
        definition: { type: 'superviz' },
        settings: {
          baseUrl: 'https://api.superviz.com',
          auth: { clientId: 'a', secret: 'b' },
          timeout: 30_000,
          paging: { pageParam: 'page', sizeParam: 'take', size: 100, maxPages: 10_000 },
        },
        schedule: '*/30 * * * * *',
        whileProcessing: '*/10 * * * * *',
        timezone: 'UTC',
        firstPoll: 'remember',
        stuckAfterMs: 3_600_000,
        emptyList: 'doubt',
      },
    ],
    sinks: [
      {
        name: 'out',
        definition: { type: 'stdout' },
        settings: {},
        enabled: true,
        events: ['recording.available'],
        only: {},
        concurrency: 1,
        intervalMs: 0,
        timeoutMs: 20_000,
        retry: { jitterRatio: 0.2 },
        includeUrl: true,
      },
    ],
    store: { kind: 'sqlite', file: 'state/notifier.sqlite' },
    keepDeliveredMs: 7 * 86_400_000,
    keepDeadMs: 90 * 86_400_000,
    floodLimit: 1_000,
    privateAddresses: 'allow',
    log: { level: 'info', format: 'auto' },
  });
});

test('keys that come from references are called by both', () => {
  const auth = 'auth: { clientId: a, secret: "${SECRET}${file:x}" }';
  const sources = `sources: { production: { ${auth}, baseUrl: "https://$\{HOST:-example.com}" }, other: { ${auth} } }\n`;
  const { sources: loaded } = load(sources + SINKS, { SECRET: 'b' });
  expect(loaded.map(({ keyNames }) => keyNames)).toEqual([
    {
      'auth.secret': 'sources.production.auth.secret (${SECRET} and ${file:x})',
      baseUrl: 'sources.production.baseUrl (${HOST})',
    },
    { 'auth.secret': 'sources.other.auth.secret (${SECRET} and ${file:x})' },
  ]);
});

test('the retries without a word in the config last 75.6 hours', () => {
  const delaysMs = load(SOURCES + SINKS).sinks[0]?.retry.delaysMs ?? [];
  expect(delaysMs).toHaveLength(10);
  expect(delaysMs.reduce((sum, delayMs) => sum + delayMs, 0) / 3_600_000).toBeCloseTo(75.6, 1);
});

test('a config in one line for each key, with every section', () => {
  const config = load(`
sources: { production: { baseUrl: "http://127.0.0.1:4010", auth: { token: a, apiKey: b }, schedule: "* * * * * *", whileProcessing: off } }
sinks: { hook: { type: webhook, url: "http://127.0.0.1:4020/in", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw } }
store: sqlite:state/test.sqlite
delivery: { timeout: 5s, retries: [1s], jitter: 0 }
server: { listen: off }
network: { privateAddresses: deny }
log: { level: debug, format: json }
`);
  expect(config.sources[0]?.whileProcessing).toBeUndefined();
  expect(config.sinks[0]).toMatchObject({
    concurrency: 8,
    timeoutMs: 5_000,
    retry: { delaysMs: [1_000], jitterRatio: 0 },
  });
  expect(config).toMatchObject({ privateAddresses: 'deny', log: { level: 'debug', format: 'json' } });
});

test('what a sink says goes before what delivery says', () => {
  const config = load(`${SOURCES}
sinks:
  out: { type: stdout, timeout: 3s, retries: [], rate: 30/m, concurrency: 4, events: [recording.stuck], enabled: false }
delivery: { timeout: 5s, retries: [1s] }
`);
  expect(config.sinks[0]).toMatchObject({
    timeoutMs: 3_000,
    retry: { delaysMs: [] },
    intervalMs: 2_000,
    concurrency: 4,
    events: ['recording.stuck'],
    enabled: false,
  });
});

test('the text of a variable becomes what the key wants', () => {
  const config = load(
    `${SOURCES}
sinks: { out: { type: "\${TYPE}", enabled: "\${ENABLED}", concurrency: "\${COUNT}", timeout: "\${WAIT:-7s}", events: ["\${EVENT}"] } }
delivery: { jitter: "\${JITTER}" }
`,
    { TYPE: 'stdout', ENABLED: 'false', COUNT: '3', EVENT: 'recording.processing', JITTER: '0.5' },
  );
  expect(config.sinks[0]).toMatchObject({
    enabled: false,
    concurrency: 3,
    timeoutMs: 7_000,
    events: ['recording.processing'],
    retry: { jitterRatio: 0.5 },
  });
});

const ODD = 'a" }, evil: { x: "\n- b';

test('a value cannot break out of its place', () => {
  const config = load(
    `sources: { production: { roomId: "\${ROOM}", auth: { clientId: a, secret: "\${file:secret}" } } }\n${SINKS}`,
    {
      ROOM: ODD,
    },
  );
  expect(config.sources[0]?.settings).toMatchObject({ roomId: ODD, auth: { secret: 'from-the-file' } });
});

test('anchors, merge keys and x- keys work, and what is not used needs no variable', () => {
  const config = load(`
x-unused: { secret: "\${UNSET}" }
x-sink: &sink { type: stdout, timeout: 1s, retries: [1s] }
x-slow: &slow { timeout: 9s, rate: 1/s }
${SOURCES}
sinks:
  one: *sink
  two: { <<: *sink, timeout: 2s }
  three: { <<: [*slow, *sink] }
`);
  expect(config.sinks.map(({ timeoutMs, intervalMs }) => [timeoutMs, intervalMs])).toEqual([
    [1_000, 0],
    [2_000, 0],
    [9_000, 1_000],
  ]);
});

test('memory is a store', () => {
  expect(load(`${SOURCES}${SINKS}store: memory\n`).store).toEqual({ kind: 'memory' });
});

test.each([
  { rate: '1/s', want: 1_000 },
  { rate: '30/m', want: 2_000 },
  { rate: '100/h', want: 36_000 },
  { rate: '7/s', want: 143 },
])('the rate $rate starts an attempt every $want ms', ({ rate, want }) => {
  expect(load(`${SOURCES}sinks: { out: { type: stdout, rate: ${rate} } }\n`).sinks[0]?.intervalMs).toBe(want);
});

test.each([
  { sink: 'type: webhook, url: "https://a.example"', concurrency: 8, intervalMs: 0 },
  { sink: 'type: slack, url: "https://a.example"', concurrency: 1, intervalMs: 1_000 },
  { sink: 'type: slack, url: "https://a.example", rate: 30/m', concurrency: 1, intervalMs: 2_000 },
  { sink: 'type: email, smtp: "smtp://localhost", from: a@b.c, to: [d@e.f]', concurrency: 3, intervalMs: 0 },
  { sink: 'type: stdout', concurrency: 1, intervalMs: 0 },
])('the pace of { $sink } is $concurrency at once, $intervalMs ms apart', ({ sink, ...want }) => {
  expect(load(`${SOURCES}sinks: { out: { ${sink} } }\n`).sinks[0]).toMatchObject(want);
});

test('a problem names its file, line, column and key', () => {
  const text =
    'sources:\n  production:\n    auth: { clientId: a, secret: b }\n    timeout: 30\nsinks: { out: { type: stdout } }\n';
  const loaded = loadConfig('config/notifier.yaml', text, { env: {}, readFile: () => '' });
  expect('problems' in loaded && loaded.problems.map(formatProblem)).toEqual([
    'config/notifier.yaml:4:14: sources.production.timeout: "30" has no unit; write 30s',
  ]);
});

test('more sinks than one write can hold deliveries for are refused', () => {
  const sinks = Array.from({ length: 501 }, (_, n) => `  s${n}: { type: stdout }\n`).join('');
  const loaded = loadConfig('notifier.yaml', `${SOURCES}sinks:\n${sinks}`, { env: {}, readFile: () => '' });
  expect('problems' in loaded && loaded.problems.map(formatProblem)).toEqual([
    'notifier.yaml:3:3: sinks: has 501 entries; 500 is the most',
  ]);
});
