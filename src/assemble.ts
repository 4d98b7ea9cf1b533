import type { Config, QueueConfig } from './config/config.js';
import type { ListenAddress } from './config/listen.js';
import { notices } from './config/notices.js';
import type { NotifierEvent } from './core/event.js';
import type { Share } from './engine/attempt.js';
import { createCron } from './engine/cron.js';
import type { Observer } from './engine/observer.js';
import { createHttpClient } from './http/client.js';
import { Notifier } from './notifier.js';
import type { HttpClient, Ledger, Log, Store } from './ports.js';
import type { QueueLook } from './queue/look.js';
import type { SharedWork } from './queue/shared-work.js';
import type { RunningServer } from './server/server.js';
import type { WorkerServerPorts } from './server/worker.js';
import { createLedger } from './store/ledger.js';
import { type OpenedStore, openStore, type StoreDependencies, type StoreMode } from './store/open.js';
import { answerRequest, takeRequests } from './store/requests.js';
import { countWrites } from './store/revision.js';
import { nonce, type Process, sha256, systemClock, systemPrograms, systemRandom } from './system.js';
import { USER_AGENT, VERSION } from './version.js';
import type { ProcessView } from './views/process-view.js';

/** How the command line and the library put the program together on the real machine. */

export function storeDependencies({ cwd, host, pid }: Pick<Process, 'cwd' | 'host' | 'pid'>): StoreDependencies {
  return { clock: systemClock, cwd, host, pid };
}

export function openStoreOf(
  config: Config,
  mode: StoreMode,
  process: Pick<Process, 'cwd' | 'host' | 'pid'>,
): Promise<OpenedStore> {
  return openStore(config.store, mode, storeDependencies(process));
}

/** Outgoing HTTP that a reload can change; requests under way end by the rules under which they began. */
export interface ConfiguredHttp extends HttpClient {
  configure(config: Config): void;
}

/** Throws when the environment names a proxy that is no URL. */
export function createConfiguredHttp(config: Config, { environment }: Pick<Process, 'environment'>): ConfiguredHttp {
  let { privateAddresses } = config;
  let client = open();
  const clients = [client];

  function open(): HttpClient {
    return createHttpClient({ privateAddresses, clock: systemClock, userAgent: USER_AGENT, proxyEnv: environment });
  }

  return {
    configure: (next) => {
      if (next.privateAddresses === privateAddresses) return;
      privateAddresses = next.privateAddresses;
      client = open();
      clients.push(client);
    },
    request: (request) => client.request(request),
    open: (request) => client.open(request),
    proxyFor: (url) => client.proxyFor?.(url),
    connect: (...args) => client.connect(...args),
    close: async () => {
      await Promise.all(clients.map((each) => each.close()));
    },
  };
}

export interface Surroundings {
  readonly store: Store;
  readonly http: HttpClient;
  readonly log: Log;
  readonly print: Process['print'];
  /** Called with events that have just been stored. Must not throw. */
  readonly tell?: (events: readonly NotifierEvent[]) => void;
  readonly observer?: Observer;
  /** Of a program whose attempts are shared with other processes. */
  readonly share?: Share | undefined;
  /** Those that share them. */
  readonly processes?: (() => readonly ProcessView[]) | undefined;
}

/** The program on an open store. */
export function assemble(
  config: Config,
  { store, ...ports }: Surroundings,
  ledger: Ledger = createLedger(store),
): Notifier {
  return new Notifier(config, {
    ...ports,
    ledger,
    takeRequests: async () => {
      const left = await takeRequests(store, systemClock.nowMs());
      return left.map((request) => ({
        order: request.order,
        answer: (lines, more, error) => answerRequest(store, request, { lines, more, error }, systemClock.nowMs()),
      }));
    },
    cron: createCron(systemClock),
    clock: systemClock,
    random: systemRandom,
    programs: systemPrograms,
    sha256,
  });
}

export interface ServedNotifier {
  readonly notifier: Notifier;
  /** Listens, where the config says so. Rejects with a {@link ListenError} where it cannot at an address that somebody chose. */
  serve(): Promise<RunningServer | undefined>;
}

/** The server cannot be where the config wants it, in words. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** The program with its HTTP server, which costs the start of it where there is none as little as can be. */
export async function assembleServed(config: Config, surroundings: Surroundings): Promise<ServedNotifier> {
  const { store, log, tell } = surroundings;
  const { listen, token } = config.server;
  if (listen === undefined) return { notifier: assemble(config, surroundings), serve: async () => undefined };
  const { createServing } = await import('./server/serving.js');
  const ledger = countWrites(createLedger(store), (deliveries) => serving.stored(deliveries));
  const clock = systemClock;
  const serving = createServing({
    ...{ ledger, sha256, clock, log, nonce, token, storeLabel: store.label, processes: surroundings.processes },
    program: () => notifier,
  });
  const notifier: Notifier = assemble(
    config,
    {
      ...surroundings,
      observer: serving.observer,
      tell: (events) => {
        serving.told(events);
        tell?.(events);
      },
    },
    ledger,
  );
  return { notifier, serve };

  async function serve(): Promise<RunningServer | undefined> {
    return listening(config.server, log, (address) => serving.listen(address));
  }
}

