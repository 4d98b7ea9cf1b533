import { tellStory } from './story.js';
import { Tally } from './tally.js';

/** How to see a story again. */
export function howToRepeat(seed: number): string {
  return `SEED=${seed} npm run sim`;
}

/** One story as text: time, actor, what happened; then what is wrong with it, and how often what happened. */
export async function transcriptOf(seed: number): Promise<readonly string[]> {
  const lines: string[] = [`story ${seed}`];
  const { violations, tally } = await tellStory(seed, {
    tell: (atMs, actor, what) => lines.push(`${new Date(atMs).toISOString()}  ${actor.padEnd(9)} ${what}`),
  });
  const verdict =
    violations.length === 0 ? ['every check holds'] : violations.map((violation) => `BROKEN: ${violation}`);
  return [...lines, '', ...verdict, '', ...summaryOf(tally)];
}

/** Stories that were told one after the other. */
export interface Told {
  readonly tally: Tally;
  /** Each with what is wrong with it, and how to see it again. */
  readonly failures: readonly string[];
}

export async function tellMany(
  seeds: Iterable<number>,
  afterEach: (told: Told) => void = () => undefined,
): Promise<Told> {
  const tally = new Tally();
  const failures: string[] = [];
  for (const seed of seeds) {
    const end = await tellStory(seed);
    tally.addAll(end.tally);
    if (end.violations.length > 0) failures.push(`${howToRepeat(seed)}: ${end.violations.slice(0, 3).join(' · ')}`);
    afterEach({ tally, failures });
  }
  return { tally, failures };
}

const GROUPS = ['platform ', 'sink ', 'repeats after ', 'told '] as const;

export function summaryOf(tally: Tally): string[] {
  const counts = [...tally.counts].toSorted(([left], [right]) => (left < right ? -1 : 1));
  const inGroup = (what: string) => GROUPS.find((group) => what.startsWith(group));
  const groups = GROUPS.map((group) => {
    const members = counts.filter(([what]) => inGroup(what) === group);
    return `${group.trim()}: ${members.map(([what, times]) => `${what.slice(group.length)} ${times}`).join(', ') || 'none'}`;
  });
  return [
    ...counts.filter(([what]) => inGroup(what) === undefined).map(([what, times]) => `${what}: ${times}`),
    ...groups,
  ];
}
