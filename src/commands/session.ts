import { assemble, type ConfiguredHttp, createConfiguredHttp } from '../assemble.js';
import type { Config } from '../config/config.js';
import { readConfig } from '../config/load.js';
import { formatProblem } from '../config/problem.js';
import type { Notifier } from '../notifier.js';
import { createLog } from '../observe/log.js';
import type { HttpClient, Log, Store } from '../ports.js';
import { type CommandContext, CommandError, UsageError, wantsColor } from './command.js';

/** What commands need of the rest: the configuration, a log, the store and the program on top of them. */

export { type ConfiguredHttp, logNotices, logOpened, logWaiting, openStoreOf, storeDependencies } from '../assemble.js';

export function configOf({ config: file }: { readonly config: string }, { environment }: CommandContext): Config {
  const loaded = readConfig(file, environment);
  if ('problems' in loaded) throw new UsageError(loaded.problems.map(formatProblem).join('\n'));
  return loaded.config;
}

export function logOf({ log }: Pick<Config, 'log'>, { environment, stderrIsTerminal }: CommandContext) {
  return createLog({ ...log, isTerminal: stderrIsTerminal, color: wantsColor(environment, stderrIsTerminal) });
}

/** A log for commands that talk to a person: what goes wrong, and nothing else. */
export function quietLogOf(config: Config, context: CommandContext): Log {
  return logOf({ log: { ...config.log, level: config.log.level === 'debug' ? 'debug' : 'warn' } }, context);
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