/** Where the config says so; where it does not, a port that is taken is a warning. Rejects with a {@link ListenError}. */
async function listening(
  { listen, isDefault }: Config['server'],
  log: Log,
  start: (address: ListenAddress) => Promise<RunningServer>,
): Promise<RunningServer | undefined> {
  if (listen === undefined) return undefined;
  try {
    return await start(listen);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const address = `${listen.host}:${listen.port}`;
    const problem = code === 'EADDRINUSE' ? 'another program listens there' : message;
    if (!isDefault)
      throw new ListenError(`server.listen: ${address}: ${problem}; write another one, or off`, { cause: error });
    log.warn({ address, problem }, 'there is no status page: set server.listen to another address, or to off');
    return undefined;
  }
}

/** The server of a process that does not lead. Rejects with a {@link ListenError}. */
export async function serveWorker(
  config: Config,
  log: Log,
  status: WorkerServerPorts['status'],
): Promise<RunningServer | undefined> {
  if (config.server.listen === undefined) return undefined;
  const { startWorkerServer } = await import('./server/worker-server.js');
  const ports = { status, token: config.server.token, clock: systemClock, log };
  return listening(config.server, log, (address) => startWorkerServer(address, ports));
}

/** Loads what speaks to the queue, which is hundreds of files. Throws a QueueError where that does not answer. */
export async function openSharedWorkOf(
  config: Config,
  queue: QueueConfig,
  surroundings: Pick<Surroundings, 'http' | 'log' | 'print'> & Pick<Process, 'host' | 'pid'>,
): Promise<SharedWork> {
  const { SharedWork } = await import('./queue/shared-work.js');
  const { http, log, print, host, pid } = surroundings;
  return SharedWork.open(config, queue, {
    ...{ http, log, print, host, pid, nonce },
    ...{ clock: systemClock, random: systemRandom, programs: systemPrograms, version: VERSION },
  });
}

/** How the queue stands. Throws a QueueError where it does not answer. */
export async function lookAtQueueOf(config: Config, queue: QueueConfig): Promise<QueueLook> {
  const { lookAtQueue } = await import('./queue/look.js');
  return lookAtQueue(config, queue, { clock: systemClock, version: VERSION, nonce });
}

/** What an operator should know before it runs. */
export function logNotices(config: Config, log: Log): void {
  for (const notice of notices(config, systemClock.nowMs()))
    log.warn({ notice }, 'the config is valid, but look at this');
}

/** What is odd about the store. One that has just been made makes everything a first poll. */
export function logOpened(config: Config, { store, created, migrated, warnings }: OpenedStore, log: Log): void {
  for (const warning of warnings) log.warn({ store: store.label, warning }, 'look at how the store is configured');
  if (migrated !== undefined)
    log.warn(
      { store: store.label, ...migrated },
      'the store was of an older version: it was migrated, and a copy kept',
    );
  if (!created) return;
  const firstPolls = Object.fromEntries(config.sources.map(({ name, firstPoll }) => [name, firstPoll]));
  log.warn(
    { store: store.label, firstPoll: firstPolls },
    'a new store was made: the first poll of each source remembers what is there, or announces it, as firstPoll says',
  );
}

/** Counts what is held in memory, 10,000 of a sink at most. Whether the last process died is not stored, nor that an attempt has begun: either would cost writes. */
export function logBacklog(dispatcher: Pick<Notifier['dispatcher'], 'status'>, log: Log): void {
  const waiting = dispatcher.status().reduce((sum, lane) => sum + lane.waiting, 0);
  if (waiting > 0)
    log.info(
      { waiting },
      'deliveries wait from before; if the last process died, what was under way is sent again with the same id',
    );
}

interface Waiting extends Pick<Notifier, 'paused'> {
  readonly dispatcher: Pick<Notifier['dispatcher'], 'parked' | 'held'>;
}

/**
 * What waits for a person: what somebody has paused, and deliveries that nobody takes, since the config does not have their sink or has
 * it disabled, or they are held.
 */
export function logWaiting(notifier: Waiting, log: Log): void {
  for (const { kind, name, sinceMs } of notifier.paused()) {
    const since = new Date(sinceMs).toISOString();
    if (kind === 'sink')
      log.warn({ sink: name, since }, 'a sink is paused: nothing is sent to it before it is resumed');
    else log.warn({ source: name, since }, 'a source is paused: it is not polled before it is resumed');
  }
  const { parked, held } = notifier.dispatcher;
  for (const [sink, waiting] of parked) {
    log.warn({ sink, waiting }, 'deliveries wait for a sink that is disabled or not in the config');
  }
  for (const [source, waiting] of held) {
    log.warn({ source, waiting }, 'deliveries are held since a poll made too many events: release or discard them');
  }
}
