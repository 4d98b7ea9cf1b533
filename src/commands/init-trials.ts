import assert from 'node:assert/strict';
import type { Config } from '../config/config.js';
import { type CommandContext, UsageError } from './command.js';
import { type Entry, loadDraft } from './init-draft.js';
import type { Question } from './init-recipes.js';
import { httpOf } from './session.js';
import { sampleTrial, sendSample, type Trial, tryConnection, tryList, tryStore } from './trials.js';

/** Trying what `init` was told, before anything is written. */

/** An entry with what trying it has shown: first how it is, then what to look at. */
export interface Tried {
  readonly entry: Entry;
  readonly trials: readonly Trial[];
}

export interface TrialOptions {
  /** Of the config that would be written. */
  readonly file: string;
  /** What advice calls the answer to a question. */
  readonly nameOf: (question: Question) => string;
}

/** Sends no sample: the receiver of a new secret cannot know it yet. */
export async function tryEntry(entry: Entry, options: TrialOptions, context: CommandContext): Promise<Tried> {
  const draft = loadDraft(options.file, [entry], context.environment);
  if ('problems' in draft)
    return { entry, trials: [{ result: 'failed', detail: draft.problems.map(problemLine).join('; ') }] };
  if (entry.section === 'store') return { entry, trials: await tryStore(draft.config.store, context) };
  const trial = await tryOnNetwork(entry, draft.config, options, context);
  if (!isOfProgramNotStarted(entry, trial)) return { entry, trials: [trial] };
  const detail = `${trial.detail}; nothing listens there yet, so start it before the messages come`;
  return { entry: { ...entry, isDown: true }, trials: [{ result: 'notice', detail }] };
}

async function tryOnNetwork(
  entry: Entry,
  config: Config,
  { nameOf }: TrialOptions,
  context: CommandContext,
): Promise<Trial> {
  const http = httpOf(config, context);
  try {
    const [source, sink] = [config.sources[0], config.sinks[0]];
    if (entry.section === 'sources' && source !== undefined)
      return await tryList({ ...source, keyNames: keyNamesOf(entry, nameOf) }, http, config, context);
    assert(sink !== undefined, 'a draft has a source and a sink');
    return await tryConnection(sink, http, context);
  } finally {
    await http.close();
  }
}

/** What a sample sent to the sink has come to. */
export async function tryWithSample(entry: Entry, { file }: TrialOptions, context: CommandContext): Promise<Trial> {
  const config = configOfDraft(file, [entry], context);
  const http = httpOf(config, context);
  try {
    const [sink] = config.sinks;
    assert(sink !== undefined, 'a draft has a sink');
    return sampleTrial(await sendSample(sink, http, config, context));
  } finally {
    await http.close();
  }
}

/** Throws a UsageError with all that is wrong. */
export function configOfDraft(file: string, entries: readonly Entry[], { environment }: CommandContext): Config {
  const draft = loadDraft(file, entries, environment);
  if ('config' in draft) return draft.config;
  throw new UsageError(draft.problems.map(problemLine).join('\n'));
}

function problemLine({ flag, message }: { readonly flag: string | undefined; readonly message: string }): string {
  return flag === undefined ? message : `--${flag}: ${message}`;
}

/** There is no config to look for keys in: advice names what was answered, and of the rest that it comes later. */
function keyNamesOf({ questions }: Entry, nameOf: TrialOptions['nameOf']): Record<string, string> {
  const later = ['timeout', 'paging.size'].map((key) => [key, `${key} in the config that --no-test writes`]);
  return Object.fromEntries([...later, ...questions.map((question) => [question.path.join('.'), nameOf(question)])]);
}

/** A receiver on this machine is often written after its config. */
function isOfProgramNotStarted({ section, answers }: Entry, { result, detail }: Trial): boolean {
  const hosts = Object.values(answers).map((answer) => URL.parse(answer)?.hostname ?? '');
  const isLocal = hosts.some((host) => /^(?:localhost|127\..*|\[::1\])$/.test(host));
  return section === 'sinks' && result === 'failed' && isLocal && detail.includes('ECONNREFUSED');
}
