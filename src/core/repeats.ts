const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** From a line to the next that sums up; the last one repeats. */
const WAITS_MS = [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS];
/** What works, and fails again sooner, goes on failing: or a source that fails every other time would have two lines each time. */
const QUIET_MS = 10 * MINUTE_MS;

/** Failures of one thing for one reason, from the first to the end of them, and what of them is said. */
export interface Spell {
  /** Wall clock. */
  readonly sinceMs: number;
  readonly failures: number;
  /** Failures that no line tells yet. */
  readonly untold: number;
  /** Monotonic: the last failure, and the last line. */
  readonly failedAtMs: number;
  readonly toldAtMs: number;
  /** Lines that waited for their time: each lengthens the next wait. */
  readonly sums: number;
  readonly works: boolean;
  /** It failed again soon after it had worked. */
  readonly relapsed: boolean;
  /** That it works is news, and was not told yet. */
  readonly owesEnd: boolean;
}

export interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export interface FailureFacts {
  /** So many in a row are told in full at once. */
  readonly fullMax: number;
  /** A reason that this spell has not had yet is told at once. */
  readonly isNews: boolean;
  /** Nothing says that it works again: it does when nothing fails. */
  readonly isPassing: boolean;
}

/** Whether this failure is told in full. The first ones are, and one that nothing untold goes with when a line is due. */
export function afterFailure(
  spell: Spell | undefined,
  { fullMax, isNews, isPassing }: FailureFacts,
  now: Now,
): { readonly spell: Spell; readonly inFull: boolean } {
  const before = spell === undefined || isOver(spell, now) ? begun(now) : resumed(spell, isPassing);
  const isDue = before.failures >= fullMax && before.untold === 0 && lineDueInMs(before, now) === 0;
  const inFull = isNews || before.failures < fullMax || isDue;
  const failures = before.failures + 1;
  const counted = { ...before, failures, failedAtMs: now.monotonicMs, works: isPassing, owesEnd: false };
  if (!inFull) return { spell: { ...counted, untold: before.untold + 1 }, inFull };
  return { spell: { ...told(counted, now), sums: before.sums + (isDue ? 1 : 0) }, inFull };
}

/**
 * It works. The first time that is told at once, after a relapse with the next line.
 *
 * @param isNews also when every failure has been told
 */
export function afterSuccess(
  spell: Spell,
  isNews: boolean,
  now: Now,
): { readonly spell: Spell; readonly isTold: boolean } {
  if (spell.works) return { spell, isTold: false };
  const hasNews = isNews || spell.untold > 0;
  const ended = { ...spell, works: true };
  const isTold = hasNews && (!spell.relapsed || lineDueInMs(ended, now) === 0);
  return { spell: isTold ? told(ended, now) : { ...ended, owesEnd: isNews }, isTold };
}

/** Until what is untold is summed up; undefined when there is nothing. */
export function sumDueInMs(spell: Spell, now: Now): number | undefined {
  return spell.untold > 0 || spell.owesEnd ? lineDueInMs(spell, now) : undefined;
}

export function afterSum(spell: Spell, now: Now): Spell {
  return { ...told(spell, now), sums: spell.sums + 1 };
}

/** It has worked for long enough: the next failure is the first of its own spell. */
export function isOver(spell: Spell, { monotonicMs }: Now): boolean {
  return spell.works && spell.untold === 0 && !spell.owesEnd && monotonicMs - spell.failedAtMs >= QUIET_MS;
}

function begun({ wallMs, monotonicMs }: Now): Spell {
  return {
    ...{ sinceMs: wallMs, failures: 0, untold: 0, failedAtMs: monotonicMs, toldAtMs: monotonicMs },
    ...{ sums: 0, works: false, relapsed: false, owesEnd: false },
  };
}

/** A relapse is told within ten minutes, however long the waits had become. */
function resumed(spell: Spell, isPassing: boolean): Spell {
  if (isPassing || !spell.works) return spell;
  return { ...spell, relapsed: true, sums: Math.min(spell.sums, 1) };
}

function told(spell: Spell, { monotonicMs }: Now): Spell {
  return { ...spell, untold: 0, toldAtMs: monotonicMs, owesEnd: false };
}

/** When it works, what is left to say need not wait for an hour. */
function lineDueInMs({ sums, works, toldAtMs }: Spell, { monotonicMs }: Now): number {
  const waitMs = WAITS_MS[Math.min(sums, works ? 1 : WAITS_MS.length - 1)] ?? HOUR_MS;
  return Math.max(0, toldAtMs + waitMs - monotonicMs);
}
