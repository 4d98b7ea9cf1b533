import { join } from 'node:path';
import type { apiDeeds } from './api.js';
import type { Built } from './build.js';
import { startChild } from './child.js';
import { atMost, type Finding, told } from './report.js';
import { spreadOf } from './spread.js';
import type { WalkCost, walkerDeeds } from './walker.js';

const SIZES = [1_000, 10_000, 100_000];
const ROUNDS = 21;
/** Not counted: code is compiled while it runs. */
const ROUNDS_BEFORE = 10;
const POLLS = 20;
const REQUESTS_MAX = 3;

/** What a poll costs when nothing is new, by how much is there. */
export async function measurePolls({ bench }: Built): Promise<readonly Finding[]> {
  const sizes = await Promise.all(SIZES.map((size) => openSize(bench, size)));
  const polls: WalkCost[][] = sizes.map(() => []);
  for (let n = 0; n < ROUNDS_BEFORE + ROUNDS; n += 1)
    for (const [index, { walker }] of sizes.entries()) {
      const cost = await walker.walk(false, POLLS);
      if (n >= ROUNDS_BEFORE) polls[index]?.push(cost);
    }
  for (const { api, walker } of sizes) {
    await walker[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  }
  const [smallest = []] = polls;
  return SIZES.flatMap((size, index) => findingsOf(size, polls[index] ?? [], smallest));
}

async function openSize(bench: string, size: number) {
  const api = startChild<typeof apiDeeds>(join(bench, 'api.js'));
  const walker = startChild<typeof walkerDeeds>(join(bench, 'walker.js'));
  await walker.open(await api.open(size));
  await walker.walk(true);
  return { api, walker };
}

function findingsOf(size: number, polls: readonly WalkCost[], smallest: readonly WalkCost[]): readonly Finding[] {
  const name = `a poll without news at ${size.toLocaleString('en')} recordings`;
  const most = (of: (cost: WalkCost) => number) => Math.max(...polls.map(of));
  const beside = `${most(({ bytes }) => bytes).toFixed(0)} bytes, ${most(({ writes }) => writes)} writes`;
  const requests = atMost(
    `${name}: requests`,
    most(({ requests: count }) => count),
    REQUESTS_MAX,
    beside,
  );
  const cpu = spreadOf(polls.map(({ cpuMs }) => cpuMs));
  if (polls === smallest) return [requests, told(`${name}: processor time`, cpu, '', ' ms')];
  const ratios = spreadOf(polls.map(({ cpuMs }, index) => cpuMs / (smallest[index]?.cpuMs ?? Number.NaN)));
  return [requests, told(`${name}: processor time, relative to the smallest`, ratios, `${cpu.median.toFixed(2)} ms`)];
}
