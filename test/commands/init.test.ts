import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SINK_RECIPES } from '../../src/commands/init-recipes.js';
import { freePort } from '../support/free-port.js';
import { startRedis } from '../support/redis-process.js';
import { startSmtp } from '../support/smtp.js';
import { CLIENT_SECRET, createStage, SIGNING_SECRET } from '../support/stage.js';
import { describeWith } from '../support/store-servers.js';

const stage = createStage();

const SECRETS = { SUPERVIZ_CLIENT_ID: 'client', SUPERVIZ_SECRET: CLIENT_SECRET };

test('by flags: what it writes is valid, works, and keeps the secrets in .env', async () => {
  const [api, receiver] = [await stage.api({ recordings: [{ status: 'available' }] }), await stage.receiver()];
  const flags = ['--base-url', api.url, '--schedule', '*/5 * * * *', '--first-poll', 'announce', '--stdout'];
  const env = { ...SECRETS, WEBHOOK_URL: `${receiver.url}in?key=a`, WEBHOOK_SECRET: SIGNING_SECRET };
  const { code, stdout, stderr } = await stage.run(['init', '--yes', ...flags], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
  expect(stdout).toEqual([
    expect.stringMatching(/^ok {6}sources\.production: answers/),
    'ok      sinks.pipeline: can be reached; its signature is not tried: "test pipeline" does that',
    'ok      sinks.log: nothing to connect to',
    'ok      store: does not exist yet; "run" makes it',
    'Wrote config/notifier.yaml, and .env with the secrets, which only you can read.',
    'Next:',
    expect.stringMatching(/^ {2}\S+node \S+cli\.js check --connect$/),
    expect.stringMatching(/cli\.js run$/),
  ]);
  expect(textOf('config/notifier.yaml')).toMatch(/^ {6}secret: \$\{SUPERVIZ_SECRET\}$/m);
  expect(textOf('config/notifier.yaml')).not.toMatch(/client-secret|whsec_|127\.0\.0\.1.*in/);
  expect(statSync(join(stage.folder, '.env')).mode & 0o777).toBe(0o600);

  expect(await stage.run(['check', '--connect'])).toMatchObject({ code: 0, stderr: [] });
  expect(await stage.run(['poll'], { printsUrls: true })).toMatchObject({ code: 0 });
  expect(receiver.messages).toHaveLength(1);
});

test('the older credentials go to their own API', async () => {
  const args = ['init', '--token', 'a.b.c', '--api-key', 'key', '--stdout', '--no-test', '--config', 'other.yaml'];
  const { code, stdout } = await stage.run(args);
  expect(code).toBe(0);
  expect(stdout.at(-1)).toMatch(/cli\.js run --config "other\.yaml"$/);
  expect(textOf('other.yaml')).toMatch(/baseUrl: https:\/\/nodeapi\.superviz\.com/);
  expect(await stage.run(['check', '--config', 'other.yaml'])).toMatchObject({ code: 0 });
});

test('a sink that people read hears of trouble too, and check has nothing to point out', async () => {
  const args = ['init', '--yes', '--no-test', '--slack-url', 'https://hooks.slack.com/services/T0/B0/x'];
  expect(await stage.run(args, { env: SECRETS })).toMatchObject({ code: 0 });
  const { code, stdout } = await stage.run(['check']);
  expect(code).toBe(0);
  expect(stdout.join('\n')).not.toMatch(/the log alone tells/);
  expect(textOf('config/notifier.yaml')).toMatch(/# Trouble of the notifier's own:\n +- source\.failing/);
});

test('every sink that it asks about makes a valid config', async () => {
  const answers: Readonly<Record<string, string>> = {
    'slack-url': 'https://hooks.slack.com/services/T0/B0/x',
    'discord-url': 'https://discord.com/api/webhooks/1/x',
    'teams-url': 'https://prod-1.westeurope.logic.azure.com/workflows/x?sig=y',
    'telegram-token': '123456:abc',
    'telegram-chat': '@channel',
    'ntfy-topic': 'recordings-7bQx',
    'ntfy-url': 'https://ntfy.example.com',
    smtp: 'smtp://user:pass@mail.example.com:587',
    'mail-from': 'Recordings <recordings@example.com>',
    'mail-to': 'ops@example.com, Team <team@example.com>',
    'webhook-url': 'https://example.com/hook',
    'webhook-secret': SIGNING_SECRET,
  };
  const asked = SINK_RECIPES.flatMap(({ questions }) => questions.map(({ flag }) => flag));
  const flags = asked.flatMap((flag) => [`--${flag}`, answers[flag] ?? `no answer to ${flag}`]);
  expect(await stage.run(['init', '--yes', '--no-test', '--stdout', ...flags], { env: SECRETS })).toMatchObject({
    code: 0,
  });
  const { code, stdout } = await stage.run(['check']);
  expect({ code, last: stdout.at(-1) }).toEqual({
    code: 0,
    last: `config/notifier.yaml is valid: 1 source, ${SINK_RECIPES.length} sinks`,
  });
  const yaml = textOf('config/notifier.yaml');
  for (const { comment, name } of SINK_RECIPES) expect(yaml).toContain(`  #${comment}\n  ${name}:\n`);
});

test('a webhook without a secret gets a new one, and no sample that its receiver could not verify', async () => {
  const [api, receiver] = [await stage.api(), await stage.receiver()];
  const args = ['init', '--base-url', api.url, '--webhook-url', receiver.url];
  const { code, stdout } = await stage.run(args, { env: SECRETS });
  expect(code).toBe(0);
  expect(stdout.slice(-5, -2)).toEqual([
    expect.stringMatching(`^  start the receiver of pipeline in .*: \\S+ \\S+cli\\.js listen --port ${receiver.port}$`),
    '  one of your own gets its key by: export "$(grep ^WEBHOOK_SECRET= .env)"',
    expect.stringMatching(/^ {2}\S+ \S+cli\.js test pipeline$/),
  ]);
  expect(textOf('.env')).toMatch(/^WEBHOOK_SECRET=whsec_[A-Za-z0-9+/]{32}$/m);
  expect(receiver.messages).toEqual([]);
});

test('the steps that it prints work: listen takes the new key, and test reaches it', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  expect(await stage.run(['init', '--no-test', '--yes', '--webhook-url', url], { env: SECRETS })).toMatchObject({
    code: 0,
  });
  const listen = await stage.start(['listen', '--port', String(port)]);
  await stage.until('it listens', () => listen.stderr.length > 0);
  expect(listen.stderr[0]).toMatch(/signatures are verified by WEBHOOK_SECRET of \.env/);
  expect(await stage.run(['test', 'pipeline'])).toMatchObject({ code: 0 });
});

test('a receiver elsewhere is named with what gives it its key', async () => {
  const args = ['init', '--no-test', '--yes', '--webhook-url', 'https://example.com/hook'];
  const { stdout } = await stage.run(args, { env: SECRETS });
  expect(stdout.at(-4)).toBe(
    '  start the receiver of pipeline with WEBHOOK_SECRET from .env; in its shell: export "$(grep ^WEBHOOK_SECRET= .env)"',
  );
});

test('a receiver on this machine that is not started yet is no reason to write nothing', async () => {
  const [api, receiver] = [await stage.api(), await stage.receiver()];
  await receiver.close();
  const args = ['init', '--base-url', api.url, '--webhook-url', receiver.url, '--webhook-secret', SIGNING_SECRET];
  const { code, stdout } = await stage.run(args, { env: SECRETS });
  expect(code).toBe(0);
  expect(stdout[1]).toMatch(/^notice {2}sinks\.pipeline: .*ECONNREFUSED.*nothing listens there yet/);
  expect(stdout.slice(-4, -2)).toEqual([
    expect.stringMatching(`^  start the receiver of pipeline in .* listen --port ${receiver.port}$`),
    expect.stringMatching(/cli\.js test pipeline$/),
  ]);
  expect(await stage.run(['check'])).toMatchObject({ code: 0 });
});

test('a mail server on this machine that refuses the login is a reason', async () => {
  const [api, server] = [await stage.api(), await startSmtp({ login: { user: 'u', password: 'right' } })];
  const mail = ['--smtp', `smtp://u:wrong@127.0.0.1:${server.port}`, '--mail-from', 'a@example.com'];
  const args = ['init', '--base-url', api.url, ...mail, '--mail-to', 'b@example.com'];
  const { code, stdout } = await stage.run(args, { env: SECRETS });
  await server.close();
  expect(code).toBe(1);
  expect(stdout[1]).toMatch(/^failed {2}sinks\.ops-mail: .*login/);
  expectNothingWritten();
});

test.each([
  {
    name: 'a file stands in the YAML',
    store: 'sqlite:data/x.sqlite',
    yaml: /^store: sqlite:data\/x\.sqlite$/m,
    env: false,
  },
  {
    name: 'a URL, which can hold a password, in .env',
    store: 'redis://:pass@127.0.0.1:1/0',
    yaml: /^store: \$\{STORE_URL}$/m,
    env: true,
  },
])('where the store is: $name', async ({ store, yaml, env }) => {
  const args = ['init', '--stdout', '--no-test', '--store', store];
  expect(await stage.run(args, { env: SECRETS })).toMatchObject({ code: 0 });
  expect(textOf('config/notifier.yaml')).toMatch(yaml);
  expect(textOf('.env').includes(`\nSTORE_URL=${store}\n`)).toBe(env);
  expect(await stage.run(['check'])).toMatchObject({ code: 0 });
});

test('a store that cannot be opened is a reason to write nothing', async () => {
  const api = await stage.api();
  const args = ['init', '--base-url', api.url, '--stdout', '--store', 'redis://:pass@127.0.0.1:1/0'];
  const { code, stdout } = await stage.run(args, { env: SECRETS });
  expect(code).toBe(1);
  expect(stdout.at(-1)).toMatch(/^failed {2}store: redis:\/\/127\.0\.0\.1:1\/0: .*nothing listens/);
  expectNothingWritten();
});

describeWith('redis', 'a Redis that forgets', () => {
  test('is warned of before it is written down', async () => {
    const [api, redis] = [await stage.api(), await startRedis('--maxmemory-policy', 'allkeys-lru')];
    const args = ['init', '--base-url', api.url, '--stdout', '--store', redis.url];
    const { code, stdout } = await stage.run(args, { env: SECRETS });
    expect(code).toBe(0);
    expect(stdout).toContainEqual(expect.stringMatching(/^notice {2}store: .*allkeys-lru/));
    await redis.kill();
  });
});

test('a secret with odd characters comes back as it was', async () => {
  const secret = `it's"#$\{X}\\n`;
  const api = await stage.api({ credentials: { clientId: 'client', secret } });
  const env = { SUPERVIZ_CLIENT_ID: 'client', SUPERVIZ_SECRET: secret };
  expect(await stage.run(['init', '--base-url', api.url, '--stdout'], { env })).toMatchObject({ code: 0 });
  expect(await stage.run(['check', '--connect'])).toMatchObject({ code: 0 });
});

test('what is missing is named, all of it', async () => {
  const { code, stdout, stderr } = await stage.run(['init', '--client-id', 'client']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: [] });
  expect(stderr).toEqual([
    'Without questions, init needs all answers as flags. Missing:',
    '  --secret (or SUPERVIZ_SECRET in the environment)',
    expect.stringMatching(
      /^ {2}a sink: .*--webhook-url.*--stdout, or --file-path, or --exec-command, or --archive-to$/,
    ),
  ]);
  expectNothingWritten();
});

