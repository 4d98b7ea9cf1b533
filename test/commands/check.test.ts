import { EVENT_TYPES } from '../../src/core/event.js';
import { fakeNtfy, TOPIC } from '../support/fake-ntfy.js';
import { type ForwardProxy, startForwardProxy } from '../support/forward-proxy.js';
import { startRedis } from '../support/redis-process.js';
import { createStage, SIGNING_SECRET, sourceOf, webhookTo } from '../support/stage.js';
import { describeWith } from '../support/store-servers.js';

const stage = createStage();

/** Hears of everything, so that there is nothing to point out. */
function hookTo(receiver: Parameters<typeof webhookTo>[0], more: object = {}): object {
  return webhookTo(receiver, { events: Object.keys(EVENT_TYPES), ...more });
}

test('a valid config is called so', async () => {
  const [api, receiver] = [await stage.api(), await stage.receiver()];
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { hook: hookTo(receiver) } });
  const { code, stdout, stderr } = await stage.run(['check']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
  expect(stdout).toEqual(['config/notifier.yaml is valid: 1 source, 1 sink']);
  expect([api.requestCount, receiver.messages]).toEqual([0, []]);
});

test('it tells the public key that a receiver needs, and never the private one', async () => {
  const [api, receiver] = [await stage.api(), await stage.receiver()];
  const secret = ['${PRIVATE_KEY}', SIGNING_SECRET];
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { hook: hookTo(receiver, { secret }) } });
  const privateKey = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
  const { code, stdout, stderr } = await stage.run(['check'], { env: { PRIVATE_KEY: privateKey } });
  expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
  expect(stdout).toEqual([
    'ok      sinks.hook: its receiver verifies v1a with the public key whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=',
    expect.stringMatching(/is valid/),
  ]);
});

test('every mistake is told at once on stderr, each with its place, and the exit code is 2', async () => {
  stage.configure(
    [
      'sources:',
      '  production:',
      '    auth: { clientId: "${CLIENT_ID}", secret: b }',
      '    timeout: 30',
      '    shedule: "* * * * *"',
      'sinks:',
      '  hook: { type: webhok }',
      'queue: nats://queue',
    ].join('\n'),
    'other.yaml',
  );
  const { code, stdout, stderr } = await stage.run(['check', '--config', 'other.yaml']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: [] });
  expect(stderr).toEqual([
    expect.stringMatching(/^other\.yaml:3:\d+: sources\.production\.auth\.clientId: .*CLIENT_ID/),
    expect.stringMatching(/^other\.yaml:4:\d+: sources\.production\.timeout: .*write 30s$/),
    expect.stringMatching(/^other\.yaml:5:\d+: sources\.production\.shedule: .*schedule/),
    expect.stringMatching(/^other\.yaml:7:\d+: sinks\.hook\.type: .*webhook/),
    expect.stringMatching(/^other\.yaml:8:\d+: queue: .*embedded/),
  ]);
});

test('a file that is not there is a mistake too', async () => {
  const { code, stderr } = await stage.run(['check']);
  expect(code).toBe(2);
  expect(stderr.join('\n')).toMatch(/config\/notifier\.yaml/);
});

test('every command refuses a config with mistakes', async () => {
  stage.configure('sources: {}\nsinks: {}\n');
  for (const args of [['run'], ['poll'], ['recordings'], ['deliveries'], ['redeliver', '--dead'], ['test', 'hook']]) {
    expect(await stage.run(args)).toMatchObject({
      code: 2,
      stdout: [],
      stderr: expect.arrayContaining([expect.stringMatching(/sources: /)]),
    });
  }
});

test('variables come from the environment and from .env, which does not override it', async () => {
  const receiver = await stage.receiver();
  const api = await stage.api({ credentials: { clientId: 'from-file', secret: 'from-environment' } });
  const auth = { clientId: '${CLIENT_ID}', secret: '${CLIENT_SECRET}' };
  stage.configure('CLIENT_ID=from-file\nCLIENT_SECRET=from-file\n', '.env');
  stage.configure({ sources: { production: sourceOf(api, { auth }) }, sinks: { hook: hookTo(receiver) } });
  const env = { CLIENT_SECRET: 'from-environment' };
  expect(await stage.run(['check', '--connect'], { env })).toMatchObject({ code: 0 });
});

