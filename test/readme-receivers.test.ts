import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import type { NotifierEvent } from '../src/core/event.js';
import type { EventId } from '../src/core/id.js';
import { createHttpClient } from '../src/http/client.js';
import { publicKeyOf, signingKeyFlaw } from '../src/sinks/signing-keys.js';
import { webhook } from '../src/sinks/webhook.js';
import { systemClock } from '../src/system.js';
import { freePort } from './support/free-port.js';
import { sampleEvent } from './support/sample-event.js';
import { temporaryFolder } from './support/temporary-folder.js';

/** The README's receivers, as they stand there, get what our own sink sends. */

const README = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const STRANGE_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const OLD_SECRET = 'whsec_T3RoZXJPdGhlck90aGVyT3RoZXJPdGhlck90';
const PRIVATE_KEY = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const PUBLIC_KEY = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';

const SINK_FAILS: NotifierEvent = {
  id: 'evt_00000000000000000000000000000001' as EventId,
  type: 'sink.failing',
  timestamp: '2024-05-13T17:19:04.120Z',
  source: null,
  data: {
    sink: 'pipeline',
    reason: 'timeout',
    message: 'no answer within 20000 ms',
    since: '2024-05-13T17:04:04.120Z',
    waiting: 3,
  },
};

const hasPython = spawnSync('python3', ['--version']).status === 0;
const languages = [
  {
    language: 'js',
    command: process.execPath,
    args: ['--input-type=module', '-e'],
    keys: `${OLD_SECRET} ${PUBLIC_KEY} ${SECRET}`,
    rotations: [PRIVATE_KEY, [STRANGE_SECRET, PRIVATE_KEY], [OLD_SECRET, PRIVATE_KEY]],
  },
  {
    language: 'python',
    command: 'python3',
    args: ['-c'],
    keys: `${OLD_SECRET} ${SECRET}`,
    rotations: [OLD_SECRET, [STRANGE_SECRET, OLD_SECRET], [PRIVATE_KEY, SECRET]],
  },
];

function snippet(language: string): string {
  const block = README.match(new RegExp(`## Receiving a webhook[\\s\\S]*?\`\`\`${language}\\n([\\s\\S]*?)\`\`\``));
  if (block?.[1] === undefined) throw new Error(`README.md has no receiver in ${language}`);
  return block[1];
}

/** Resolves when somebody listens; the port is asked again and again until then, or until the process has ended. */
async function answers(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
  }
  throw new Error('the receiver ended before it listened');
}

describe.each(languages)('the receiver in $language', ({ language, command, args, keys, rotations }) => {
  const isMissing = language === 'python' && !hasPython;
  const run = isMissing && process.env['CI'] !== 'true' ? test.skip : test;
  if (isMissing) process.stderr.write('SKIPPED: the README receiver in Python, since there is no python3\n');
  let child: ChildProcess | undefined;

  afterEach(() => child?.kill('SIGKILL'));

  run('takes what is genuine, once, and refuses what is not', async () => {
    const port = await freePort();
    const env = { ...process.env, NODE_OPTIONS: '', PORT: String(port), WEBHOOK_SECRET: keys };
    const started = spawn(command, [...args, snippet(language)], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    child = started;
    let printed = '';
    started.stdout.on('data', (chunk) => {
      printed += chunk;
    });
    await answers(port, started);
    const http = createHttpClient({ privateAddresses: 'allow', clock: systemClock, userAgent: 'readme' });
    const send = (secret: string | readonly string[], agedMs = 0, event: NotifierEvent = sampleEvent) =>
      webhook.deliver(event, {
        name: 'readme',
        settings: webhook.settings.parse({ url: `http://127.0.0.1:${port}/`, secret }),
        progress: null,
        http,
        clock: { ...systemClock, nowMs: () => systemClock.nowMs() - agedMs },
        timeoutMs: 10_000,
        signal: new AbortController().signal,
        print: async () => undefined,
      });
    const outcomes = [
      await send(SECRET),
      await send(SECRET),
      await send(STRANGE_SECRET),
      await send(SECRET, 600_000),
      await send(SECRET, 0, SINK_FAILS),
    ];
    for (const secret of rotations) outcomes.push(await send(secret));
    await http.close();
    expect(outcomes.map((outcome) => (outcome.kind === 'delivered' ? outcome.receipt : outcome.reason))).toEqual([
      'HTTP 204',
      'HTTP 204',
      'client_error',
      'client_error',
      'HTTP 204',
      ...rotations.map(() => 'HTTP 204'),
    ]);
    started.kill();
    await once(started, 'close');
    const { recording } = sampleEvent.data;
    const [first, second, ...rest] = printed.trim().split('\n');
    expect(first).toBe(`${sampleEvent.type} ${recording.uuid}`);
    expect(second).toMatch(/^sink\.failing .*pipeline/);
    expect(rest).toEqual([]);
  });
});

test('the line that makes a private key makes one', () => {
  const [, line = ''] = /## Keys and their rotation[\s\S]*?```sh\n(.*)\n```/.exec(README) ?? [];
  const folder = temporaryFolder();
  const PATH = `${dirname(process.execPath)}:${process.env['PATH']}`;
  expect(spawnSync('sh', ['-c', line], { cwd: folder, env: { PATH }, encoding: 'utf8' }).stderr).toBe('');
  const [, key = ''] = /^WEBHOOK_KEY=(.*)\n$/.exec(readFileSync(join(folder, '.env'), 'utf8')) ?? [];
  expect(signingKeyFlaw(key)).toBeUndefined();
  expect(publicKeyOf(key)).toMatch(/^whpk_/);
});
