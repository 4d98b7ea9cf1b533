import type { Config } from '../config/config.js';
import { isDone, KeptLines } from '../core/kept-lines.js';
import type { Order, OrderLine, PauseLine } from '../core/order.js';
import type { Notifier } from '../notifier.js';
import { printable } from '../observe/printable.js';
import { OwnedError } from '../store/errors.js';
import { createLedger } from '../store/ledger.js';
import { hasOwner } from '../store/open.js';
import { askOwner } from '../store/requests.js';
import { nonce, systemClock } from '../system.js';
import { type CommandContext, CommandError, type CommonOptions, EXIT, type ExitCode } from './command.js';
import { httpOf, notifierOf, openStoreOf, quietLogOf, storeDependencies } from './session.js';
import { addTo } from './waiting.js';

/** What commands of the class *requests* share: without an owner they take ownership and do it, beside one they ask it. */

/** What came of an order. */
export interface CarriedOut {
  /** The first, and what was not well. */
  readonly lines: readonly OrderLine[];
  /** What came of the attempts of this process, by sink; undefined where the owner makes them. */
  readonly attempted: ReadonlyMap<string, { readonly delivered: number; readonly dead: number }> | undefined;
}

/** What this process does besides, given what came of the order. */
type Afterwards = (notifier: Notifier, lines: readonly OrderLine[]) => Promise<void>;

/**
 * Does it and prints what comes of it, as it comes; of very much the first, and how much more there was.
 *
 * @param afterwards what this process does besides, when it is the owner
 */
export async function carryOut(
  order: Order,
  config: Config,
  options: Pick<CommonOptions, 'json'>,
  context: CommandContext,
  afterwards: Afterwards = async () => undefined,
): Promise<CarriedOut> {
  const alone = config.isPart ? undefined : await aloneOrUndefined(order, config, options, context, afterwards);
  return alone ?? (await besideOwner(order, config, options, context));
}

/** 1 where something is not delivered that was to be. */
export function exitCodeOf({ lines }: CarriedOut): ExitCode {
  return lines.every(isDone) ? EXIT.fine : EXIT.failed;
}

async function printLine(
  line: OrderLine,
  { json }: Pick<CommonOptions, 'json'>,
  { print }: CommandContext,
): Promise<void> {
  await print(json ? JSON.stringify(line) : printable(textOf(line)));
}

function tellMore(more: number, { tell }: CommandContext): void {
  if (more > 0) tell(`${more} more were attempted; "deliveries" shows how they stand.`);
}

/**
 * How much went at once, and how much waits for the sinks that it is for; a running program has only begun when it answers.
 *
 * @param isFor of which sinks deliveries are counted that wait
 */
export async function tellAttempted(
  attempted: CarriedOut['attempted'],
  isFor: (sink: string) => boolean,
  config: Config,
  context: CommandContext,
): Promise<ExitCode> {
  if (attempted === undefined) {
    context.tell('The running program sends them; "deliveries" shows how they stand.');
    return EXIT.fine;
  }
  const waiting = await countWaiting(isFor, config, context);
  const sinks = [...new Set([...attempted.keys(), ...waiting.keys()])].sort();
  const words = sinks.map((sink) => {
    const { delivered, dead } = attempted.get(sink) ?? { delivered: 0, dead: 0 };
    const waits = waiting.get(sink) ?? 0;
    return `${sink}: ${[`${delivered} delivered`, ...(dead > 0 ? [`${dead} dead`] : []), ...(waits > 0 ? [`${waits} waiting`] : [])].join(', ')}`;
  });
  const advice = waiting.size > 0 ? ' "run" or "poll" tries again what waits.' : '';
  context.tell(
    `Attempted at once: ${words.length === 0 ? 'nothing, since nothing waits' : words.join('; ')}.${advice}`,
  );
  const isFine = waiting.size === 0 && [...attempted.values()].every(({ dead }) => dead === 0);
  return isFine ? EXIT.fine : EXIT.failed;
}

/** By sink. */
async function countWaiting(
  isFor: (sink: string) => boolean,
  config: Config,
  context: CommandContext,
): Promise<ReadonlyMap<string, number>> {
  const { store } = await openStoreOf(config, 'read', context);
  const counts = new Map<string, number>();
  try {
    for await (const { state, sink } of createLedger(store).pending())
      if (state === 'pending' && isFor(sink)) addTo(counts, sink);
    return counts;
  } finally {
    await store.close();
  }
}

/** Takes ownership, does it, and lets go; undefined when another process owns the store. */
async function aloneOrUndefined(
  order: Order,
  config: Config,
  options: Pick<CommonOptions, 'json'>,
  context: CommandContext,
  afterwards: Afterwards,
): Promise<CarriedOut | undefined> {
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
    const kept = new KeptLines();
    for await (const line of notifier.carryOut(order)) if (kept.add(line)) await printLine(line, options, context);
    tellMore(kept.more, context);
    await afterwards(notifier, kept.lines);
    return { lines: kept.lines, attempted: notifier.dispatcher.ends.bySink };
  } finally {
    await notifier.stop();
    await http.close();
    await opened.store.close();
  }
}

async function besideOwner(
  order: Order,
  config: Config,
  options: Pick<CommonOptions, 'json'>,
  context: CommandContext,
): Promise<CarriedOut> {
  const { store } = await openStoreOf(config, 'request', context);
  try {
    const { error, lines, more } = await askOwner(order, nonce(), {
      store,
      clock: systemClock,
      isOwned: () => hasOwner(config.store, storeDependencies(context)),
    });
    if (error !== null) throw new CommandError(`the running program could not do it: ${error}`);
    for (const line of lines) await printLine(line, options, context);
    tellMore(more, context);
    return { lines, attempted: undefined };
  } finally {
    await store.close();
  }
}

function textOf(line: OrderLine): string {
  if ('kind' in line) return pauseWords(line);
  if ('count' in line) return `${line.count} ${line.result}  ${line.source}  ${line.sink}`;
  const { id, sink, result, detail } = line;
  return [id, ...(sink === null ? [] : [sink]), result, ...(detail === '' ? [] : [detail])].join('  ');
}

function pauseWords({ kind, name, result, since }: PauseLine): string {
  const words = {
    paused: `paused since ${since}; "resume ${name}" ends that`,
    already_paused: `paused already, since ${since}`,
    resumed: `resumed; it was paused since ${since}`,
    not_paused: 'not paused, so there is nothing to resume',
  };
  return `${kind} ${name}: ${words[result]}`;
}
