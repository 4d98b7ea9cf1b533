import { type Delivery, held, newDelivery } from '../core/delivery.js';
import { announceRemembered, type Change, type DiffPolicy, diff, type PollPhase } from '../core/diff.js';
import { emptyListText, isDoubtful, isWorthNoting } from '../core/empty-list.js';
import { eventOf, NO_URL, type RecordingEvent, type StoredRecordingEvent, withUrl } from '../core/event.js';
import { deliveryIdOf, type RecordingUuid, type Sha256 } from '../core/id.js';
import type { Recording } from '../core/recording.js';
import { type Route, wants } from '../core/routing.js';
import { type Clock, type Ledger, type RememberedRecording, type SourceMark, STORE_BATCH_MAX } from '../ports.js';
import { type Page, SourceError, type WalkEnd } from '../source/define.js';
import { listedBefore } from './listed-before.js';
import type { PolledSource } from './polled-source.js';
import type { Urls } from './urls.js';

/** Rows looked up and written at once. */
const SLICE_MAX = 250;
/** A list that shifts under a walk, or a first poll that goes on meeting new recordings, is walked so often at most. */
const WALKS_MAX = 3;
/** The latest rows of a walk, kept to notice the same recording twice: the first one counts, or two rows that differ would be news at every poll. */
const SEEN_MAX = 20_000;
/** Kept of a walk, as of a page. */
const REASONS_MAX = 20;
/** No poll takes longer. */
const POLL_MS_MAX = 3_600_000;
const TOO_LONG = 'the list could not be walked within an hour; raise paging.size, or split the source by roomId';

export interface RoutedSink extends Route {
  readonly name: string;
  readonly includeUrl: boolean;
}

export interface PollerPorts {
  readonly ledger: Ledger;
  /** The sinks that take new events. */
  readonly sinks: () => readonly RoutedSink[];
  /** Events of one poll that go at once. */
  readonly floodLimit: () => number;
  readonly urls: Urls;
  /** Events that have just been stored, with the URLs just seen. */
  readonly tell: (events: readonly RecordingEvent[]) => void;
  /** Deliveries that are about to be stored, and are offered then. What is returned is called once they are, or could not be. */
  readonly expect: (deliveries: readonly Delivery[]) => () => void;
  /** Deliveries that have just been stored. */
  readonly offer: (deliveries: readonly Delivery[]) => void;
  /** A write failed: what it was to store may be there all the same. */
  readonly doubt: () => void;
  readonly clock: Clock;
  readonly sha256: Sha256;
}

export interface PollReport {
  readonly source: string;
  readonly result: 'complete' | 'incomplete' | 'failed';
  /** Why it is not complete, in words. */
  readonly reason: string | undefined;
  /** The list came whole and empty, and is not believed. */
  readonly isEmptyInDoubt: boolean;
  readonly error: unknown;
  readonly phase: PollPhase;
  readonly rows: number;
  readonly rejected: number;
  /** Why rows were set aside, each reason once. */
  readonly rejectedReasons: readonly string[];
  readonly available: number;
  readonly processing: number;
  /** Recordings that no poll had shown before. */
  readonly unknown: number;
  readonly events: number;
  readonly deliveries: number;
  /** Of the deliveries, those held since the poll made more events than the flood limit. */
  readonly held: number;
  readonly pages: number;
  readonly durationMs: number;
}

/** One poll: walks the list, stores what changed and what is to be delivered in one write a slice, and reports. Never throws. */
export async function poll(polled: PolledSource, ports: PollerPorts, signal: AbortSignal): Promise<PollReport> {
  const tooLong = new AbortController();
  const timer = ports.clock.after(POLL_MS_MAX, () => tooLong.abort());
  const run = new PollRun(polled, ports, AbortSignal.any([signal, tooLong.signal]));
  try {
    const report = await run.poll();
    return report.result === 'failed' && tooLong.signal.aborted ? { ...report, reason: TOO_LONG } : report;
  } finally {
    timer.cancel();
  }
}

class PollRun {
  readonly #polled: PolledSource;
  readonly #ports: PollerPorts;
  readonly #signal: AbortSignal;
  readonly #startedMs: number;
  #phase: PollPhase = 'normal';
  #sinks: readonly RoutedSink[] = [];
  /** Of the walk under way, as the counts are. */
  #seen = new Set<RecordingUuid>();
  #counts = { rows: 0, rejected: 0, available: 0, processing: 0 };
  #reasons = new Set<string>();
  #pages = 0;
  #unknown = 0;
  #events = 0;
  #deliveries = 0;
  /** Events that a sink wants: only those can flood anybody. */
  #wanted = 0;
  #held = 0;

  constructor(polled: PolledSource, ports: PollerPorts, signal: AbortSignal) {
    this.#polled = polled;
    this.#ports = ports;
    this.#signal = signal;
    this.#startedMs = ports.clock.monotonicMs();
  }

