import type { Config } from '../config/config.js';
import type { AnnounceOrder } from '../core/order.js';
import { type CommonOptions, type Register, UsageError } from './command.js';
import { carryOut, exitCodeOf } from './orders.js';
import { configForAsking, noEnabledSink } from './session.js';

interface AnnounceOptions extends CommonOptions {
  readonly sink?: string;
}

export const registerAnnounce: Register = (program, context) => {
  program
    .command('announce')
    .argument('<uuid...>', 'recordings that are available, as "recordings" lists them')
    .summary('tell that a recording is available, again or for the first time')
    .description(
      'Delivers recording.available of what the recording is now to every sink that wants it, also of one that a first poll remembered ' +
        'silently. The event keeps its id; what was delivered is delivered again. Exit code 1 when anything was not delivered.',
    )
    .option('--sink <name>', 'to this sink, whatever its events and only say')
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier announce 0b1f7a52-6f0e-4a55-9a3c-8c1f0d6b2e11\n  recording-notifier announce --sink pipeline UUID UUID',
    )
    .action(async (uuids: readonly string[], _, command) => {
      const options: AnnounceOptions = command.optsWithGlobals();
      const config = await configForAsking(options, context);
      context.end(exitCodeOf(await carryOut(orderOf(uuids, options, config), config, options, context)));
    });
};

function orderOf(uuids: readonly string[], options: AnnounceOptions, config: Config): AnnounceOrder {
  const { sink = null } = options;
  if (!config.isPart && sink !== null && !config.sinks.some(({ name, enabled }) => name === sink && enabled)) {
    throw new UsageError(noEnabledSink('--sink', sink, config));
  }
  return { kind: 'announce', uuids, sink };
}