test.each([
  {
    name: 'far from now',
    expiresAt: '2999-01-01',
    want: /^ok +sources\.production: its credential expires in \d+ days, /,
  },
  {
    name: 'past',
    expiresAt: '2020-01-01T12:00:00Z',
    want: /^notice +sources\.production: its credential expired \d+ days ago, at 2020-01-01T12:00:00\.000Z; renew it$/,
  },
  {
    name: 'soon',
    expiresAt: new Date(Date.now() + 3 * 86_400_000 + 600_000).toISOString(),
    want: /^notice +sources\.production: its credential expires in 3 days, at .*; renew it$/,
  },
])('it says when a credential dies: $name', async ({ expiresAt, want }) => {
  const api = await stage.api();
  const auth = { clientId: 'client', secret: 'secret', expiresAt };
  stage.configure({
    sources: { production: sourceOf(api, { auth }) },
    sinks: { out: { type: 'stdout', events: Object.keys(EVENT_TYPES) } },
  });
  const { code, stdout } = await stage.run(['check']);
  expect({ code, stdout }).toEqual({ code: 0, stdout: [expect.stringMatching(want), expect.any(String)] });
});

describe('--connect', () => {
  test('tries the platform, the store and the sinks, and sends nothing', async () => {
    const [api, receiver] = [await stage.api(), await stage.receiver()];
    stage.configure({
      sources: { production: sourceOf(api) },
      sinks: {
        hook: hookTo(receiver),
        out: { type: 'stdout' },
        idle: { type: 'slack', url: 'http://127.0.0.1:1/', enabled: false },
      },
    });
    const { code, stdout } = await stage.run(['check', '--connect', '--json']);
    expect(code).toBe(0);
    expect(stdout.map((line) => JSON.parse(line))).toEqual([
      { what: 'config', result: 'notice', detail: expect.stringMatching(/^sinks\.idle: is disabled/) },
      { what: 'store', result: 'ok', detail: expect.stringMatching(/does not exist yet/) },
      { what: 'sources.production', result: 'ok', detail: expect.stringMatching(/0 recordings/) },
      { what: 'sinks.hook', result: 'ok', detail: 'can be reached; its signature is not tried: "test hook" does that' },
      { what: 'sinks.out', result: 'ok', detail: 'nothing to connect to' },
      {
        what: 'sinks.idle',
        result: 'notice',
        detail: expect.stringMatching(/refused.*; it is disabled, so that is no failure$/),
      },
    ]);
    expect([api.requestCount, receiver.messages]).toEqual([1, []]);
  });

  test('a store that cannot be written fails, though it could be read or made', async () => {
    const [api, store] = [await stage.api(), 'sqlite:/proc/nowhere/notifier.sqlite'];
    stage.configure({ sources: { production: sourceOf(api) }, sinks: { out: { type: 'stdout' } }, store });
    const { code, stdout } = await stage.run(['check', '--connect']);
    expect(code).toBe(1);
    expect(stdout.join('\n')).toMatch(/^failed {2}store: .*\/proc/m);
  });

  test('what fails is named, and the exit code is 1', async () => {
    const [api, receiver] = [await stage.api(), await stage.receiver()];
    const auth = { clientId: 'client', secret: '${CLIENT_SECRET}' };
    stage.configure({ sources: { production: sourceOf(api, { auth }) }, sinks: { hook: hookTo(receiver) } });
    await receiver.close();
    const { code, stdout } = await stage.run(['check', '--connect'], { env: { CLIENT_SECRET: 'wrong-secret' } });
    expect(code).toBe(1);
    expect(stdout).toEqual([
      expect.stringMatching(/^ok +store: /),
      expect.stringMatching(
        /^failed +sources\.production: status 401 \(message "Unauthorized"\); .*sources\.production\.auth\.secret \(\$\{CLIENT_SECRET}\)$/,
      ),
      expect.stringMatching(/^failed +sinks\.hook: .*127\.0\.0\.1/),
      expect.stringMatching(/2 failed$/),
    ]);
    expect(stdout.join('\n')).not.toContain('wrong-secret');
  });

  test('where nothing is signed, no signature is spoken of', async () => {
    const [api, receiver] = [await stage.api(), await stage.receiver()];
    stage.configure({
      sources: { production: sourceOf(api) },
      sinks: { hook: { type: 'webhook', url: receiver.url } },
      store: 'memory',
    });
    const { stdout } = await stage.run(['check', '--connect']);
    expect(stdout).toContain('ok      sinks.hook: can be reached');
  });

  test('it says who owns the store, and what is not archived yet', async () => {
    const [api, receiver] = [await stage.api(), await stage.receiver()];
    api.recordings.add({ status: 'available' });
    const sinks = { hook: hookTo(receiver), films: { type: 'archive', to: 'archive' } };
    const program = await stage.start(['run'], { config: { sources: { production: sourceOf(api) }, sinks } });
    await stage.untilLog(program, /^first poll complete/);
    const { code, stdout } = await stage.run(['check', '--connect']);
    expect(code).toBe(0);
    expect(stdout[0]).toMatch(/store: sqlite:.*, a running program owns it/);
    expect(stdout.filter((line) => line.includes('sinks.films'))).toEqual([
      'ok      sinks.films: can be reached',
      expect.stringMatching(
        /^notice {2}sinks\.films: 1 recording available: 0 archived \(0 B\), 1 not yet, .*running program/,
      ),
    ]);
  });
});

