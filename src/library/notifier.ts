import { assembleServed, createConfiguredHttp, logNotices, logOpened, logWaiting, openStoreOf } from '../assemble.js';
import type { Config } from '../config/config.js';
import { BUILT_IN_TYPES, type Loaded, loadTree, readConfig } from '../config/load.js';
import { objectTree } from '../config/object.js';
import { formatProblem, type Problem } from '../config/problem.js';
import type { EventType } from '../core/event.js';
import type { PauseLine, PauseOrder } from '../core/order.js';
import { type Pausable, type PausableKind, pausableOf } from '../core/pause.js';
import { changePause } from '../engine/pause-order.js';
import type { PollReport } from '../engine/poll-report.js';
import { createLog } from '../observe/log.js';
import type { Log } from '../ports.js';
import type { StoreError } from '../store/errors.js';
import { type Process, thisProcess } from '../system.js';
import { type Listener, Listeners } from './listeners.js';
import type { LogSettings, NotifierOptions, OwnLog } from './options.js';

/** The config has mistakes: all of them, each with its place. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/**
 * recording-notifier in a program of one's own. It sets no signal handlers and ends no process: call {@link stop} before the program
 * ends.
 */
export interface Notifier {
  /**
   * Calls back with each event of the type, once, after the change is stored, with the URL just seen. It is not repeated after a crash:
   * what must not be lost takes a sink. A listener that throws or rejects is logged and harms nothing.
   */
  on<Type extends EventType>(type: Type, listener: Listener<Type>): this;
  /** {@link on}, for the next event only. */
  once<Type extends EventType>(type: Type, listener: Listener<Type>): this;
  off<Type extends EventType>(type: Type, listener: Listener<Type>): this;
  /** Opens the store, polls at once and on schedule, and delivers. Rejects with an OwnedError when another process owns the store. */
  start(): Promise<void>;
  /** One poll of every source that is not paused, now. When it is not started, what is due by then is also tried once, as the command `poll` does. */
  poll(): Promise<readonly PollReport[]>;
  /**
   * Keeps a sink or a source still, through restarts and without touching the config, as the command `pause` does: nothing is sent to the
   * sink, and what is made for it waits; the source is not polled by itself. What is so already is fine. Rejects when there is no such
   * name, or when a sink and a source share it and `kind` does not say which.
   */
  pause(name: string, kind?: PausableKind): Promise<PauseLine>;
  /** Lets it go on: what waits is sent, the source is polled at once, both where the notifier is started. Rejects as {@link pause} does. */
  resume(name: string, kind?: PausableKind): Promise<PauseLine>;
  /** Ends the polls, finishes what is in flight (8 s at most), and closes the store. It cannot be started again, and stops by itself when it loses the store. */
  stop(): Promise<void>;
}

/** Checks the config and makes a notifier of it, which does nothing yet. Rejects with a {@link ConfigError} that has every mistake. */
export async function createNotifier(options: NotifierOptions): Promise<Notifier> {
  const process = thisProcess({ isOurs: false });
  const config = configOf(options, process);
  return new EmbeddedNotifier(config, logOf(options.log, config, process), process);
}

const NO_QUEUE_HERE =
  'the library does everything in its own process; write embedded, or let "recording-notifier run" share the work';

function configOf(options: NotifierOptions, { environment }: Process): Config {
  const loaded = load(options, environment);
  if ('problems' in loaded) throw new ConfigError(loaded.problems);
  const { file, queue } = loaded.config;
  if (queue !== undefined)
    throw new ConfigError([{ file, line: 1, column: 1, path: ['queue'], message: NO_QUEUE_HERE }]);
  return loaded.config;
}

/** A program that embeds the notifier listens only where it says so. */
function withoutDefaultServer(config: Config): Config {
  return config.server.isDefault ? { ...config, server: { ...config.server, listen: undefined } } : config;
}

function load(
  { configFile, log, sinkTypes = [], sourceTypes = [], ...config }: NotifierOptions,
  environment: Process['environment'],
): Loaded {
  const types = {
    sinkTypes: withOwn('sinkTypes', BUILT_IN_TYPES.sinkTypes, sinkTypes),
    sourceTypes: withOwn('sourceTypes', BUILT_IN_TYPES.sourceTypes, sourceTypes),
  };
  if (configFile !== undefined) return readConfig(configFile, environment, types);
  const settings = isOwnLog(log) ? {} : log;
  return loadTree(objectTree({ ...config, log: { level: 'warn', ...settings } }, 'config'), types);
}

/** A name that ships stays what it is. */
function withOwn<Definition extends { readonly type: string }>(
  key: string,
  shipped: readonly Definition[],
  own: readonly Definition[],
): readonly Definition[] {
  const taken = own.find(({ type }) => shipped.some((each) => each.type === type));
  if (taken !== undefined) throw new TypeError(`${key}: the type "${taken.type}" ships already; call yours otherwise`);
  return [...shipped, ...own];
}