test('what is wrong is said with its flag', async () => {
  const args = ['init', '--yes', '--schedule', 'hourly', '--webhook-url', 'example.com'];
  const { code, stderr } = await stage.run(args, { env: SECRETS });
  expect(code).toBe(2);
  expect(stderr).toEqual([expect.stringMatching(/^--schedule: /), expect.stringMatching(/^--webhook-url: /)]);
  expectNothingWritten();
});

test('a wrong credential is said, the exit code is 1, and nothing is written', async () => {
  const api = await stage.api({ credentials: { clientId: 'client', secret: 'another' } });
  const { code, stdout, stderr } = await stage.run(['init', '--yes', '--base-url', api.url, '--stdout'], {
    env: SECRETS,
  });
  expect(code).toBe(1);
  expect(stdout[0]).toMatch(
    /^failed {2}sources\.production: status 401 \(message "Unauthorized"\); .*renew --secret \(or SUPERVIZ_SECRET in the environment\)$/,
  );
  expect(stderr).toEqual([expect.stringMatching(/^Nothing was written/)]);
  expectNothingWritten();
});

test.each(['config/notifier.yaml', '.env'])('it does not overwrite %s', async (file) => {
  stage.configure('# mine\n', file);
  const { code, stdout, stderr } = await stage.run(['init', '--yes', '--no-test'], { env: SECRETS });
  expect({ code, stdout }).toEqual({ code: 2, stdout: [] });
  expect(stderr).toEqual([expect.stringMatching(/exists already.*move it away/)]);
  expect(textOf(file)).toBe('# mine\n');
});

