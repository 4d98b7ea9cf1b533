import { CommandError } from './command.js';
import { chosenSource } from './init-by-flags.js';
import type { Dialog } from './init-dialog.js';
import { type Answers, type Entry, loadDraft } from './init-draft.js';
import {
  choosingFlag,
  POLLING_QUESTIONS,
  placeOf,
  type Question,
  type Recipe,
  SINK_RECIPES,
  SOURCE_RECIPES,
  STORE_DEFAULT,
  STORE_RECIPE,
} from './init-recipes.js';
import type { Tried } from './init-trials.js';

/** Nobody types a credential wrong more often. */
const ROUNDS_MAX = 20;

export interface Asking {
  readonly file: string;
  /** What is known without asking. */
  readonly flags: Answers;
  readonly dialog: Dialog;
  /** Makes what need not be answered. */
  readonly make: () => string;
  /** Undefined: nothing is tried. */
  readonly tryEntry: ((entry: Entry) => Promise<Tried>) | undefined;
  /** Called with each that works: offers to send a sample, if it is a sink. */
  readonly offerSample: (entry: Entry) => Promise<void>;
}

/** The source, the sinks and the store as a person on a terminal wants them, each tried when it is known. */
export async function entriesByQuestions(asking: Asking): Promise<Entry[]> {
  const { dialog, flags } = asking;
  const source = await settle(chosenSource(flags) ?? (await chooseSource(dialog)), asking);
  const polled = await complete({ ...source, questions: POLLING_QUESTIONS }, flags, {}, asking);
  const entries: Entry[] = [
    {
      ...polled,
      questions: [...source.questions, ...POLLING_QUESTIONS],
      answers: { ...source.answers, ...polled.answers },
    },
  ];
  for (const recipe of await chooseSinks(asking)) {
    entries.push(await settle(recipe, asking));
  }
  entries.push(await chooseStore(asking));
  return entries;
}

async function chooseSource(dialog: Dialog): Promise<Recipe> {
  const [newer, older] = SOURCE_RECIPES;
  const choices = [
    { value: 'newer', label: newer.label },
    { value: 'older', label: older.label },
  ] as const;
  return (await dialog.choose('Which credentials of SuperViz do you have?', choices, 'newer')) === 'newer'
    ? newer
    : older;
}

async function chooseSinks({ dialog, flags }: Asking): Promise<readonly Recipe[]> {
  const given = SINK_RECIPES.filter((recipe) => flags[choosingFlag(recipe)] !== undefined);
  if (given.length > 0) return given;
  const choices = SINK_RECIPES.map(({ name, label }) => ({ value: name, label }));
  const names = await dialog.chooseSome(
    'Who is told when a recording is available? (space chooses, enter goes on)',
    choices,
  );
  return SINK_RECIPES.filter(({ name }) => names.includes(name));
}

async function chooseStore(asking: Asking): Promise<Entry> {
  const choices = [
    { value: 'file', label: 'in a file (SQLite)' },
    { value: 'server', label: 'on a Redis or PostgreSQL server' },
  ] as const;
  const isGiven = asking.flags['store'] !== undefined;
  if (!isGiven && (await asking.dialog.choose('Where is kept what was seen?', choices, 'file')) === 'file')
    return { ...STORE_RECIPE, answers: { store: STORE_DEFAULT } };
  return settle(STORE_RECIPE, asking);
}

/** Asks and tries, until it works or the person keeps what does not. */
async function settle(recipe: Recipe, asking: Asking): Promise<Entry> {
  const { dialog, tryEntry } = asking;
  let known = asking.flags;
  let before: Answers = {};
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const entry = await complete(recipe, known, before, asking);
    if (tryEntry === undefined) return entry;
    const { entry: tried, trials } = await tryEntry(entry);
    for (const trial of trials) dialog.show(placeOf(recipe).join('.'), trial);
    const isFine = !tried.isDown && trials.every(({ result }) => result !== 'failed');
    if (isFine && !tried.hasNewKey) await asking.offerSample(tried);
    if (isFine || (await isKept(dialog, tried))) return tried;
    known = {};
    before = entry.answers;
  }
  throw new CommandError(
    `It did not work ${ROUNDS_MAX} times; nothing was written. What failed is said above; "init --no-test" writes without trying.`,
  );
}

async function isKept(dialog: Dialog, { isDown }: Entry): Promise<boolean> {
  const choices = [
    { value: 'again', label: 'enter it again' },
    { value: 'keep', label: 'keep it as it is' },
  ] as const;
  return (await dialog.choose('What now?', choices, isDown ? 'keep' : 'again')) === 'keep';
}

/**
 * Asks what is not known, and what is known and wrong.
 *
 * @param before the answers of the round before, to begin with
 */
async function complete(recipe: Recipe, known: Answers, before: Answers, asking: Asking): Promise<Entry> {
  let entry: Entry = { ...recipe, answers: {} };
  for (const question of recipe.questions) {
    const given = known[question.flag];
    const wrong = given === undefined ? undefined : flaw(question, given, entry, asking.file);
    if (wrong !== undefined) asking.dialog.show(`--${question.flag}`, { result: 'failed', detail: wrong });
    const answer =
      given === undefined || wrong !== undefined ? await ask(question, before[question.flag], entry, asking) : given;
    const isMade = answer === '' && question.isMade === true;
    const answers = { ...entry.answers, [question.flag]: isMade ? asking.make() : answer };
    entry = { ...entry, answers, ...(isMade && { hasNewKey: true }) };
  }
  return entry;
}

async function ask(
  question: Question,
  before: string | undefined,
  entry: Entry,
  { dialog, file }: Asking,
): Promise<string> {
  const { choices, fallback = '', isSecret } = question;
  if (choices !== undefined) return dialog.choose(question.ask, choices, before ?? fallback);
  const flawOf = (answer: string) => flaw(question, answer, entry, file);
  return isSecret ? dialog.hidden(question.ask, flawOf) : dialog.text(question.ask, before ?? fallback, flawOf);
}

/** What the config's own check says of this one answer. */
function flaw(question: Question, answer: string, entry: Entry, file: string): string | undefined {
  if (answer === '') return question.isMade ? undefined : 'It is needed.';
  const draft = loadDraft(file, [{ ...entry, answers: { ...entry.answers, [question.flag]: answer } }], {});
  if ('config' in draft) return undefined;
  return draft.problems.find(({ flag }) => flag === question.flag)?.message;
}
