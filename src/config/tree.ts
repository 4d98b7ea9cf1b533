import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import { interpolate, type References } from './interpolate.js';
import type { Path, Problem } from './problem.js';
import { parseYaml, UNQUOTED, type YamlText } from './yaml.js';

/** A config as plain values, with what error messages need to know of each. */
export interface Tree {
  readonly file: string;
  readonly value: unknown;
  /** What was wrong before anything was checked. */
  readonly problems: readonly Problem[];
  /** Whether the file is so broken that there is nothing to check. */
  readonly isUnreadable: boolean;
  /** Of the key or the value; of the nearest parent that exists when it does not. */
  position(path: Path, part: 'key' | 'value'): { readonly line: number; readonly column: number };
  /** The references that the value was made from, `${NAME}`; empty for what stands in the file. */
  references(path: Path): readonly string[];
  /** Keys at this path, or just below it, that a program gave without a value; they count as left out. A file has none. */
  withoutValue(path: Path): readonly Path[];
  /** The value, or what holds it, has a problem already: what else is found there follows from it. */
  isBroken(path: Path): boolean;
}

/** Aliases are unfolded: nine lines of them can make a billion values. */
const VALUES_MAX = 50_000;
const DEPTH_MAX = 50;

interface Mark {
  readonly keyOffset?: number | undefined;
  readonly valueOffset: number;
  references: readonly string[];
  isBroken: boolean;
}

/** Parses the text and replaces its references. */
export function readTree(file: string, text: string, from: References): Tree {
  const yaml = parseYaml(text);
  const walk = new Walk(file, yaml, from);
  if (yaml.problems.length > 0) {
    for (const { offset, message } of yaml.problems) walk.report([], offset, message);
    return walk.tree(undefined);
  }
  return walk.tree(walk.value(yaml.document.contents, [], undefined));
}

class Walk {
  readonly #file: string;
  readonly #yaml: YamlText;
  readonly #from: References;
  readonly #marks = new Map<string, Mark>();
  readonly #problems: Problem[] = [];
  #valueCount = 0;

  constructor(file: string, yaml: YamlText, from: References) {
    this.#file = file;
    this.#yaml = yaml;
    this.#from = from;
  }

