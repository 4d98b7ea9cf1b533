import { Option } from 'commander';
import type { Config } from '../config/config.js';
import type { RedeliverOrder } from '../core/order.js';
import { systemClock } from '../system.js';
import { durationArgument } from './arguments.js';
import { type CommandContext, type CommonOptions, type ExitCode, type Register, UsageError } from './command.js';
import { carryOut, exitCodeOf } from './orders.js';
import { notAnId, refuseUnknownSink } from './redeliver-refusals.js';
import { configForAsking, noEnabledSink } from './session.js';

interface RedeliverOptions extends CommonOptions {
  readonly dead?: true;
  readonly notDiscarded?: true;
  readonly sink?: string;
  readonly to?: string;
  readonly since?: number;
}

export const registerRedeliver: Register = (program, context) => {
  program
    .command('redeliver')
    .argument('[id...]', 'event ids (evt_…: all sinks, or --sink) or delivery ids (dlv_…)')
    .summary('deliver again: one attempt at once, then a new schedule')
    .description(
      'Makes one attempt at once, then starts the retry schedule anew; the event keeps its id. A suspended sink is tried. Beside a running ' +
        'program the request is left in the store and the answer waited for. Exit code 1 when anything was not delivered.',
    )
    .option('--dead', 'all dead deliveries, what was discarded among them, in place of ids')
    .option('--not-discarded', 'with --dead: not what somebody discarded')
    .option('--sink <name>', 'only those for this sink')
    .option('--to <name>', 'move them to this sink; with --dead, what it has not been told already')
    .addOption(
      new Option('--since <duration>', 'with --dead: only those given up within this time').argParser(durationArgument),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier redeliver evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d\n  recording-notifier redeliver --dead --sink pipeline --since 2d\n' +
        '  recording-notifier redeliver --dead --sink old-hook --to new-hook',
    )
    .action(async (ids: readonly string[], _, command) => {
      const options: RedeliverOptions = command.optsWithGlobals();
      const config = await configForAsking(options, context);
      context.end(await redeliver(await orderOf(ids, options, config, context), config, options, context));
    });
};

async function orderOf(
  ids: readonly string[],
  options: RedeliverOptions,
  config: Config,
  context: CommandContext,
): Promise<RedeliverOrder> {
  const { dead = false, sink = null, to = null, since } = options;
  if (dead === ids.length > 0)
    throw new UsageError('Name ids, as "deliveries" shows them, or --dead for all that are dead.');
  if (since !== undefined && !dead) throw new UsageError('--since goes with --dead.');
  if (options.notDiscarded && !dead) throw new UsageError('--not-discarded goes with --dead.');
  const unknown = ids.find((id) => !/^(evt|dlv)_[0-9a-f]{32}$/.test(id));
  if (unknown !== undefined) throw await notAnId(unknown, config, context);
  if (sink !== null) await refuseUnknownSink(sink, config, context);
  if (!config.isPart && to !== null && !config.sinks.some(({ name, enabled }) => name === to && enabled)) {
    throw new UsageError(noEnabledSink('--to', to, config));
  }
  const sinceMs = since === undefined ? null : systemClock.nowMs() - since;
  const some = options.notDiscarded === undefined ? {} : { sparesDiscarded: options.notDiscarded };
  return { kind: 'redeliver', ids, dead, ...some, sink, to, sinceMs };
}

async function redeliver(
  order: RedeliverOrder,
  config: Config,
  options: RedeliverOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const done = await carryOut(order, config, options, context);
  if (done.lines.length === 0)
    context.tell('Nothing fits, so nothing was delivered; "deliveries" lists what there is.');
  if (done.lines.some(({ result }) => result === 'skipped'))
    context.tell(
      `Skipped is what ${order.to} has been told already, or is about to be; it stays dead. "redeliver dlv_… --to ${order.to}" repeats it.`,
    );
  return exitCodeOf(done);
}
