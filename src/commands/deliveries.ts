import { Option } from 'commander';
import type { Config } from '../config/config.js';
import { listed } from '../config/words.js';
import { DELIVERY_STATES, type Delivery, type DeliveryState } from '../core/delivery.js';
import type { DeliveryId } from '../core/id.js';
import { SINK_WORKS, type SinkState } from '../core/suspension.js';
import type { Ledger } from '../ports.js';
import { createLedger } from '../store/ledger.js';
import { hasOwner } from '../store/open.js';
import { deliveryRow } from '../views/delivery-row.js';
import { pausedText } from '../views/pause-words.js';
import { type CommandContext, type CommonOptions, EXIT, type Register } from './command.js';
import { configForLooking, openStoreOf, storeDependencies } from './session.js';
import { printRows } from './table.js';
import { addTo, heldText, NOTHING_RUNS, sourceOf } from './waiting.js';

interface DeliveriesOptions extends CommonOptions {
  readonly state?: DeliveryState;
  readonly sink?: string;
}

export const registerDeliveries: Register = (program, context) => {
  program
    .command('deliveries')
    .summary('what is on its way, held, delivered, or given up')
    .description('Lists deliveries: one event for one sink each. Works beside a running program.')
    .addOption(new Option('--state <state>', 'only those in this state').choices(DELIVERY_STATES))
    .option('--sink <name>', 'only those for this sink')
    .addHelpText(
      'after',
      '\nExamples:\n  recording-notifier deliveries --state dead\n  recording-notifier deliveries --state held\n  recording-notifier deliveries --sink pipeline --json',
    )
    .action(async (_, command) => {
      const options: DeliveriesOptions = command.optsWithGlobals();
      const config = configForLooking(options, context);
      const { store } = await openStoreOf(config, 'read', context);
      try {
        const ledger = createLedger(store);
        const sinkStates = await ledger.sinkStates();
        const isOwned = await hasOwner(config.store, storeDependencies(context));
        const isAsked = (name: string) => options.sink === undefined || name === options.sink;
        const paused = (await ledger.pauses()).filter(({ kind, name }) => kind === 'sink' && isAsked(name));
        const still = new Set(paused.map(({ name }) => name));
        const waiting = { bySink: new Map<string, number>(), heldBySource: new Map<string, number>() };
        const found = selected(ledger, options, waiting);
        const count = await printRows(
          rows(options.json ? found : newestFirst(found), sinkStates, still),
          COLUMNS,
          options,
          context,
        );
        if (count === 0) context.tell(nothingWords(options, config));
        tellIfDisabled(options, config, waiting.bySink, context);
        const enabled = new Set(config.sinks.filter((sink) => sink.enabled).map(({ name }) => name));
        for (const pause of paused) context.tell(pausedText(pause, config, waiting.bySink.get(pause.name)));
        tellWhoWaits(waiting.bySink, enabled, sinkStates, still, context);
        for (const [source, count] of waiting.heldBySource) context.tell(heldText(source, count));
        if (waiting.bySink.size > 0 && !isOwned) context.tell(NOTHING_RUNS);
      } finally {
        await store.close();
      }
      context.end(EXIT.fine);
    });
};

const COLUMNS = {
  shown: ['createdAt', 'state', 'sink', 'type', 'uuid', 'attempts', 'nextAttemptAt', 'lastError', 'id'],
  leastFirst: ['id', 'lastError', 'attempts', 'nextAttemptAt', 'type', 'createdAt'],
} as const;

/** A person sees the newest first, as far as memory is bounded; a program gets them as they come. */
const SORTED_MAX = 10_000;

async function* newestFirst(deliveries: AsyncIterable<Delivery>): AsyncGenerator<Delivery> {
  let kept: Delivery[] | undefined = [];
  for await (const delivery of deliveries) {
    if (kept === undefined) yield delivery;
    else if (kept.push(delivery) === SORTED_MAX) {
      yield* kept.sort((left, right) => right.createdAtMs - left.createdAtMs);
      kept = undefined;
    }
  }
  yield* kept?.sort((left, right) => right.createdAtMs - left.createdAtMs) ?? [];
}

/** @param waiting gets how many are not finished, of the sink that is asked for */
async function* selected(
  ledger: Ledger,
  { state, sink }: DeliveriesOptions,
  { bySink, heldBySource }: Record<'bySink' | 'heldBySource', Map<string, number>>,
) {
  // One that is finished between the two scans is in both.
  const listed = new Set<DeliveryId>();
  for (const deliveries of [ledger.pending(), ledger.finished()]) {
    for await (const delivery of deliveries) {
      if (listed.has(delivery.id)) continue;
      if (delivery.finishedAtMs === null) listed.add(delivery.id);
      if (sink !== undefined && delivery.sink !== sink) continue;
      if (delivery.state === 'pending') addTo(bySink, delivery.sink);
      if (delivery.state === 'held') addTo(heldBySource, sourceOf(delivery));
      if (state !== undefined && delivery.state !== state) continue;
      yield delivery;
    }
  }
}

async function* rows(
  deliveries: AsyncIterable<Delivery>,
  sinkStates: ReadonlyMap<string, SinkState>,
  paused: ReadonlySet<string>,
) {
  for await (const delivery of deliveries) {
    yield deliveryRow(delivery, sinkStates.get(delivery.sink), paused.has(delivery.sink));
  }
}

function nothingWords({ state, sink }: DeliveriesOptions, { sinks }: Config): string {
  const names = sinks.map(({ name }) => name);
  if (sink !== undefined && !names.includes(sink))
    return `No delivery is stored for "${sink}", and the config has no sink of this name; it has ${listed(names)}.`;
  if (state !== undefined || sink !== undefined)
    return 'No delivery is stored that fits; without --state and --sink all are listed.';
  return 'No delivery is stored: what was there before the first poll makes none, unless its source has firstPoll: announce. "test SINK" sends a sample.';
}

/** Where something waits for it, that is said with how much. */
function tellIfDisabled(
  { sink }: DeliveriesOptions,
  { sinks }: Config,
  waiting: ReadonlyMap<string, number>,
  { tell }: CommandContext,
): void {
  const isDisabled = sinks.some(({ name, enabled }) => name === sink && !enabled);
  if (isDisabled && waiting.size === 0)
    tell(`${sink} has enabled: false, so new events make no delivery for it, and nothing waits for it.`);
}

function tellWhoWaits(
  waiting: ReadonlyMap<string, number>,
  enabled: ReadonlySet<string>,
  states: ReadonlyMap<string, SinkState>,
  paused: ReadonlySet<string>,
  { tell }: CommandContext,
): void {
  for (const [sink, count] of waiting) {
    const { suspension } = states.get(sink) ?? SINK_WORKS;
    if (!enabled.has(sink)) tell(`${count} wait for ${sink}, which is disabled or not in the config.`);
    else if (suspension !== null && !paused.has(sink)) {
      tell(
        `${count} wait for ${sink}, which is suspended (${suspension.reason}: ${suspension.detail}). Redeliver one of them to try it.`,
      );
    }
  }
}
