import { stringify } from 'yaml';
import type { z } from 'zod';
import type { Flaw } from '../settings.js';
import { type JsonSchema, keysOf, schemasAt } from './json-schema.js';
import type { Path } from './problem.js';
import { closest, kindOf, listed, suggestion } from './words.js';

export type Issue = z.core.$ZodIssue;

/** The message of an issue for which the schema has none: the words are then ours. */
export const NO_MESSAGE = '';

/** An issue of zod, in our words and at one place. */
export interface Finding extends Flaw {
  /** From the value that was checked. */
  readonly path: Path;
  readonly part: 'key' | 'value';
}

/** What was checked. */
export interface Checked {
  readonly value: unknown;
  readonly schema: JsonSchema;
  /** Keys that are checked elsewhere, for suggestions. */
  readonly otherKeys: readonly string[];
}

const NAME_FLAW: Flaw = {
  problem: 'is not a name',
  hint: 'write letters, digits, _ and -, at most 63, the first a letter or digit',
};

/** Turns zod's issues into findings: one for each place, none for each alternative that did not fit. */
export function explain(issues: readonly Issue[], checked: Checked): Finding[] {
  const findings = issues.flatMap((issue) => explainIssue(issue, issue.path.filter(isPart), checked));
  const firsts = new Map(findings.toReversed().map((finding) => [JSON.stringify(finding.path), finding]));
  return [...firsts.values()].reverse();
}

function explainIssue(issue: Issue, path: Path, checked: Checked): Finding[] {
  if (issue.code === 'unrecognized_keys') return explainKeys(issue.keys, path, checked);
  if (issue.code === 'invalid_union') return explainUnion(issue, path, checked);
  if (issue.code === 'invalid_key') return [{ path, part: 'key', isBare: true, ...keyFlaw(issue) }];
  return [{ path, part: 'value', ...wordIssue(issue, path, checked) }];
}

/** Where one alternative fits but for keys too many, zod reports these alone; they may belong to another alternative. */
function explainKeys(keys: readonly string[], path: Path, checked: Checked): Finding[] {
  const keySets = keySetsAt(path, checked);
  if (keySets.length > 0) return explainKeySets([], keySets, path, checked);
  return keys.map((key) => unknownKey(key, path, checked));
}

function unknownKey(
  key: string,
  path: Path,
  { schema, otherKeys }: Checked,
  here: readonly string[] = schemasAt(schema, path).flatMap(keysOf),
): Finding {
  const known = [...new Set([...here, ...(path.length === 0 ? otherKeys : [])])];
  const problem = `is not a key that is known here${suggestion(key, known)}`;
  const hint = closest(key, known) === undefined && known.length > 0 ? `known are ${listed(known)}` : undefined;
  return { path: [...path, key], part: 'key', isBare: true, problem, ...(hint !== undefined && { hint }) };
}

function keyFlaw(issue: Extract<Issue, { code: 'invalid_key' }>): Flaw {
  const custom = issue.issues.find(({ code }) => code === 'custom');
  return custom === undefined ? NAME_FLAW : customFlaw(custom);
}

/** The flaw that `issueOf` was given, or the message of another check. */
function customFlaw({ message, ...issue }: Issue): Flaw {
  const { fix, hint, isBare } = (issue.code === 'custom' && issue.params) || {};
  return {
    problem: message,
    ...(typeof fix === 'string' && { fix }),
    ...(typeof hint === 'string' && { hint }),
    ...(isBare === true && { isBare }),
  };
}

function wordIssue(issue: Issue, path: Path, checked: Checked): Flaw {
  const value = valueAt(checked.value, path);
  if (value === undefined) return missing(path, checked);
  if (issue.message !== NO_MESSAGE) return customFlaw(issue);
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(value, path, checked);
    case 'invalid_value':
      return wrongWord(value, issue.values.map(String));
    case 'too_small':
      return { problem: tooSmall(issue.origin, Number(issue.minimum)) };
    case 'too_big':
      return { problem: `is more than ${issue.maximum}${COUNTED[issue.origin] ?? ''}` };
    default:
      return { problem: 'has the wrong form' };
  }
}

const COUNTED: Readonly<Record<string, string>> = { string: ' characters', array: ' entries' };

function tooSmall(origin: string, minimum: number): string {
  const counted = COUNTED[origin];
  return counted !== undefined && minimum === 1 ? 'is empty' : `is less than ${minimum}${counted ?? ''}`;
}

