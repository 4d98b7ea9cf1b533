import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAULT_KINDS } from '../../src/fake/api-schema.js';
import type { Program } from '../support/child-program.js';
import { createStage, SIGNING_SECRET, sourceOf, webhookTo } from '../support/stage.js';

const stage = createStage();

const PRIVATE_KEY = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const PUBLIC_KEY = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';
const OTHER_SECRET = 'whsec_T3RoZXJPdGhlck90aGVyT3RoZXJPdGhlck90';

/** The address that a server says it listens on. */
async function addressOf(program: Program): Promise<string> {
  const find = () => program.stderr.map((line) => /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]).find((url) => url);
  await stage.until('it listens', () => find() !== undefined);
  return find() ?? '';
}

test('fake-api, listen and run work together; who listens knows the public key alone', async () => {
  const [api, receiver] = [
    await stage.start(['fake-api', '--port', '0', '--recordings', '2']),
    await stage.start(['listen', '--port', '0'], { env: { WEBHOOK_SECRET: PUBLIC_KEY } }),
  ];
  const [baseUrl, url] = [await addressOf(api), await addressOf(receiver)];
  const program = await stage.start(['run'], {
    config: {
      sources: { production: { baseUrl, auth: { token: 'a', apiKey: 'b' }, schedule: '* * * * * *' } },
      sinks: { hook: { type: 'webhook', url, secret: PRIVATE_KEY, format: 'cloudevents' } },
    },
  });
  expect(await stage.untilLog(program, /^first poll complete/)).toMatchObject({ remembered: 2 });
  const control = await fetch(`${baseUrl}/_control`, {
    method: 'POST',
    body: JSON.stringify({ add: [{ uuid: 'the-new-one', roomId: 'lobby', status: 'available' }] }),
  });
  expect(control.status).toBe(200);
  await stage.until('it has arrived', () => receiver.stdout.some((line) => line.includes('the-new-one')));
  await stage.until('it is printed whole', () => receiver.stdout.some((line) => /signature +genuine/.test(line)));
  for (const server of [api, receiver]) server.kill('SIGTERM');
  expect(await Promise.all([api.ended, receiver.ended])).toMatchObject([{ code: 0 }, { code: 0 }]);
});

test('fake-api --help has a line for every kind of fault', async () => {
  const { stdout } = await stage.run(['fake-api', '--help']);
  const [, after = ''] = stdout.join('\n').split('\nFaults: ');
  const [section = ''] = after.split('\n\n');
  const listed = [...section.matchAll(/^ {2}([a-z_]+)/gm)].map(([, kind]) => kind);
  expect(listed).toEqual(FAULT_KINDS.map(({ kind }) => kind));
});

test('listen refuses what is not genuine, and prints it as JSON', async () => {
  const receiver = await stage.start(['listen', '--port', '0', '--json'], { env: { WEBHOOK_SECRET: SIGNING_SECRET } });
  const url = await addressOf(receiver);
  expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(401);
  await stage.until('it is printed', () => receiver.stdout.length === 1);
  expect(JSON.parse(receiver.stdout[0] ?? '')).toMatchObject({
    body: '{}',
    problem: expect.stringMatching(/webhook-id/),
  });
});

test.each([
  {
    name: 'of the environment',
    env: { WEBHOOK_SECRET: SIGNING_SECRET },
    file: OTHER_SECRET,
    want: 'by WEBHOOK_SECRET of the environment',
  },
  { name: 'of .env', env: {}, file: SIGNING_SECRET, want: 'by WEBHOOK_SECRET of .env' },
  { name: 'of nobody', env: {}, file: '', want: 'since no secret was given' },
  {
    name: 'of nobody, since the environment goes first',
    env: { WEBHOOK_SECRET: '' },
    file: OTHER_SECRET,
    want: 'since no secret was given',
  },
])('listen takes the secret $name, and says so', async ({ env, file, want }) => {
  stage.configure(`WEBHOOK_SECRET=${file}\n`, '.env');
  const receiver = await stage.start(['listen', '--port', '0'], { env });
  const url = await addressOf(receiver);
  expect(receiver.stderr.join('\n')).toContain(want);
  stage.configure({
    sources: { p: { auth: { token: 'a', apiKey: 'b' } } },
    sinks: { hook: { type: 'webhook', url, secret: SIGNING_SECRET } },
  });
  expect(await stage.run(['test', 'hook'])).toMatchObject({ code: 0 });
});

test('listen refuses a secret that is none, without printing it', async () => {
  const { code, stdout, stderr } = await stage.run(['listen', '--port', '0'], { env: { WEBHOOK_SECRET: 'hunter2' } });
  expect({ code, stdout }).toEqual({ code: 2, stdout: [] });
  expect(stderr.join('\n')).toMatch(/whsec_/);
  expect(stderr.join('\n')).not.toContain('hunter2');
});

test.each(['fake-api', 'listen'])('%s says that its port is taken', async (command) => {
  const { port } = await stage.receiver();
  const { code, stderr } = await stage.run([command, '--port', String(port)]);
  expect(code).toBe(1);
  expect(stderr.join('\n')).toMatch(new RegExp(`EADDRINUSE.*${port}`));
});

