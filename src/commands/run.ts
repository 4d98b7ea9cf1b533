import { Option } from 'commander';
import type { Config, QueueConfig } from '../config/config.js';
import type { Log } from '../ports.js';
import { OwnedError } from '../store/errors.js';
import type { OpenedStore } from '../store/open.js';
import { systemClock } from '../system.js';
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
import { lead, type Running } from './lead.js';
import { configOf, failingInLog, httpOf, logNotices, logOf, logWaiting, openStoreOf } from './session.js';

const OWNED_AGAIN_MS = 500;

interface RunOptions extends CommonOptions {
  readonly wait: number;
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
  const running: Running = { options, http: httpOf(config, context), log, context, first: config, config };
  try {
    if (config.queue === undefined) await runAlone(running, options.wait);
    else await runAmongOthers(running, config.queue);
    return EXIT.fine;
  } finally {
    await running.http.close();
  }
}

/** The only process: that it loses the store ends it. */
async function runAlone(running: Running, waitMs: number): Promise<void> {
  const { config, log, context } = running;
  const opened = await openWhenFree(config, waitMs, log, context);
  const stopped = stopSignal(log, context);
  reloadOnSignal(running);
  const lost = await lead(running, opened, stopped);
  if (lost !== undefined) throw lost;
}

async function runAmongOthers(running: Running, queue: QueueConfig): Promise<void> {
  const { runShared } = await import('./run-shared.js');
  const stopped = stopSignal(running.log, running.context);
  reloadOnSignal(running);
  await runShared(running, queue, stopped);
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
function reloadOnSignal(running: Running): void {
  let reloading = Promise.resolve();
  running.context.onSignal(['SIGHUP'], () => {
    reloading = reloading.then(() => reload(running));
  });
}

/** Reads the config again. One with mistakes changes nothing. */
async function reload(running: Running): Promise<void> {
  const { options, first, http, log, context, work } = running;
  try {
    const config = configOf(options, context);
    for (const [key, message] of NEED_RESTART) {
      if (JSON.stringify(config[key]) !== JSON.stringify(first[key])) log.warn({}, message);
    }
    logNotices(config, log);
    log.setLevel(config.log.level);
    http.configure(config);
    running.config = { ...config, store: first.store, queue: first.queue, server: first.server };
    await work?.configure(configOf(options, context));
    const { notifier } = running;
    await notifier?.reload(running.config);
    if (notifier !== undefined) logWaiting(notifier, log);
    log.info({ sources: config.sources.length, sinks: config.sinks.length }, 'config reloaded');
  } catch (error) {
    if (error instanceof UsageError) {
      const problems = error.message.split('\n');
      running.notifier?.reloads.noteRefused(problems);
      log.error({ problems }, 'the config has mistakes; the old one stays');
    } else {
      running.notifier?.reloads.noteRefused();
      log.error({ error }, 'the reload failed; send SIGHUP again');
    }
  }
}

const NEED_RESTART = [
  ['store', 'a changed store needs a restart; the old one stays until then'],
  ['queue', 'a changed queue needs a restart; the old one stays until then'],
  ['server', 'a changed server needs a restart; the old one stays until then'],
] as const;
