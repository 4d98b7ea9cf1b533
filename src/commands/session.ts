import {
  assemble,
  assembleServed,
  type ConfiguredHttp,
  createConfiguredHttp,
  ListenError,
  type ServedNotifier,
} from '../assemble.js';
import type { Config, SinkConfig, SourceConfig } from '../config/config.js';
import { readConfig } from '../config/load.js';
import { formatProblem } from '../config/problem.js';
import type { Notifier } from '../notifier.js';
import { createLog } from '../observe/log.js';
import type { HttpClient, Log, Store } from '../ports.js';
import { StoreError } from '../store/errors.js';
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
  if ('problems' in loaded) throw new UsageError(loaded.problems.map(formatProblem).join('\n'));
  return loaded.config;
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
  return `${option} ${name}: the config has no enabled sink of this name; ${there}.`;
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
  store: Store,
  http: HttpClient,
  log: Log,
  { print }: CommandContext,
): Promise<ServedNotifier> {
  const { notifier, serve } = await assembleServed(config, { store, http, log, print });
  return {
    notifier,
    serve: () =>
      serve().catch((error: unknown) => {
        throw error instanceof ListenError ? new CommandError(error.message, { cause: error }) : error;
      }),
  };
}
