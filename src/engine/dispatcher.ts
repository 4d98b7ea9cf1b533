import type { SinkConfig } from '../config/config.js';
import type { Attempted } from '../core/alarm.js';
import type { Delivery } from '../core/delivery.js';
import type { DeliveryId, Sha256 } from '../core/id.js';
import { SINK_WORKS, type SinkState } from '../core/suspension.js';
import type { Ledger } from '../ports.js';
import { type ArchiveNews, createSaver } from './archive-news.js';
import type { AttemptPorts } from './attempt.js';
import { logSuspension } from './attempt-log.js';
import { closeSinks } from './close-sinks.js';
import { Ends } from './ends.js';
import { Expected } from './expected.js';
import { Lane } from './lane.js';
import { Orders } from './orders.js';
import { createOutbox } from './outbox.js';
import type { LaneStatus } from './program-status.js';
import { createRepeats, type Repeats } from './repeats.js';
import { createResults, type ResultsPorts } from './results.js';
import { RetiredLanes } from './retired-lanes.js';
import { type SendPorts, sendParcel } from './send-parcel.js';
import { SinkStates } from './sink-states.js';
import type { Urls } from './urls.js';
import { Waiters } from './waiters.js';

/** How long a graceful stop waits for attempts that are under way, and for the store to take what became of them. */
const STOP_GRACE_MS = 8_000;

export interface DispatcherPorts extends AttemptPorts {
  readonly ledger: Ledger;
  readonly urls: Urls;
  readonly sha256: Sha256;
  /** Since when a person keeps a sink still; undefined: nobody does. */
  readonly pausedSinceMs: (sink: string) => number | undefined;
  readonly watch?: Watch;
  readonly news?: ArchiveNews;
}

/** Who is told how sinks do. */
export interface Watch extends Pick<ResultsPorts, 'prepare'> {
  noteState(sink: string, state: SinkState): void;
  /** An attempt of a recording's delivery. */
  noteAttempt(sink: string, attempted: Attempted): void;
  noteWaiting(sink: string): void;
}

/** Takes what is due from the outbox to its sinks, a lane for each. */
export class Dispatcher {
  readonly orders: Orders;
  /** Of attempts since the start. */
  readonly ends = new Ends();
  readonly #ports: DispatcherPorts;
  readonly #results;
  readonly #repeats: Repeats;
  readonly #sendPorts: SendPorts;
  readonly #outbox;
  readonly #states = new SinkStates();
  readonly #lanes = new Map<string, Lane>();
  readonly #retired = new RetiredLanes();
  /** Being stored: whoever stores them offers them. */
  readonly #expected = new Expected(() => this.#outbox.readAgain());
  readonly #stop = new AbortController();
  /** Called after every attempt and every reading. */
  readonly #waiters = new Waiters();
  #parked = new Map<string, number>();
  #held = new Map<string | null, number>();
  #stopping = false;

