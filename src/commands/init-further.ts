import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { type CommandContext, UsageError } from './command.js';
import { entryByFlags, missingOf } from './init-by-flags.js';
import { type Answers, type Entry, renderSinks, variablesOf } from './init-draft.js';
import { choosingFlag, type Recipe, SINK_RECIPES } from './init-recipes.js';
import { configOfDraft } from './init-trials.js';

/** Sinks for a config that is there already: what to add to it by hand. */
export interface Further {
  /** Lines to put below `sinks:`. */
  readonly yaml: string;
  /** What the lines refer to, for `.env`; the key that is made for one of them has no value yet. */
  readonly variables: readonly string[];
  /** Of the variables, those of keys to make. */
  readonly newKeys: readonly string[];
}

/** Undefined where the file is not there or the flags name no sink. Throws a UsageError where a sink is not answered whole. */
export function furtherSinks(
  file: string,
  flags: Answers,
  make: () => string,
  context: CommandContext,
): Further | undefined {
  const path = resolve(context.cwd, file);
  const chosen = SINK_RECIPES.filter((recipe) => flags[choosingFlag(recipe)] !== undefined);
  if (chosen.length === 0 || !existsSync(path)) return undefined;
  const missing = chosen.flatMap((recipe) => missingOf(recipe, flags));
  if (missing.length > 0)
    throw new UsageError(
      ['The sink is not answered whole. Missing:', ...missing.map((line) => `  ${line}`)].join('\n'),
    );
  const existing = parseDocument(readFileSync(path, 'utf8'));
  const entries = chosen.map((recipe) =>
    entryByFlags(
      free(recipe, (name) => existing.hasIn(['sinks', name])),
      flags,
      make,
    ),
  );
  configOfDraft(file, entries, context);
  const newKeys = entries.flatMap(variablesOfNewKeys);
  return { yaml: renderSinks(entries), variables: Object.keys(variablesOf(entries)), newKeys };
}

/** The recipe under a name that the config does not have; so that it has its own variables, they are numbered with it. */
function free(recipe: Recipe, isTaken: (name: string) => boolean): Recipe {
  if (!isTaken(recipe.name)) return recipe;
  let number = 2;
  while (isTaken(`${recipe.name}-${number}`)) number += 1;
  return {
    ...recipe,
    name: `${recipe.name}-${number}`,
    questions: recipe.questions.map(({ variable, ...question }) =>
      variable === undefined ? question : { ...question, variable: `${variable}_${number}` },
    ),
  };
}

/** The names of what was made for the entry. */
export function variablesOfNewKeys({ hasNewKey, questions }: Entry): string[] {
  return hasNewKey ? questions.flatMap(({ isMade, variable }) => (isMade && variable ? [variable] : [])) : [];
}
