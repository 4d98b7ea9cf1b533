/** What a person keeps still without touching the config: nothing goes to a sink, or nothing is asked of a source, until it is resumed. */

export const PAUSABLE_KINDS = ['sink', 'source'] as const;
export type PausableKind = (typeof PAUSABLE_KINDS)[number];

export interface Pausable {
  readonly kind: PausableKind;
  readonly name: string;
}

export interface Pause extends Pausable {
  readonly sinceMs: number;
}

/** A time moved by as much of a pause as came after it, as if the clock had stood still meanwhile. */
export function withoutPause(atMs: number, pausedSinceMs: number, nowMs: number): number {
  return atMs + Math.max(0, nowMs - Math.max(atMs, pausedSinceMs));
}

/** What somebody means by a name; in words why that is not clear. Two sinks, or two sources, never share one. */
export function pausableOf(
  name: string,
  wanted: PausableKind | undefined,
  there: readonly Pausable[],
  whatWouldDo = 'add --sink or --source',
): Pausable | { readonly problem: string } {
  const found = there.filter((each) => each.name === name && (wanted === undefined || each.kind === wanted));
  const [first] = found;
  if (first === undefined)
    return { problem: `There is no ${wanted ?? 'sink or source'} "${name}"; ${namesOf(there)}.` };
  const isBoth = found.some(({ kind }) => kind !== first.kind);
  if (isBoth) return { problem: `"${name}" is a sink and a source; ${whatWouldDo}.` };
  return { kind: first.kind, name };
}

function namesOf(there: readonly Pausable[]): string {
  const lists = PAUSABLE_KINDS.map((kind) => {
    const names = new Set(there.filter((each) => each.kind === kind).map(({ name }) => name));
    return `the ${kind}s are ${names.size === 0 ? 'none' : [...names].join(', ')}`;
  });
  return lists.join(', ');
}
