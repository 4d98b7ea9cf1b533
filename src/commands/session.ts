import {
  assemble,
  assembleServed,
  type ConfiguredHttp,
  createConfiguredHttp,
  ListenError,
  type ServedNotifier,
  type Surroundings,
  storeDependencies,
} from '../assemble.js';
import type { Config, SinkConfig, SourceConfig } from '../config/config.js';
import { readConfig, readPart } from '../config/load.js';
import { formatProblem, type Problem } from '../config/problem.js';
import { suggestion } from '../config/words.js';
import type { Notifier } from '../notifier.js';
import { createLog } from '../observe/log.js';
import type { HttpClient, Log, Store } from '../ports.js';
import { StoreError } from '../store/errors.js';
import { hasOwner, labelOf } from '../store/open.js';
import { counted } from '../views/surroundings.js';
import { type CommandContext, CommandError, EXIT, type ExitCode, UsageError, wantsColor } from './command.js';

/** What commands need of the rest: the configuration, a log, the store and the program on top of them. */

export {
  type ConfiguredHttp,
  logBacklog,
  logNotices,
  logOpened,
  logWaiting,
  openStoreOf,
  storeDependencies,
} from '../assemble.js';

export function configOf({ config: file }: { readonly config: string }, { environment }: CommandContext): Config {
  const loaded = readConfig(file, environment);
  if ('problems' in loaded) throw mistakesError(loaded.problems);
  return loaded.config;
}

/**
 * For commands that look at the store. Of a config with mistakes it is what is left without them, with a word about it to whoever
 * reads; where it cannot be told where the store is, throws a {@link UsageError} with all that is wrong.
 */
export function configForLooking({ config: file }: { readonly config: string }, context: CommandContext): Config {
  const { config, problems } = wholeOrPart(file, context);
  if (problems.length > 0)
    context.tell(`${mistakesWords(file, problems)}; answering from the store, ${labelOf(config.store, context)}.`);
  return config;
}

/** For commands of the class *requests*: the running program has a config of its own, and goes by that. */
export async function configForAsking(
  { config: file }: { readonly config: string },
  context: CommandContext,
): Promise<Config> {
  const { config, problems } = wholeOrPart(file, context);
  if (problems.length === 0) return config;
  if (!(await hasOwner(config.store, storeDependencies(context)))) throw mistakesError(problems);
  context.tell(`${mistakesWords(file, problems)}; the running program does it by the config that it has.`);
  return config;
}

function wholeOrPart(file: string, { environment }: CommandContext) {
  const loaded = readConfig(file, environment);
  if ('config' in loaded) return { config: loaded.config, problems: [] };
  const part = readPart(file, environment);
  // In memory there is nothing to look at.
  if (part === undefined || part.store.kind === 'memory') throw mistakesError(loaded.problems);
  return { config: part, problems: loaded.problems };
}

function mistakesError(problems: readonly Problem[]): UsageError {
  return new UsageError(problems.map(formatProblem).join('\n'));
}

function mistakesWords(file: string, { length }: readonly Problem[]): string {
  return `${file} has ${counted(length, 'mistake')}, which "check" ${length === 1 ? 'shows' : 'lists'}`;
}

/** Throws a {@link UsageError} that names those there are. */
export function sinkOf({ sinks }: Config, name: string): SinkConfig {
  const sink = sinks.find((each) => each.name === name);
  if (sink !== undefined) return sink;
  throw new UsageError(`The config has no sink "${name}"; it has ${sinks.map((each) => each.name).join(', ')}.`);
}

/** Throws a {@link UsageError} that names those there are. */
export function sourceNamed({ sources }: Config, name: string): SourceConfig {
  const source = sources.find((each) => each.name === name);
  if (source !== undefined) return source;
  throw new UsageError(`The config has no source "${name}"; it has ${sources.map((each) => each.name).join(', ')}.`);
}

/** Of an option that names a sink which has to get something. */
export function noEnabledSink(option: string, name: string, { sinks }: Config): string {
  const names = sinks.filter(({ enabled }) => enabled).map((each) => each.name);
  const there = names.length === 0 ? 'none is enabled' : `enabled are ${names.join(', ')}`;
  return `${option} ${name}: the config has no enabled sink of this name; ${there}${suggestion(name, names) || '.'}`;
}

export function logOf({ log }: Pick<Config, 'log'>, { environment, stderrIsTerminal, stderrFd }: CommandContext) {
  const color = wantsColor(environment, stderrIsTerminal);
  return createLog({ ...log, isTerminal: stderrIsTerminal, color, destination: stderrFd });
}

/** A log for commands that talk to a person: what goes wrong, and nothing else. */
export function quietLogOf(config: Config, context: CommandContext): Log {
  return logOf({ log: { ...config.log, level: config.log.level === 'debug' ? 'debug' : 'warn' } }, context);
}

/** Where the log is JSON, what ends the work is a line of it too: whatever reads the log reads nothing else. */
export async function failingInLog(
  log: Log,
  { log: { format } }: Pick<Config, 'log'>,
  { stderrIsTerminal }: CommandContext,
  work: () => Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    return await work();
  } catch (error) {
    const isJson = format === 'json' || (format === 'auto' && !stderrIsTerminal);
    if (!isJson || !(error instanceof CommandError || error instanceof StoreError)) throw error;
    log.error({ problem: error.message }, 'the program ends, since it cannot go on');
    return EXIT.failed;
  }
}

export function httpOf(config: Config, context: CommandContext): ConfiguredHttp {
  try {
    return createConfiguredHttp(config, context);
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
}

/** The program on an open store. */
export function notifierOf(
  config: Config,
  store: Store,
  http: HttpClient,
  log: Log,
  { print }: CommandContext,
): Notifier {
  return assemble(config, { store, http, log, print });
}

/** The same with its HTTP server. */
export async function servedNotifierOf(
  config: Config,
  surroundings: Pick<Surroundings, 'store' | 'http' | 'log' | 'share' | 'processes'>,
  { print }: CommandContext,
): Promise<ServedNotifier> {
  const { notifier, serve } = await assembleServed(config, { ...surroundings, print });
  return {
    notifier,
    serve: () =>
      serve().catch((error: unknown) => {
        throw error instanceof ListenError ? new CommandError(error.message, { cause: error }) : error;
      }),
  };
}
