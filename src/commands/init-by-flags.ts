import { UsageError } from './command.js';
import type { Answers, Entry } from './init-draft.js';
import {
  choosingFlag,
  flagOf,
  POLLING_QUESTIONS,
  type Question,
  type Recipe,
  SINK_RECIPES,
  SOURCE_RECIPES,
  STORE_RECIPE,
} from './init-recipes.js';

/** The source, the sinks and the store from flags and environment alone; throws a UsageError that names every flag that is missing. */
export function entriesByFlags(flags: Answers, make: () => string): Entry[] {
  const source = chosenSource(flags);
  const sinks = SINK_RECIPES.filter((recipe) => flags[choosingFlag(recipe)] !== undefined);
  const missing = [
    ...(source === undefined
      ? [SOURCE_RECIPES.map((recipe) => listed(required(recipe.questions), ' and ')).join(', or ')]
      : missingOf(source, flags)),
    ...sinks.flatMap((recipe) => missingOf(recipe, flags)),
    ...(sinks.length === 0 ? [`a sink: ${SINK_RECIPES.map(flagsOf).join(', or ')}`] : []),
  ];
  if (source === undefined || missing.length > 0) {
    throw new UsageError(
      ['Without questions, init needs all answers as flags. Missing:', ...missing.map((line) => `  ${line}`)].join(
        '\n',
      ),
    );
  }
  const polled = { ...source, questions: [...source.questions, ...POLLING_QUESTIONS] };
  return [polled, ...sinks, STORE_RECIPE].map((recipe) => entryByFlags(recipe, flags, make));
}

/** The generation of credentials that is given whole, else in part. */
export function chosenSource(flags: Answers): Recipe | undefined {
  const count = ({ questions }: Recipe) => required(questions).filter(({ flag }) => flags[flag] !== undefined).length;
  const [newer, older] = SOURCE_RECIPES;
  if (count(newer) === 0 && count(older) === 0) return undefined;
  return count(older) > count(newer) ? older : newer;
}

export function missingOf({ questions }: Recipe, flags: Answers): string[] {
  return required(questions)
    .filter(({ flag }) => flags[flag] === undefined)
    .map(flagOf);
}

export function entryByFlags(recipe: Recipe, flags: Answers, make: () => string): Entry {
  const made = recipe.questions.filter(({ flag, isMade }) => isMade && flags[flag] === undefined);
  const answers = recipe.questions.map((question) => {
    const { flag, fallback = '' } = question;
    return [flag, flags[flag] ?? (made.includes(question) ? make() : fallback)];
  });
  return { ...recipe, answers: Object.fromEntries(answers), ...(made.length > 0 && { hasNewKey: true }) };
}

function required(questions: readonly Question[]): readonly Question[] {
  return questions.filter(({ fallback, isMade }) => fallback === undefined && !isMade);
}

function flagsOf(recipe: Recipe): string {
  const needed = required(recipe.questions);
  return needed.length === 0 ? `--${choosingFlag(recipe)}` : listed(needed, ' with ');
}

function listed(questions: readonly Question[], between: string): string {
  return questions.map(flagOf).join(between);
}
