import type { SinkConfig } from '../config/config.js';
import { attemptIdOf } from '../core/attempt-id.js';
import { afterAttempt, type Delivery, type Verdict, waitForUrl } from '../core/delivery.js';
import { type FreshUrl, isRecordingEvent, NO_URL, type NotifierEvent, withUrl } from '../core/event.js';
import type { Outcome } from '../core/failure.js';
import { digestIdOf, type Sha256 } from '../core/id.js';
import { type AttemptPorts, attemptOnce, isDigest, type Message } from './attempt.js';
import { logAttempt, logUrlWait } from './attempt-log.js';
import type { Observer } from './observer.js';
import type { Repeats } from './repeats.js';
import type { Urls } from './urls.js';

export interface MakeAttemptPorts extends AttemptPorts {
  readonly urls: Urls;
  readonly repeats: Repeats;
  readonly sha256: Sha256;
  readonly observer?: Observer | undefined;
  /** Called when the receiver has taken it, before that is stored. */
  readonly accepted: () => void;
  /** One write. Resolves once it is stored. */
  readonly save: (deliveries: readonly Delivery[], outcome?: Outcome) => Promise<void>;
}

/**
 * Finds the URLs, makes the attempt, and stores and logs what became of it. Rejects when that could not be stored.
 *
 * @param deliveries one, or the members of a batch: what becomes of one becomes of all
 * @param stop       aborted when the notifier cannot wait any longer
 * @returns a verdict for each, all with the same effect
 */
export async function makeAttempt(
  sink: SinkConfig,
  deliveries: readonly [Delivery, ...Delivery[]],
  trial: boolean,
  ports: MakeAttemptPorts,
  stop: AbortSignal,
): Promise<readonly Verdict[]> {
  const { clock, urls, random, save } = ports;
  const { fresh, lack } = await urls.urlsFor(deliveries, stop);
  const postponed = lack && waiting(deliveries, clock.nowMs(), lack.waitMs, stop);
  if (postponed !== undefined) return postpone(deliveries, postponed, lack?.detail ?? '', ports);
  const startedAtMs = clock.nowMs();
  const startedMs = clock.monotonicMs();
  const message = messageOf(deliveries, fresh, ports.sha256);
  const outcome = await attempted(sink, deliveries, message, ports, stop);
  const durationMs = clock.monotonicMs() - startedMs;
  const digest = isDigest(message) ? { id: message.id, events: message.events.length } : undefined;
  const facts = { startedAtMs, nowMs: clock.nowMs(), durationMs, random: random(), retry: sink.retry, trial, digest };
  const verdicts = deliveries.map((delivery) => afterAttempt(delivery, outcome, facts));
  const saved = saveChanged(deliveries, verdicts, (changed) => save(changed, outcome));
  if (outcome.kind === 'delivered') ports.accepted();
  await saved;
  for (const verdict of verdicts) logAttempt(ports, verdict, outcome, durationMs, message);
  ports.observer?.attempted({
    ...{ sink: sink.name, type: sink.definition.type, outcome, verdicts },
    ...{ endedAtMs: facts.nowMs, durationMs },
  });
  return verdicts;
}

function attempted(
  sink: SinkConfig,
  deliveries: readonly [Delivery, ...Delivery[]],
  message: Message,
  ports: MakeAttemptPorts,
  stop: AbortSignal,
): Promise<Outcome> {
  const { share, sha256, urls } = ports;
  const [{ event, progress }] = deliveries;
  const shared = share?.({ id: attemptIdOf(sha256, deliveries), sink, message, progress }, stop);
  if (shared !== undefined) return shared;
  const supply = isRecordingEvent(event) ? urls.supplyOf(event) : undefined;
  return attemptOnce(sink, message, progress, { ...ports, supply }, stop);
}

/** Undefined when the hour is over and they go without. They share their times, so that it is over for all of them at once. */
function waiting(
  deliveries: readonly Delivery[],
  nowMs: number,
  waitMs: number,
  stop: AbortSignal,
): readonly Delivery[] | undefined {
  if (stop.aborted) return deliveries;
  const postponed = deliveries.map((delivery) => waitForUrl(delivery, nowMs, waitMs));
  return postponed.every((delivery) => delivery !== undefined) ? postponed : undefined;
}

async function postpone(
  deliveries: readonly Delivery[],
  postponed: readonly Delivery[],
  detail: string,
  { repeats, save }: MakeAttemptPorts,
): Promise<readonly Verdict[]> {
  const verdicts = postponed.map((delivery): Verdict => ({ delivery, effect: { kind: 'none' } }));
  await saveChanged(deliveries, verdicts, save);
  for (const delivery of postponed) logUrlWait(repeats, delivery, detail);
  return verdicts;
}

async function saveChanged(
  deliveries: readonly Delivery[],
  verdicts: readonly Verdict[],
  save: (changed: readonly Delivery[]) => Promise<void>,
): Promise<void> {
  const changed = verdicts.map(({ delivery }) => delivery).filter((delivery, index) => delivery !== deliveries[index]);
  if (changed.length > 0) await save(changed);
}

/** What stands alone is the ordinary message. Only events of recordings go together. */
function messageOf(
  deliveries: readonly [Delivery, ...Delivery[]],
  fresh: readonly FreshUrl[],
  sha256: Sha256,
): Message {
  const events = deliveries.map(
    ({ event }, index): NotifierEvent => (isRecordingEvent(event) ? withUrl(event, fresh[index] ?? NO_URL) : event),
  );
  const [first, ...others] = events;
  if (first !== undefined && others.length === 0) return first;
  const id = digestIdOf(
    sha256,
    deliveries.map((delivery) => delivery.id),
  );
  return { id, events: events.filter((event) => isRecordingEvent(event)) };
}