function isOwnLog(log: NotifierOptions['log']): log is OwnLog {
  return log !== undefined && 'warn' in log && typeof log.warn === 'function';
}

/** What the program says counts before what the file says. */
function logOf(log: NotifierOptions['log'], config: Config, { stderrIsTerminal, stderrFd }: Process): Log {
  if (isOwnLog(log)) return log;
  const settings: LogSettings = log ?? {};
  const terminal = { isTerminal: stderrIsTerminal, color: stderrIsTerminal, destination: stderrFd };
  return createLog({ ...config.log, ...settings, ...terminal });
}

/** The program on its open store, with what has to be closed after it. */
interface Opened {
  readonly program: Awaited<ReturnType<typeof assembleServed>>['notifier'];
  close(): Promise<void>;
}

class EmbeddedNotifier implements Notifier {
  readonly #config: Config;
  readonly #log: Log;
  readonly #process: Process;
  readonly #listeners: Listeners;
  #opened: Promise<Opened> | undefined;
  #started = false;
  #stopped: Promise<void> | undefined;

  constructor(config: Config, log: Log, process: Process) {
    this.#config = config;
    this.#log = log;
    this.#process = process;
    this.#listeners = new Listeners(log);
  }

  on<Type extends EventType>(type: Type, listener: Listener<Type>): this {
    this.#listeners.add(type, listener, false);
    return this;
  }

  once<Type extends EventType>(type: Type, listener: Listener<Type>): this {
    this.#listeners.add(type, listener, true);
    return this;
  }

  off<Type extends EventType>(type: Type, listener: Listener<Type>): this {
    this.#listeners.remove(type, listener);
    return this;
  }

  async start(): Promise<void> {
    const { program } = await this.#open();
    if (this.#started || this.#stopped !== undefined) return;
    this.#started = true;
    program.start();
  }

  async poll(): Promise<readonly PollReport[]> {
    const { program } = await this.#open();
    const reports = await program.pollAll();
    if (this.#started || this.#stopped !== undefined) return reports;
    await program.attemptDue();
    await program.beat();
    return reports;
  }

  pause(name: string, kind?: PausableKind): Promise<PauseLine> {
    return this.#pauseOrResume('pause', name, kind);
  }

  resume(name: string, kind?: PausableKind): Promise<PauseLine> {
    return this.#pauseOrResume('resume', name, kind);
  }

  async #pauseOrResume(kind: PauseOrder['kind'], name: string, wanted?: PausableKind): Promise<PauseLine> {
    const { program } = await this.#open();
    const { sinks, sources } = this.#config;
    const there: readonly Pausable[] = [
      ...sinks.map((sink) => ({ kind: 'sink', name: sink.name }) as const),
      ...sources.map((source) => ({ kind: 'source', name: source.name }) as const),
      // What the config does not have any more can be let go on.
      ...(kind === 'resume' ? program.paused() : []),
    ];
    const of = pausableOf(name, wanted, there, `say which: ${kind}(name, 'sink') or ${kind}(name, 'source')`);
    if ('problem' in of) throw new Error(of.problem);
    return changePause({ kind, subject: of.kind, name: of.name }, program);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined); // Whoever wanted it open has been told.
    await opened?.close();
  }

  /** Another process owns the store now: what this one would write, it would write twice. */
  async #stopAsLost(error: StoreError): Promise<void> {
    if (this.#stopped !== undefined) return;
    this.#log.error({ error }, 'another process owns the store now; the notifier stops');
    await this.stop().catch((failure: unknown) =>
      this.#log.error({ error: failure }, 'the notifier did not stop well'),
    );
  }

  /** Once for all; a failed one is tried anew. */
  #open(): Promise<Opened> {
    if (this.#stopped !== undefined) return Promise.reject(new Error('the notifier is stopped; create another one'));
    this.#opened ??= this.#openNow().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async #openNow(): Promise<Opened> {
    const [config, log, process] = [this.#config, this.#log, this.#process];
    logNotices(config, log);
    const http = createConfiguredHttp(config, process);
    const opened = await openStoreOf(config, 'own', process).catch(async (error: unknown) => {
      await http.close();
      throw error;
    });
    const tell = this.#listeners.tell.bind(this.#listeners);
    const { notifier: program, serve } = await assembleServed(withoutDefaultServer(config), {
      ...{ store: opened.store, http, log, print: process.print, tell },
    });
    let server: Awaited<ReturnType<typeof serve>>;
    async function close(): Promise<void> {
      await server?.close();
      await program.stop();
      await http.close();
      await opened.store.close();
    }
    try {
      logOpened(config, opened, log);
      await program.load();
      logWaiting(program, log);
      server = await serve();
      void opened.lost.then((error) => this.#stopAsLost(error));
      return { program, close };
    } catch (error) {
      await close();
      throw error;
    }
  }
}
