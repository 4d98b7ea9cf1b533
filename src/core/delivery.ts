import type { StoredEvent } from './event.js';
import { FAILURE_REASONS, type Failed, type FailureReason, type Outcome, type Progress } from './failure.js';
import type { DeliveryId, DigestId } from './id.js';
import { longestDelayMs, type RetryPolicy, retryDelayMs } from './retry.js';
import { RETRY_AFTER_MS_MAX } from './retry-after.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Attempts remembered of a delivery, the latest ones. */
const ATTEMPTS_KEPT_MAX = 30;

/** Sinks of which is remembered that a delivery came from them by hand, the latest ones. */
const MOVES_KEPT_MAX = 5;

/** How long an attempt waits for a source that cannot give a fresh URL, from when it was due. */
const URL_WAIT_MS_MAX = HOUR_MS;

export const DELIVERY_STATES = ['pending', 'held', 'delivered', 'dead'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** One event for one sink. */
export interface Delivery {
  readonly id: DeliveryId;
  readonly sink: string;
  readonly event: StoredEvent;
  /** Whether the recording's URL goes with it: decided when it is made. */
  readonly includeUrl: boolean;
  readonly state: DeliveryState;
  readonly createdAtMs: number;
  /** How often it was sent by hand. A finished twin of a lower round is a leftover, of the same or a higher one the truth. */
  readonly round: number;
  /** Attempts that count, of all rounds. */
  readonly attempts: number;
  /** Attempts that used up none, since they suspended the sink or found it suspended; undefined: none, or a record from before this was kept. */
  readonly uncounted?: number | undefined;
  /** Those of this round, which the retry schedule counts. */
  readonly roundAttempts: number;
  /** Wall clock. null while it is held, and once it is finished. */
  readonly nextAttemptAtMs: number | null;
  /** Since when the attempt that is due waits for a fresh URL. */
  readonly urlWaitSinceMs: number | null;
  readonly lastError: { readonly reason: FailureReason; readonly detail: string } | null;
  readonly finishedAtMs: number | null;
  /** What a sink with several recipients has reached so far; kept when the delivery is dead, so that redelivering goes to the rest. */
  readonly progress: Progress | null;
  /** The latest ones, oldest first. */
  readonly history: readonly Attempt[];
  /** The deliveries that it goes with, itself included, in their order; without it, by itself or not decided yet. Of pending ones alone. */
  readonly batch?: readonly DeliveryId[] | undefined;
  /** The command by which a person had it made; undefined: it was made with its event. */
  readonly madeBy?: 'announce' | 'redeliver' | undefined;
  /** What was to go to other sinks and was moved here by hand, the latest last. */
  readonly movedFrom?: readonly Moved[] | undefined;
}

/** What there was of a delivery when a person had its event go to another sink instead. */
export interface Moved extends Pick<Delivery, 'sink' | 'madeBy' | 'attempts' | 'uncounted' | 'lastError' | 'history'> {
  readonly atMs: number;
}

export interface Attempt {
  readonly atMs: number;
  readonly durationMs: number;
  /** null: delivered. */
  readonly reason: FailureReason | null;
  /** Receipt or failure in words. */
  readonly detail: string;
  /** The message that it went in with others; undefined: by itself. */
  readonly digest?: DigestNote | undefined;
}

/** Who goes in a digest may change from attempt to attempt, so each says which one it was. */
export interface DigestNote {
  readonly id: DigestId;
  /** 2 to 50, this one included. */
  readonly events: number;
}

/** What an attempt means for the sink as a whole. */
export type SinkEffect =
  | { readonly kind: 'works' }
  /** It failed in a way that a repeat may mend. */
  | { readonly kind: 'fails' }
  | { readonly kind: 'pause'; readonly untilMs: number }
  | { readonly kind: 'suspend'; readonly reason: FailureReason; readonly detail: string }
  | { readonly kind: 'none' };

export interface Verdict {
  readonly delivery: Delivery;
  readonly effect: SinkEffect;
}

export interface AttemptFacts {
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly durationMs: number;
  readonly random: number;
  readonly retry: RetryPolicy;
  /** The one delivery that finds out whether a suspended sink works again: its failure uses up nothing. */
  readonly trial: boolean;
  /** What was sent, if it was not this delivery alone. */
  readonly digest?: DigestNote | undefined;
}

export function newDelivery(
  id: DeliveryId,
  sink: string,
  event: StoredEvent,
  includeUrl: boolean,
  nowMs: number,
): Delivery {
  return {
    id,
    sink,
    event,
    includeUrl,
    state: 'pending',
    createdAtMs: nowMs,
    round: 0,
    attempts: 0,
    roundAttempts: 0,
    nextAttemptAtMs: nowMs,
    urlWaitSinceMs: null,
    lastError: null,
    finishedAtMs: null,
    progress: null,
    history: [],
  };
}

/** Not attempted before a person decides: its poll made more events than anybody expects of one. */
export function held(delivery: Delivery): Delivery {
  return { ...delivery, state: 'held', nextAttemptAtMs: null };
}

/** Somebody decided that it goes: now, as if it had just been made. */
export function released(delivery: Delivery, nowMs: number): Delivery {
  return { ...delivery, state: 'pending', nextAttemptAtMs: nowMs };
}

/** What becomes of a delivery after an attempt, and what the attempt says of its sink. */
export function afterAttempt(delivery: Delivery, outcome: Outcome, facts: AttemptFacts): Verdict {
  if (outcome.kind === 'delivered') {
    const attempt = noteOf(facts, null, outcome.receipt);
    const delivered = { ...counted(delivery, attempt), progress: null };
    return { delivery: finished(delivered, 'delivered', facts.nowMs), effect: { kind: 'works' } };
  }
  const note = noteOf(facts, outcome.reason, outcome.detail);
  const attempted = { ...delivery, ...noted(delivery, note), progress: outcome.progress ?? delivery.progress };
  const lastError = { reason: outcome.reason, detail: outcome.detail };
  switch (fateOf(outcome, facts.trial)) {
    case 'uncounted':
      return { delivery, effect: { kind: 'none' } };
    case 'suspend':
      return {
        delivery: { ...attempted, lastError, uncounted: (delivery.uncounted ?? 0) + 1 },
        effect: { kind: 'suspend', ...lastError },
      };
    case 'dead':
      return {
        delivery: finished({ ...counting(attempted), lastError }, 'dead', facts.nowMs),
        effect: { kind: 'none' },
      };
    case 'retry':
      return afterRetryable({ ...counting(attempted), lastError }, outcome, facts);
  }
}

/** A trial that fails shows that the sink is still suspended, whatever the failure is; one that only this delivery earned is its own. */
function fateOf(outcome: Failed, trial: boolean): 'retry' | 'dead' | 'suspend' | 'uncounted' {
  const { fate } = FAILURE_REASONS[outcome.reason];
  return trial && fate === 'retry' ? 'suspend' : fate;
}

function afterRetryable(delivery: Delivery, outcome: Failed, { nowMs, random, retry }: AttemptFacts): Verdict {
  const delayMs = retryDelayMs(retry, delivery.roundAttempts, random, outcome.retryAfterMs);
  const effect: SinkEffect = pauses(outcome.reason)
    ? { kind: 'pause', untilMs: nowMs + pauseMs(outcome.retryAfterMs, delayMs) }
    : { kind: 'fails' };
  if (delayMs === undefined) return { delivery: finished(delivery, 'dead', nowMs), effect };
  return { delivery: { ...delivery, nextAttemptAtMs: nowMs + delayMs, urlWaitSinceMs: null }, effect };
}

function pauses(reason: FailureReason): boolean {
  return 'pauses' in FAILURE_REASONS[reason];
}

/** A receiver that says "too many" without saying for how long gets as long as its own retry waits, a minute at most. */
function pauseMs(retryAfterMs: number | undefined, delayMs: number | undefined): number {
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, RETRY_AFTER_MS_MAX);
  return Math.min(delayMs ?? MINUTE_MS, MINUTE_MS);
}