  async poll(): Promise<PollReport> {
    try {
      const mark = await this.#ports.ledger.sourceMark(this.#name);
      if (mark === undefined) this.#phase = 'first';
      else if (mark.scope !== this.#polled.source.scope) this.#phase = 'new-scope';
      const end = await this.#walkUntilSettled();
      if (!end.complete) return this.#report('incomplete', end.reason);
      return await this.#judge(mark);
    } catch (error) {
      return this.#report('failed', error instanceof Error ? error.message : String(error), error);
    }
  }

  get #name(): string {
    return this.#polled.config.name;
  }

  /** What a list that came whole says. */
  async #judge(mark: SourceMark | undefined): Promise<PollReport> {
    const { ledger } = this.#ports;
    const { rows, rejected } = this.#counts;
    const isFirst = mark === undefined || this.#phase !== 'normal';
    const before = isFirst || rows > 0 ? 0 : await listedBefore(ledger, this.#name, mark);
    const isDoubted = isDoubtful(rows, before);
    // A list that nobody can read is not an empty one: what it holds would all be announced once it can be read.
    if ((isFirst || isDoubted) && rows === 0 && rejected > 0) {
      return this.#report('incomplete', `none of the ${rejected} rows of the list is a recording`);
    }
    if (isDoubted && this.#polled.config.emptyList === 'doubt') {
      const reason = emptyListText(before, `sources.${this.#name}.emptyList`);
      return { ...this.#report('incomplete', reason), isEmptyInDoubt: true };
    }
    if (isFirst) await this.#endFirstPoll();
    else if (isWorthNoting(rows, mark.listed)) await ledger.markSource(this.#name, { ...mark, listed: rows });
    return this.#report('complete');
  }

  /** Rows shift while pages are read: walks again where that may have hidden something, or a first poll would count as complete too early. */
  async #walkUntilSettled(): Promise<WalkEnd> {
    for (let walks = 1; ; walks += 1) {
      const unknownBefore = this.#unknown;
      const end = await this.#walk();
      if (!end.complete || walks === WALKS_MAX) return end;
      const metUnknown = this.#unknown > unknownBefore;
      const pagesShift = end.pages > 1 && (end.shifted || (this.#phase !== 'normal' && metUnknown));
      // An empty list is believed at the second look only: taken for the whole, everything that comes after it would be announced.
      const emptyAtFirst = this.#phase !== 'normal' && walks === 1 && this.#counts.rows === 0;
      if (!pagesShift && !emptyAtFirst) return end;
    }
  }

  async #walk(): Promise<WalkEnd> {
    this.#seen = new Set();
    this.#reasons = new Set();
    this.#counts = { rows: 0, rejected: 0, available: 0, processing: 0 };
    const walk = this.#polled.source.walk(this.#signal);
    for (let step = await walk.next(); ; step = await walk.next()) {
      if (step.done) return step.value;
      this.#pages += 1;
      await this.#takePage(step.value);
    }
  }

  async #takePage(page: Page): Promise<void> {
    const { config } = this.#polled;
    this.#counts.rejected += page.rejected.count;
    for (const reason of page.rejected.reasons) if (this.#reasons.size < REASONS_MAX) this.#reasons.add(reason);
    this.#ports.urls.refresh(config.name, page.recordings);
    const fresh = page.recordings.filter((recording) => this.#isFirstRowOf(recording));
    for (const slice of this.#slices(fresh)) await this.#takeSlice(slice);
  }

  #isFirstRowOf({ uuid, status }: Recording): boolean {
    if (this.#seen.has(uuid)) return false;
    this.#seen.add(uuid);
    if (this.#seen.size > SEEN_MAX) for (const oldest of this.#seen.values().take(1)) this.#seen.delete(oldest);
    this.#counts.rows += 1;
    if (status === 'available') this.#counts.available += 1;
    if (status === 'processing') this.#counts.processing += 1;
    return true;
  }

  /** Looks up, compares, and writes what is new: deliveries first, in one write with the states that say that they exist. */
  async #takeSlice(recordings: readonly Recording[]): Promise<void> {
    const { ledger, urls, clock } = this.#ports;
    const known = await ledger.recordings(
      this.#name,
      recordings.map(({ uuid }) => uuid),
    );
    const nowMs = clock.nowMs();
    const changes: Change[] = [];
    const states: RememberedRecording[] = [];
    for (const recording of recordings) {
      const { uuid } = recording;
      if (!known.has(uuid)) this.#unknown += 1;
      const { state, change } = diff(known.get(uuid), recording, nowMs, this.#policy);
      if (state !== undefined) states.push({ source: this.#name, uuid, state });
      if (change !== undefined) changes.push(change);
      const willBeTold = change?.type === 'recording.available' || (state ?? known.get(uuid))?.awaitsAnnouncement;
      if (willBeTold) urls.remember(this.#name, recording);
    }
    await this.#store(changes, states, nowMs, this.#ports.floodLimit());
  }

  get #policy(): DiffPolicy {
    const { firstPoll, stuckAfterMs } = this.#polled.config;
    return { phase: this.#phase, announceFirst: firstPoll === 'announce', stuckAfterMs };
  }

  /** The commit point. */
  async #store(
    changes: readonly Change[],
    states: readonly RememberedRecording[],
    nowMs: number,
    floodLimit: number,
  ): Promise<void> {
    if (states.length === 0) return;
    const { ledger, tell, offer, sha256 } = this.#ports;
    const events = changes.map((change) => eventOf(sha256, this.#name, change, nowMs));
    const deliveries = await this.#absent(events.flatMap((event) => this.#deliveriesOf(event, nowMs, floodLimit)));
    const isOver = this.#ports.expect(deliveries);
    try {
      await ledger.commit(deliveries, states);
    } catch (error) {
      this.#ports.doubt();
      throw error;
    } finally {
      isOver();
    }
    this.#events += events.length;
    this.#deliveries += deliveries.length;
    const free = deliveries.filter(({ state }) => state === 'pending');
    this.#held += deliveries.length - free.length;
    tell(events.map((event) => this.#withUrlSeen(event)));
    offer(free);
  }

  #withUrlSeen(event: StoredRecordingEvent): RecordingEvent {
    const hasUrl = event.type === 'recording.available';
    return withUrl(event, hasUrl ? this.#ports.urls.lastSeen(this.#name, event.data.recording.uuid) : NO_URL);
  }

  #deliveriesOf(event: StoredRecordingEvent, nowMs: number, floodLimit: number): Delivery[] {
    const sinks = this.#sinks.filter((sink) => wants(sink, event));
    if (sinks.length > 0) this.#wanted += 1;
    const isFlood = this.#wanted > floodLimit;
    return sinks.map((sink) => {
      const id = deliveryIdOf(this.#ports.sha256, event.id, sink.name);
      const delivery = newDelivery(id, sink.name, event, sink.includeUrl, nowMs);
      return isFlood ? held(delivery) : delivery;
    });
  }

  async #absent(deliveries: readonly Delivery[]): Promise<Delivery[]> {
    if (deliveries.length === 0) return [];
    const existing = await this.#ports.ledger.existing(deliveries.map(({ id }) => id));
    return deliveries.filter(({ id }) => !existing.has(id));
  }

  /** The list has been seen whole: announces what waits for that, then notes that the first poll is over. */
  async #endFirstPoll(): Promise<void> {
    const { ledger, clock } = this.#ports;
    if (this.#polled.config.firstPoll === 'announce') await this.#announceRemembered();
    const mark = { scope: this.#polled.source.scope, firstPollDoneAtMs: clock.nowMs(), listed: this.#counts.rows };
    await ledger.markSource(this.#name, mark);
  }

  async #announceRemembered(): Promise<void> {
    let waiting: RememberedRecording[] = [];
    for await (const remembered of this.#ports.ledger.allRecordings(this.#name)) {
      if (!remembered.state.awaitsAnnouncement || waiting.push(remembered) < SLICE_MAX) continue;
      for (const slice of this.#slices(waiting)) await this.#announce(slice);
      waiting = [];
    }
    for (const slice of this.#slices(waiting)) await this.#announce(slice);
  }

  async #announce(slice: readonly RememberedRecording[]): Promise<void> {
    const announced = slice.map(({ source, uuid, state }) => ({ source, uuid, ...announceRemembered(uuid, state) }));
    await this.#store(
      announced.map(({ change }) => change),
      announced.map(({ source, uuid, state }) => ({ source, uuid, state })),
      this.#ports.clock.nowMs(),
      // Whoever wrote `announce` wants all of it.
      Number.POSITIVE_INFINITY,
    );
  }

  /**
   * A recording is written together with a delivery for every sink, and one write has its bound. The sinks stay the same within a slice,
   * whatever a reload does.
   */
  *#slices<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
    for (let from = 0; from < rows.length; ) {
      this.#sinks = this.#ports.sinks();
      const to = from + Math.max(1, Math.min(SLICE_MAX, Math.floor(STORE_BATCH_MAX / (1 + this.#sinks.length))));
      yield rows.slice(from, to);
      from = to;
    }
  }

  #report(result: PollReport['result'], reason?: string, error?: unknown): PollReport {
    return {
      source: this.#name,
      result,
      reason,
      isEmptyInDoubt: false,
      error,
      phase: this.#phase,
      ...this.#counts,
      rejectedReasons: [...this.#reasons],
      unknown: this.#unknown,
      events: this.#events,
      deliveries: this.#deliveries,
      held: this.#held,
      pages: this.#pages,
      durationMs: Math.round(this.#ports.clock.monotonicMs() - this.#startedMs),
    };
  }
}

/** How many recordings a first poll has remembered. Polls that broke off may have begun with it. */
export function rememberedBy({ phase, rows, unknown }: PollReport): number {
  return phase === 'first' ? rows : unknown;
}

/** What the platform asked for, when a poll failed for that. */
export function retryAfterMsOf({ error }: PollReport): number {
  return error instanceof SourceError ? (error.retryAfterMs ?? 0) : 0;
}
