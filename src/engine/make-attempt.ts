import type { SinkConfig } from '../config/config.js';
import { afterAttempt, type Delivery, type Verdict, waitForUrl } from '../core/delivery.js';
import { isRecordingEvent, NO_URL, withUrl } from '../core/event.js';
import type { Outcome } from '../core/failure.js';
import { type AttemptPorts, attemptOnce } from './attempt.js';
import { logAttempt, logUrlWait } from './attempt-log.js';
import type { Urls } from './urls.js';

export interface MakeAttemptPorts extends AttemptPorts {
  readonly urls: Urls;
  /** Resolves once it is stored. */
  readonly save: (delivery: Delivery, outcome?: Outcome) => Promise<void>;
}

/**
 * Finds the URL, makes the attempt, and stores and logs what became of it. Rejects when that could not be stored.
 *
 * @param stop aborted when the notifier cannot wait any longer
 */
export async function makeAttempt(
  sink: SinkConfig,
  delivery: Delivery,
  trial: boolean,
  ports: MakeAttemptPorts,
  stop: AbortSignal,
): Promise<Verdict> {
  const { clock, urls, random, log, save } = ports;
  const url = await urls.urlFor(delivery, stop);
  if (url.kind === 'unavailable') {
    const postponed = stop.aborted ? delivery : waitForUrl(delivery, clock.nowMs(), url.waitMs);
    if (postponed !== undefined) return postpone(delivery, postponed, url.detail, ports);
  }
  const startedAtMs = clock.nowMs();
  const startedMs = clock.monotonicMs();
  const { event: stored } = delivery;
  const event = isRecordingEvent(stored) ? withUrl(stored, url.kind === 'url' ? url.fresh : NO_URL) : stored;
  const supply = isRecordingEvent(stored) ? urls.supplyOf(stored) : undefined;
  const outcome = await attemptOnce(sink, event, delivery.progress, { ...ports, supply }, stop);
  const durationMs = clock.monotonicMs() - startedMs;
  const facts = { startedAtMs, nowMs: clock.nowMs(), durationMs, random: random(), retry: sink.retry, trial };
  const verdict = afterAttempt(delivery, outcome, facts);
  if (verdict.delivery !== delivery) await save(verdict.delivery, outcome);
  logAttempt(log, verdict, outcome, durationMs);
  return verdict;
}

async function postpone(
  delivery: Delivery,
  postponed: Delivery,
  detail: string,
  { log, save }: MakeAttemptPorts,
): Promise<Verdict> {
  if (postponed !== delivery) await save(postponed);
  logUrlWait(log, postponed, detail);
  return { delivery: postponed, effect: { kind: 'none' } };
}
