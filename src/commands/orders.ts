import type { Config } from '../config/config.js';
import type { Order, OrderLine } from '../core/order.js';
import type { Notifier } from '../notifier.js';
import { printable } from '../observe/printable.js';
import { OwnedError } from '../store/errors.js';
import { hasOwner } from '../store/open.js';
import { askOwner } from '../store/requests.js';
import { nonce, systemClock } from '../system.js';
import { type CommandContext, CommandError, type CommonOptions } from './command.js';
import { httpOf, notifierOf, openStoreOf, quietLogOf, storeDependencies } from './session.js';

/** What commands of the class *requests* share: without an owner they take ownership and do it, beside one they ask it. */

/** What came of an order. */
export interface CarriedOut {
  readonly lines: readonly OrderLine[];
  /** What came of the attempts of this process; undefined where the owner makes them. */
  readonly attempted: { readonly delivered: number; readonly dead: number } | undefined;
}

/** @param afterwards what this process does besides, when it is the owner */
export async function carryOut(
  order: Order,
  config: Config,
  context: CommandContext,
  afterwards: (notifier: Notifier) => Promise<void> = async () => undefined,
): Promise<CarriedOut> {
  return (await aloneOrUndefined(order, config, context, afterwards)) ?? (await besideOwner(order, config, context));
}

export async function printLines(
  lines: readonly OrderLine[],
  { json }: Pick<CommonOptions, 'json'>,
  { print }: CommandContext,
): Promise<void> {
  for (const line of lines) await print(json ? JSON.stringify(line) : printable(textOf(line)));
}

/** Takes ownership, does it, and lets go; undefined when another process owns the store. */
async function aloneOrUndefined(
  order: Order,
  config: Config,
  context: CommandContext,
  afterwards: (notifier: Notifier) => Promise<void>,
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
    await afterwards(notifier);
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
  if ('count' in line) return `${line.count} ${line.result}  ${line.source}  ${line.sink}`;
  const { id, sink, result, detail } = line;
  return [id, ...(sink === null ? [] : [sink]), result, ...(detail === '' ? [] : [detail])].join('  ');
}