function noteOf(facts: AttemptFacts, reason: FailureReason | null, detail: string): Attempt {
  const { startedAtMs: atMs, durationMs, digest } = facts;
  return { atMs, durationMs: Math.round(durationMs), reason, detail, ...(digest !== undefined && { digest }) };
}

function noted(delivery: Delivery, attempt: Attempt): Pick<Delivery, 'history'> {
  return { history: [...delivery.history, attempt].slice(-ATTEMPTS_KEPT_MAX) };
}

function counting(delivery: Delivery): Delivery {
  return { ...delivery, attempts: delivery.attempts + 1, roundAttempts: delivery.roundAttempts + 1 };
}

function counted(delivery: Delivery, attempt: Attempt): Delivery {
  return counting({ ...delivery, ...noted(delivery, attempt), lastError: null });
}

function finished(delivery: Delivery, state: 'delivered' | 'dead', nowMs: number): Delivery {
  return { ...byItself(delivery), state, nextAttemptAtMs: null, urlWaitSinceMs: null, finishedAtMs: nowMs };
}

/** Not in a batch, or not any more. */
function byItself({ batch: _, ...delivery }: Delivery): Delivery {
  return delivery;
}

/** Given up without an attempt: it waited too long for a sink that gets nothing, or somebody discarded it. */
export function givenUp(delivery: Delivery, reason: FailureReason, nowMs: number): Delivery {
  return finished({ ...delivery, lastError: { reason, detail: FAILURE_REASONS[reason].help } }, 'dead', nowMs);
}

