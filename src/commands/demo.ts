import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FakeApi, startFakeApi } from '../fake/api.js';
import { type ReceivedMessage, type Receiver, startReceiver } from '../fake/receiver.js';
import { nonce, systemClock } from '../system.js';
import { type CommandContext, CommandError, EXIT, type Register } from './command.js';
import { describeMessage, timeOf } from './messages.js';
import { configOf, httpOf, logOf, notifierOf, openStoreOf } from './session.js';

const CONFIG_FILE = fileURLToPath(new URL('../../config/demo.yaml', import.meta.url));
const EXISTING = 3;
const EVERY_MS = 8_000;
const LIFE_MS = 4_000;
/** `--once` waits no longer for the first recording. */
const ONCE_WITHIN_MS = 60_000;

/** The sinks of the config. The flaky one fails at the first arrival of each event. */
const RECEIVERS: readonly {
  readonly name: string;
  readonly about: string;
  readonly statusOf: (message: ReceivedMessage) => number;
}[] = [
  { name: 'pipeline', about: 'wants recording.processing and recording.available', statusOf: () => 204 },
  {
    name: 'flaky',
    about: 'answers 500 to the first attempt of each event',
    statusOf: ({ arrival }) => (arrival === 1 ? 500 : 204),
  },
];

export const registerDemo: Register = (program, context) => {
  program
    .command('demo')
    .summary('the whole program on fakes: watch recordings arrive')
    .description(
      'Runs the real program, on SQLite in a temporary folder, against a fake SuperViz API and two local receivers, one of which fails at first.\n' +
        'Shows recordings as they become available and every message that arrives.',
    )
    .option('--once', 'stop after one recording has arrived everywhere')
    .addHelpText('after', '\nExamples:\n  recording-notifier demo\n  recording-notifier demo --once')
    .action(async ({ once }: { readonly once?: true }) => {
      const folder = mkdtempSync(join(tmpdir(), 'recording-notifier-demo-'));
      try {
        await demo(folder, once === true, context);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
      context.end(EXIT.fine);
    });
};

async function demo(folder: string, once: boolean, context: CommandContext): Promise<void> {
  // From the beginning: a signal that nobody awaits would end it without clearing up.
  const stopped = new Promise<'stopped'>((resolve) =>
    context.onSignal(['SIGINT', 'SIGTERM'], () => resolve('stopped')),
  );
  const secret = `whsec_${Buffer.from(nonce()).toString('base64')}`;
  const arrived = new Set<string>();
  let allArrived: () => void = () => undefined;
  const onceArrived = new Promise<void>((resolve) => {
    allArrived = resolve;
  });
  const receivers = await Promise.all(
    RECEIVERS.map(({ name, statusOf }) =>
      startReceiver({
        clock: systemClock,
        secrets: [secret],
        respond: (message) => {
          const status = message.problem === undefined ? statusOf(message) : 401;
          void show(name, message, status, context);
          if (status === 204 && isAvailable(message)) arrived.add(name);
          if (arrived.size === RECEIVERS.length) allArrived();
          return { status };
        },
      }),
    ),
  );
  const api = await startFakeApi({
    clock: systemClock,
    lifeMs: LIFE_MS,
    everyMs: once ? undefined : EVERY_MS,
    recordings: Array.from({ length: EXISTING }, () => ({ status: 'available' })),
  });
  const urls = Object.fromEntries(RECEIVERS.map(({ name }, at) => [`DEMO_${name.toUpperCase()}`, receivers[at]?.url]));
  const environment = { ...context.environment, ...urls, DEMO_API: api.url, DEMO_SECRET: secret, DEMO_FOLDER: folder };
  try {
    await introduce(api, receivers, context);
    await runOn({ ...context, environment }, async () => {
      api.recordings.add({ roomId: 'interview room <7> & lobby' });
      await context.print(`${timeOf(systemClock.nowMs())}  platform: a recording has ended and is being processed\n`);
      await untilDone(once, onceArrived, stopped, context);
    });
  } finally {
    await Promise.all([api, ...receivers].map((server) => server.close()));
  }
}

/** The real program, from its first poll to a graceful stop; `use` runs in between. */
async function runOn(context: CommandContext, use: () => Promise<void>): Promise<void> {
  const config = configOf({ config: CONFIG_FILE }, context);
  const log = logOf(config, context);
  const http = httpOf(config, context);
  const { store } = await openStoreOf(config, 'own', context);
  const notifier = notifierOf(config, store, http, log, context);
  try {
    await notifier.load();
    const [firstPoll] = await notifier.pollAll();
    await context.print(
      `${timeOf(systemClock.nowMs())}  first poll: ${firstPoll?.rows} recordings were there before; they are remembered and not announced\n`,
    );
    notifier.start();
    await use();
  } finally {
    await notifier.stop();
    await http.close();
    await store.close();
  }
}

async function introduce(api: FakeApi, receivers: readonly Receiver[], { print }: CommandContext): Promise<void> {
  await print(
    [
      'recording-notifier demo: the real program on fakes. Ctrl-C ends it.',
      `  platform  ${api.url}/recording`,
      ...RECEIVERS.map(({ name, about }, at) => `  ${name.padEnd(8)}  ${receivers[at]?.url}  ${about}`),
      `  config    ${CONFIG_FILE}`,
      '',
    ].join('\n'),
  );
}

async function untilDone(
  once: boolean,
  onceArrived: Promise<void>,
  stopped: Promise<'stopped'>,
  { print }: CommandContext,
): Promise<void> {
  if (!once) return void (await stopped);
  const late = new Promise<'late'>((resolve) => systemClock.after(ONCE_WITHIN_MS, () => resolve('late')));
  const ended = await Promise.race([stopped, late, onceArrived]);
  if (ended === 'late')
    throw new CommandError(`No recording arrived at both receivers within ${ONCE_WITHIN_MS / 1_000} s.`);
  if (ended === undefined)
    await print('The recording has arrived at both receivers. That is all; "npm run demo" goes on and on.');
}

function isAvailable({ json }: ReceivedMessage): boolean {
  return (json as { type?: unknown } | undefined)?.type === 'recording.available';
}

async function show(name: string, message: ReceivedMessage, status: number, { print }: CommandContext): Promise<void> {
  const [first = '', ...rest] = describeMessage(message, true);
  const time = timeOf(message.receivedAtMs);
  if (status >= 500)
    return print(`${time}  ${name}: got ${first}, and answers ${status}; the notifier will try again\n`);
  await print([`${time}  ${name}: got ${first}`, ...rest.map((line) => `            ${line}`), ''].join('\n'));
}
