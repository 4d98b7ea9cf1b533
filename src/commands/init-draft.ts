import { parseEnv } from 'node:util';
import { Document, isMap, isScalar, isSeq } from 'yaml';
import type { Config } from '../config/config.js';
import { type Environment, loadConfig } from '../config/load.js';
import { formatProblem, type Path } from '../config/problem.js';
import { UsageError } from './command.js';
import { type Question, type Recipe, SINK_RECIPES, SOURCE_RECIPES } from './init-recipes.js';

/** By the flag of the question. */
export type Answers = Readonly<Record<string, string>>;

/** A source or sink with its answers. */
export interface Entry extends Recipe {
  readonly answers: Answers;
  /** A signing key was made for it, which its receiver cannot know yet. */
  readonly hasNewKey?: true;
}

const HEAD = ` Written by "recording-notifier init". \${NAME} comes from the environment or from .env in the working directory.
 Keys that are not here have defaults; config/notifier.example.yaml of the package shows them all.`;

/** The YAML. It holds no secret: in place of each is a reference to its variable. */
export function renderConfig(entries: readonly Entry[]): string {
  const document = new Document({ sources: {}, sinks: {}, store: 'sqlite:state/notifier.sqlite' });
  for (const { section, name, type, comment, questions, answers } of entries) {
    const own = document.createPair(name, type === undefined ? {} : { type });
    own.key.commentBefore = comment;
    document.addIn([section], own);
    for (const question of questions) {
      const value = writtenValue(question, answers);
      if (value !== undefined) document.setIn([section, name, ...question.path], document.createNode(value));
    }
  }
  lay(document, entries);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** `.env`: a line for each secret. */
export function renderEnv(file: string, entries: readonly Entry[]): string {
  const lines = Object.entries(variablesOf(entries)).map(([name, value]) => envLine(name, value));
  return [`# The secrets of ${file}. Keep this file out of version control.`, ...lines, ''].join('\n');
}

/** A config is loaded whole, and needs a source and a sink. */
const STAND_INS: readonly Entry[] = [
  { ...SOURCE_RECIPES[0], answers: { 'client-id': 'unknown', secret: 'unknown' } },
  ...SINK_RECIPES.filter(({ questions }) => questions.length === 0).map((recipe) => ({ ...recipe, answers: {} })),
];

export type Draft =
  | { readonly config: Config }
  /** What is wrong, with the flag that would mend it, if it is one question's matter. */
  | { readonly problems: readonly { readonly flag: string | undefined; readonly message: string }[] };

/** Loads what would be written. What is not answered yet, a source or a sink, is filled in with something valid. */
export function loadDraft(file: string, entries: readonly Entry[], environment: Environment): Draft {
  const whole = [...entries, ...STAND_INS.filter(({ section }) => !entries.some((entry) => entry.section === section))];
  const from = { env: { ...environment, ...variablesOf(whole) }, readFile: () => '' };
  const loaded = loadConfig(file, renderConfig(whole), from);
  if ('config' in loaded) return loaded;
  return {
    problems: loaded.problems.map((problem) => {
      const flag = questionAt(problem.path, entries)?.flag;
      return { flag, message: flag === undefined ? formatProblem(problem) : problem.message };
    }),
  };
}

/** What the secrets are called, and are. */
export function variablesOf(entries: readonly Entry[]): Answers {
  const pairs = entries.flatMap(({ questions, answers }) =>
    questions.flatMap(({ variable, flag }) => {
      const answer = answers[flag];
      return variable === undefined || answer === undefined ? [] : [[variable, answer] as const];
    }),
  );
  return Object.fromEntries(pairs);
}

function writtenValue({ flag, variable, isList }: Question, answers: Answers): string | string[] | undefined {
  const answer = answers[flag];
  if (answer === undefined) return undefined;
  if (variable !== undefined) return `\${${variable}}`;
  // A literal `${` is no reference.
  const text = answer.replaceAll('${', () => '$${');
  return isList ? text.split(',').map((item) => item.trim()) : text;
}

/** The head, a line between the sections, and beside the keys what they mean. */
function lay(document: Document, entries: readonly Entry[]): void {
  document.commentBefore = HEAD;
  const keys = isMap(document.contents) ? document.contents.items.map(({ key }) => key) : [];
  for (const key of keys.slice(1)) if (isScalar(key)) key.spaceBefore = true;
  for (const { section, name, questions } of entries) {
    for (const { path, comment } of questions) {
      const node = document.getIn([section, name, ...path], true);
      if (isScalar(node) && comment !== undefined) node.comment = comment;
      if (isSeq(node)) node.flow = true;
    }
  }
}

function questionAt(path: Path, entries: readonly Entry[]): Question | undefined {
  for (const { section, name, questions } of entries) {
    const found = questions.find((question) =>
      [section, name, ...question.path].every((part, index) => path[index] === part),
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The reader of `.env` is the judge of how a value is quoted: its rules have no escapes. */
function envLine(name: string, value: string): string {
  const quotes = /^[\w+/=:.@-]*$/.test(value) ? [''] : ["'", '`', '"'];
  const line = quotes.map((quote) => `${name}=${quote}${value}${quote}`).find((each) => parseEnv(each)[name] === value);
  if (line !== undefined) return line;
  throw new UsageError(`${name} cannot be written to .env: it holds every kind of quote; keep it in the environment.`);
}
