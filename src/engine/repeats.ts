import { afterFailure, afterSuccess, afterSum, isOver, type Now, type Spell, sumDueInMs } from '../core/repeats.js';
import type { Clock, Log, LogFields, Timer } from '../ports.js';

/** Spells kept at once. Subjects come from the config, and reasons from a table; whatever is more shares one spell. */
const SPELLS_MAX = 1_000;
/** Different things counted of one spell. */
const ITEMS_MAX = 2_000;
/** Reasons of one spell that are told at once; more of them may differ in a number alone. */
const VARIANTS_MAX = 8;

/** Something that may repeat: its line in full, and what the lines that sum it up have. */
export interface Trouble {
  /** What it befalls, such as `sink team-slack`; {@link Repeats.works} names it. */
  readonly subject: string;
  /** Each of a subject is summed up by itself. */
  readonly kind: string;
  /** Told at once where it is new, within the same sum. */
  readonly variant?: string | undefined;
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
  /** Lines in a row that are told in full; 1 when left out. */
  readonly fullMax?: number;
  /** Nothing tells {@link Repeats.works} of its end. */
  readonly isPassing?: boolean;
  readonly sum: {
    readonly message: string;
    /** Of the latest. */
    readonly fields: LogFields;
    /** Name of the field that counts, such as `failedPolls`. */
    readonly counts: string;
    /** What else is counted, each once: the name of its field, and which it is. */
    readonly of?: readonly [field: string, item: string];
  };
  readonly end?: {
    readonly message: string;
    /** Told even when every failure has had its line. */
    readonly isNews: boolean;
  };
}

/** Says at once what is new, and sums up what goes on: a line after a minute, ten minutes, an hour, and then hourly. */
export interface Repeats {
  failed(trouble: Trouble): void;
  /** @param fields of the line that tells of it */
  works(subject: string, fields?: LogFields): void;
  /** Tells what is untold. What comes afterwards has its line as if it were the first, or none. */
  stop(): void;
}

interface Entry {
  spell: Spell;
  trouble: Trouble;
  end: LogFields;
  readonly items: Set<string>;
  readonly variants: Set<string>;
  timer: Timer | undefined;
}

export function createRepeats({ clock, log }: { readonly clock: Clock; readonly log: Log }): Repeats {
  const entries = new Map<string, Entry>();
  let stopped = false;

  function failed(trouble: Trouble): void {
    const now = nowOf(clock);
    const key = keyOf(trouble, now);
    const entry = entries.get(key);
    const isGoingOn = entry !== undefined && !isOver(entry.spell, now);
    const { fullMax = 1, variant, isPassing = false, level, fields, message } = trouble;
    const variants = isGoingOn ? entry.variants : new Set<string>();
    const isNews = variant !== undefined && !variants.has(variant) && variants.size < VARIANTS_MAX;
    if (isNews) variants.add(variant);
    const items = isGoingOn ? entry.items : new Set<string>();
    const item = trouble.sum.of?.[1];
    if (item !== undefined && items.size < ITEMS_MAX) items.add(item);
    const { spell, inFull } = afterFailure(entry?.spell, { fullMax, isNews, isPassing }, now);
    const next: Entry = { spell, trouble, end: {}, items, variants, timer: entry?.timer };
    entries.set(key, next);
    if (!inFull) log.debug(fields, message);
    else if (spell.failures <= fullMax) log[level](fields, message);
    else log[level]({ ...fields, ...countsOf(next) }, message);
    plan(next, now);
  }

  function works(subject: string, fields: LogFields = {}): void {
    for (const entry of entries.values()) {
      if (entry.trouble.subject !== subject || entry.spell.works) continue;
      const now = nowOf(clock);
      const { spell, isTold } = afterSuccess(entry.spell, entry.trouble.end?.isNews ?? false, now);
      entry.spell = spell;
      entry.end = fields;
      if (isTold) tellEnd(entry, now, 'info');
      else if (entry.trouble.end?.isNews) tellEnd(entry, now, 'debug');
      plan(entry, now);
    }
  }

  function plan(entry: Entry, now: Now): void {
    entry.timer?.cancel();
    const dueInMs = stopped ? undefined : sumDueInMs(entry.spell, now);
    entry.timer = dueInMs === undefined ? undefined : clock.after(dueInMs, () => sumUp(entry));
  }

  function sumUp(entry: Entry): void {
    const now = nowOf(clock);
    const { trouble, spell } = entry;
    if (spell.works && trouble.end !== undefined) tellEnd(entry, now, 'info');
    else log[trouble.level]({ ...trouble.sum.fields, ...countsOf(entry) }, trouble.sum.message);
    entry.spell = afterSum(spell, now);
  }

  function tellEnd({ trouble, end, spell, items }: Entry, { wallMs }: Now, level: 'info' | 'debug'): void {
    const { message } = trouble.end ?? trouble.sum;
    const failedForMs = Math.max(0, wallMs - spell.sinceMs);
    const fields = { ...trouble.sum.fields, ...end, ...countsOf({ trouble, spell, items }), failedForMs };
    log[level](fields, message);
  }

  function keyOf({ subject, kind }: Trouble, now: Now): string {
    const key = JSON.stringify([subject, kind]);
    if (entries.has(key) || entries.size < SPELLS_MAX) return key;
    for (const [old, { spell }] of entries) if (isOver(spell, now)) entries.delete(old);
    return entries.size < SPELLS_MAX ? key : 'more';
  }

  return {
    failed,
    works,
    stop: () => {
      stopped = true;
      for (const entry of entries.values()) {
        entry.timer?.cancel();
        if (sumDueInMs(entry.spell, nowOf(clock)) !== undefined) sumUp(entry);
      }
      entries.clear();
    },
  };
}

function countsOf({ trouble, spell, items }: Pick<Entry, 'trouble' | 'spell' | 'items'>): LogFields {
  const { counts, of } = trouble.sum;
  return {
    [counts]: spell.failures,
    ...(of !== undefined && { [items.size < ITEMS_MAX ? of[0] : `${of[0]}Min`]: items.size }),
    sinceAt: new Date(spell.sinceMs).toISOString(),
  };
}

function nowOf(clock: Clock): Now {
  return { wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
}
