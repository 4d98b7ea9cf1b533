import type { Config } from '../config/config.js';
import { isCollectable } from '../core/batch.js';
import type { Delivery } from '../core/delivery.js';
import type { DeliveryId } from '../core/id.js';
import type { Pause } from '../core/pause.js';
import { SINK_WORKS, type SinkState } from '../core/suspension.js';
import { spanInWords } from '../core/time-words.js';

/** Why a delivery is not finished yet, in a few words for a row of a list; `story-words` has the sentences. */
export interface Waiting {
  /** The time, where there is one, belongs after them. */
  readonly words: string;
  readonly atMs: number | null;
  /** An attempt is being made: there is nothing to ask for meanwhile. */
  readonly isUnderWay?: true;
}

/** What keeps a sink from getting anything by hand. */
export type Closed = 'paused' | 'disabled' | 'removed';

interface Around {
  readonly config: Pick<Config, 'sinks'>;
  readonly sinkStates: ReadonlyMap<string, SinkState>;
  readonly pauses: readonly Pause[];
  readonly nowMs: number;
  /** Since when an attempt of a delivery is under way; undefined: none is. */
  readonly attemptSinceMs: (id: DeliveryId) => number | undefined;
}

/** Undefined: one may redeliver to it. */
export function closedOf(sink: string, { config, pauses }: Pick<Around, 'config' | 'pauses'>): Closed | undefined {
  const configured = config.sinks.find(({ name }) => name === sink);
  if (configured === undefined) return 'removed';
  if (!configured.enabled) return 'disabled';
  return pauses.some(({ kind, name }) => kind === 'sink' && name === sink) ? 'paused' : undefined;
}

const CLOSED_WORDS: Readonly<Record<Closed, string>> = {
  paused: 'the sink is paused: it waits for resume',
  disabled: 'the sink is disabled',
  removed: 'the config has no sink of this name',
};

/** Undefined: it waits for nothing any more. */
export function waitingOf(delivery: Delivery, around: Around): Waiting | undefined {
  const { id, state, sink, urlWaitSinceMs, nextAttemptAtMs, roundAttempts } = delivery;
  const { config, sinkStates, nowMs } = around;
  if (state === 'held') return { words: 'held by the flood limit: a person decides', atMs: null };
  if (state !== 'pending') return undefined;
  const sinceMs = around.attemptSinceMs(id);
  if (sinceMs !== undefined) return { words: 'an attempt is under way since', atMs: sinceMs, isUnderWay: true };
  const closed = closedOf(sink, around);
  if (closed !== undefined) return { words: CLOSED_WORDS[closed], atMs: null };
  const { suspension, pausedUntilMs } = sinkStates.get(sink) ?? SINK_WORKS;
  if (suspension !== null) {
    const { nextTrialAtMs: atMs } = suspension;
    return { words: `the sink is suspended${atMs === null ? '' : '; one delivery is tried'}`, atMs };
  }
  if (pausedUntilMs !== null && pausedUntilMs > nowMs)
    return { words: 'the receiver asked for a pause, which ends', atMs: pausedUntilMs };
  const atMs = nextAttemptAtMs ?? nowMs;
  if (urlWaitSinceMs !== null) return { words: 'waits for a fresh URL, which is asked for', atMs };
  const { retry, digest, definition } = config.sinks.find(({ name }) => name === sink) ?? {};
  if (digest !== undefined && definition?.deliverDigest !== undefined && isCollectable(delivery))
    return { words: `waits for the digest, which goes every ${spanInWords(digest.everyMs)}`, atMs: null };
  const attempt = `attempt ${roundAttempts + 1} of ${(retry?.delaysMs.length ?? 0) + 1}`;
  return { words: atMs > nowMs ? attempt : `${attempt}, due`, atMs };
}
