import { howToRepeat, summaryOf, tellMany, transcriptOf } from './report.js';

/** `SEED=7` prints one story; otherwise `SEEDS=20000` are told, from `FROM=1` on. Exit code 1 when a check does not hold. */

const { SEED, SEEDS = '20000', FROM = '1' } = process.env;
const LINE_EVERY_MS = 5_000;

// Stacks of errors that are expected would be a good part of the time.
Error.stackTraceLimit = SEED === undefined ? 0 : 10;

process.exitCode = SEED === undefined ? await many(Number(FROM), Number(SEEDS)) : await one(Number(SEED));

async function one(seed: number): Promise<number> {
  const lines = await transcriptOf(seed);
  say(lines.join('\n'));
  return lines.some((line) => line.startsWith('BROKEN')) ? 1 : 0;
}

async function many(from: number, count: number): Promise<number> {
  const startedMs = performance.now();
  let saidMs = startedMs;
  const seeds = Array.from({ length: count }, (_, index) => from + index);
  let shown = 0;
  const { tally, failures } = await tellMany(seeds, (told) => {
    for (const failure of told.failures.slice(shown)) say(failure);
    shown = told.failures.length;
    if (performance.now() - saidMs < LINE_EVERY_MS) return;
    saidMs = performance.now();
    say(`${told.tally.of('stories')} of ${count} stories, ${shown} failed`);
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  say(['', ...summaryOf(tally), ''].join('\n'));
  say(
    `${count} stories in ${seconds.toFixed(0)} s, ${(count / seconds).toFixed(0)} a second; failed: ${failures.length}`,
  );
  if (failures.length > 0) say(`see one again: ${howToRepeat(Number(/SEED=(\d+)/.exec(failures[0] ?? '')?.[1]))}`);
  return failures.length === 0 ? 0 : 1;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
