import {
  afterFailure,
  afterSuccess,
  afterSum,
  type FailureFacts,
  type Now,
  type Spell,
  sumDueInMs,
} from '../../src/core/repeats.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const START_MS = Date.parse('2024-05-13T03:00:00Z');
const PLAIN: FailureFacts = { fullMax: 1, isNews: false, isPassing: false };

function at(ms: number): Now {
  return { wallMs: START_MS + ms, monotonicMs: ms };
}

type Step = readonly [minute: number, what: 'fails' | 'new reason' | 'works'];

/** What is written when, in minutes; a sum is written when it is due. */
function story(steps: readonly Step[], facts: Partial<FailureFacts> = {}, untilMinutes = 0, tellsEnd = true): string[] {
  const lines: string[] = [];
  let spell: Spell | undefined;
  let nowMs = 0;

  function sumUpUntil(endMs: number): void {
    for (;;) {
      const dueInMs = spell && sumDueInMs(spell, at(nowMs));
      if (spell === undefined || dueInMs === undefined || nowMs + dueInMs > endMs) break;
      nowMs += dueInMs;
      lines.push(`${nowMs / MINUTE_MS} ${spell.works && !facts.isPassing ? 'end' : 'sum'} ${spell.failures}`);
      spell = afterSum(spell, at(nowMs));
    }
    nowMs = endMs;
  }

  for (const [minute, what] of steps) {
    sumUpUntil(minute * MINUTE_MS);
    if (what === 'works') {
      if (spell === undefined) continue;
      const after = afterSuccess(spell, tellsEnd, at(nowMs));
      spell = after.spell;
      if (after.isTold) lines.push(`${minute} end ${spell.failures}`);
      continue;
    }
    const after = afterFailure(spell, { ...PLAIN, ...facts, isNews: what === 'new reason' }, at(nowMs));
    spell = after.spell;
    if (after.inFull) lines.push(`${minute} full ${spell.failures}`);
  }
  sumUpUntil(untilMinutes * MINUTE_MS);
  return lines;
}

/** Every half minute. */
function failing(fromMinute: number, toMinute: number): Step[] {
  return Array.from({ length: (toMinute - fromMinute) * 2 }, (_, n) => [fromMinute + n / 2, 'fails']);
}

function many(count: number, minute: number): Step[] {
  return Array.from({ length: count }, () => [minute, 'fails']);
}

test.each<{
  name: string;
  steps: readonly Step[];
  facts?: Partial<FailureFacts>;
  until?: number;
  tellsEnd?: boolean;
  want: string[];
}>([
  { name: 'one failure is one line', steps: [[0, 'fails']], until: 600, want: ['0 full 1'] },
  {
    name: 'a failure and its end are two',
    steps: [
      [0, 'fails'],
      [1, 'works'],
    ],
    until: 600,
    want: ['0 full 1', '1 end 1'],
  },
  {
    name: 'what goes on is summed up after a minute, ten, an hour, and hourly',
    steps: [...failing(0, 200), [200, 'works']],
    want: ['0 full 1', '1 sum 2', '11 sum 22', '71 sum 142', '131 sum 262', '191 sum 382', '200 end 400'],
  },
  {
    name: 'another reason is told at once',
    steps: [
      [0, 'fails'],
      [0.5, 'new reason'],
      [0.6, 'fails'],
    ],
    until: 10,
    want: ['0 full 1', '0.5 full 2', '1.5 sum 3'],
  },
  {
    name: 'the first five are told in full, and a thousand that come with them in one line',
    steps: many(1_000, 0),
    facts: { fullMax: 5 },
    until: 600,
    want: ['0 full 1', '0 full 2', '0 full 3', '0 full 4', '0 full 5', '1 sum 1000'],
  },
  {
    name: 'one that comes alone when a line is due has its own',
    steps: [[0, 'fails'], [5, 'fails'], [35, 'fails'], ...many(3, 155)],
    until: 300,
    want: ['0 full 1', '5 full 2', '35 full 3', '155 full 4', '215 sum 6'],
  },
  {
    name: 'where the end is no news, only what is untold is told at the end',
    steps: [...many(3, 0), [0.1, 'works']],
    tellsEnd: false,
    until: 600,
    want: ['0 full 1', '0.1 end 3'],
  },
  {
    name: 'where the end is no news and nothing is untold, nothing is',
    steps: [
      [0, 'fails'],
      [0.1, 'works'],
    ],
    tellsEnd: false,
    until: 600,
    want: ['0 full 1'],
  },
  {
    name: 'what fails every other time has a line in ten minutes',
    steps: failing(0, 40).flatMap(([minute, what], index) => [[minute, index % 2 === 0 ? what : 'works'] as const]),
    until: 60,
    want: ['0 full 1', '0.5 end 1', '1.5 sum 2', '11.5 sum 12', '21.5 sum 22', '31.5 sum 32', '41.5 end 40'],
  },
  {
    name: 'a new outage after ten quiet minutes begins anew',
    steps: [...failing(0, 2), [2, 'works'], [2.5, 'works'], [11.5, 'fails'], [12, 'works']],
    until: 60,
    want: ['0 full 1', '1 sum 2', '2 end 4', '11.5 full 1', '12 end 1'],
  },
  {
    name: 'a new outage before that is told within ten minutes, however long the waits had become',
    steps: [...failing(0, 72), [72, 'works'], ...failing(73, 90)],
    want: ['0 full 1', '1 sum 2', '11 sum 22', '71 sum 142', '72 end 144', '82 sum 162'],
  },
  {
    name: 'what ends by itself has its first lines again after ten quiet minutes',
    steps: [...many(3, 0), ...many(2, 5), ...many(3, 20)],
    facts: { fullMax: 2, isPassing: true },
    until: 60,
    want: ['0 full 1', '0 full 2', '1 sum 3', '11 sum 5', '20 full 1', '20 full 2', '21 sum 3'],
  },
])('repeats: $name', ({ steps, facts = {}, until = 0, tellsEnd = true, want }) => {
  const lastMinute = Math.max(until, ...steps.map(([minute]) => minute));
  expect(story(steps, facts, lastMinute, tellsEnd)).toEqual(want);
});

test('a clock on the wall that jumps changes no wait', () => {
  const first = afterFailure(undefined, PLAIN, at(0)).spell;
  const second = afterFailure(first, PLAIN, { wallMs: START_MS - HOUR_MS, monotonicMs: 30_000 }).spell;
  expect(sumDueInMs(second, { wallMs: START_MS + HOUR_MS, monotonicMs: 30_000 })).toBe(30_000);
  expect(second.sinceMs).toBe(START_MS);
});
