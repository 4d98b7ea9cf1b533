import type { Config } from '../config/config.js';
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

/** What commands of the class *requests* share: without an owner they take ownership and do it, beside one they ask it. */

/** What came of an order. */
export interface CarriedOut {
  readonly lines: readonly OrderLine[];
  /** What came of the attempts of this process; undefined where the owner makes them. */
  readonly attempted: { readonly delivered: number; readonly dead: number } | undefined;
}

/** What this process does besides, given what came of the order. */
type Afterwards = (notifier: Notifier, lines: readonly OrderLine[]) => Promise<void>;

/** @param afterwards what this process does besides, when it is the owner */
export async function carryOut(
  order: Order,
  config: Config,
  context: CommandContext,
  afterwards: Afterwards = async () => undefined,
): Promise<CarriedOut> {
  const alone = config.isPart ? undefined : await aloneOrUndefined(order, config, context, afterwards);
  return alone ?? (await besideOwner(order, config, context));
}

export async function printLines(
  lines: readonly OrderLine[],
  { json }: Pick<CommonOptions, 'json'>,
  { print }: CommandContext,
): Promise<void> {
  for (const line of lines) await print(json ? JSON.stringify(line) : printable(textOf(line)));
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
  isFor: (sink: string) => boolean,
  config: Config,
  context: CommandContext,
): Promise<number> {
  const { store } = await openStoreOf(config, 'read', context);
  try {
    let count = 0;
    for await (const { state, sink } of createLedger(store).pending())
      if (state === 'pending' && isFor(sink)) count += 1;
    return count;
  } finally {
    await store.close();
  }
}

/** Takes ownership, does it, and lets go; undefined when another process owns the store. */
async function aloneOrUndefined(
  order: Order,
  config: Config,
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
    const lines = await Array.fromAsync(notifier.carryOut(order));
    await afterwards(notifier, lines);
    const { deliveredCount: delivered, deadCount: dead } = notifier.dispatcher;
    return { lines, attempted: { delivered, dead } };
  } finally {
    await notifier.stop();
    await http.close();
    await opened.store.close();
  }
}

async function besideOwner(order: Order, config: Config, context: CommandContext): Promise<CarriedOut> {
  const { store } = await openStoreOf(config, 'request', context);
  try {
    const { error, lines, more } = await askOwner(order, nonce(), {
      store,
      clock: systemClock,
      isOwned: () => hasOwner(config.store, storeDependencies(context)),
    });
    if (error !== null) throw new CommandError(`the running program could not do it: ${error}`);
    if (more > 0) context.tell(`${more} more were attempted; "deliveries" shows how they stand.`);
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
