import { type CommandContext, wantsColor } from './command.js';

const [GREEN, YELLOW, RED] = [32, 33, 31] as const;

/** How what a word stands for is to be taken: well, worth a look, or bad. Words that are not here stay as they are. */
const COLORS: Readonly<Record<string, number>> = {
  ...{ ok: GREEN, yes: GREEN, available: GREEN, delivered: GREEN },
  ...{ warn: YELLOW, notice: YELLOW, depends: YELLOW, pending: YELLOW, processing: YELLOW, held: YELLOW },
  ...{ fail: RED, failed: RED, no: RED, dead: RED, rejected: RED },
};

/** Paints a text by the state that it tells, on a terminal that wants colour; else it stays as it is. To be called on what is fit for a terminal already. */
export type Paint = (text: string, state?: string) => string;

export function paintFor({ environment, stdoutIsTerminal }: CommandContext): Paint {
  if (!wantsColor(environment, stdoutIsTerminal)) return (text) => text;
  return (text, state = text.trim()) => {
    const color = Object.hasOwn(COLORS, state) ? COLORS[state] : undefined;
    return color === undefined ? text : `\u001b[${color}m${text}\u001b[39m`;
  };
}

/** Paints the state in a line. @param pattern of what stands before it, and of it, in two groups */
export function paintIn(line: string, pattern: RegExp, paint: Paint): string {
  return line.replace(pattern, (_, before: string, state: string) => before + paint(state));
}
