import type { Config } from '../config/config.js';
import { readConfig } from '../config/load.js';
import { notices } from '../config/notices.js';
import { formatProblem } from '../config/problem.js';
import { createCron } from '../engine/cron.js';
import { createHttpClient } from '../http/client.js';
import { Notifier } from '../notifier.js';
import { createLog } from '../observe/log.js';
import type { HttpClient, Log, Store } from '../ports.js';
import { createLedger } from '../store/ledger.js';
import { type OpenedStore, openStore, type StoreDependencies, type StoreMode } from '../store/open.js';
import { answerRequest, takeRequests } from '../store/requests.js';
import { sha256, systemClock, systemRandom } from '../system.js';
import { USER_AGENT } from '../version.js';
import { type CommandContext, CommandError, UsageError, wantsColor } from './command.js';

/** What commands need of the rest: the configuration, a log, the store and the program on top of them. */

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

export function storeDependencies({ cwd, host, pid }: CommandContext): StoreDependencies {
  return { clock: systemClock, cwd, host, pid };
}

export function openStoreOf(config: Config, mode: StoreMode, context: CommandContext): Promise<OpenedStore> {
  return openStore(config.store, mode, storeDependencies(context));
}

/** Outgoing HTTP that a reload can change; requests under way end by the rules under which they began. */
export interface ConfiguredHttp extends HttpClient {
  configure(config: Config): void;
}

export function httpOf(config: Config, { environment }: CommandContext): ConfiguredHttp {
  let { privateAddresses } = config;
  let client = open();
  const clients = [client];

  function open(): HttpClient {
    try {
      return createHttpClient({ privateAddresses, clock: systemClock, userAgent: USER_AGENT, proxyEnv: environment });
    } catch (error) {
      throw new CommandError((error as Error).message);
    }
  }

  return {
    configure: (next) => {
      if (next.privateAddresses === privateAddresses) return;
      privateAddresses = next.privateAddresses;
      client = open();
      clients.push(client);
    },
    request: (request) => client.request(request),
    connect: (url, timeoutMs, signal) => client.connect(url, timeoutMs, signal),
    close: async () => {
      await Promise.all(clients.map((each) => each.close()));
    },
  };
}

/** The program on an open store. */
export function notifierOf(
  config: Config,
  store: Store,
  http: HttpClient,
  log: Log,
  context: CommandContext,
): Notifier {
  return new Notifier(config, {
    ledger: createLedger(store),
    takeRequests: async () => {
      const left = await takeRequests(store, systemClock.nowMs());
      return left.map((request) => ({
        redeliver: request.redeliver,
        answer: (lines, error) => answerRequest(store, request, { lines, error, more: 0 }, systemClock.nowMs()),
      }));
    },
    http,
    cron: createCron(systemClock),
    clock: systemClock,
    random: systemRandom,
    sha256,
    log,
    print: context.print,
  });
}

/** What an operator should know before it runs. */
export function logNotices(config: Config, log: Log): void {
  for (const notice of notices(config)) log.warn({ notice }, 'the config is valid, but look at this');
}

/** A store that has just been made makes everything a first poll. */
export function logCreated(config: Config, { store, created }: OpenedStore, log: Log): void {
  if (!created) return;
  const firstPolls = Object.fromEntries(config.sources.map(({ name, firstPoll }) => [name, firstPoll]));
  log.warn(
    { store: store.label, firstPoll: firstPolls },
    'a new store was made: the first poll of each source remembers what is there, or announces it, as firstPoll says',
  );
}

/** Deliveries that nobody takes, since the config does not have their sink or has it disabled. */
export function logParked(parked: ReadonlyMap<string, number>, log: Log): void {
  for (const [sink, waiting] of parked) {
    log.warn({ sink, waiting }, 'deliveries wait for a sink that is disabled or not in the config');
  }
}
