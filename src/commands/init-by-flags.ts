import { UsageError } from './command.js';
import type { Answers, Entry } from './init-draft.js';
import {
  choosingFlag,
  POLLING_QUESTIONS,
  type Question,
  type Recipe,
  SINK_RECIPES,
  SOURCE_RECIPES,
} from './init-recipes.js';

/** The source and the sinks from flags and environment alone; throws a UsageError that names every flag that is missing. */
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
  return [polled, ...sinks].map((recipe) => ({ ...recipe, answers: answersOf(recipe, flags, make) }));
}

/** The generation of credentials that is given whole, else in part. */
export function chosenSource(flags: Answers): Recipe | undefined {
  const count = ({ questions }: Recipe) => required(questions).filter(({ flag }) => flags[flag] !== undefined).length;
  const [newer, older] = SOURCE_RECIPES;
  if (count(newer) === 0 && count(older) === 0) return undefined;
  return count(older) > count(newer) ? older : newer;
}

function missingOf({ questions }: Recipe, flags: Answers): string[] {
  return required(questions)
    .filter(({ flag }) => flags[flag] === undefined)
    .map(nameOf);
}

function answersOf({ questions }: Recipe, flags: Answers, make: () => string): Answers {
  const answers = questions.map(({ flag, fallback, isMade }) => [
    flag,
    flags[flag] ?? fallback ?? (isMade ? make() : ''),
  ]);
  return Object.fromEntries(answers);
}

function required(questions: readonly Question[]): readonly Question[] {
  return questions.filter(({ fallback, isMade }) => fallback === undefined && !isMade);
}

function flagsOf(recipe: Recipe): string {
  const needed = required(recipe.questions);
  return needed.length === 0 ? `--${choosingFlag(recipe)}` : listed(needed, ' with ');
}

function listed(questions: readonly Question[], between: string): string {
  return questions.map(nameOf).join(between);
}

/** A secret is better off in the environment than among the arguments, which others can see. */
function nameOf({ flag, variable }: Question): string {
  return variable === undefined ? `--${flag}` : `--${flag} (or ${variable} in the environment)`;
}
