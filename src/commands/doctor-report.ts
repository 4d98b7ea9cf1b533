import { jsonLine, printable } from '../observe/printable.js';
import type { Clock } from '../ports.js';
import { within } from '../server/within.js';
import { systemClock } from '../system.js';
import { paintFor } from './color.js';
import type { CommandContext } from './command.js';
import type { Trial } from './trials.js';

/** For each look at something that may not answer. */
const LOOK_MS_MAX = 10_000;

/** One thing that was looked at: how it is, and what to do where it is not well. */
export interface Check {
  readonly what: string;
  readonly result: 'ok' | 'warn' | 'fail';
  readonly detail: string;
}

export interface Section {
  readonly title: string;
  readonly checks: Promise<readonly Check[]>;
}

export function ok(what: string, detail: string): Check {
  return { what, result: 'ok', detail };
}

export function warn(what: string, detail: string): Check {
  return { what, result: 'warn', detail };
}

export function fail(what: string, detail: string): Check {
  return { what, result: 'fail', detail };
}

export function checkOf(what: string, { result, detail }: Trial): Check {
  return { what, result: ({ ok: 'ok', notice: 'warn', failed: 'fail' } as const)[result], detail };
}

/** Whatever goes wrong in a look, and one that takes too long, is a finding of it. Begins at once. */
export async function looked(
  what: string,
  look: () => Promise<readonly Check[]>,
  clock: Pick<Clock, 'after'> = systemClock,
): Promise<readonly Check[]> {
  try {
    const seconds = LOOK_MS_MAX / 1_000;
    const late = `no answer within ${seconds} s; it hangs, or something between drops what is sent`;
    return (await within(look(), LOOK_MS_MAX, { clock })) ?? [fail(what, late)];
  } catch (error) {
    return [fail(what, (error as Error).message)];
  }
}

/** Prints the sections in their order, each as soon as it is known. Returns how many things are not well. */
export async function printReport(
  sections: readonly Section[],
  { json }: { readonly json?: true },
  context: CommandContext,
): Promise<Record<'warn' | 'fail', number>> {
  const counts = { ok: 0, warn: 0, fail: 0 };
  const paint = paintFor(context);
  for (const { title, checks } of sections) {
    const found = await checks;
    if (!json && found.length > 0) await context.print(`\n${title}`);
    for (const { what, result, detail } of found) {
      counts[result] += 1;
      if (json) await context.print(jsonLine({ section: title.toLowerCase(), what, result, detail }));
      else await context.print(`  ${paint(result.padEnd(4))}  ${printable(`${what}: ${detail}`)}`);
    }
  }
  return counts;
}
