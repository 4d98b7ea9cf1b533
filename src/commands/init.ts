import { type Command, Option } from 'commander';
import { listed } from '../config/words.js';
import { signingKey } from '../system.js';
import {
  type CommandContext,
  CommandError,
  type CommonOptions,
  EXIT,
  type ExitCode,
  type Register,
} from './command.js';
import { entriesByFlags } from './init-by-flags.js';
import { entriesByQuestions } from './init-by-questions.js';
import type { Dialog } from './init-dialog.js';
import { type Answers, type Entry, renderConfig, renderEnv, variablesOf } from './init-draft.js';
import { ENV_FILE, existsAlready, refuseToOverwrite, writeFiles } from './init-files.js';
import { type Further, furtherSinks } from './init-further.js';
import { nextSteps } from './init-next.js';
import {
  choosingFlag,
  flagOf,
  POLLING_QUESTIONS,
  placeOf,
  type Question,
  SINK_RECIPES,
  SOURCE_RECIPES,
  STORE_RECIPE,
} from './init-recipes.js';
import { configOfDraft, tryEntry, tryWithSample } from './init-trials.js';
import { findingLine } from './trials.js';

interface InitOptions extends CommonOptions {
  readonly yes?: true;
  readonly test: boolean;
}

/** Every question once: the base URL is asked with either kind of credentials. */
const QUESTIONS: readonly Question[] = [
  ...new Map(
    [
      ...SOURCE_RECIPES.flatMap(({ questions }) => questions),
      ...POLLING_QUESTIONS,
      ...SINK_RECIPES.flatMap(({ questions }) => questions),
      ...STORE_RECIPE.questions,
    ].map((question) => [question.flag, question]),
  ).values(),
];

export const registerInit: Register = (program, context) => {
  const command = program
    .command('init')
    .summary('ask a few questions and write a config')
    .description(
      'Asks for credentials, schedule, sinks and store, tries each, and writes the config and an .env with the secrets. Overwrites nothing: where there is a config already, it prints the lines that a further sink takes. ' +
        'Every question is a flag too; without a terminal, or with --yes, the flags must answer them all.',
    );
  addQuestions(command);
  command
    .option('--yes', 'ask nothing; what the flags leave open gets its default')
    .option('--no-test', 'try nothing: no request, no connection')
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier init\n  SUPERVIZ_CLIENT_ID=… SUPERVIZ_SECRET=… recording-notifier init --yes --stdout',
    )
    .action(async (_, own) => {
      context.end(await init(own.optsWithGlobals(), context));
    });
};

function addQuestions(command: Command): void {
  for (const { flag, ask, variable, fallback, choices } of QUESTIONS) {
    const option = new Option(`--${flag} <${choices === undefined ? 'text' : 'choice'}>`, ask);
    if (choices !== undefined) option.choices(choices.map(({ value }) => value));
    if (variable !== undefined) option.env(variable);
    if (fallback !== undefined && flag !== 'base-url') option.description = `${ask} (default: ${fallback})`;
    command.addOption(option);
  }
  for (const recipe of SINK_RECIPES.filter(({ questions }) => questions.length === 0))
    command.option(`--${choosingFlag(recipe)}`, `tell ${recipe.label}`);
}

async function init(options: InitOptions, context: CommandContext): Promise<ExitCode> {
  const files = { config: options.config, cwd: context.cwd };
  const further = furtherSinks(options.config, answersOf(options), newKey, context);
  if (further !== undefined) return tellFurther(further, options, context);
  refuseToOverwrite(files);
  const isAsking = options.yes === undefined && options.json === undefined && context.terminal !== undefined;
  // What asks on a terminal is loaded where somebody is asked.
  const dialogs = isAsking ? await import('./init-dialog.js') : undefined;
  const dialog = isAsking ? dialogs?.openDialog('recording-notifier init', context.terminal) : undefined;
  try {
    const entries =
      dialog === undefined ? await byFlags(options, context) : await byQuestions(options, dialog, context);
    writeFiles(files, renderConfig(entries), renderEnv(options.config, entries));
    await end(options, entries, dialog, context);
    return EXIT.fine;
  } catch (error) {
    if (dialogs === undefined || !(error instanceof dialogs.LeftError)) throw error;
    dialog?.left('Nothing was written.');
    return EXIT.interrupted;
  }
}

