import { Option } from 'commander';
import type { Config } from '../config/config.js';
import type { RedeliverLine, RedeliverOrder } from '../core/redelivery.js';
import { jsonLine } from '../observe/printable.js';
import { OwnedError } from '../store/errors.js';
import { hasOwner } from '../store/open.js';
import { askOwner } from '../store/requests.js';
import { nonce, systemClock } from '../system.js';
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
import { configOf, httpOf, notifierOf, openStoreOf, quietLogOf, storeDependencies } from './session.js';

interface RedeliverOptions extends CommonOptions {
  readonly dead?: true;
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
      'Makes one attempt at once, then starts the retry schedule anew; the event keeps its id. A suspended sink is tried. Beside a running\n' +
        'program the request is left in the store and the answer waited for. Exit code 1 when anything was not delivered.',
    )
    .option('--dead', 'all dead deliveries, in place of ids')
    .option('--sink <name>', 'only those for this sink')
    .option('--to <name>', 'move them to this sink')
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
      const config = configOf(options, context);
      context.end(await redeliver(orderOf(ids, options, config), config, options, context));
    });
};

function orderOf(ids: readonly string[], options: RedeliverOptions, config: Config): RedeliverOrder {
  const { dead = false, sink = null, to = null, since } = options;
  if (dead === ids.length > 0) throw new UsageError('Name ids, or --dead for all that are dead.');
  if (since !== undefined && !dead) throw new UsageError('--since goes with --dead.');
  const unknown = ids.find((id) => !/^(evt|dlv)_[0-9a-f]{32}$/.test(id));
  if (unknown !== undefined)
    throw new UsageError(
      `"${unknown}" is no id; write evt_… or dlv_… with 32 hex digits, as "deliveries --json" shows them.`,
    );
  if (to !== null && !config.sinks.some(({ name, enabled }) => name === to && enabled)) {
    throw new UsageError(`--to ${to}: the config has no enabled sink of this name.`);
  }
  return { ids, dead, sink, to, sinceMs: since === undefined ? null : systemClock.nowMs() - since };
}

async function redeliver(
  order: RedeliverOrder,
  config: Config,
  options: RedeliverOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const lines = (await aloneOrUndefined(order, config, context)) ?? (await besideOwner(order, config, context));
  for (const line of lines) await context.print(options.json ? jsonLine(line) : textOf(line));
  if (lines.length === 0) context.tell('Nothing fits, so nothing was delivered.');
  return lines.every(({ result }) => result === 'delivered') ? EXIT.fine : EXIT.failed;
}

/** Takes ownership, makes the attempts, and lets go; undefined when another process owns the store. */
async function aloneOrUndefined(
  order: RedeliverOrder,
  config: Config,
  context: CommandContext,
): Promise<RedeliverLine[] | undefined> {
  // Asked first, since a command must not make a store.
  await (await openStoreOf(config, 'read', context)).store.close();
  const opened = await openStoreOf(config, 'own', context).catch((error: unknown) => {
    if (error instanceof OwnedError) return undefined;
    throw error;
  });
  if (opened === undefined) return undefined;
  const http = httpOf(config, context);
  const notifier = notifierOf(config, opened.store, http, quietLogOf(config, context), context);
  try {
    await notifier.load();
    return await Array.fromAsync(notifier.redeliver(order));
  } finally {
    await notifier.stop();
    await http.close();
    await opened.store.close();
  }
}

async function besideOwner(
  order: RedeliverOrder,
  config: Config,
  context: CommandContext,
): Promise<readonly RedeliverLine[]> {
  const { store } = await openStoreOf(config, 'request', context);
  try {
    const { error, lines, more } = await askOwner(order, nonce(), {
      store,
      clock: systemClock,
      isOwned: () => hasOwner(config.store, storeDependencies(context)),
    });
    if (error !== null) throw new CommandError(`the running program could not do it: ${error}`);
    if (more > 0) context.tell(`${more} more were attempted; "deliveries" shows how they stand.`);
    return lines;
  } finally {
    await store.close();
  }
}

function textOf({ id, sink, result, detail }: RedeliverLine): string {
  return [id, ...(sink === null ? [] : [sink]), result, ...(detail === '' ? [] : [detail])].join('  ');
}
