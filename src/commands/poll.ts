import { Option } from 'commander';
import type { Config } from '../config/config.js';
import { NO_URL, type StoredRecordingEvent, withUrl } from '../core/event.js';
import { type PollReport, rememberedBy } from '../engine/poll-report.js';
import { openPolledSource } from '../engine/polled-source.js';
import { poll } from '../engine/poller.js';
import { createUrls } from '../engine/urls.js';
import type { Notifier } from '../notifier.js';
import { jsonLine } from '../observe/printable.js';
import type { Log, Store } from '../ports.js';
import { OwnedError, StoreMissingError } from '../store/errors.js';
import { createLedger } from '../store/ledger.js';
import type { OpenedStore } from '../store/open.js';
import { openScratchStore } from '../store/scratch.js';
import { sha256, systemClock, systemRandom } from '../system.js';
import { pausedText } from '../views/pause-words.js';
import { durationArgument } from './arguments.js';
import {
  type CommandContext,
  CommandError,
  type CommonOptions,
  EXIT,
  type ExitCode,
  type Register,
} from './command.js';
import {
  configOf,
  failingInLog,
  httpOf,
  logNotices,
  logOf,
  logOpened,
  logWaiting,
  notifierOf,
  openStoreOf,
  quietLogOf,
} from './session.js';

interface PollOptions extends CommonOptions {
  readonly dryRun?: true;
  readonly for?: number;
}

