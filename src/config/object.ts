import { isRecord } from './explain.js';
import type { Path, Problem } from './problem.js';
import type { Tree } from './tree.js';
import { kindOf, VALUELESS } from './words.js';

/** As of a file: a program can hand over what holds itself. */
const VALUES_MAX = 50_000;
const DEPTH_MAX = 50;

/**
 * A config that a program gives as an object, in the shape of the YAML. Its values stand for themselves: no `${…}` is replaced, since a
 * program has better ways to get at its environment, and texts that it has from elsewhere must not read files.
 */
export function objectTree(config: unknown, name: string): Tree {
  const problems: Problem[] = [];
  const withoutValue: Path[] = [];
  let valueCount = 0;

  function refuse(path: Path, message: string): undefined {
    problems.push({ file: name, line: 0, column: 0, path, message });
    return undefined;
  }

  function copy(value: unknown, path: Path): unknown {
    valueCount += 1;
    if (valueCount > VALUES_MAX) return undefined;
    if (path.length > DEPTH_MAX) return refuse(path, 'is nested too deeply; it may hold itself');
    if (Array.isArray(value)) return value.map((item, index) => copy(item, [...path, index]));
    if (isRecord(value)) return copyKeys(value, path);
    if (value === undefined) return refuse(path, VALUELESS);
    if (['string', 'number', 'boolean'].includes(typeof value) || value === null) return value;
    return refuse(path, `found a ${typeof value}, want what YAML can hold: text, numbers, true, false, lists and keys`);
  }

  function copyKeys(value: Record<string, unknown>, path: Path): unknown {
    const entries = Object.entries(value).filter(([key]) => !(path.length === 0 && key.startsWith('x-')));
    const given = entries.filter(([, item]) => item !== undefined);
    withoutValue.push(...entries.filter((entry) => !given.includes(entry)).map(([key]) => [...path, key]));
    return Object.fromEntries(given.map(([key, item]) => [key, copy(item, [...path, key])]));
  }

  const value = isRecord(config) ? copy(config, []) : refuse([], `found ${kindOf(config)}, want sources and sinks`);
  if (valueCount > VALUES_MAX) refuse([], 'holds too many values; it may hold itself');
  return {
    file: name,
    value,
    problems,
    isUnreadable: !isRecord(config) || valueCount > VALUES_MAX,
    position: () => ({ line: 0, column: 0 }),
    references: () => [],
    withoutValue: (path) => withoutValue.filter((each) => isAtOrJustBelow(each, path)),
    isBroken: (path) => problems.some((problem) => problem.path.every((part, index) => part === path[index])),
  };
}

function isAtOrJustBelow(path: Path, outer: Path): boolean {
  return path.length - outer.length <= 1 && outer.every((part, index) => part === path[index]);
}