test('an address that is none is called by its flag, not by a key that is not written yet', async () => {
  const api = await stage.api();
  await api.close();
  const { code, stdout } = await stage.run(['init', '--base-url', api.url, '--stdout'], { env: SECRETS });
  expect(code).toBe(1);
  expect(stdout[0]).toMatch(/check the network and --base-url$/);
});

describe('beside a config that is there', () => {
  const hook = ['init', '--webhook-url', 'https://example.com/hook'];

  test('it prints what a further sink takes, and that makes a valid config', async () => {
    expect(await stage.run(['init', '--stdout', '--no-test'], { env: SECRETS })).toMatchObject({ code: 0 });
    const before = textOf('config/notifier.yaml');
    const { code, stdout, stderr } = await stage.run(hook);
    expect(code).toBe(2);
    expect(stderr).toEqual([
      expect.stringMatching(/exists already/),
      'To add to it, put these lines below its "sinks:", and WEBHOOK_URL and WEBHOOK_SECRET into .env.',
      expect.stringMatching(/^A new key: echo "WEBHOOK_SECRET=whsec_/),
    ]);
    expect(textOf('config/notifier.yaml')).toBe(before);
    stage.configure(before.replace('sinks:\n', `sinks:\n${stdout.join('\n')}\n`));
    const env = { WEBHOOK_URL: 'https://example.com/hook', WEBHOOK_SECRET: SIGNING_SECRET };
    expect((await stage.run(['check'], { env })).stdout.at(-1)).toBe(
      'config/notifier.yaml is valid: 1 source, 2 sinks',
    );
  });

  test('a second one of the same kind has a name and variables of its own', async () => {
    stage.configure('sinks: { pipeline: { type: webhook, url: "https://example.com" } }\n');
    const { stdout } = await stage.run([...hook, '--webhook-secret', SIGNING_SECRET]);
    expect(stdout.slice(1)).toEqual([
      '  pipeline-2:',
      '    type: webhook',
      '    url: ${WEBHOOK_URL_2}',
      '    secret: ${WEBHOOK_SECRET_2}',
    ]);
  });

  test('what the sink still lacks is named', async () => {
    stage.configure('# mine\n');
    const { code, stdout, stderr } = await stage.run(['init', '--smtp', 'smtp://example.com']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: [] });
    expect(stderr.slice(1)).toEqual(['  --mail-from', '  --mail-to']);
  });
});

function textOf(file: string): string {
  return readFileSync(join(stage.folder, file), 'utf8');
}

function expectNothingWritten(): void {
  expect(['config/notifier.yaml', '.env'].filter((file) => existsSync(join(stage.folder, file)))).toEqual([]);
}
