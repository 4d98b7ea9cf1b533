import { parseEnv } from 'node:util';
import type { UnusableType } from '../own-module.js';
import { loadSinkType } from '../sinks/load.js';
import { SINK_TYPES } from '../sinks/registry.js';
import { loadSourceType } from '../source/load.js';
import { SOURCE_TYPES } from '../source/registry.js';
import { checkTree, type Types } from './check.js';
import type { Config } from './config.js';
import { isRecord, valueAt } from './explain.js';
import { readTextFile, UnreadableFileError } from './files.js';
import type { References } from './interpolate.js';
import { partOf } from './part.js';
import { type Problem, sortProblems } from './problem.js';
import { salvage } from './salvage.js';
import { readTree, type Tree } from './tree.js';
import { findUnavailable } from './unavailable.js';

export type Loaded = { readonly config: Config } | { readonly problems: readonly Problem[] };

export type Environment = References['env'];

export const BUILT_IN_TYPES: Types = { sourceTypes: SOURCE_TYPES, sinkTypes: SINK_TYPES };

/** Reads the file and what it refers to. Relative paths are relative to the working directory, where `.env` is looked for too. */
export function readConfig(file: string, env: Environment, types: Types = BUILT_IN_TYPES): Loaded {
  const dotEnv = readDotEnv();
  if ('problem' in dotEnv) return { problems: [dotEnv.problem] };
  try {
    const text = readTextFile(file);
    return loadConfig(file, text, { env: { ...dotEnv.env, ...env }, readFile: readTextFile }, types);
  } catch (error) {
    if (!(error instanceof UnreadableFileError)) throw error;
    return {
      problems: [
        atStart(file, `cannot be read: ${error.message}; name the config by --config FILE, or make one by init`),
      ],
    };
  }
}

/** Of a config with mistakes what {@link partOf} makes of it; undefined where it cannot be told where the store is. */
export function readPart(file: string, env: Environment, types: Types = BUILT_IN_TYPES): Config | undefined {
  const dotEnv = readDotEnv();
  if ('problem' in dotEnv) return undefined;
  try {
    const from = { env: { ...dotEnv.env, ...env }, readFile: readTextFile };
    const text = readTextFile(file);
    const tree = readTree(file, text, from);
    const left = tree.isUnreadable ? salvage(text) : text;
    if (left === undefined) return undefined;
    const readable = tree.isUnreadable ? readTree(file, left, from) : tree;
    return partOf(readable, withOwnTypes(readable, types));
  } catch (error) {
    if (!(error instanceof UnreadableFileError)) throw error;
    return undefined;
  }
}

/** Checks the text of a config; all that is wrong with it, in the order of the file, or the config. */
export function loadConfig(file: string, text: string, from: References, types: Types = BUILT_IN_TYPES): Loaded {
  return loadTree(readTree(file, text, from), types);
}

/** The same of a config that is parsed already. */
export function loadTree(tree: Tree, types: Types = BUILT_IN_TYPES): Loaded {
  const checked = checkTree(tree, withOwnTypes(tree, types));
  return 'problems' in checked ? { problems: sortProblems(checked.problems) } : checked;
}

/** With the types that the config takes from modules: `type: ./my-sink.js`. */
function withOwnTypes(tree: Tree, types: Types): Types {
  const sources = withLoaded(tree, 'sources', types.sourceTypes, loadSourceType);
  const sinks = withLoaded(tree, 'sinks', types.sinkTypes, loadSinkType);
  const unusable = { sources: sources.unusable, sinks: sinks.unusable };
  return { sourceTypes: sources.types, sinkTypes: sinks.types, unusable };
}

function withLoaded<Definition extends { readonly type: string }>(
  tree: Tree,
  key: 'sources' | 'sinks',
  known: readonly Definition[],
  load: (name: string) => Definition | UnusableType | undefined,
) {
  const entries = valueAt(tree.value, [key]);
  const names = Object.values(isRecord(entries) ? entries : {}).map((entry) => valueAt(entry, ['type']));
  const isOwn = (name: unknown): name is string =>
    typeof name === 'string' &&
    !known.some(({ type }) => type === name) &&
    findUnavailable({ [key]: { own: { type: name } } }).length === 0;
  const types = [...known];
  const unusable: UnusableType[] = [];
  for (const name of new Set(names.filter(isOwn))) {
    const loaded = load(name);
    if (loaded === undefined) continue;
    if ('problem' in loaded) unusable.push(loaded);
    else types.push(loaded);
  }
  return { types, unusable };
}

/** What `.env` in the working directory holds; nothing where there is none. The environment goes before it. */
export function readDotEnv(): { readonly env: Environment } | { readonly problem: Problem } {
  try {
    return { env: parseEnv(readTextFile('.env')) };
  } catch (error) {
    if (!(error instanceof UnreadableFileError)) throw error;
    return error.isMissing ? { env: {} } : { problem: atStart('.env', `cannot be read: ${error.message}`) };
  }
}

function atStart(file: string, message: string): Problem {
  return { file, line: 1, column: 1, path: [], message };
}