function missing(path: Path, { schema }: Checked): Flaw {
  const description = schemasAt(schema, path).find((each) => each.description !== undefined)?.description;
  return { problem: `is required${description === undefined ? '' : `. ${description}`}`, isBare: true };
}

function wrongType(value: unknown, path: Path, checked: Checked): Flaw {
  const schemas = schemasAt(checked.schema, path);
  const keySets = keySetsAt(path, checked);
  const kinds = keySets.length > 0 ? writeSets(keySets) : listed(unique(schemas.flatMap(wantsOf)), 'or');
  const wants = schemas.find(({ want }) => want !== undefined)?.want ?? kinds;
  const hint = hintFor(value, keySets.length > 0 ? [] : schemas);
  return { problem: `found ${kindOf(value)}, want ${wants}`, isBare: true, ...(hint !== undefined && { hint }) };
}

const WANTS: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'keys with values',
};

function wantsOf({ type, anyOf }: JsonSchema): readonly string[] {
  return anyOf === undefined && type !== undefined ? [WANTS[type] ?? type] : [];
}

function hintFor(value: unknown, schemas: readonly JsonSchema[]): string | undefined {
  const types = schemas.map(({ type }) => type);
  const isBare = typeof value === 'number' || typeof value === 'boolean';
  if (isBare && types.includes('string')) return 'write it in quotes';
  if (typeof value === 'string' && types.includes('array')) return 'write it in [ ]';
  return isRecord(value) ? undefined : schemas.map(keysHint).find((hint) => hint !== undefined);
}

/** Which keys would do: an example shows it best. */
function keysHint(schema: JsonSchema): string | undefined {
  const keys = keysOf(schema);
  if (keys.length === 0) return undefined;
  const { example } = schema;
  return isRecord(example)
    ? `write ${stringify(example, { collectionStyle: 'flow', lineWidth: 0 }).trim()}`
    : `its keys are ${listed(keys)}`;
}

function wrongWord(value: unknown, words: readonly string[]): Flaw {
  const choice = listed(words, 'or');
  if (typeof value !== 'string') return { problem: `found ${kindOf(value)}, want ${choice}`, isBare: true };
  const nearest = closest(value, words);
  const problem = words.length === 1 ? 'is not what is wanted' : `is not one of ${listed(words)}`;
  if (words.length === 1) return { problem, hint: `write ${choice}` };
  return { problem, ...(nearest !== undefined && { fix: `did you mean "${nearest}"?` }) };
}

type UnionIssue = Extract<Issue, { code: 'invalid_union' }>;
type Errors = UnionIssue['errors'];

function explainUnion(issue: UnionIssue, path: Path, checked: Checked): Finding[] {
  const value = valueAt(checked.value, path);
  if (value === undefined) return [{ path, part: 'value', ...missing(path, checked) }];
  const keySets = keySetsAt(path, checked);
  if (isRecord(value) && keySets.length > 0) return explainKeySets(issue.errors, keySets, path, checked);
  const fitting = issue.errors.find((errors) => !errors.some(isTypeMismatch));
  if (fitting === undefined) return [{ path, part: 'value', ...wrongType(value, path, checked) }];
  return explainBranch(fitting, path, checked);
}

function isTypeMismatch({ code, path }: Issue): boolean {
  return code === 'invalid_type' && path.length === 0;
}

function explainBranch(errors: readonly Issue[], path: Path, checked: Checked): Finding[] {
  return errors.flatMap((error) => explainIssue(error, [...path, ...error.path.filter(isPart)], checked));
}

type KeySet = JsonSchema & Required<Pick<JsonSchema, 'properties'>>;

/** The alternatives at this place when they are all sets of keys, else none. */
function keySetsAt(path: Path, { schema }: Checked): readonly KeySet[] {
  const branches = schemasAt(schema, path).find(({ anyOf }) => anyOf !== undefined)?.anyOf ?? [];
  const keySets = branches.filter((branch): branch is KeySet => branch.properties !== undefined);
  return keySets.length === branches.length ? keySets : [];
}

/** The key that tells the sets apart by a word of each, such as `type`; undefined where there is none. */
function tagOf(keySets: readonly KeySet[]): string | undefined {
  const isTag = (key: string) => keySets.every(({ properties }) => properties[key]?.['const'] !== undefined);
  return keySets.length > 1 ? keysOf(keySets[0] ?? {}).find(isTag) : undefined;
}