  constructor(ports: DispatcherPorts) {
    this.#ports = ports;
    this.#repeats = createRepeats(ports);
    this.#results = createResults({
      ...ports,
      prepare: (results) => this.#expected.expectBeside(ports.watch?.prepare?.(results)),
    });
    const save = createSaver({
      ...ports,
      results: this.#results,
      expect: (deliveries) => this.expect(deliveries),
      offer: (deliveries) => this.offer(deliveries),
      doubt: () => this.readAgain(),
    });
    this.#sendPorts = {
      ...ports,
      ...{ results: this.#results, save, repeats: this.#repeats },
      note: (sink, attempted) => ports.watch?.noteAttempt(sink, attempted),
      readAgain: () => this.#outbox.readAgain(),
      isStopping: () => this.#stopping,
    };
    this.#outbox = createOutbox({
      ...ports,
      begin: () => {
        this.#parked = new Map();
        this.#held = new Map();
        for (const lane of this.#lanes.values()) lane.beginRefill();
      },
      take: (delivery) => this.#take(delivery),
      passOver: ({ event: { source } }) => this.#held.set(source, (this.#held.get(source) ?? 0) + 1),
      end: () => this.#afterReading(),
    });
    this.orders = new Orders({
      ...ports,
      results: this.#results,
      outbox: this.#outbox,
      states: this.#states,
      lanes: this.#lanes,
      isUnderWay: (delivery) => this.#isUnderWay(delivery),
      isTaken: (id) => this.#allLanes().some((lane) => lane.isTaken(id)),
      done: () => {
        for (const lane of this.#lanes.values()) lane.changed();
        this.#waiters.notify();
      },
    });
  }

  /** Sets the sinks and reads what the store has for them. Throws if that could not be read whole. Delivers nothing before {@link open}. */
  async load(sinks: readonly SinkConfig[]): Promise<void> {
    this.#states.load(await this.#ports.ledger.sinkStates());
    this.#setLanes(sinks);
    await this.#outbox.read();
  }

  /** Sets other sinks while the program runs. Delivers nothing more before the next {@link open}. */
  async configure(sinks: readonly SinkConfig[]): Promise<void> {
    this.#setLanes(sinks);
    await this.#outbox.readOrAgain();
  }

  /** Deliveries that are due by then may start. */
  open(untilMs: number): void {
    for (const lane of this.#lanes.values()) lane.open(untilMs);
  }

  /** New deliveries are about to be stored. @returns to be called when they are, or could not be */
  expect(deliveries: readonly Delivery[]): () => void {
    return this.#expected.expect(deliveries);
  }

  /** Takes new deliveries, which are stored already. */
  offer(deliveries: readonly Delivery[]): void {
    const lanes = new Set<Lane>();
    for (const delivery of deliveries) {
      this.#outbox.touch(delivery.id);
      const lane = this.#lanes.get(delivery.sink);
      if (lane === undefined) continue;
      lane.add(delivery);
      lanes.add(lane);
    }
    for (const lane of lanes) this.#ports.watch?.noteWaiting(lane.sink.name);
    for (const lane of lanes) lane.pump();
  }

  /** The outbox may hold what was not offered: a write that seemed to fail may have happened. */
  readAgain(): void {
    this.#outbox.readAgain();
  }

  /**
   * One attempt of everything that is due now; resolves when no lane has anything more to do.
   *
   * @param isFor of which sinks; without it of all
   */
  async attemptDue(untilMs = this.#ports.clock.nowMs(), isFor = (_sink: string) => true): Promise<void> {
    const lanes = [...this.#lanes.values()].filter(({ sink }) => isFor(sink.name));
    for (const lane of lanes) lane.open(untilMs);
    await this.#waiters.until(() => !this.#outbox.reading && lanes.every(({ busy }) => !busy));
  }

  /** Has the watch prepare a write soon. */
  write(): void {
    this.#results.wake();
  }

  /** Resolves when nothing waits to be stored. */
  written(): Promise<void> {
    return this.#results.settled();
  }

  /** For how long the store has taken nothing; undefined while it does. */
  get storeFailsForMs(): number | undefined {
    const sinceMs = this.#results.failingSinceMs;
    return sinceMs === undefined ? undefined : this.#ports.clock.monotonicMs() - sinceMs;
  }

  /** Deliveries that wait for a sink, as far as they are held in memory. */
  waiting(sink: string): { readonly all: number; readonly ofRecordings: number } {
    return this.#lanes.get(sink)?.onTheirWay() ?? { all: 0, ofRecordings: 0 };
  }

  pausedSinceMs(sink: string): number | undefined {
    return this.#ports.pausedSinceMs(sink);
  }

  /** A person has just paused it, or resumed it. */
  pauseChanged(sink: string): void {
    this.#lanes.get(sink)?.pauseChanged();
    this.#waiters.notify();
  }

  stateOf(sink: string): SinkState {
    return this.#states.get(sink);
  }

  status(): readonly LaneStatus[] {
    return [...this.#lanes.values()].map(({ sink, waiting, inFlight, nextAttemptAtMs, state }) => ({
      sink: sink.name,
      waiting,
      inFlight,
      nextAttemptAtMs,
      state,
      pausedSinceMs: this.pausedSinceMs(sink.name) ?? null,
    }));
  }

  /** Since when an attempt of it is under way, wall clock; undefined: none is. */
  attemptSinceMs(id: DeliveryId): number | undefined {
    return this.#allLanes()
      .map((lane) => lane.attemptSinceMs(id))
      .find((sinceMs) => sinceMs !== undefined);
  }

  /** Deliveries that no sink takes just now, since the config does not have it or has it disabled. */
  get parked(): ReadonlyMap<string, number> {
    return this.#parked;
  }

  /** Deliveries that waited for a decision when the outbox was last read, by the source of their events. */
  get held(): ReadonlyMap<string | null, number> {
    return this.#held;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  /** Starts nothing more, waits for what is under way, and cuts off what takes longer than 8 s. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const lanes = this.#allLanes();
    for (const lane of lanes) lane.stop();
    const timer = this.#ports.clock.after(STOP_GRACE_MS, () => {
      this.#stop.abort();
      this.#results.abandon();
    });
    await this.#waiters.until(() => this.orders.changing === 0 && lanes.every(({ inFlight }) => inFlight === 0));
    await this.#results.settled();
    timer.cancel();
    this.#stop.abort();
    await this.#outbox.stop();
    await closeSinks(lanes, this.#ports.log);
    this.#results.tellRest();
    this.#repeats.stop();
    this.#waiters.notify();
  }

  #setLanes(sinks: readonly SinkConfig[]): void {
    const before = new Map(this.#lanes);
    for (const lane of before.values()) lane.stop();
    this.#retired.add(before.values());
    this.#lanes.clear();
    this.#closeRetired();
    this.#states.configure(sinks);
    for (const sink of sinks) if (sink.enabled) this.#lanes.set(sink.name, this.#laneFor(sink, before.get(sink.name)));
  }

  /** A sink of an earlier configuration keeps its connections until its last attempt is over. */
  #closeRetired(): void {
    void closeSinks(this.#retired.takeIdle(), this.#ports.log);
  }

  #laneFor(sink: SinkConfig, before: Lane | undefined): Lane {
    const { name } = sink;
    const lane: Lane = new Lane(
      sink,
      { ...this.#states.get(name), inactive: null },
      {
        clock: this.#ports.clock,
        isPaused: () => this.pausedSinceMs(name) !== undefined,
        attempt: (parcel, trial, progress) =>
          sendParcel(sink, parcel, trial, progress, this.#sendPorts, this.#stop.signal),
        storeFails: () => this.#results.failingSinceMs !== undefined,
        save: (delivery) => this.#results.saveDelivery(delivery).catch(() => undefined),
        // What a retired lane learns late, the lane of now finds out for itself.
        saveState: (state) => this.#lanes.get(name) === lane && this.#saveState(name, state),
        refill: () => this.#outbox.readAgain(),
        ended: (ids, deliveries) => this.#ended(name, ids, deliveries),
        putOff: ({ id }, why) => this.orders.answer(id, { kind: 'put_off', why, state: lane.state }),
        inFlightBefore: () => this.#retired.inFlightOf(sink),
        isChanging: (id) => this.orders.isChanging(id),
      },
      before?.sink.definition === sink.definition ? before : undefined,
    );
    return lane;
  }

  /** Those of earlier configurations too. */
  #allLanes(): readonly Lane[] {
    return [...this.#lanes.values(), ...this.#retired.all];
  }

  #isUnderWay(delivery: Delivery): boolean {
    return this.#allLanes().some((lane) => lane.isInFlight(delivery));
  }

  #take(delivery: Delivery): void {
    const { id } = delivery;
    if (this.#expected.has(id) || this.orders.has(id) || this.#isUnderWay(delivery)) return;
    const lane = this.#lanes.get(delivery.sink);
    if (lane === undefined) this.#parked.set(delivery.sink, (this.#parked.get(delivery.sink) ?? 0) + 1);
    else lane.add(delivery);
  }

  #afterReading(): void {
    const changed = this.#states.note(this.#parked.keys(), this.#ports.clock.nowMs());
    for (const [sink, state] of changed) this.#saveState(sink, state);
    for (const lane of this.#lanes.values()) {
      this.#ports.watch?.noteWaiting(lane.sink.name);
      lane.pump();
    }
    this.#waiters.notify();
  }

  #ended(sink: string, ids: readonly DeliveryId[], deliveries: readonly Delivery[] | undefined): void {
    for (const id of ids) this.#outbox.touch(id);
    for (const delivery of deliveries ?? []) {
      this.ends.note(sink, delivery.state);
      this.orders.answer(delivery.id, { kind: 'attempted', delivery });
    }
    const why = this.#stopping ? 'stopped' : 'broken';
    if (deliveries === undefined)
      for (const id of ids) this.orders.answer(id, { kind: 'put_off', why, state: SINK_WORKS });
    // The lane of now, which need not be the one that made the attempt.
    this.offer(deliveries?.filter(({ state }) => state === 'pending') ?? []);
    this.#closeRetired();
    // It may have waited for the end of an attempt that a lane before it made.
    this.#lanes.get(sink)?.pump();
    this.#waiters.notify();
  }

  #saveState(sink: string, state: SinkState): void {
    logSuspension(this.#ports.log, sink, this.stateOf(sink).suspension, state.suspension);
    this.#states.set(sink, state);
    this.#ports.watch?.noteState(sink, state);
    // A rejection means that the store did not take it before the stop: the next start finds out again.
    this.#results.saveSink(sink, state).catch(() => undefined);
  }
}
