import { parseYaml } from './yaml.js';

/** The keys whose entries are taken one by one: one that is broken leaves the others, and its name. */
const NAMED = ['sources', 'sinks'];
/** Of keys below each other: `sinks`, a sink, a key of it. */
const DEPTH_MAX = 2;

/** A key, and the lines up to the next one that is indented like it. */
interface Block {
  readonly key: string;
  readonly indent: string;
  readonly from: number;
  readonly to: number;
}

/**
 * What is left of a file that is no YAML once the blocks that break it are emptied; each line stays where it is, and the names of
 * broken sources and sinks stay. Undefined where the file is past that, or may say of the store what cannot be read.
 */
export function salvage(text: string): string | undefined {
  const lines = text.split(/\r?\n/);
  const blocks = blocksIn(lines, 0, lines.length, '');
  const isStoreTold = blocks.some(({ key }) => key === 'store') || !/^\s*["']?store\b/m.test(text);
  const kept = lines.map(() => '');
  for (const block of blocks) keep(block, lines, kept, 0);
  const isStoreKept = blocks.every(({ key, from }) => key !== 'store' || kept[from] !== '');
  const left = kept.join('\n');
  return isStoreTold && isStoreKept && isSound(left) ? left : undefined;
}

/** Copies as much of the block as can be read. */
function keep({ key, indent, from, to }: Block, lines: readonly string[], kept: string[], depth: number): void {
  const isWhole = isSound(lines.slice(from, to).join('\n'));
  if (isWhole) for (let line = from; line < to; line += 1) kept[line] = lines[line] ?? '';
  if (isWhole || depth === DEPTH_MAX || (depth === 0 && !NAMED.includes(key))) return;
  kept[from] = `${indent}${key}:`;
  for (const inner of blocksIn(lines, from + 1, to, indentBelow(lines, from, to))) keep(inner, lines, kept, depth + 1);
}

function isSound(text: string): boolean {
  return parseYaml(text).problems.length === 0;
}

function blocksIn(lines: readonly string[], from: number, to: number, indent: string | undefined): readonly Block[] {
  const starts = lines.slice(from, to).flatMap((line, at) => {
    const [, before, key] = /^( *)([\w.-]+|"[^"]*"|'[^']*') *:(?:\s|$)/.exec(line) ?? [];
    return key !== undefined && before !== undefined && before === indent
      ? [{ key, indent: before, from: from + at }]
      : [];
  });
  return starts.map((start, at) => ({ ...start, to: starts[at + 1]?.from ?? to }));
}

/** How the first line below a key is indented; undefined where there is none. */
function indentBelow(lines: readonly string[], from: number, to: number): string | undefined {
  const first = lines.slice(from + 1, to).find((line) => !/^\s*(?:#|$)/.test(line));
  return first === undefined ? undefined : /^ */.exec(first)?.[0];
}
