import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { apiDeeds } from './api.js';
import type { Built } from './build.js';
import { startChild } from './child.js';
import type { Cost } from './measure.js';
import type { receiverDeeds } from './receiver.js';
import { atMost, type Finding, told } from './report.js';
import type { sharerDeeds } from './sharer.js';
import { spreadOf } from './spread.js';

const ROUNDS = 5;
const FAIL_OVERS = 3;
const PROCESSES = 3;
const PAGE_ROWS = 100;
const PAGES = 200;
const FAIL_OVER_S_MAX = 16;

const KINDS = [
  { what: 'fast webhooks, 64 in flight', delayMs: 0, concurrency: 64, count: 500 },
  { what: 'webhooks answered after 200 ms, 256 in flight', delayMs: 200, concurrency: 256, count: 500 },
];

/** What a queue costs and brings, beside one process that makes all attempts by itself. */
export async function measureQueue({ bench }: Built): Promise<readonly Finding[]> {
  const { REDIS_URL: url = 'redis://127.0.0.1:6379/0' } = process.env;
  const api = startChild<typeof apiDeeds>(join(bench, 'api.js'));
  try {
    const apiUrl = await api.open(PAGE_ROWS);
    const findings: Finding[] = [];
    for (const kind of KINDS) findings.push(...(await measureRates(bench, url, apiUrl, kind)));
    findings.push(await measurePages(bench, url, apiUrl), ...(await measureFailOver(bench, url, apiUrl)));
    return findings;
  } finally {
    await api[Symbol.asyncDispose]();
    await clean(url);
  }
}

async function measureRates(
  bench: string,
  redisUrl: string,
  apiUrl: string,
  { what, delayMs, concurrency, count }: (typeof KINDS)[number],
): Promise<readonly Finding[]> {
  const receiver = startChild<typeof receiverDeeds>(join(bench, 'receiver.js'));
  const hookUrl = await receiver.openHook(delayMs);
  const sharers = Array.from({ length: PROCESSES }, () => startChild<typeof sharerDeeds>(join(bench, 'sharer.js')));
  const [leader, ...workers] = sharers;
  if (leader === undefined) throw new Error('there is no process');
  for (const sharer of sharers)
    await sharer.open(`${redisUrl}?prefix=bench-rates-${delayMs}`, apiUrl, hookUrl, concurrency);
  await leader.lead();
  const rate = ({ wallMs }: Cost) => (count * 1_000) / wallMs;
  const findings: Finding[] = [];
  for (const [more, worker] of [undefined, ...workers].entries()) {
    await worker?.follow();
    const pairs: (readonly [number, number])[] = [];
    // The first is not counted: code is compiled while it runs.
    for (let round = 0; round <= ROUNDS; round += 1)
      pairs.push([rate(await leader.drain(count, true)), rate(await leader.drain(count, false))]);
    const counted = pairs.slice(1);
    const ratio = spreadOf(counted.map(([queued, alone]) => queued / alone));
    const [queued, alone] = [0, 1].map((side) => spreadOf(counted.map((pair) => pair[side] ?? 0)).median.toFixed(0));
    findings.push(told(`${what}: ${more + 1} on a queue`, ratio, `${queued} a second against ${alone}`));
  }
  for (const child of [...sharers, receiver]) await child[Symbol.asyncDispose]();
  return findings;
}

async function measurePages(bench: string, redisUrl: string, apiUrl: string): Promise<Finding> {
  const [leader, worker] = [0, 1].map(() => startChild<typeof sharerDeeds>(join(bench, 'sharer.js')));
  if (leader === undefined || worker === undefined) throw new Error('there is no process');
  for (const sharer of [leader, worker])
    await sharer.open(`${redisUrl}?prefix=bench-pages`, apiUrl, 'http://127.0.0.1:9/', 1);
  await worker.servePages(redisUrl);
  const costs: { readonly here: Cost; readonly queued: Cost }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) costs.push(await leader.pages(PAGES, redisUrl));
  for (const child of [leader, worker]) await child[Symbol.asyncDispose]();
  const ratio = spreadOf(costs.map(({ here, queued }) => queued.cpuMs / here.cpuMs));
  const [queued, here] = (['queued', 'here'] as const).map((side) =>
    (spreadOf(costs.map((cost) => cost[side].cpuMs)).median / PAGES).toFixed(2),
  );
  const what = 'processor time of the leader for a page of a hundred rows that another process has fetched';
  return told(what, ratio, `${queued} ms against ${here} ms when it fetches it`);
}

/** From the end of the leader until another process owns the store. */
async function measureFailOver(bench: string, redisUrl: string, apiUrl: string): Promise<readonly Finding[]> {
  const killed: number[] = [];
  const stopped: number[] = [];
  for (let round = 0; round < FAIL_OVERS; round += 1) {
    for (const isKilled of [true, false]) {
      const pair = [0, 1].map(() => startChild<typeof sharerDeeds>(join(bench, 'sharer.js')));
      const [first, second] = pair;
      if (first === undefined || second === undefined) throw new Error('there is no process');
      for (const each of pair) await each.open(`${redisUrl}?prefix=bench-over`, apiUrl, 'http://127.0.0.1:9/', 1);
      await first.own();
      const owning = second.own();
      if (isKilled) await first[Symbol.asyncDispose]();
      else await first.letGo();
      const startedMs = performance.now();
      await owning;
      (isKilled ? killed : stopped).push((performance.now() - startedMs) / 1_000);
      await second.letGo();
      await second[Symbol.asyncDispose]();
      if (!isKilled) await first[Symbol.asyncDispose]();
    }
  }
  return [
    atMost('from kill -9 of the leader until another leads', spreadOf(killed), FAIL_OVER_S_MAX, '', ' s'),
    atMost('from a stop of the leader until another leads', spreadOf(stopped), 2, '', ' s'),
  ];
}

async function clean(url: string): Promise<void> {
  const redis = new Redis(url);
  const keys = await redis.keys('bench-*');
  if (keys.length > 0) await redis.unlink(...keys);
  redis.disconnect();
}
