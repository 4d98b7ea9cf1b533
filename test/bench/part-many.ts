import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import type { apiDeeds } from './api.js';
import type { Built } from './build.js';
import { type Child, startChild } from './child.js';
import { atMost, type Finding, told } from './report.js';

const SOURCES = 2_000;
const PERIOD_MS = 60_000;
/** Of a processor, in the clock ticks that Linux counts. */
const TICK_MS = 10;
const POLL_IS_OVER = 'first poll complete';

interface Measured {
  readonly readyMs: number;
  readonly residentBytes: number;
  readonly cpuMs: number;
  readonly requests: number;
  readonly spreadMs: number;
}

/** Many accounts in one process, each polled once a minute. */
export async function measureMany({ bench, cli }: Built): Promise<readonly Finding[]> {
  await using api = startChild<typeof apiDeeds>(join(bench, 'api.js'));
  const apiUrl = await api.open(3);
  const one = await measure(bench, cli, api, apiUrl, 1);
  const many = await measure(bench, cli, api, apiUrl, SOURCES);
  const name = `${SOURCES.toLocaleString('en')} sources in one process, each polled once a minute`;
  const megabytes = [many, one].map(({ residentBytes }) => (residentBytes / 1e6).toFixed(0)).join(' MB against ');
  const missed = SOURCES - many.requests;
  return [
    atMost(`${name}: polls that a minute missed`, missed, 0),
    told(`${name}: resident memory, relative to one source`, many.residentBytes / one.residentBytes, `${megabytes} MB`),
    told(
      `${name}: processor time`,
      many.cpuMs / PERIOD_MS,
      `${(many.cpuMs / many.requests).toFixed(2)} ms a poll`,
      ' of a core',
    ),
    told(`${name}: from the first poll of a minute to the last`, many.spreadMs / 1_000, '', ' s'),
    told(`${name}: from the start until each has been polled`, many.readyMs / 1_000, '', ' s'),
  ];
}

async function measure(
  bench: string,
  cli: string,
  api: Child<typeof apiDeeds>,
  apiUrl: string,
  count: number,
): Promise<Measured> {
  const folder = mkdtempSync(join(bench, '../../store-'));
  const source = { baseUrl: apiUrl, auth: { clientId: 'client', secret: 'secret' }, schedule: '* * * * *' };
  const config = {
    sources: Object.fromEntries(Array.from({ length: count }, (_, n) => [`source-${n}`, source])),
    sinks: { hook: { type: 'webhook', url: apiUrl, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' } },
    store: `sqlite:${join(folder, 'notifier.sqlite')}`,
    server: { listen: 'off' },
    log: { format: 'json' },
  };
  writeFileSync(join(folder, 'notifier.yaml'), JSON.stringify(config));
  const startedMs = performance.now();
  const args = [cli, 'run', '--config', join(folder, 'notifier.yaml')];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const lines = createInterface({ input: child.stderr });
  const readyMs = await new Promise<number>((resolve, reject) => {
    let polled = 0;
    lines.on('line', (line) => {
      if (line.includes(POLL_IS_OVER)) polled += 1;
      if (polled === count) resolve(performance.now() - startedMs);
    });
    lines.once('close', () => reject(new Error('it ended too early')));
  });
  // Before a time of the schedule: polls are spread over half of what comes after it.
  await wait(PERIOD_MS - ((Date.now() + PERIOD_MS / 4) % PERIOD_MS));
  await api.watch();
  const beforeMs = cpuMsOf(child.pid);
  await wait(PERIOD_MS);
  const cpuMs = cpuMsOf(child.pid) - beforeMs;
  const { count: requests, firstMs, lastMs } = await api.seen();
  const residentBytes = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)])) * 1_024;
  const ended = once(lines, 'close');
  child.kill('SIGTERM');
  await ended;
  return { readyMs, residentBytes, cpuMs, requests, spreadMs: lastMs - firstMs };
}

/** User and system time of all its threads, as `/proc` has them behind the name. */
function cpuMsOf(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