  tree(value: unknown): Tree {
    return {
      file: this.#file,
      value,
      problems: this.#problems,
      isUnreadable: this.#yaml.problems.length > 0 || this.#valueCount > VALUES_MAX,
      position: (path, part) => this.#position(path, part),
      references: (path) => this.#marks.get(keyOf(path))?.references ?? [],
      withoutValue: () => [],
      isBroken: (path) => path.some((_, index) => this.#marks.get(keyOf(path.slice(0, index + 1)))?.isBroken === true),
    };
  }

  report(path: Path, offset: number, message: string) {
    const { line, col } = this.#yaml.lines.linePos(offset);
    this.#problems.push({ file: this.#file, line: Math.max(line, 1), column: Math.max(col, 1), path, message });
  }

  /** The plain value of a node. Marks its place. */
  value(node: Node | null, path: Path, keyOffset: number | undefined): unknown {
    const mark = { keyOffset, valueOffset: node?.range?.[0] ?? keyOffset ?? 0, references: [], isBroken: false };
    this.#marks.set(keyOf(path), mark);
    if (!this.#counts(path, mark.valueOffset)) return undefined;
    if (path.length > DEPTH_MAX) return this.#refuse(path, mark, 'is nested too deeply; an anchor may hold itself');
    if (isAlias(node)) return this.#alias(node.source, node.resolve(this.#yaml.document), path, mark);
    return this.#resolved(node, path, mark);
  }

  /** False when it is one value too many, which is reported once. */
  #counts(path: Path, offset: number): boolean {
    this.#valueCount += 1;
    if (this.#valueCount === VALUES_MAX + 1) {
      this.report(path, offset, 'is one value too many; write fewer, or fewer aliases');
    }
    return this.#valueCount <= VALUES_MAX;
  }

  #alias(anchor: string, target: Node | undefined, path: Path, mark: Mark): unknown {
    if (target !== undefined) return this.#resolved(target, path, mark);
    return this.#refuse(
      path,
      mark,
      `there is no anchor &${anchor} above; define it, or quote a value that begins with *`,
    );
  }

  #resolved(node: Node | null, path: Path, mark: Mark): unknown {
    if (isMap(node)) return this.#map(node, path);
    if (isSeq(node))
      return node.items.map((item, index) => this.value(item as Node | null, [...path, index], undefined));
    if (!isScalar(node)) return null;
    return typeof node.value === 'string' ? this.#text(node.value, node.range?.[0], path, mark) : node.value;
  }

  #text(text: string, offset: number | undefined, path: Path, mark: Mark): string {
    if (offset !== undefined && this.#yaml.unquoted.has(offset)) {
      this.#refuse(path, mark, UNQUOTED);
      return text;
    }
    const { text: replaced, references, problems } = interpolate(text, this.#from);
    mark.references = references;
    for (const problem of problems) this.#refuse(path, mark, problem);
    return replaced;
  }

  #map(map: YAMLMap, path: Path): Record<string, unknown> {
    const entries = new Map<string, unknown>();
    for (const { key, offset, value } of this.#entries(map, path, 0)) {
      // Such a key holds anchors for the rest of the file; nothing in it is used where it stands.
      if (path.length === 0 && key.startsWith('x-')) continue;
      entries.set(key, this.value(value, [...path, key], offset));
    }
    return Object.fromEntries(entries);
  }

  /** The map's own entries, then those merged in by `<<` that it does not have. */
  #entries(map: YAMLMap, path: Path, depth: number): Entry[] {
    const own = new Map<string, Entry>();
    const merged: Entry[] = [];
    for (const pair of map.items as Pair<Node | null, Node | null>[]) {
      const entry = this.#entry(pair, path);
      if (entry === undefined) continue;
      const first = own.get(entry.key);
      if (isMergeKey(pair.key)) merged.push(...this.#merged(pair.value, path, entry.offset, depth + 1));
      else if (first === undefined) own.set(entry.key, entry);
      else this.#reportTwice(path, first, entry);
    }
    for (const entry of merged) if (!own.has(entry.key)) own.set(entry.key, entry);
    return [...own.values()];
  }

  #entry({ key, value }: Pair<Node | null, Node | null>, path: Path): Entry | undefined {
    const offset = key?.range?.[0] ?? 0;
    const isUsable = isScalar(key) && key.value !== null && key.value !== '__proto__';
    if (isUsable && !this.#yaml.unquoted.has(offset)) return { key: String(key.value), offset, value };
    const isBraces = isMap(key) || this.#yaml.unquoted.has(offset);
    const hint = isBraces ? 'write a plain name, or quotes around a text with {{ }}' : 'write a plain name';
    this.report(path, offset, `has a key that cannot be used; ${hint}`);
    return undefined;
  }

  #merged(node: Node | null, path: Path, offset: number, depth: number): Entry[] {
    if (!this.#counts(path, offset)) return [];
    const target = isAlias(node) ? node.resolve(this.#yaml.document) : node;
    const isShallow = depth <= DEPTH_MAX;
    if (isMap(target) && isShallow) return this.#entries(target, path, depth);
    if (isSeq(target) && isShallow) {
      return target.items.flatMap((item) => this.#merged(item as Node | null, path, offset, depth + 1));
    }
    const problem = isShallow
      ? 'merges what is not a mapping; write <<: *anchor, of keys with values'
      : 'merges itself';
    this.report([...path, '<<'], offset, problem);
    return [];
  }

  #reportTwice(path: Path, first: Entry, second: Entry) {
    const { line } = this.#yaml.lines.linePos(first.offset);
    this.report([...path, second.key], second.offset, `is given twice; the first is in line ${line}`);
  }

  #refuse(path: Path, mark: Mark, message: string): undefined {
    mark.isBroken = true;
    this.report(path, mark.valueOffset, message);
    return undefined;
  }

  #position(path: Path, part: 'key' | 'value') {
    const { mark, isExact } = this.#nearest(path);
    const offset = part === 'value' && isExact ? mark?.valueOffset : (mark?.keyOffset ?? mark?.valueOffset);
    const { line, col } = this.#yaml.lines.linePos(offset ?? 0);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  #nearest(path: Path): { mark: Mark | undefined; isExact: boolean } {
    for (let length = path.length; length >= 0; length -= 1) {
      const mark = this.#marks.get(keyOf(path.slice(0, length)));
      if (mark !== undefined) return { mark, isExact: length === path.length };
    }
    return { mark: undefined, isExact: false };
  }
}

interface Entry {
  readonly key: string;
  readonly offset: number;
  readonly value: Node | null;
}

function isMergeKey(key: Node | null): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}

/** As text, since a Map compares lists by identity. */
function keyOf(path: Path): string {
  return JSON.stringify(path);
}
