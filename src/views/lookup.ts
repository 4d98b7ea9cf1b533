import type { Config } from '../config/config.js';
import { type Delivery, type DeliveryState, isDiscarded } from '../core/delivery.js';
import { isRecordingEvent, uuidOf } from '../core/event.js';
import type { Sha256 } from '../core/id.js';
import type { SinkState } from '../core/suspension.js';
import type { Clock, RememberedRecording } from '../ports.js';
import type { CountedLedger } from '../store/revision.js';
import { allDeliveries } from './all-deliveries.js';
import { type Latest, latestOf } from './latest.js';
import { type SourceStanding, storedStandings } from './source-standing.js';
import { type Facts, findFacts, nearUuids } from './story-facts.js';

/** Of a list; a query that wants more is refused before. */
export const LOOKUP_ROWS_MAX = 10_000;
/** Answers that are kept. */
const ANSWERS_MAX = 64;
/** Looks that wait for one another. */
const WAITING_MAX = 32;
/** A look at everything may cost seconds where there are a million: it takes a twentieth of the time at most, however much changes. */
const REST_RATIO = 20;
const STALE_MS_MAX = 30_000;

export interface Window {
  readonly offset: number;
  readonly limit: number;
}

export interface RecordingsQuery extends Window {
  readonly source?: string | undefined;
  readonly status?: string | undefined;
  /** A part of its uuid, room or meeting; case does not count, nor do spaces around it. */
  readonly search?: string | undefined;
}

export interface DeliveriesQuery extends Window {
  readonly state?: DeliveryState | undefined;
  /** Of the dead: those that somebody discarded, or the others; undefined: both. */
  readonly discarded?: boolean | undefined;
  readonly sink?: string | undefined;
  /** A part of its ids, its recording's uuid, room or meeting; case does not count, nor do spaces around it. */
  readonly search?: string | undefined;
}

/** Deliveries that are stored, by their state. */
export type Tally = Readonly<Record<DeliveryState, number>> & {
  /** Of the dead, those that somebody discarded. */
  readonly discarded: number;
  /** Of the pending, those that failed before and have a time of their own for the next attempt. */
  readonly retrying: number;
  /** When the last of those is due. */
  readonly lastRetryAtMs: number | undefined;
  /** When one was given up last that nobody discarded. */
  readonly lastDeadAtMs: number | undefined;
};

/** Recordings that are remembered, and those of them that were available when they were seen last. */
export interface Remembered {
  readonly all: number;
  readonly available: number;
}

/** Looks things up in the store for whoever looks at the program. An answer may be as old as {@link STALE_MS_MAX}. */
export interface Lookup {
  /** Grows when something may have changed. */
  readonly revision: number;
  recordings(query: RecordingsQuery): Promise<Latest<RememberedRecording>>;
  deliveries(query: DeliveriesQuery): Promise<Latest<Delivery>>;
  /** By the name of the sink. */
  tallies(): Promise<ReadonlyMap<string, Tally>>;
  /** How many recordings are remembered, by the name of the source. Reads all of them. */
  remembered(): Promise<ReadonlyMap<string, Remembered>>;
  /** Deliveries that wait for a decision, by the source of their events. */
  held(): Promise<ReadonlyMap<string | null, number>>;
  sinkStates(): Promise<ReadonlyMap<string, SinkState>>;
  facts(what: string): Promise<Facts>;
  /** By the name of the source, as the store has it. */
  standings(sources: readonly string[]): Promise<ReadonlyMap<string, SourceStanding>>;
  /** Uuids that are like it, five at most, the nearest first. */
  near(uuid: string): Promise<readonly string[]>;
}

/** Too many want to look at once. */
export class BusyError extends Error {
  override readonly name = 'BusyError';
}

interface Answer {
  readonly value: unknown;
  readonly revision: number;
  readonly atMs: number;
  readonly tookMs: number;
}