describeWith('redis', 'a Redis that has no store yet', () => {
  test.each([
    { name: 'keeps what is stored', options: [], want: [] },
    {
      name: 'may lose what is stored',
      options: ['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru'],
      want: [/^notice +store: .*allkeys-lru/, /^notice +store: .*append-only/],
    },
  ])('that $name: said before "run" makes a store there', async ({ options, want }) => {
    const [api, redis] = [await stage.api(), await startRedis(...options)];
    stage.configure({
      sources: { production: sourceOf(api) },
      sinks: { out: { type: 'stdout' } },
      store: redis.url,
    });
    for (const _ of ['first', 'again, since nothing was made']) {
      const { code, stdout } = await stage.run(['check', '--connect']);
      expect(code).toBe(0);
      expect(stdout.filter((line) => line.includes('store: '))).toEqual([
        expect.stringMatching(/^ok +store: does not exist yet/),
        ...want.map((pattern) => expect.stringMatching(pattern)),
      ]);
    }
    await redis.kill();
  });
});

test.each([
  { scheme: 'https', want: /the proxy refused the connection/, code: 1 },
  { scheme: 'http', want: /its proxy can be reached; the receiver behind it is not tried/, code: 0 },
])('a sink of $scheme is not said to be reached behind a proxy that leads nowhere', async ({ scheme, want, code }) => {
  const api = await stage.api();
  const proxy = await stage.receiver({ respond: () => ({ status: 407 }) });
  const hook = { type: 'webhook', url: `${scheme}://receiver.example/in`, proxy: proxy.url, secret: SIGNING_SECRET };
  const config = { sources: { production: sourceOf(api) }, sinks: { hook }, store: 'memory' };
  const checked = await stage.run(['check', '--connect'], { config });
  expect([...checked.stdout, ...checked.stderr].join('\n')).toMatch(want);
  expect(checked.code).toBe(code);
});

describe('behind a proxy of the environment', () => {
  let proxy: ForwardProxy;

  beforeEach(async () => {
    proxy = await startForwardProxy();
  });

  afterEach(() => proxy.close());

  test('a plain URL is said to be reached only if something was asked of it', async () => {
    const [api, ntfy] = [await stage.api(), await stage.receiver({ respond: fakeNtfy })];
    const config = {
      sources: { production: sourceOf(api) },
      sinks: { phones: { type: 'ntfy', url: `http://inside.example:${ntfy.port}`, topic: TOPIC } },
      heartbeat: 'http://nobody.example/ping',
      store: 'memory',
    };
    const env = { HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '127.0.0.1' };
    const { code, stdout } = await stage.run(['check', '--connect'], { config, env });
    expect(code).toBe(0);
    expect(stdout.filter((line) => /sinks\.phones|heartbeat/.test(line))).toEqual([
      'ok      sinks.phones: can be reached',
      'ok      heartbeat: its proxy can be reached; the host behind it is not tried; "run" and "poll" request it',
    ]);
    expect(proxy.seen).toEqual([expect.stringMatching(/^GET http:\/\/inside\.example:\d+\/v1\/health /)]);
  });
});
