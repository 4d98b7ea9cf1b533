import type { Pausable, PausableKind } from './pause.js';

/** What a person asks the owner of a store for: beside a running program, through a request that a command leaves. */
export type Order = RedeliverOrder | AnnounceOrder | DecideOrder | PauseOrder;

export interface RedeliverOrder {
  readonly kind: 'redeliver';
  /** Event ids (all sinks, or `sink`) and delivery ids. */
  readonly ids: readonly string[];
  /** Everything that is dead, in place of ids. */
  readonly dead: boolean;
  /** Of everything that is dead, not what somebody discarded. */
  readonly sparesDiscarded?: true;
  readonly sink: string | null;
  /** Moves what is found to this sink. */
  readonly to: string | null;
  /** Only what was given up since then. */
  readonly sinceMs: number | null;
}

/** `recording.available` of what these recordings are now. */
export interface AnnounceOrder {
  readonly kind: 'announce';
  readonly uuids: readonly string[];
  /** This one, whatever it wants, in place of all that want it. */
  readonly sink: string | null;
}

/** What becomes of what is held. */
export interface DecideOrder {
  readonly kind: 'release' | 'discard';
  readonly source: string | null;
}

/** What is kept still, or goes on. */
export interface PauseOrder {
  readonly kind: 'pause' | 'resume';
  readonly subject: PausableKind;
  readonly name: string;
}

/** What came of an order, piece by piece. */
export type OrderLine = DeliveryLine | CountLine | PauseLine;

/** What became of one delivery. */
export interface DeliveryLine {
  /** A delivery id, or what was asked for and cannot be delivered. */
  readonly id: string;
  readonly eventId: string | null;
  readonly sink: string | null;
  readonly result: DeliveryResult;
  /** Receipt or failure, in words. */
  readonly detail: string;
}

export const DELIVERY_RESULTS = [
  'delivered',
  'pending',
  'dead',
  'paused',
  'unknown',
  'under_way',
  'sink_disabled',
  'sink_removed',
  'sink_paused',
  'not_available',
  'unwanted',
] as const;
export type DeliveryResult = (typeof DELIVERY_RESULTS)[number];

/** What became of many, where a line for each would be read by nobody. */
export interface CountLine {
  readonly source: string;
  readonly sink: string;
  readonly result: DecisionResult;
  readonly count: number;
}

/** `skipped`: the sink that they were to be moved to has been told already, or is about to be. */
export const DECISION_RESULTS = ['released', 'discarded', 'skipped'] as const;
export type DecisionResult = (typeof DECISION_RESULTS)[number];

/** What became of a sink or a source. */
export interface PauseLine extends Pausable {
  readonly result: PauseResult;
  /** ISO 8601, when the pause began that holds or has just ended; null where there was none. */
  readonly since: string | null;
}

export const PAUSE_RESULTS = ['paused', 'already_paused', 'resumed', 'not_paused'] as const;
export type PauseResult = (typeof PAUSE_RESULTS)[number];