export const registerPoll: Register = (program, context) => {
  program
    .command('poll')
    .summary('one poll of every source, one attempt of what is due, and out: for cron')
    .description(
      'One poll of every source, then one attempt of each delivery that is due by then, those just made included; waits for no retry. ' +
        'Exit code 1 when a poll failed or a delivery became dead.',
    )
    .option('--dry-run', 'only read: print one JSON line for each event that a poll would make, and deliver nothing')
    .addOption(
      new Option('--for <duration>', 'go on so long: poll on schedule, deliver and retry, then end')
        .argParser(durationArgument)
        .conflicts('dryRun'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier poll --dry-run\n  */5 * * * *  recording-notifier poll --config /etc/notifier.yaml --for 4m',
    )
    .action(async (_, command) => {
      const options: PollOptions = command.optsWithGlobals();
      context.end(options.dryRun ? await dryRun(options, context) : await pollOnce(options, context));
    });
};

async function pollOnce(options: PollOptions, context: CommandContext): Promise<ExitCode> {
  const config = configOf(options, context);
  const log = logOf(config, context);
  return failingInLog(log, config, context, () => pollWith(options, config, log, context));
}

async function pollWith(options: PollOptions, config: Config, log: Log, context: CommandContext): Promise<ExitCode> {
  // What `check` and `run` point out, cron would mail at every poll.
  logNotices(config, { ...log, warn: log.debug });
  const http = httpOf(config, context);
  const opened = await openUnowned(config, context);
  const notifier = notifierOf(config, opened.store, http, log, context);
  const stopped = new Promise<'stopped'>((resolve) => {
    context.onSignal(['SIGTERM', 'SIGINT'], () => resolve('stopped'));
  });
  try {
    logOpened(config, opened, log);
    await notifier.load();
    logWaiting(notifier, log);
    const ended = await Promise.race([stopped, pollAndDeliver(notifier, options.for, stopped, log)]);
    const isFine =
      ended !== 'stopped' && notifier.totals.failedPolls === 0 && notifier.dispatcher.ends.count('dead') === 0;
    return isFine ? EXIT.fine : EXIT.failed;
  } finally {
    await notifier.stop();
    await http.close();
    await opened.store.close();
  }
}

async function openUnowned(config: Config, context: CommandContext): Promise<OpenedStore> {
  try {
    return await openStoreOf(config, 'own', context);
  } catch (error) {
    if (!(error instanceof OwnedError)) throw error;
    throw new CommandError(`${error.message}; that program polls and delivers, so this one is not needed`, {
      cause: error,
    });
  }
}

async function pollAndDeliver(
  notifier: Notifier,
  forMs: number | undefined,
  stopped: Promise<unknown>,
  log: Log,
): Promise<void> {
  let isStopped = false;
  void stopped.then(() => {
    isStopped = true;
  });
  for (const report of await notifier.pollAll()) logMade(report, log);
  await notifier.attemptDue();
  if (isStopped) return;
  const beaten = notifier.beat();
  if (forMs === undefined) {
    await notifier.sweep();
    return beaten;
  }
  notifier.start();
  await Promise.race([stopped, new Promise<void>((resolve) => systemClock.after(forMs, resolve))]);
}

/** What a poll finds has lines of its own, and without news it has none; a person who asked for one wants to know that it was made. */
function logMade({ source, result, phase, rows, available, processing, events, durationMs }: PollReport, log: Log) {
  if (result !== 'complete' || phase !== 'normal') return;
  const fields = { source, rows, available, processing, events, durationMs };
  log.info(fields, events > 0 ? 'poll complete: with news' : 'poll complete: nothing new');
}

/** The same poll on a copy of the memory that is thrown away. */
async function dryRun(options: PollOptions, context: CommandContext): Promise<ExitCode> {
  const config = configOf(options, context);
  const log = quietLogOf(config, context);
  const http = httpOf(config, context);
  const stored = await openIfThere(config, context);
  try {
    const ledger = createLedger(openScratchStore(stored));
    const paused = (await ledger.pauses()).filter(({ kind }) => kind === 'source');
    for (const pause of paused) context.tell(pausedText(pause, config));
    const urls = createUrls({ source: () => undefined, clock: systemClock, random: systemRandom });
    const ports = { clock: systemClock, random: systemRandom, http, log };
    const reports: PollReport[] = [];
    for (const source of config.sources.filter(({ name }) => !paused.some((pause) => pause.name === name))) {
      const events: StoredRecordingEvent[] = [];
      const pollPorts = {
        ...ports,
        ledger,
        urls,
        sha256,
        sinks: () => config.sinks.filter(({ enabled }) => enabled),
        floodLimit: () => config.floodLimit,
        expect: () => () => undefined,
        offer: () => undefined,
        doubt: () => undefined,
        tell: (news: readonly StoredRecordingEvent[]) => void events.push(...news),
      };
      const report = await poll(openPolledSource(source, ports), pollPorts, new AbortController().signal);
      reports.push(report);
      for (const event of events) await context.print(jsonLine(withUrl(event, NO_URL)));
      await tellPoll(report, context);
    }
    return reports.every(({ result }) => result === 'complete') ? EXIT.fine : EXIT.failed;
  } finally {
    await http.close();
    await stored?.close();
  }
}

/** At a first poll how many recordings it would remember; why a poll is not whole goes to the person. */
async function tellPoll(report: PollReport, { print, tell }: CommandContext): Promise<void> {
  const { source, result, reason, phase, rows, rejected, rejectedReasons, available, processing, held } = report;
  if (rejected > 0)
    tell(`${source}: ${rejected} rows are not recordings and were set aside: ${rejectedReasons.join('; ')}`);
  if (held > 0)
    tell(`${source}: ${held} deliveries would be held, since these are more events than delivery.floodLimit.`);
  if (result !== 'complete') tell(`${source}: poll ${result}: ${reason}`);
  else if (phase !== 'normal') {
    const wouldRemember = rememberedBy(report);
    await print(JSON.stringify({ source, firstPoll: true, wouldRemember, rows, available, processing }));
  }
}

async function openIfThere(config: Config, context: CommandContext): Promise<Store | undefined> {
  if (config.store.kind === 'memory') return undefined;
  try {
    return (await openStoreOf(config, 'read', context)).store;
  } catch (error) {
    if (error instanceof StoreMissingError) return undefined;
    throw error;
  }
}