describe('test SINK', () => {
  async function openOne(status: number, more: object = {}) {
    const api = await stage.api();
    const receiver = await stage.receiver({ respond: () => ({ status }) });
    stage.configure({
      sources: { production: sourceOf(api) },
      sinks: { hook: webhookTo(receiver, { enabled: false, ...more }) },
    });
    return receiver;
  }

  test('sends a sample that says so, stores nothing, and prints what came back', async () => {
    const receiver = await openOne(202);
    const { code, stdout } = await stage.run(['test', 'hook', '--json']);
    expect(code).toBe(0);
    expect(receiver.messages[0]?.id).toMatch(/^evt_test_/);
    expect(receiver.messages[0]?.json).toMatchObject({ type: 'recording.available', data: { test: true } });
    expect(stdout.map((line) => JSON.parse(line))).toEqual([
      {
        sink: 'hook',
        event: receiver.messages[0]?.id,
        kind: 'delivered',
        receipt: 'HTTP 202',
        durationMs: expect.any(Number),
      },
    ]);
    expect(readdirSync(stage.folder)).toEqual(['config']);
  });

  test('a sink that does not get recording.available gets a sample of the first type that it gets', async () => {
    const receiver = await openOne(204, { events: ['delivery.dead', 'sink.failing'] });
    expect(await stage.run(['test', 'hook'])).toMatchObject({ code: 0 });
    expect(receiver.messages[0]?.id).toMatch(/^evt_test_/);
    expect(receiver.messages[0]?.json).toMatchObject({
      type: 'delivery.dead',
      data: { source: null, sink: 'test', reason: 'test', count: 1, test: true },
    });
  });

  test('a sink with a digest gets a digest of samples, and that is said', async () => {
    const api = await stage.api();
    const chat = await stage.receiver({ respond: () => ({ status: 200, body: 'ok' }) });
    const sink = { type: 'slack', url: chat.url, digest: {} };
    stage.configure({ sources: { production: sourceOf(api) }, sinks: { chat: sink } });
    const { code, stdout } = await stage.run(['test', 'chat']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: [expect.stringMatching(/^chat: delivered \(.*\) in \d+ ms, digest dig_test_\w+ of 3 events$/)],
    });
    expect(chat.messages[0]?.json).toMatchObject({ text: 'TEST: 3 recordings are available' });
    const said = JSON.parse((await stage.run(['test', 'chat', '--json'])).stdout[0] ?? '');
    expect(said).toMatchObject({ sink: 'chat', digest: expect.stringMatching(/^dig_test_/), kind: 'delivered' });
    expect(said.events).toHaveLength(3);
    for (const part of [said.digest, ...said.events]) expect(chat.messages[1]?.body).toContain(part);
  });

  test('what failed is said in words, and the exit code is 1', async () => {
    await openOne(403);
    const { code, stdout } = await stage.run(['test', 'hook']);
    expect(code).toBe(1);
    expect(stdout).toEqual([
      expect.stringMatching(/^hook: failed after \d+ ms: client_error: HTTP 403: do both sides have the same secret/),
    ]);
  });

  test('a sink that the config does not have is asked wrongly', async () => {
    await openOne(204);
    expect(await stage.run(['test', 'hock'])).toMatchObject({
      code: 2,
      stderr: [expect.stringMatching(/no sink "hock".*hook/)],
    });
  });
});

test('schema prints what is kept beside the config', async () => {
  const { code, stdout } = await stage.run(['schema']);
  expect(code).toBe(0);
  const kept = readFileSync(join(import.meta.dirname, '../../config/schema.json'), 'utf8');
  expect(JSON.parse(stdout.join('\n'))).toEqual(JSON.parse(kept));
});

test('demo --once shows a recording arriving everywhere, and ends by itself', async () => {
  const demo = await stage.start(['demo', '--once'], { env: { TMPDIR: stage.folder } });
  const { code, stdout, stderr } = await demo.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
  const text = stdout.join('\n');
  expect(text).toMatch(/first poll: 3 recordings were there before/);
  expect(text).toMatch(/pipeline: got recording\.processing/);
  expect(text).toMatch(/pipeline: got recording\.available/);
  expect(text).toMatch(/flaky: got recording\.available .*answers 500/);
  expect(text).toMatch(/flaky: got recording\.available[^\n]*\n(?:.*\n)*? +event +evt_[0-9a-f]{32}, arrival 2/);
  expect(text).toMatch(/signature +genuine/);
  expect(text).toMatch(/team_slack: got Recording/);
  expect(text).toMatch(/ops_mail: got Subject: Recording/);
  expect(text).not.toMatch(/Signature=/);
  const [kept = '', ...others] = readdirSync(stage.folder);
  expect([kept, others]).toEqual([expect.stringMatching(/^recording-notifier-pages-/), []]);
  const pages = join(stage.folder, kept);
  for (const page of ['team_slack', 'ops_mail']) {
    const [name = ''] = readdirSync(pages).filter((file) => file.endsWith(`${page}.html`));
    expect(readFileSync(join(pages, name), 'utf8')).toContain('interview room &lt;7&gt; &amp; lobby');
  }
});

test.each(['SIGINT', 'SIGTERM'] as const)('demo ends with 0 at %s, and leaves nothing behind', async (signal) => {
  const demo = await stage.start(['demo'], { env: { TMPDIR: stage.folder } });
  await stage.until('it has begun', () => demo.stdout.some((line) => /platform: a recording has ended/.test(line)));
  demo.kill(signal);
  expect(await demo.ended).toMatchObject({ code: 0 });
  expect(readdirSync(stage.folder).filter((name) => !name.startsWith('recording-notifier-pages-'))).toEqual([]);
});
