import type { SinkConfig } from '../config/config.js';
import { batchOf, isCollectable, membersOf } from '../core/batch.js';
import type { Delivery } from '../core/delivery.js';
import { type DeliveryId, type DigestId, digestIdOf } from '../core/id.js';
import type { Knowledge } from './story-facts.js';

/** What a delivery that is pending goes with. */
export type Company =
  /** It waits for others; more may come. */
  | { readonly kind: 'collected'; readonly others: number; readonly latestMs: number }
  /** They are stored as going together, so that nobody joins them. */
  | { readonly kind: 'batch'; readonly digest: DigestId; readonly others: number };

/** Of those that go with others, as far as the store knows: in a program that is about to stop, nobody waits. */
export async function companiesOf(
  deliveries: readonly Delivery[],
  knowledge: Knowledge,
): Promise<ReadonlyMap<DeliveryId, Company>> {
  const { config } = knowledge;
  const able = new Map(
    config.sinks.filter(({ definition }) => definition.deliverDigest).map((each) => [each.name, each]),
  );
  const pending = deliveries.filter(({ state, sink }) => state === 'pending' && able.has(sink));
  const waiting = pending.filter((each) => isCollectable(each) && able.get(each.sink)?.digest !== undefined);
  const collected = await collectedFor(new Set(waiting.map(({ sink }) => sink)), knowledge);
  const companies = new Map<DeliveryId, Company>();
  for (const delivery of waiting) {
    const company = waitingCompany(delivery, able.get(delivery.sink), collected.get(delivery.sink));
    if (company !== undefined) companies.set(delivery.id, company);
  }
  for (const delivery of pending) {
    const company = await batchCompany(delivery, knowledge);
    if (company !== undefined) companies.set(delivery.id, company);
  }
  return companies;
}

/** What a sink has collected so far. */
interface Collected {
  readonly count: number;
  readonly oldestMs: number;
}

async function collectedFor(
  sinks: ReadonlySet<string>,
  { ledger }: Knowledge,
): Promise<ReadonlyMap<string, Collected>> {
  const found = new Map<string, Collected>();
  if (sinks.size === 0) return found;
  for await (const delivery of ledger.pending()) {
    if (delivery.state !== 'pending' || !sinks.has(delivery.sink) || !isCollectable(delivery)) continue;
    const { count, oldestMs } = found.get(delivery.sink) ?? { count: 0, oldestMs: Number.POSITIVE_INFINITY };
    found.set(delivery.sink, { count: count + 1, oldestMs: Math.min(oldestMs, dueMs(delivery)) });
  }
  return found;
}

/** The oldest sets the time; of more than one message takes, a later one may take this delivery. */
function waitingCompany(
  delivery: Delivery,
  sink: SinkConfig | undefined,
  collected: Collected | undefined,
): Company | undefined {
  if (sink?.digest === undefined) return undefined;
  const { everyMs, max } = sink.digest;
  const { count, oldestMs } = collected ?? { count: 1, oldestMs: dueMs(delivery) };
  const fromMs = count > max ? dueMs(delivery) : oldestMs;
  return { kind: 'collected', others: Math.min(count, max) - 1, latestMs: fromMs + everyMs };
}

/** Who has left a batch does not go with it; the last one that is left goes by itself. */
async function batchCompany(delivery: Delivery, { ledger, sha256 }: Knowledge): Promise<Company | undefined> {
  const batch = batchOf(delivery);
  if (batch === undefined) return undefined;
  const ids = membersOf(batch, await ledger.deliveries(batch.members)).map(({ id }) => id);
  return ids.length < 2 ? undefined : { kind: 'batch', digest: digestIdOf(sha256, ids), others: ids.length - 1 };
}

function dueMs({ nextAttemptAtMs, createdAtMs }: Delivery): number {
  return nextAttemptAtMs ?? createdAtMs;
}
