import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FakeApi, startFakeApi } from '../fake/api.js';
import { printable } from '../observe/printable.js';
import { nonce, systemClock } from '../system.js';
import { type CommandContext, CommandError, EXIT, type Register } from './command.js';
import { type Arrival, type Place, startPlaces } from './demo-places.js';
import { timeOf } from './messages.js';
import { configOf, httpOf, logOf, openStoreOf, servedNotifierOf } from './session.js';

const CONFIG_FILE = fileURLToPath(new URL('../../config/demo.yaml', import.meta.url));
const EXISTING = 3;
const EVERY_MS = 8_000;
const LIFE_MS = 4_000;
/** `--once` waits no longer for the first recording. */
const ONCE_WITHIN_MS = 60_000;

export const registerDemo: Register = (program, context) => {
  program
    .command('demo')
    .summary('the whole program on fakes: watch recordings arrive')
    .description(
      'Runs the real program, on SQLite in a temporary folder, against a fake SuperViz API, two webhook receivers ' +
        '(one of which fails at first), a Slack channel and a mailbox on this machine. Shows recordings as they become available and every ' +
        'message that arrives, and keeps those for Slack and the mailbox as HTML to look at.',
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
  // Its own at each run: a name that others know may be somebody else's folder.
  const pages = mkdtempSync(join(tmpdir(), 'recording-notifier-pages-'));
  const arrived = new Set<string>();
  const { promise: onceArrived, resolve: allArrived } = Promise.withResolvers<void>();
  const places = await startPlaces(secret, (arrival) => {
    // Whoever read the output may have seen enough; the demo still ends by itself or by a signal.
    show(arrival, pages, context).catch(() => undefined);
    if (arrival.refusedWith === undefined && arrival.isAvailable) arrived.add(arrival.place);
    if (arrived.size === places.length) allArrived();
  });
  const api = await startFakeApi({
    clock: systemClock,
    lifeMs: LIFE_MS,
    everyMs: once ? undefined : EVERY_MS,
    recordings: Array.from({ length: EXISTING }, () => ({ status: 'available' })),
  });
  const urls = Object.fromEntries(places.map(({ name, url }) => [`DEMO_${name.toUpperCase()}`, url]));
  const environment = { ...context.environment, ...urls, DEMO_API: api.url, DEMO_SECRET: secret, DEMO_FOLDER: folder };
  try {
    await introduce(api, places, pages, context);
    await runOn({ ...context, environment }, async () => {
      api.recordings.add({ roomId: 'interview room <7> & lobby' });
      await context.print(`${timeOf(systemClock.nowMs())}  platform: a recording has ended and is being processed\n`);
      await untilDone(once, onceArrived, stopped, context);
    });
  } finally {
    await Promise.all([api, ...places].map((server) => server.close()));
  }
}

/** The real program, from its first poll to a graceful stop; `use` runs in between. */
async function runOn(context: CommandContext, use: () => Promise<void>): Promise<void> {
  const config = configOf({ config: CONFIG_FILE }, context);
  const log = logOf(config, context);
  const http = httpOf(config, context);
  const { store } = await openStoreOf(config, 'own', context);
  const { notifier, serve } = await servedNotifierOf(config, { store, http, log }, context);
  let server: Awaited<ReturnType<typeof serve>>;
  try {
    await notifier.load();
    server = await serve();
    if (server !== undefined) await context.print(`  status      ${server.url}  open it in a browser\n`);
    const [firstPoll] = await notifier.pollAll();
    await context.print(
      `${timeOf(systemClock.nowMs())}  first poll: ${firstPoll?.rows} recordings were there before; they are remembered and not announced\n`,
    );
    notifier.start();
    await use();
  } finally {
    await server?.close();
    await notifier.stop();
    await http.close();
    await store.close();
  }
}

async function introduce(
  api: FakeApi,
  places: readonly Place[],
  pages: string,
  { print }: CommandContext,
): Promise<void> {
  await print(
    [
      'recording-notifier demo: the real program on fakes. Ctrl-C ends it.',
      `  platform    ${api.url}/recording`,
      ...places.map(({ name, url, about }) => `  ${name.padEnd(10)}  ${url}  ${about}`),
      `  config      ${CONFIG_FILE}`,
      `  messages    ${pages}  those for Slack and the mailbox, as HTML`,
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
    throw new CommandError(
      `No recording arrived everywhere within ${ONCE_WITHIN_MS / 1_000} s; without --once it goes on, and its log tells what is tried.`,
    );
  if (ended === undefined)
    await print('The recording has arrived everywhere. That is all; "npm run demo" goes on and on.');
}

let saved = 0;

async function show(
  { place, lines, html, refusedWith }: Arrival,
  pages: string,
  { print }: CommandContext,
): Promise<void> {
  const time = timeOf(systemClock.nowMs());
  const [first = '', ...rest] = lines.map(printable);
  if (refusedWith !== undefined) {
    return print(`${time}  ${place}: got ${first}, and answers ${refusedWith}; the notifier will try again\n`);
  }
  const shown = [`${time}  ${place}: got ${first}`, ...rest.map((line) => `            ${line}`.trimEnd())];
  if (html !== undefined) shown.push(`            page: ${save(pages, place, html)}`);
  await print([...shown, ''].join('\n'));
}

function save(pages: string, place: string, html: string): string {
  saved += 1;
  const file = join(pages, `${String(saved).padStart(2, '0')}-${place}.html`);
  writeFileSync(file, html);
  return file;
}
