import assert from 'node:assert/strict';
import { type Command, Option } from 'commander';
import { signingKey } from '../system.js';
import {
  type CommandContext,
  CommandError,
  type CommonOptions,
  EXIT,
  type ExitCode,
  type Register,
  UsageError,
} from './command.js';
import { entriesByFlags } from './init-by-flags.js';
import { entriesByQuestions } from './init-by-questions.js';
import { type Dialog, LeftError, openDialog } from './init-dialog.js';
import { type Answers, type Entry, loadDraft, renderConfig, renderEnv, variablesOf } from './init-draft.js';
import { refuseToOverwrite, writeFiles } from './init-files.js';
import { choosingFlag, POLLING_QUESTIONS, type Question, SINK_RECIPES, SOURCE_RECIPES } from './init-recipes.js';
import { httpOf } from './session.js';
import { findingLine, sampleTrial, sendSample, type Trial, tryConnection, tryList } from './trials.js';

interface InitOptions extends CommonOptions {
  readonly yes?: true;
  readonly test: boolean;
}

const DEFAULT_FILE = 'config/notifier.yaml';

/** Every question once: the base URL is asked with either kind of credentials. */
const QUESTIONS: readonly Question[] = [
  ...new Map(
    [
      ...SOURCE_RECIPES.flatMap(({ questions }) => questions),
      ...POLLING_QUESTIONS,
      ...SINK_RECIPES.flatMap(({ questions }) => questions),
    ].map((question) => [question.flag, question]),
  ).values(),
];

export const registerInit: Register = (program, context) => {
  const command = program
    .command('init')
    .summary('ask a few questions and write a config')
    .description(
      'Asks for credentials, schedule and sinks, tries each, and writes the config and an .env with the secrets. Overwrites nothing.\n' +
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
  refuseToOverwrite(files);
  const isAsking = options.yes === undefined && options.json === undefined && context.terminal !== undefined;
  const dialog = isAsking ? openDialog('recording-notifier init', context.terminal) : undefined;
  try {
    const entries = await entriesOf(options, dialog, context);
    writeFiles(files, renderConfig(entries), renderEnv(options.config, entries));
    await end(options, entries, dialog, context);
    return EXIT.fine;
  } catch (error) {
    if (!(error instanceof LeftError)) throw error;
    dialog?.left('Nothing was written.');
    return EXIT.interrupted;
  }
}

async function entriesOf(
  options: InitOptions,
  dialog: Dialog | undefined,
  context: CommandContext,
): Promise<readonly Entry[]> {
  const flags = answersOf(options);
  const file = options.config;
  const make = () => `whsec_${signingKey()}`;
  if (dialog === undefined) {
    const entries = entriesByFlags(flags, make);
    configOfDraft(file, entries, context);
    if (options.test) await tryAll(entries, options, context);
    return entries;
  }
  const tryEntry = options.test ? (entry: Entry) => tryOne(entry, file, context) : undefined;
  const offerSample = (entry: Entry) => offer(entry, file, dialog, context);
  const entries = await entriesByQuestions({ file, flags, dialog, make, tryEntry, offerSample });
  configOfDraft(file, entries, context);
  return entries;
}

/** The answers that the flags, and for secrets the environment, give. An empty one is none. */
function answersOf(options: InitOptions): Answers {
  const values = new Map<string, unknown>(Object.entries(options));
  const flags = [...QUESTIONS.map(({ flag }) => flag), ...SINK_RECIPES.map(choosingFlag)];
  const given = flags.map((flag) => [flag, values.get(new Option(`--${flag}`).attributeName())] as const);
  return Object.fromEntries(
    given.filter(([, value]) => value !== undefined && value !== '').map(([flag, value]) => [flag, String(value)]),
  );
}

function configOfDraft(file: string, entries: readonly Entry[], { environment }: CommandContext) {
  const draft = loadDraft(file, entries, environment);
  if ('config' in draft) return draft.config;
  throw new UsageError(draft.problems.map(problemLine).join('\n'));
}

function problemLine({ flag, message }: { readonly flag: string | undefined; readonly message: string }): string {
  return flag === undefined ? message : `--${flag}: ${message}`;
}

async function tryAll(entries: readonly Entry[], options: InitOptions, context: CommandContext): Promise<void> {
  let failed = 0;
  for (const entry of entries) {
    const trial = await tryOne(entry, options.config, context);
    if (trial.result === 'failed') failed += 1;
    await context.print(findingLine({ what: `${entry.section}.${entry.name}`, ...trial }, options));
  }
  if (failed > 0)
    throw new CommandError('Nothing was written, since not all of it works; --no-test writes it untried.');
}

async function tryOne(entry: Entry, file: string, context: CommandContext): Promise<Trial> {
  const draft = loadDraft(file, [entry], context.environment);
  if ('problems' in draft) return { result: 'failed', detail: draft.problems.map(problemLine).join('; ') };
  const { config } = draft;
  const http = httpOf(config, context);
  try {
    const [source, sink] = [config.sources[0], config.sinks[0]];
    if (entry.section === 'sources' && source !== undefined) return await tryList(source, http, config, context);
    assert(sink !== undefined, 'a draft has a source and a sink');
    return await tryConnection(sink, http, context);
  } finally {
    await http.close();
  }
}

async function offer(entry: Entry, file: string, dialog: Dialog, context: CommandContext): Promise<void> {
  if (entry.section !== 'sinks' || !(await dialog.agree(`Send a sample to ${entry.name}?`))) return;
  const config = configOfDraft(file, [entry], context);
  const http = httpOf(config, context);
  try {
    for (const sink of config.sinks)
      dialog.show(entry.name, sampleTrial(await sendSample(sink, http, config, context)));
  } finally {
    await http.close();
  }
}

async function end(
  { config, json }: InitOptions,
  entries: readonly Entry[],
  dialog: Dialog | undefined,
  { print, tell, environment }: CommandContext,
): Promise<void> {
  for (const [name, value] of Object.entries(variablesOf(entries))) {
    if (environment[name] !== undefined && environment[name] !== value)
      tell(`${name} is another one in the environment, which goes before .env.`);
  }
  if (json) return print(JSON.stringify({ config, env: '.env' }));
  const option = config === DEFAULT_FILE ? '' : ` --config ${JSON.stringify(config)}`;
  const written = `Wrote ${config}, and .env with the secrets, which only you can read.`;
  dialog?.end(written);
  if (dialog === undefined) await print(written);
  const untried = entries.filter(({ hasNewKey }) => hasNewKey);
  const next = [
    `  recording-notifier check --connect${option}`,
    ...untried.map(
      ({ name }) => `  recording-notifier test ${name}${option}   once its receiver has the secret from .env`,
    ),
    `  recording-notifier run${option}`,
  ];
  await print(['Next:', ...next].join('\n'));
}
