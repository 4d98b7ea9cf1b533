import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SINK_TYPES } from '../../src/sinks/registry.js';
import type { apiDeeds } from './api.js';
import type { Built } from './build.js';
import { startChild } from './child.js';
import { atMost, type Finding, told } from './report.js';
import { inTurns, type Spread, spreadOf } from './spread.js';

const ROUNDS = 7;
/** Not counted: the disk is cold. */
const ROUNDS_BEFORE = 1;
const START_MS_MAX = 500;
const POLL_IS_OVER = 'first poll complete';

/** Of other sinks, sources and commands, of templates, and of a log on a terminal. `test/e2e/loaded.test.ts` holds all of them. */
const IDLE_PACKAGES = [
  '@clack/prompts',
  '@jmespath-community/jmespath',
  '@slack/webhook',
  'liquidjs',
  'nodemailer',
  'pino-pretty',
];

const MARK = 'loaded: ';
const TELLS_MODULES = `
import { registerHooks } from 'node:module';
const urls = [];
registerHooks({ load: (url, context, next) => { urls.push(url); return next(url, context); } });
process.on('exit', () => process.stderr.write('${MARK}' + JSON.stringify(urls) + '\\n'));
`;

/** What it takes to start, and to be there while nothing happens: one webhook, the server that is on by default. */
export async function measureRest(built: Built): Promise<readonly Finding[]> {
  await using api = startChild<typeof apiDeeds>(join(built.bench, 'api.js'));
  const apiUrl = await api.open(3);
  const modules = (
    await start(built, apiUrl, ['--import', `data:text/javascript,${encodeURIComponent(TELLS_MODULES)}`])
  ).modules;
  const code = modules.filter((url) => /^file:.*\.[cm]?js$/.test(url) && !url.endsWith('/cli.js'));
  const pairs = await inTurns(
    ROUNDS_BEFORE + ROUNDS,
    async () => ({ ours: await start(built, apiUrl), bareBytes: await residentOfCode(built, apiUrl, code) }),
    startNothing,
  );
  const measured = pairs.slice(ROUNDS_BEFORE);
  const of = (value: (pair: (typeof measured)[number]) => number): Spread => spreadOf(measured.map(value));
  const startMs = of(([{ ours }]) => ours.startMs);
  const resident = of(([{ ours, bareBytes }]) => ours.residentBytes / bareBytes);
  const megabytes = [of(([{ ours }]) => ours.residentBytes), of(([{ bareBytes }]) => bareBytes)];
  const beside = `${megabytes.map(({ median }) => (median / 1e6).toFixed(0)).join(' MB against ')} MB`;
  return [
    atMost('from the start of `run` to the end of its first poll', startMs, START_MS_MAX, '', ' ms'),
    told(
      'the same, relative to `node -e 0`',
      of(([{ ours }, nothingMs]) => ours.startMs / nothingMs),
    ),
    told('resident memory then, relative to a loop that has loaded the same code', resident, beside),
    told('packages loaded', packagesOf(code).length),
    told('of these, what this config needs nothing of', ...counted(packagesOf(code).filter(isIdle))),
    told('sink types loaded that it does not have', ...counted(idleTypesOf(code))),
  ];
}

interface Started {
  readonly startMs: number;
  readonly residentBytes: number;
  readonly modules: readonly string[];
}

async function start({ bench, cli }: Built, apiUrl: string, flags: readonly string[] = []): Promise<Started> {
  const folder = mkdtempSync(join(bench, '../../store-'));
  const config = {
    sources: { main: { baseUrl: apiUrl, auth: { clientId: 'client', secret: 'secret' } } },
    sinks: { hook: { type: 'webhook', url: apiUrl, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' } },
    store: `sqlite:${join(folder, 'notifier.sqlite')}`,
    log: { format: 'json' },
  };
  writeFileSync(join(folder, 'notifier.yaml'), JSON.stringify(config));
  const startedMs = performance.now();
  const args = [...flags, cli, 'run', '--config', join(folder, 'notifier.yaml')];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const lines: string[] = [];
  const isOver = Promise.withResolvers<number>();
  const reader = createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    if (line.includes(POLL_IS_OVER)) isOver.resolve(performance.now() - startedMs);
  });
  reader.once('close', () => isOver.reject(new Error(`it ended too early:\n${lines.join('\n')}`)));
  const startMs = await isOver.promise;
  const residentBytes = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)])) * 1_024;
  const ended = once(reader, 'close');
  child.kill('SIGTERM');
  await ended;
  const loaded = lines.find((line) => line.startsWith(MARK))?.slice(MARK.length) ?? '[]';
  return { startMs, residentBytes, modules: JSON.parse(loaded) as readonly string[] };
}

async function residentOfCode({ bench }: Built, apiUrl: string, urls: readonly string[]): Promise<number> {
  const child = fork(join(bench, 'at-rest.js'), [apiUrl, ...urls], { execArgv: [] });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('message', (bytes: number) => resolve(bytes));
  child.once('exit', () => reject(new Error('what the program loads cannot be loaded alone')));
  const bytes = await promise;
  child.kill();
  return bytes;
}

async function startNothing(): Promise<number> {
  const startedMs = performance.now();
  await once(spawn(process.execPath, ['-e', '0']), 'close');
  return performance.now() - startedMs;
}

function packagesOf(urls: readonly string[]): readonly string[] {
  const names = urls.map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/.][^/]*)/.exec(url)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].toSorted();
}

function isIdle(name: string): boolean {
  return IDLE_PACKAGES.includes(name);
}

function idleTypesOf(urls: readonly string[]): readonly string[] {
  const types = SINK_TYPES.map(({ type }) => type).filter((type) => type !== 'webhook');
  return types.filter((type) => urls.some((url) => url.endsWith(`/src/sinks/${type}.js`)));
}

function counted(names: readonly string[]): [number, string] {
  return [names.length, names.join(', ')];
}