export function createLookup(ports: {
  readonly ledger: CountedLedger;
  readonly config: () => Config;
  readonly sha256: Sha256;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}): Lookup {
  const { ledger, config, sha256, clock } = ports;
  const answers = new Map<string, Answer>();
  const underWay = new Map<string, Promise<unknown>>();
  let last: Promise<unknown> = Promise.resolve();

  /** One look at a time, one for all that want the same, and none where nothing has changed. */
  function look<Value>(key: string, read: () => Promise<Value>): Promise<Value> {
    const known = answers.get(key);
    if (known !== undefined && isGood(known)) return Promise.resolve(known.value as Value);
    const begun = underWay.get(key);
    if (begun !== undefined) return begun as Promise<Value>;
    if (underWay.size >= WAITING_MAX) return Promise.reject(new BusyError('too many look at once; try again'));
    const looked = last.then(() => readNow(key, read)).finally(() => underWay.delete(key));
    underWay.set(key, looked);
    last = looked.catch(() => undefined);
    return looked;
  }

  async function readNow<Value>(key: string, read: () => Promise<Value>): Promise<Value> {
    const { revision } = ledger;
    const startedMs = clock.monotonicMs();
    const value = await read();
    const atMs = clock.monotonicMs();
    answers.delete(key);
    answers.set(key, { value, revision, atMs, tookMs: atMs - startedMs });
    for (const oldest of answers.keys().take(Math.max(0, answers.size - ANSWERS_MAX))) answers.delete(oldest);
    return value;
  }

  function isGood({ revision, atMs, tookMs }: Answer): boolean {
    const ageMs = clock.monotonicMs() - atMs;
    return revision === ledger.revision || ageMs < Math.min(REST_RATIO * tookMs, STALE_MS_MAX);
  }

  const counts = () => look('tallies', () => countsOf(allDeliveries(ledger)));

  return {
    get revision() {
      return ledger.revision;
    },
    recordings: (query) =>
      look(`recordings ${JSON.stringify(query)}`, () =>
        latestOf(filtered(ledger.allRecordings(query.source), recordingFilter(query)), changedAtMs, query),
      ),
    deliveries: (query) =>
      look(`deliveries ${JSON.stringify(query)}`, () =>
        latestOf(
          filtered(allDeliveries(ledger), deliveryFilter(query)),
          ({ createdAtMs, finishedAtMs }) => finishedAtMs ?? createdAtMs,
          query,
        ),
      ),
    remembered: () => look('remembered', () => rememberedOf(ledger.allRecordings())),
    tallies: async () => (await counts()).sinks,
    held: async () => (await counts()).held,
    sinkStates: () => look('sinks', () => ledger.sinkStates()),
    standings: (sources) => look(`standings ${sources.join()}`, () => storedStandings(sources, ledger)),
    facts: (what) => look(`facts ${what}`, () => findFacts(what, { config: config(), ledger, sha256 })),
    near: (uuid) => look(`near ${uuid}`, () => nearUuids(uuid, ledger)),
  };
}

/** When its status changed last, as far as that is known. */
function changedAtMs({ state }: RememberedRecording): number {
  return Math.max(state.firstSeenAtMs, state.availableAtMs ?? 0, state.processingSinceMs ?? 0);
}

async function* filtered<Item>(items: AsyncIterable<Item>, fits: (item: Item) => boolean): AsyncGenerator<Item> {
  for await (const item of items) if (fits(item)) yield item;
}

function recordingFilter({ status, search }: RecordingsQuery): (recording: RememberedRecording) => boolean {
  const contains = searching(search);
  return ({ uuid, state }) =>
    (status === undefined || state.status === status) && contains([uuid, state.roomId, state.meetingId]);
}

function deliveryFilter({ state, discarded, sink, search }: DeliveriesQuery): (delivery: Delivery) => boolean {
  const contains = searching(search);
  return (delivery) =>
    (state === undefined || delivery.state === state) &&
    (discarded === undefined || isDiscarded(delivery) === discarded) &&
    (sink === undefined || delivery.sink === sink) &&
    contains(textsOf(delivery));
}

function textsOf({ id, event }: Delivery): readonly (string | null)[] {
  const of = isRecordingEvent(event) ? event.data.recording : { roomId: null, meetingId: null };
  return [id, event.id, uuidOf(event), of.roomId, of.meetingId];
}

function searching(search: string | undefined): (texts: readonly (string | null)[]) => boolean {
  if (search === undefined) return () => true;
  const wanted = search.trim().toLowerCase();
  return (texts) => texts.some((text) => text?.toLowerCase().includes(wanted));
}

async function countsOf(deliveries: AsyncIterable<Delivery>) {
  const tallies = new Map<string, Tally>();
  const held = new Map<string | null, number>();
  for await (const delivery of deliveries) {
    const { sink, state, finishedAtMs, event } = delivery;
    if (state === 'held') held.set(event.source, (held.get(event.source) ?? 0) + 1);
    const tally = tallies.get(sink) ?? NO_TALLY;
    const isOnPurpose = isDiscarded(delivery);
    const deadAtMs = state === 'dead' && !isOnPurpose ? (finishedAtMs ?? 0) : 0;
    const lastDeadAtMs = Math.max(deadAtMs, tally.lastDeadAtMs ?? 0) || undefined;
    const discarded = tally.discarded + (isOnPurpose ? 1 : 0);
    const retries = withRetry(tally, delivery);
    tallies.set(sink, { ...tally, [state]: tally[state] + 1, discarded, lastDeadAtMs, ...retries });
  }
  return { sinks: tallies, held };
}

async function rememberedOf(all: AsyncIterable<RememberedRecording>): Promise<ReadonlyMap<string, Remembered>> {
  const counts = new Map<string, Remembered>();
  for await (const { source, state } of all) {
    const { all: count, available } = counts.get(source) ?? { all: 0, available: 0 };
    counts.set(source, { all: count + 1, available: available + (state.status === 'available' ? 1 : 0) });
  }
  return counts;
}

function withRetry(
  { retrying, lastRetryAtMs }: Tally,
  { state, roundAttempts, nextAttemptAtMs }: Delivery,
): Pick<Tally, 'retrying' | 'lastRetryAtMs'> {
  if (state !== 'pending' || roundAttempts === 0 || nextAttemptAtMs === null) return { retrying, lastRetryAtMs };
  return { retrying: retrying + 1, lastRetryAtMs: Math.max(nextAttemptAtMs, lastRetryAtMs ?? 0) };
}

const NO_TALLY: Tally = {
  pending: 0,
  held: 0,
  delivered: 0,
  dead: 0,
  discarded: 0,
  retrying: 0,
  lastRetryAtMs: undefined,
  lastDeadAtMs: undefined,
};
