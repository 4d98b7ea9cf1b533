import type { DecideOrder, OrderLine } from '../core/order.js';
import { type CommandContext, type CommonOptions, EXIT, type ExitCode, type Register } from './command.js';
import { carryOut, tellAttempted } from './orders.js';
import { configForAsking } from './session.js';

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
  const config = await configForAsking(options, context);
  const { lines, attempted } = await carryOut({ kind, source }, config, options, context, async ({ dispatcher }) => {
    // Of all sinks: a release that was killed may have left some of which nothing is held any more.
    if (kind === 'release') await dispatcher.attemptDue();
  });
  if (lines.length === 0) context.tell(source === null ? 'Nothing is held.' : `Nothing of ${source} is held.`);
  if (kind === 'discard' || lines.length === 0) return EXIT.fine;
  return tellAttempted(attempted, sinksIn(lines), config, context);
}

/** Of which sinks the order was. */
function sinksIn(lines: readonly OrderLine[]): (sink: string) => boolean {
  const sinks = new Set(lines.map((line) => 'sink' in line && line.sink));
  return (sink) => sinks.has(sink);
}
