import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { SINK_RECIPES } from '../../src/commands/init-recipes.js';
import { runCommand } from '../../src/commands/program.js';
import { thisProcess } from '../../src/system.js';
import { createCondition } from '../support/condition.js';
import { CLIENT_SECRET, createStage, SIGNING_SECRET } from '../support/stage.js';

const stage = createStage();

const ENTER = '\r';
const BACKSPACE = '\u007f';
const DOWN = '\u001b[B';
const CTRL_C = '\u0003';

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
    'Wrote config/notifier.yaml, and .env with the secrets, which only you can read.',
    'Next:',
    '  recording-notifier check --connect',
    '  recording-notifier run',
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
  expect(stdout).toContain('  recording-notifier run --config "other.yaml"');
  expect(textOf('other.yaml')).toMatch(/baseUrl: https:\/\/nodeapi\.superviz\.com/);
  expect(await stage.run(['check', '--config', 'other.yaml'])).toMatchObject({ code: 0 });
});

test('every sink that it asks about makes a valid config', async () => {
  const answers: Readonly<Record<string, string>> = {
    'slack-url': 'https://hooks.slack.com/services/T0/B0/x',
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
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: [`config/notifier.yaml is valid: 1 source, ${SINK_RECIPES.length} sinks`],
  });
  const yaml = textOf('config/notifier.yaml');
  for (const { comment, name } of SINK_RECIPES) expect(yaml).toContain(`  #${comment}\n  ${name}:\n`);
});

test('a webhook without a secret gets a new one', async () => {
  const receiver = await stage.receiver();
  const args = ['init', '--webhook-url', receiver.url, '--no-test'];
  expect(await stage.run(args, { env: SECRETS })).toMatchObject({ code: 0 });
  expect(textOf('.env')).toMatch(/^WEBHOOK_SECRET=whsec_[A-Za-z0-9+/]{32}$/m);
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
    expect.stringMatching(/^ {2}a sink: .*--webhook-url.*--stdout$/),
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
  expect(stdout[0]).toMatch(/^failed {2}sources\.production: .*401/);
  expect(stderr).toEqual([expect.stringMatching(/^Nothing was written/)]);
  expectNothingWritten();
});

test.each(['config/notifier.yaml', '.env'])('it does not overwrite %s', async (file) => {
  stage.configure('# mine\n', file);
  const { code, stderr } = await stage.run(['init', '--yes', '--stdout', '--no-test'], { env: SECRETS });
  expect(code).toBe(2);
  expect(stderr).toEqual([expect.stringMatching(/exists already.*move it away/)]);
  expect(textOf(file)).toBe('# mine\n');
});

describe('on a terminal', () => {
  test('it asks, tries, asks again after a wrong secret, and sends a sample', async () => {
    const [api, receiver] = [await stage.api(), await stage.receiver()];
    const talk = talkOf(['--base-url', api.url, '--webhook-secret', SIGNING_SECRET]);
    await talk.answer('Which credentials', ENTER);
    await talk.answer('Client id', `client${ENTER}`);
    await talk.answer('Secret', `wrong${ENTER}`);
    await talk.answer('What now?', ENTER);
    await talk.answer('Client id', `client${ENTER}`);
    await talk.answer('Secret', `${CLIENT_SECRET}${ENTER}`);
    await talk.answer('Base URL', ENTER);
    await talk.answer('When to poll', `x${ENTER}`);
    await talk.answer('is not a cron expression', `${BACKSPACE}${ENTER}`);
    await talk.answer('What of the recordings', ENTER);
    const row = SINK_RECIPES.findIndex(({ type }) => type === 'webhook');
    await talk.answer('Who is told', `${DOWN.repeat(row)} ${ENTER}`);
    await talk.answer('URL of the endpoint', `${receiver.url}${ENTER}`);
    await talk.answer('Send a sample', ENTER);
    expect(await talk.ended).toBe(0);

    expect(receiver.messages).toEqual([expect.objectContaining({ id: expect.stringMatching(/^evt_test_/) })]);
    expect(talk.shown()).not.toMatch(new RegExp([CLIENT_SECRET, SIGNING_SECRET, receiver.url].join('|')));
    expect(await stage.run(['check', '--connect'])).toMatchObject({ code: 0 });
  });

  test('a receiver that cannot know its new secret yet gets no sample, and a line on what to do', async () => {
    const [api, receiver] = [await stage.api(), await stage.receiver()];
    const talk = talkOf(['--base-url', api.url, '--webhook-url', receiver.url, '--client-id', 'client']);
    await talk.answer('Secret', `${CLIENT_SECRET}${ENTER}`);
    await talk.answer('When to poll', ENTER);
    await talk.answer('What of the recordings', ENTER);
    await talk.answer('Signing secret', ENTER);
    expect(await talk.ended).toBe(0);
    expect(talk.shown()).not.toMatch(/Send a sample/);
    expect(receiver.messages).toEqual([]);
  });

  test('Ctrl-C ends it with 130, and nothing is written', async () => {
    const talk = talkOf([]);
    await talk.answer('Which credentials', ENTER);
    await talk.answer('Client id', CTRL_C);
    expect(await talk.ended).toBe(130);
    expect(talk.shown()).toMatch(/Nothing was written/);
    expectNothingWritten();
  });
});

function textOf(file: string): string {
  return readFileSync(join(stage.folder, file), 'utf8');
}

function expectNothingWritten(): void {
  expect(['config/notifier.yaml', '.env'].filter((file) => existsSync(join(stage.folder, file)))).toEqual([]);
}

/** A person at a terminal of streams, who types when a question is shown. */
function talkOf(args: readonly string[]) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let [shown, answered] = ['', 0];
  const condition = createCondition(() => shown);
  const show = (text: string) => {
    shown += text;
    condition.check();
  };
  output.setEncoding('utf8').on('data', show);
  const process = {
    ...thisProcess(),
    environment: {},
    cwd: stage.folder,
    terminal: { input, output },
    print: async (line: string) => show(`${line}\n`),
    tell: (line: string) => show(`${line}\n`),
  };
  const ended = runCommand(['init', ...args], process, () => {
    throw new Error('it ended at once');
  });
  return {
    ended,
    shown: () => shown,
    answer: async (question: string, keys: string) => {
      await condition.until(`it asks "${question}"`, () => shown.includes(question, answered));
      answered = shown.length;
      input.write(keys);
    },
  };
}
