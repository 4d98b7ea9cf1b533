import { Option } from 'commander';
import { ArchiveError } from '../archive/define.js';
import type { NamedSource } from '../archive/drain.js';
import type { ArchivePlace } from '../archive/place.js';
import type { Config } from '../config/config.js';
import { openPolledSource } from '../engine/polled-source.js';
import type { HttpClient, Log } from '../ports.js';
import { systemClock, systemRandom } from '../system.js';
import { byteRateArgument, countArgument } from './arguments.js';
import {
  type CommandContext,
  CommandError,
  type CommonOptions,
  EXIT,
  type ExitCode,
  type Register,
  UsageError,
} from './command.js';
import { holdArchive, openPlace } from './drain-place.js';
import { type DrainScene, drainInto, survey } from './drain-run.js';
import { verify } from './drain-verify.js';
import { configOf, httpOf, quietLogOf } from './session.js';

export interface DrainCommandOptions extends CommonOptions {
  readonly to?: string;
  readonly source?: string;
  readonly dryRun?: true;
  readonly verify?: true;
  readonly concurrency: number;
  readonly maxRate?: number;
  readonly rounds: number;
}

const CONCURRENCY_MAX = 64;
const WALK_WAITS_MS = [5_000, 30_000, 120_000];
/** Of the rounds; later ones wait as long as the last. */
const ROUND_WAITS_MS = [1_000, 30_000];
const ROUND_WAIT_MS_MAX = 300_000;

export const registerDrain: Register = (program, context) => {
  program
    .command('drain')
    .summary('archive everything that the account has')
    .description(
      'Archives every available recording that the sources list, whatever was announced or remembered. Needs no store, and works beside a\n' +
        'running program. What is in the archive is not fetched again: stop it and start it whenever you like.\n' +
        'Exit code 1 when anything that a list shows is not in the archive; what is in processing counts.',
    )
    .option(
      '--to <place>',
      'a folder, or s3://bucket/prefix; default: where the only archive sink of the config stores',
    )
    .option('--source <name>', 'of this source alone')
    .option('--concurrency <n>', 'recordings at once', countArgument, 4)
    .option('--max-rate <rate>', 'of all downloads together, such as 20MB/s', byteRateArgument)
    .option('--rounds <n>', 'how often what failed is tried again in the end', countArgument, 3)
    .option('--dry-run', 'only read the lists: how many are there, how many are archived, about how much is to come')
    .addOption(
      new Option('--verify', 'read the archive instead, and hold every file against what was archived').conflicts([
        'dryRun',
        'source',
      ]),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier drain --dry-run\n  recording-notifier drain --to ./archive --max-rate 20MB/s\n' +
        '  recording-notifier drain --to s3://bucket/recordings --json > report.jsonl\n  recording-notifier drain --verify',
    )
    .action(async (_, command) => {
      const options: DrainCommandOptions = command.optsWithGlobals();
      try {
        context.end(await drain(options, context));
      } catch (error) {
        throw error instanceof ArchiveError ? new CommandError(error.message) : error;
      }
    });
};

async function drain(options: DrainCommandOptions, context: CommandContext): Promise<ExitCode> {
  const { concurrency, json = false } = options;
  if (concurrency < 1 || concurrency > CONCURRENCY_MAX)
    throw new UsageError(`--concurrency ${concurrency}: write 1 to ${CONCURRENCY_MAX}.`);
  const config = configOf(options, context);
  const place = openPlace(options, config, context);
  const signal = stopSignal(context);
  if (options.verify) return verify({ place, json, context, signal }).finally(() => place.target.close());
  let clear: () => void = () => undefined;
  const log = clearing(quietLogOf(config, context), () => clear());
  const http = httpOf(config, context);
  const scene: DrainScene = {
    ...{ place, http, json, context, signal },
    sources: sourcesOf(options, config, http, log),
    onDraw: (clearLine) => {
      clear = clearLine;
    },
  };
  const roundWaitsMs = Array.from({ length: options.rounds }, (_, round) => ROUND_WAITS_MS[round] ?? ROUND_WAIT_MS_MAX);
  const drainOptions = { concurrency, roundWaitsMs, walkWaitsMs: WALK_WAITS_MS };
  try {
    return options.dryRun
      ? await survey(scene, drainOptions)
      : await owning(place, () => drainInto(scene, drainOptions));
  } finally {
    await http.close();
    await place.target.close();
  }
}

/** One drain at a time works on an archive; the sink of a running program works beside it. */
async function owning(place: ArchivePlace, work: () => Promise<ExitCode>): Promise<ExitCode> {
  await place.target.open();
  const lock = holdArchive(place.target.label);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

function sourcesOf(
  { source: wanted }: DrainCommandOptions,
  { sources }: Config,
  http: HttpClient,
  log: Log,
): readonly NamedSource[] {
  const chosen = sources.filter(({ name }) => wanted === undefined || name === wanted);
  if (chosen.length === 0) {
    throw new UsageError(`--source ${wanted}: the config has ${sources.map(({ name }) => name).join(', ')}.`);
  }
  return chosen.map((each) => {
    const { source } = openPolledSource(each, { http, log, clock: systemClock, random: systemRandom });
    return { name: each.name, source, address: source.address, emptyList: each.emptyList };
  });
}

/** Aborted by the first signal; the second one ends the process. */
function stopSignal({ onSignal, exitNow, tell }: CommandContext): AbortSignal {
  const stop = new AbortController();
  onSignal(['SIGTERM', 'SIGINT'], () => {
    if (stop.signal.aborted) exitNow(EXIT.interrupted);
    stop.abort();
    tell('stopping: what has come of unfinished files is kept; a second signal ends at once');
  });
  return stop.signal;
}

/** Before each line of the log the drawn one is taken away. */
function clearing(log: Log, clear: () => void): Log {
  const write = (level: keyof Log) => (fields: Parameters<Log['warn']>[0], message: string) => {
    clear();
    log[level](fields, message);
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
