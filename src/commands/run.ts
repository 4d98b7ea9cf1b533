import { Option } from 'commander';
import type { Config } from '../config/config.js';
import type { Notifier } from '../notifier.js';
import type { Log } from '../ports.js';
import { OwnedError } from '../store/errors.js';
import { labelOf, type OpenedStore } from '../store/open.js';
import { systemClock } from '../system.js';
import { VERSION } from '../version.js';
import { durationArgument } from './arguments.js';
import {
  type CommandContext,
  CommandError,
  type CommonOptions,
  EXIT,
  type ExitCode,
  type Register,
  UsageError,
} from './command.js';
import {
  type ConfiguredHttp,
  configOf,
  failingInLog,
  httpOf,
  logBacklog,
  logNotices,
  logOf,
  logOpened,
  logWaiting,
  openStoreOf,
  servedNotifierOf,
} from './session.js';

const OWNED_AGAIN_MS = 500;

interface RunOptions extends CommonOptions {
  readonly wait: number;
}

interface Running {
  readonly options: RunOptions;
  readonly config: Config;
  readonly notifier: Notifier;
  readonly http: ConfiguredHttp;
  readonly log: ReturnType<typeof logOf>;
  readonly context: CommandContext;
}

export const registerRun: Register = (program, context) => {
  program
    .command('run')
    .summary('poll on schedule and deliver, until it is stopped')
    .description(
      'Polls at once and on schedule, and delivers until SIGTERM or SIGINT; then finishes what is in flight, 8 s at most. A second ' +
        'signal ends it at once. SIGHUP reads the config again; store, queue and server need a restart.',
    )
    .addOption(
      new Option('--wait <duration>', 'wait so long for another process to let go of the store')
        .argParser(durationArgument)
        .default(0, 'not at all'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier run\n  recording-notifier run --config /etc/notifier.yaml --wait 60s',
    )
    .action(async (_, command) => {
      context.end(await run(command.optsWithGlobals(), context));
    });
};

async function run(options: RunOptions, context: CommandContext): Promise<ExitCode> {
  const config = configOf(options, context);
  const log = logOf(config, context);
  return failingInLog(log, config, context, () => runWith(options, config, log, context));
}

async function runWith(
  options: RunOptions,
  config: Config,
  log: Running['log'],
  context: CommandContext,
): Promise<ExitCode> {
  logNotices(config, log);
  const http = httpOf(config, context);
  const opened = await openWhenFree(config, options.wait, log, context);
  const { notifier, serve } = await servedNotifierOf(config, opened.store, http, log, context);
  let server: Awaited<ReturnType<typeof serve>>;
  const stopped = stopSignal(log, context);
  const started = Promise.withResolvers<void>();
  reloadOnSignal({ options, config, notifier, http, log, context }, started.promise);
  try {
    logOpened(config, opened, log);
    await notifier.load();
    logWaiting(notifier, log);
    logBacklog(notifier.dispatcher, log);
    server = await serve();
    log.info(
      {
        version: VERSION,
        ...(server !== undefined && { page: server.url }),
        config: config.file,
        sources: config.sources.length,
        sinks: config.sinks.length,
        store: opened.store.label,
      },
      'running',
    );
    notifier.start();
    started.resolve();
    await Promise.race([stopped, failWhen(opened.lost)]);
  } finally {
    await server?.close();
    await notifier.stop();
    await http.close();
    await opened.store.close();
  }
  log.info({ ...notifier.totals }, 'stopped');
  return EXIT.fine;
}

async function openWhenFree(config: Config, waitMs: number, log: Log, context: CommandContext): Promise<OpenedStore> {
  const endMs = systemClock.monotonicMs() + waitMs;
  for (let tries = 0; ; tries += 1) {
    try {
      return await openStoreOf(config, 'own', context);
    } catch (error) {
      if (!(error instanceof OwnedError)) throw error;
      if (systemClock.monotonicMs() >= endMs)
        throw new CommandError(`${error.message}; "run --wait 60s" waits until it lets go`, { cause: error });
      if (tries === 0)
        log.info({ store: error.label, owner: error.owner, waitMs }, 'waiting for the store: another process owns it');
      await new Promise<void>((resolve) => systemClock.after(OWNED_AGAIN_MS, resolve));
    }
  }
}

/** Throws what comes, if it comes. */
async function failWhen(lost: OpenedStore['lost']): Promise<never> {
  throw await lost;
}

/** Resolves at the first signal; the second one ends the process. */
function stopSignal(log: Log, { onSignal, exitNow }: CommandContext): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    onSignal(['SIGTERM', 'SIGINT'], (signal) => {
      if (asked) exitNow(EXIT.interrupted);
      asked = true;
      log.info({ signal }, 'stopping: what is in flight is finished, 8 s at most; a second signal ends at once');
      resolve();
    });
  });
}

/** Listens from the beginning, since the signal would end a program that is still starting. */
function reloadOnSignal(running: Running, started: Promise<void>): void {
  let reloading = started;
  running.context.onSignal(['SIGHUP'], () => {
    reloading = reloading.then(() => reload(running));
  });
}

/** Reads the config again. One with mistakes changes nothing. */
async function reload({ options, config: running, notifier, http, log, context }: Running): Promise<void> {
  try {
    const config = configOf(options, context);
    if (JSON.stringify(config.store) !== JSON.stringify(running.store)) {
      log.warn(
        { store: labelOf(config.store, context) },
        'a changed store needs a restart; the old one stays until then',
      );
    }
    if (JSON.stringify(config.server) !== JSON.stringify(running.server)) {
      log.warn({}, 'a changed server needs a restart; the old one stays until then');
    }
    logNotices(config, log);
    log.setLevel(config.log.level);
    http.configure(config);
    await notifier.reload(config);
    logWaiting(notifier, log);
    log.info({ sources: config.sources.length, sinks: config.sinks.length }, 'config reloaded');
  } catch (error) {
    if (error instanceof UsageError) {
      const problems = error.message.split('\n');
      notifier.reloads.noteRefused(problems);
      log.error({ problems }, 'the config has mistakes; the old one stays');
    } else {
      notifier.reloads.noteRefused();
      log.error({ error }, 'the reload failed; send SIGHUP again');
    }
  }
}
