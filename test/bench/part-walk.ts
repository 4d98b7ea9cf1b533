import { join } from 'node:path';
import type { apiDeeds } from './api.js';
import type { bareWalkerDeeds } from './bare-walker.js';
import type { Built } from './build.js';
import { startChild } from './child.js';
import { atMost, type Finding } from './report.js';
import { inTurns, spreadOf } from './spread.js';
import type { walkerDeeds } from './walker.js';

const PAGE_SIZE = 100;
const SMALLEST = 1_000;
const SIZES = [10_000, 100_000, 1_000_000];
/** Rows walked at each size, in rounds: short ones are repeated more often. */
const ROWS_WALKED = 1_000_000;
const ROUNDS = { min: 3, max: 31 };

const CPU_RATIO_MAX = 1.6;
const RESIDENT_RATIO_MAX = 1.3;
const HEAP_GROWTH_MB_MAX = 10;

/** What it costs to read a list in which nothing has changed, beside a loop that only fetches and parses it. */
export async function measureWalks({ bench }: Built): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const { heapBytes } = await measureSize(bench, SMALLEST);
  for (const size of SIZES) {
    const measured = await measureSize(bench, size);
    const growthMb = (measured.heapBytes - heapBytes) / 1e6;
    const what = `heap after collection: from ${thousands(SMALLEST)} to ${thousands(size)}`;
    findings.push(...measured.findings, atMost(what, growthMb, HEAP_GROWTH_MB_MAX, '', ' MB'));
  }
  return findings;
}

async function measureSize(bench: string, size: number) {
  await using api = startChild<typeof apiDeeds>(join(bench, 'api.js'));
  await using walker = startChild<typeof walkerDeeds>(join(bench, 'walker.js'));
  await using bare = startChild<typeof bareWalkerDeeds>(join(bench, 'bare-walker.js'));
  const url = await api.open(size);
  await Promise.all([walker.open(url), bare.open(url)]);
  const pages = size / PAGE_SIZE;
  const walk = () => walker.walk(true);
  const bareWalk = () => bare.walk(pages);
  // The first poll, and what is compiled while it runs.
  await inTurns(1, walk, bareWalk);
  const [[first, firstBare] = []] = await inTurns(1, walk, bareWalk);
  if (size <= ROWS_WALKED / 20) await inTurns(4, walk, bareWalk);
  const rounds = Math.min(Math.max(ROWS_WALKED / size, ROUNDS.min), ROUNDS.max);
  const pairs = await inTurns(rounds, walk, bareWalk);
  const [memory, bareMemory] = [await walker.memory(), await bare.memory()];

  const name = `a full walk through ${thousands(size)} unchanged recordings`;
  const cpu = spreadOf(pairs.map(([ours, theirs]) => ours.cpuMs / theirs.cpuMs));
  const cpuMs = spreadOf(pairs.map(([ours]) => ours.cpuMs)).median.toFixed(0);
  const bareMs = spreadOf(pairs.map(([, theirs]) => theirs.cpuMs)).median.toFixed(0);
  const writes = Math.max(...pairs.map(([ours]) => ours.writes));
  const resident = memory.residentBytes / bareMemory.residentBytes;
  const megabytes = [memory, bareMemory].map(({ residentBytes }) => (residentBytes / 1e6).toFixed(0));
  return {
    heapBytes: memory.heapBytes,
    findings: [
      atMost(
        `${name}, the first of a process: processor time`,
        (first?.cpuMs ?? 0) / (firstBare?.cpuMs ?? 0),
        CPU_RATIO_MAX,
      ),
      atMost(`${name}: processor time`, cpu, CPU_RATIO_MAX, `${cpuMs} ms against ${bareMs} ms`),
      atMost(`${name}: resident memory`, resident, RESIDENT_RATIO_MAX, `${megabytes.join(' MB against ')} MB`),
      atMost(`${name}: writes to the store`, writes, 0),
    ],
  };
}

function thousands(count: number): string {
  return count.toLocaleString('en');
}
