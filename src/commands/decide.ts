import type { Config } from '../config/config.js';
import type { DecideOrder, OrderLine } from '../core/order.js';
import { createLedger } from '../store/ledger.js';
import { type CommandContext, type CommonOptions, EXIT, type ExitCode, type Register } from './command.js';
import { type CarriedOut, carryOut, printLines } from './orders.js';
import { configOf, openStoreOf } from './session.js';

interface DecideOptions extends CommonOptions {
  readonly source?: string;
}

export const registerRelease: Register = (program, context) => {
  program
    .command('release')
    .summary('send what is held')
    .description(
      'Sends every delivery that is held since a poll made more events than delivery.floodLimit. Without a running program each is attempted ' +
        'once, and exit code 1 says that not all of it was delivered; what failed waits for its retry. Prints how many, by source and sink.',
    )
    .option('--source <name>', 'only those of this source')
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier deliveries --state held\n  recording-notifier release --source production',
    )
    .action(async (_, command) => {
      context.end(await decide('release', command.optsWithGlobals(), context));
    });
};

export const registerDiscard: Register = (program, context) => {
  program
    .command('discard')
    .summary('give up what is held')
    .description(
      'Gives up every delivery that is held since a poll made more events than delivery.floodLimit: it is dead, for the reason "discarded", ' +
        'and "redeliver" can still send it. Prints how many, by source and sink.',
    )
    .option('--source <name>', 'only those of this source')
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier deliveries --state held\n  recording-notifier discard --source production',
    )
    .action(async (_, command) => {
      context.end(await decide('discard', command.optsWithGlobals(), context));
    });
};

async function decide(kind: DecideOrder['kind'], options: DecideOptions, context: CommandContext): Promise<ExitCode> {
  const { source = null } = options;
  const config = configOf(options, context);
  const { lines, attempted } = await carryOut({ kind, source }, config, context, async ({ dispatcher }) => {
    if (kind === 'release') await dispatcher.attemptDue();
  });
  await printLines(lines, options, context);
  if (lines.length === 0) context.tell(source === null ? 'Nothing is held.' : `Nothing of ${source} is held.`);
  if (kind === 'discard' || lines.length === 0) return EXIT.fine;
  return tellAttempted(attempted, lines, config, context);
}

/** How much went at once, and how much waits for the sinks that it is for; a running program has only begun when it answers. */
async function tellAttempted(
  attempted: CarriedOut['attempted'],
  lines: readonly OrderLine[],
  config: Config,
  context: CommandContext,
): Promise<ExitCode> {
  if (attempted === undefined) {
    context.tell('The running program sends them; "deliveries" shows how they stand.');
    return EXIT.fine;
  }
  const waiting = await countWaiting(new Set(lines.map(({ sink }) => sink)), config, context);
  const { delivered, dead } = attempted;
  const parts = [
    `${delivered} delivered`,
    ...(dead > 0 ? [`${dead} dead`] : []),
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
  ];
  const advice = waiting > 0 ? '; "run" or "poll" tries again what waits' : '';
  context.tell(`Attempted at once: ${parts.join(', ')}${advice}.`);
  return waiting + dead === 0 ? EXIT.fine : EXIT.failed;
}

async function countWaiting(
  sinks: ReadonlySet<string | null>,
  config: Config,
  context: CommandContext,
): Promise<number> {
  const { store } = await openStoreOf(config, 'read', context);
  try {
    let count = 0;
    for await (const { state, sink } of createLedger(store).pending())
      if (state === 'pending' && sinks.has(sink)) count += 1;
    return count;
  } finally {
    await store.close();
  }
}