function newKey(): string {
  return `whsec_${signingKey()}`;
}

async function byFlags(options: InitOptions, context: CommandContext): Promise<readonly Entry[]> {
  const entries = entriesByFlags(answersOf(options), newKey);
  configOfDraft(options.config, entries, context);
  return options.test ? tryAll(entries, options, context) : entries;
}

async function byQuestions(
  { config: file, test, ...options }: InitOptions,
  dialog: Dialog,
  context: CommandContext,
): Promise<readonly Entry[]> {
  const trialOptions = { file, nameOf: ({ ask }: Question) => `the answer to "${ask}"` };
  const entries = await entriesByQuestions({
    file,
    flags: answersOf(options),
    dialog,
    make: newKey,
    tryEntry: test ? (entry) => tryEntry(entry, trialOptions, context) : undefined,
    offerSample: async (entry) => {
      if (entry.section !== 'sinks' || !(await dialog.agree(`Send a sample to ${entry.name}?`))) return;
      dialog.show(entry.name, await tryWithSample(entry, trialOptions, context));
    },
  });
  configOfDraft(file, entries, context);
  return entries;
}

/** The answers that the flags, and for what belongs to the machine the environment, give. An empty one is none. */
function answersOf(options: object): Answers {
  const values = new Map<string, unknown>(Object.entries(options));
  const flags = [...QUESTIONS.map(({ flag }) => flag), ...SINK_RECIPES.map(choosingFlag)];
  const given = flags.map((flag) => [flag, values.get(new Option(`--${flag}`).attributeName())] as const);
  return Object.fromEntries(
    given.filter(([, value]) => value !== undefined && value !== '').map(([flag, value]) => [flag, String(value)]),
  );
}

async function tryAll(entries: readonly Entry[], options: InitOptions, context: CommandContext): Promise<Entry[]> {
  const tried: Entry[] = [];
  let failed = 0;
  for (const each of entries) {
    const { entry, trials } = await tryEntry(each, { file: options.config, nameOf: flagOf }, context);
    tried.push(entry);
    for (const trial of trials) {
      if (trial.result === 'failed') failed += 1;
      await context.print(findingLine({ what: placeOf(entry).join('.'), ...trial }, options, context));
    }
  }
  if (failed === 0) return tried;
  throw new CommandError('Nothing was written, since not all of it works; --no-test writes it untried.');
}

async function tellFurther(
  { yaml, variables, newKeys }: Further,
  { config, json }: InitOptions,
  { print, tell }: CommandContext,
): Promise<ExitCode> {
  const set = variables.length === 0 ? '' : `, and ${listed(variables)} into ${ENV_FILE}`;
  tell(existsAlready(config));
  tell(`To add to it, put these lines below its "sinks:"${set}.`);
  for (const name of newKeys) tell(`A new key: echo "${name}=whsec_$(openssl rand -base64 32)" >> ${ENV_FILE}`);
  await print(json ? JSON.stringify({ sinks: yaml }) : yaml);
  return EXIT.usage;
}

async function end(
  { config, json }: InitOptions,
  entries: readonly Entry[],
  dialog: Dialog | undefined,
  context: CommandContext,
): Promise<void> {
  const { print, tell, environment } = context;
  for (const [name, value] of Object.entries(variablesOf(entries))) {
    if (environment[name] !== undefined && environment[name] !== value)
      tell(`${name} is another one in the environment, which goes before .env.`);
  }
  if (json) return print(JSON.stringify({ config, env: ENV_FILE }));
  const written = `Wrote ${config}, and .env with the secrets, which only you can read.`;
  dialog?.end(written);
  if (dialog === undefined) await print(written);
  await print(['Next:', ...nextSteps(config, entries, context).map((line) => `  ${line}`)].join('\n'));
}