/** Somebody gave it up while it was held, and nobody has had it delivered since. */
export function isDiscarded({ state, lastError }: Pick<Delivery, 'state' | 'lastError'>): boolean {
  return state === 'dead' && lastError?.reason === 'discarded';
}

/** One attempt at once and by itself, then a new schedule; a planned retry is replaced. Who refused it for good is asked once more. */
export function again(delivery: Delivery, nowMs: number): Delivery {
  return {
    ...byItself(delivery),
    state: 'pending',
    round: delivery.round + 1,
    roundAttempts: 0,
    nextAttemptAtMs: nowMs,
    urlWaitSinceMs: null,
    finishedAtMs: null,
    progress: delivery.progress && { ...delivery.progress, refused: [] },
  };
}

/** The same event for another sink in place of this delivery, which is forgotten: what there was of it is kept here. One that was made stays. */
export function moved(from: Delivery, made: Delivery, nowMs: number): Delivery {
  if (from.id === made.id || from.state === 'delivered') return made;
  const { sink, madeBy, attempts, uncounted, lastError, history } = from;
  const some = { ...(madeBy !== undefined && { madeBy }), ...(uncounted !== undefined && { uncounted }) };
  const move = { sink, atMs: nowMs, attempts, ...some, lastError, history };
  return { ...made, movedFrom: movesOf([...(from.movedFrom ?? []), move]) };
}

/**
 * A delivery that somebody asks for, stored or not: what is stored of it counts more. By itself, also after a crash between the answer
 * and our note of it.
 */
export function askedFor(made: Delivery, stored: Delivery | undefined, nowMs: number): Delivery {
  if (stored === undefined) return { ...made, batch: [made.id] };
  const movedFrom = movesOf([...(stored.movedFrom ?? []), ...(made.movedFrom ?? [])]);
  return { ...again(stored, nowMs), ...(movedFrom.length > 0 && { movedFrom }) };
}

/** Of each sink its last move: after a crash the same one is made again. */
function movesOf(moves: readonly Moved[]): readonly Moved[] {
  return moves.filter((move) => moves.findLast(({ sink }) => sink === move.sink) === move).slice(-MOVES_KEPT_MAX);
}

/**
 * The source cannot give a fresh URL just now: the attempt waits without being counted. Undefined when it has waited for its hour
 * and goes without.
 */
export function waitForUrl(delivery: Delivery, nowMs: number, waitMs: number): Delivery | undefined {
  // A trial goes before its time, and a clock may go back: nothing waits for longer than its hour from now.
  const sinceMs = Math.min(delivery.urlWaitSinceMs ?? delivery.nextAttemptAtMs ?? nowMs, nowMs);
  const lastMs = sinceMs + URL_WAIT_MS_MAX;
  if (nowMs >= lastMs) return undefined;
  return { ...delivery, urlWaitSinceMs: sinceMs, nextAttemptAtMs: Math.min(nowMs + waitMs, lastMs) };
}

/** How long until the next attempt. A wait longer than any plan means that the clock went back, and is cut to the longest plan. */
export function dueInMs(delivery: Pick<Delivery, 'nextAttemptAtMs'>, retry: RetryPolicy, nowMs: number): number {
  return Math.min(Math.max(0, (delivery.nextAttemptAtMs ?? nowMs) - nowMs), longestDelayMs(retry));
}