function wordsOf(tag: string, keySets: readonly KeySet[]): string[] {
  return keySets.map(({ properties }) => String(properties[tag]?.['const']));
}

/** Only the set that is meant has anything to say. */
function explainTagged(
  tag: string,
  errors: Errors,
  keySets: readonly KeySet[],
  path: Path,
  checked: Checked,
): Finding[] {
  const value = valueAt(checked.value, path) as Readonly<Record<string, unknown>>;
  const words = wordsOf(tag, keySets);
  const meant = words.indexOf(String(value[tag]));
  const at = { path: [...path, tag], part: 'value' as const };
  if (value[tag] === undefined)
    return [{ ...at, problem: 'is required', isBare: true, hint: `write ${listed(words, 'or')}` }];
  if (meant < 0) return [{ ...at, ...wrongWord(value[tag], words) }];
  const known = keysOf(keySets[meant] ?? {});
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  // What is misspelt is not missing.
  const misspelt = unknown.map((key) => closest(key, known));
  const inside = (errors[meant] ?? []).filter(
    ({ code, path: [key] }) => code !== 'unrecognized_keys' && !misspelt.includes(String(key)),
  );
  return [...unknown.map((key) => unknownKey(key, path, checked, known)), ...explainBranch(inside, path, checked)];
}

/** `clientId and secret, or token and apiKey` */
function writeSets(keySets: readonly KeySet[]): string {
  const tag = tagOf(keySets);
  if (tag !== undefined) return `keys with a ${tag}: ${listed(wordsOf(tag, keySets), 'or')}`;
  return keySets.map(({ required }) => listed(required ?? [])).join(', or ');
}

/** Says which keys are there, which are missing, and what the sets are. `errors` are those of each set. */
function explainKeySets(errors: Errors, keySets: readonly KeySet[], path: Path, checked: Checked): Finding[] {
  const tag = tagOf(keySets);
  if (tag !== undefined) return explainTagged(tag, errors, keySets, path, checked);
  const found = Object.keys(valueAt(checked.value, path) as object);
  const known = keySets.flatMap(keysOf);
  const best = nearestSet(keySets, found);
  const absent = (keySets[best]?.required ?? []).filter((key) => !found.includes(key));
  const unknown = found.filter((key) => !known.includes(key));
  const inside = (errors[best] ?? []).filter(
    ({ code, path: [key] }) => code !== 'unrecognized_keys' && !absent.includes(String(key)),
  );
  return [
    ...unknown.map((key) => unknownKey(key, path, checked)),
    ...explainGap(found, absent, keySets, path),
    ...explainBranch(inside, path, checked),
  ];
}

/** What keeps the keys from being one of the sets; nothing when that is a misspelled key, which is reported as such. */
function explainGap(
  found: readonly string[],
  absent: readonly string[],
  keySets: readonly KeySet[],
  path: Path,
): Finding[] {
  const known = keySets.flatMap(keysOf);
  const own = keysOf(keySets[nearestSet(keySets, found)] ?? {});
  const present = found.filter((key) => known.includes(key));
  const meant = found.filter((key) => !known.includes(key)).map((key) => closest(key, known));
  const isMixed = present.some((key) => !own.includes(key));
  if (!isMixed && absent.every((key) => meant.includes(key))) return [];
  const gap = isMixed ? 'which do not belong together' : `but not ${listed(absent)}`;
  const problem = present.length === 0 ? 'has none of its keys' : `has ${listed(present)}, ${gap}`;
  return [{ path, part: 'value', isBare: true, problem, hint: `write ${writeSets(keySets)}` }];
}

/** The set that shares the most keys with what was found; the first of equals. */
function nearestSet(keySets: readonly KeySet[], found: readonly string[]): number {
  const shared = keySets.map((keySet) => keysOf(keySet).filter((key) => found.includes(key)).length);
  return shared.indexOf(Math.max(...shared));
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, part) => {
    const isInside = typeof inner === 'object' && inner !== null && Object.hasOwn(inner, part);
    return isInside ? (inner as Record<string | number, unknown>)[part] : undefined;
  }, value);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPart(part: PropertyKey): part is string | number {
  return typeof part !== 'symbol';
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)];
}
