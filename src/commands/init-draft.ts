import { parseEnv } from 'node:util';
import { Document, isMap, isScalar, isSeq } from 'yaml';
import type { Config } from '../config/config.js';
import { type Environment, loadConfig } from '../config/load.js';
import { formatProblem, type Path } from '../config/problem.js';
import { OPERATOR_EVENT_TYPES } from '../core/operator-event.js';
import { UsageError } from './command.js';
import { placeOf, type Question, type Recipe, SINK_RECIPES, SOURCE_RECIPES, variableOf } from './init-recipes.js';

/** By the flag of the question. */
export type Answers = Readonly<Record<string, string>>;

/** A source, sink or store with its answers. */
export interface Entry extends Recipe {
  readonly answers: Answers;
  /** A signing key was made for it, which its receiver cannot know yet. */
  readonly hasNewKey?: true;
  /** Nothing listens yet where it is on this machine. */
  readonly isDown?: true;
}

const HEAD = ` Written by "recording-notifier init". \${NAME} comes from the environment or from .env in the working directory.
 Keys that are not here have defaults; config/notifier.example.yaml of the package shows them all.`;

/** The YAML. It holds no secret: in place of each is a reference to its variable. */
export function renderConfig(entries: readonly Entry[]): string {
  const document = documentOf(entries, { sources: {}, sinks: {} });
  document.commentBefore = HEAD;
  const keys = isMap(document.contents) ? document.contents.items.map(({ key }) => key) : [];
  for (const key of keys.slice(1)) if (isScalar(key)) key.spaceBefore = true;
  return document.toString(LAYOUT);
}

/** The lines of the sinks alone, to be put below `sinks:` of another file. */
export function renderSinks(entries: readonly Entry[]): string {
  return documentOf(entries, { sinks: {} }).toString(LAYOUT).replace('sinks:\n', '').trimEnd();
}

const LAYOUT = { lineWidth: 0, flowCollectionPadding: false } as const;

/** One place where people read hears of trouble as well; a config without such a place gets the notice of `check`. */
function addOperatorEvents(document: Document, entries: readonly Entry[]): void {
  const entry = entries.findLast(({ suitsOperators }) => suitsOperators);
  if (entry === undefined) return;
  const events = document.createNode(['recording.available', ...Object.keys(OPERATOR_EVENT_TYPES)]);
  const [, first] = events.items;
  if (isScalar(first)) first.commentBefore = " Trouble of the notifier's own:";
  document.setIn([...placeOf(entry), 'events'], events);
}

function documentOf(entries: readonly Entry[], sections: object): Document {
  const document = new Document(sections);
  for (const entry of entries) {
    const { type, comment, questions, answers } = entry;
    const place = placeOf(entry);
    const own = document.createPair(place.at(-1), type === undefined ? {} : { type });
    own.key.commentBefore = comment;
    document.addIn(place.slice(0, -1), own);
    for (const question of questions) {
      const value = writtenValue(question, answers);
      if (value !== undefined) document.setIn([...place, ...question.path], document.createNode(value));
    }
  }
  addOperatorEvents(document, entries);
  annotate(document, entries);
  return document;
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
    questions.flatMap((question) => {
      const answer = answers[question.flag];
      const variable = answer === undefined ? undefined : variableOf(question, answer);
      return variable === undefined || answer === undefined ? [] : [[variable, answer] as const];
    }),
  );
  return Object.fromEntries(pairs);
}

function writtenValue(question: Question, answers: Answers): string | string[] | undefined {
  const { flag, isList } = question;
  const answer = answers[flag];
  if (answer === undefined) return undefined;
  const variable = variableOf(question, answer);
  if (variable !== undefined) return `\${${variable}}`;
  // A literal `${` is no reference.
  const text = answer.replaceAll('${', () => '$${');
  return isList ? text.split(',').map((item) => item.trim()) : text;
}

/** Beside the keys what they mean. */
function annotate(document: Document, entries: readonly Entry[]): void {
  for (const entry of entries) {
    for (const { path, comment } of entry.questions) {
      const node = document.getIn([...placeOf(entry), ...path], true);
      if (isScalar(node) && comment !== undefined) node.comment = comment;
      if (isSeq(node)) node.flow = true;
    }
  }
}

function questionAt(path: Path, entries: readonly Entry[]): Question | undefined {
  for (const entry of entries) {
    const found = entry.questions.find((question) =>
      [...placeOf(entry), ...question.path].every((part, index) => path[index] === part),
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
