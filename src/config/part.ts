import assert from 'node:assert/strict';
import { z } from 'zod';
import { defineSink } from '../sinks/define.js';
import { defineSource } from '../source/define.js';
import { checkTree, type Types } from './check.js';
import type { Config } from './config.js';
import { isRecord } from './explain.js';
import type { Path, Problem } from './problem.js';
import { fileKeys, sinkKeys, sourceKeys } from './schema.js';
import type { Tree } from './tree.js';
import { closest } from './words.js';

/** Takes the place of what has mistakes. */
const STAND_IN = 'mistaken';

const standIn = {
  type: STAND_IN,
  summary: 'Has mistakes in the config.',
  settings: z.strictObject({}),
  example: '',
};

const standInSource = defineSource({ ...standIn, open: neverRun });
const standInSink = defineSink({ ...standIn, concurrency: 1, deliver: neverRun, deliverDigest: neverRun });

/**
 * As much of a config with mistakes as commands need that only look: where the store is, and what sources and sinks there are. One
 * that has mistakes keeps its name and those of the keys common to all that have none; other keys that have some count as left out.
 *
 * @returns undefined where it cannot be told where the store is
 */
export function partOf(tree: Tree, types: Types): Config | undefined {
  const withStandIns = {
    ...{ sourceTypes: [...types.sourceTypes, standInSource], sinkTypes: [...types.sinkTypes, standInSink] },
    ...(types.unusable !== undefined && { unusable: types.unusable }),
  };
  let part = tree;
  // An entry whose name is the mistake goes in the second round.
  for (const isLast of [false, true]) {
    const checked = checkTree(part, withStandIns);
    if ('config' in checked) return { ...checked.config, isPart: true };
    const { value } = part;
    if (!isRecord(value) || part.isUnreadable || hidesStore(value, checked.problems)) return undefined;
    part = { ...part, problems: [], value: without(checked.problems, value, isLast) };
  }
  const checked = checkTree(part, withStandIns);
  return 'config' in checked ? { ...checked.config, isPart: true } : undefined;
}

/** Whether what is written of the store, perhaps under a key that only looks like it, has a mistake. */
function hidesStore(root: Record<string, unknown>, problems: readonly Problem[]): boolean {
  if (isAnyWithin(problems, ['store'])) return true;
  const others = Object.keys(root).filter((key) => !Object.hasOwn(fileKeys.shape, key));
  return root['store'] === undefined && others.some((key) => closest(key, ['store']) !== undefined);
}

function without(problems: readonly Problem[], root: Record<string, unknown>, isLast: boolean) {
  return Object.fromEntries(
    Object.entries(root).flatMap(([key, value]) => {
      if (!isAnyWithin(problems, [key])) return [[key, value]];
      const common = key === 'sinks' ? sinkKeys : key === 'sources' ? sourceKeys : undefined;
      if (common === undefined || !isRecord(value)) return [];
      const entries = Object.entries(value).flatMap(([name, entry]) => {
        if (!isAnyWithin(problems, [key, name])) return [[name, entry]];
        return isLast ? [] : [[name, soundKeys(entry, Object.keys(common.shape), problems, [key, name])]];
      });
      return [[key, Object.fromEntries(entries)]];
    }),
  );
}

function soundKeys(entry: unknown, common: readonly string[], problems: readonly Problem[], path: Path) {
  const sound = Object.entries(isRecord(entry) ? entry : {}).filter(
    ([key]) => common.includes(key) && !isAnyWithin(problems, [...path, key]),
  );
  return { type: STAND_IN, ...Object.fromEntries(sound) };
}

function isAnyWithin(problems: readonly Problem[], outer: Path): boolean {
  return problems.some(({ path }) => outer.every((part, index) => part === path[index]));
}

function neverRun(): never {
  assert.fail('nothing is run by a config with mistakes');
}
