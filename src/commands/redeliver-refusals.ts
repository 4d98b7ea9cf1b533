import type { Config } from '../config/config.js';
import { listed, suggestion } from '../config/words.js';
import { uuidOf } from '../core/event.js';
import type { RecordingUuid } from '../core/id.js';
import type { Ledger } from '../ports.js';
import { createLedger } from '../store/ledger.js';
import { allDeliveries } from '../views/all-deliveries.js';
import { type CommandContext, UsageError } from './command.js';
import { openStoreOf } from './session.js';

/** What `redeliver` says of what it cannot go by, after a look at the store. */

const DELIVERIES_SHOWN_MAX = 20;

/** Of what is no id: a recording, perhaps, whose deliveries have some. */
export async function notAnId(what: string, config: Config, context: CommandContext): Promise<UsageError> {
  const wrong = `"${what}" is no id; write evt_… or dlv_… with 32 hex digits, as "deliveries" shows them; it shows the evt_… with --json.`;
  // It is asked wrongly, whatever is wrong with the store.
  const recording = await inStore(config, context, (ledger) => recordingWords(what, config, ledger)).catch(
    () => undefined,
  );
  return new UsageError(recording ?? wrong);
}

/** Throws a {@link UsageError} where neither the config nor a delivery in the store has a sink of this name. */
export async function refuseUnknownSink(name: string, config: Config, context: CommandContext): Promise<void> {
  const names = config.sinks.map((sink) => sink.name);
  if (names.includes(name)) return;
  const isStored = await inStore(config, context, async (ledger) => {
    for await (const { sink } of allDeliveries(ledger)) if (sink === name) return true;
    return false;
  });
  if (isStored) return;
  throw new UsageError(
    `--sink ${name}: the config has no sink of this name, and no delivery is stored for one; it has ${listed(names)}${suggestion(name, names) || '.'}`,
  );
}

async function inStore<Result>(
  config: Config,
  context: CommandContext,
  look: (ledger: Ledger) => Promise<Result>,
): Promise<Result> {
  const { store } = await openStoreOf(config, 'read', context);
  return look(createLedger(store)).finally(() => store.close());
}

async function recordingWords(uuid: string, { sources }: Config, ledger: Ledger): Promise<string | undefined> {
  const shown: string[] = [];
  let more = 0;
  for await (const delivery of allDeliveries(ledger)) {
    if (uuidOf(delivery.event) !== uuid) continue;
    const { id, sink, state, event } = delivery;
    if (shown.length < DELIVERIES_SHOWN_MAX) shown.push(`  ${id}  ${sink}  ${state}  ${event.type}`);
    else more += 1;
  }
  if (shown.length > 0) {
    const rest = more === 0 ? [] : [`  and ${more} more: "explain ${uuid}" shows them`];
    const head = `${uuid} is a recording, and these are its deliveries: redeliver one of them by its id, or all of what it is now by "announce ${uuid}".`;
    return [head, ...shown, ...rest].join('\n');
  }
  for (const { name } of sources) {
    const isKnown = (await ledger.recordings(name, [uuid as RecordingUuid])).size > 0;
    if (isKnown) return `${uuid} is a recording, and no delivery of it is stored: "announce ${uuid}" makes them.`;
  }
  return undefined;
}
