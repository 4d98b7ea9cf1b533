import type { SinkConfig } from '../config/config.js';
import { afterAttempt, again, type Delivery, type Verdict, waitForUrl } from '../core/delivery.js';
import { withUrl } from '../core/event.js';
import type { FailureReason, Outcome } from '../core/failure.js';
import type { DeliveryId } from '../core/id.js';
import { SINK_WORKS, type SinkState } from '../core/suspension.js';
import type { Ledger, Random } from '../ports.js';
import { type AttemptPorts, attemptOnce } from './attempt.js';
import { Lane } from './lane.js';
import { createOutbox } from './outbox.js';
import { createResults } from './results.js';
import type { Urls } from './urls.js';

/** How long a graceful stop waits for attempts that are under way. */
const STOP_GRACE_MS = 8_000;

export interface DispatcherPorts extends AttemptPorts {
  readonly ledger: Ledger;
  readonly urls: Urls;
  readonly random: Random;
}

export interface LaneStatus {
  readonly sink: string;
  readonly waiting: number;
  readonly inFlight: number;
  readonly state: SinkState;
}

/** What became of a delivery that somebody asked for. */
export type Redelivery =
  | { readonly kind: 'attempted'; readonly delivery: Delivery }
  | { readonly kind: 'refused'; readonly why: 'unknown' | 'under_way' | 'sink_disabled' | 'sink_removed' }
  /** It is due, but the receiver asked for a pause. */
  | { readonly kind: 'paused'; readonly untilMs: number };

/** Takes what is due from the outbox to its sinks, a lane for each. */
export class Dispatcher {
  readonly #ports: DispatcherPorts;
  readonly #results;
  readonly #outbox;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes of an earlier configuration that still have attempts in flight. */
  #retired: Lane[] = [];
  readonly #stop = new AbortController();
  readonly #waitingForResult = new Map<DeliveryId, (delivery: Delivery) => void>();
  #openUntilMs = 0;
  /** Asked after every attempt and every reading whether the wait is over. */
  #check: () => void = () => undefined;
  #inactive = new Map<string, SinkState>();
  #parked = new Map<string, number>();
  #deadCount = 0;

  constructor(ports: DispatcherPorts) {
    this.#ports = ports;
    this.#results = createResults(ports);
    this.#outbox = createOutbox({
      ...ports,
      begin: () => {
        this.#parked = new Map();
        for (const lane of this.#lanes.values()) lane.beginRefill();
      },
      take: (delivery) => this.#take(delivery),
      end: () => {
        for (const lane of this.#lanes.values()) lane.pump();
        this.#check();
      },
    });
  }

  /** Sets the sinks and reads the outbox for them. Throws if the outbox could not be read whole. */
  async configure(sinks: readonly SinkConfig[]): Promise<void> {
    const states = await this.#ports.ledger.sinkStates();
    for (const lane of this.#lanes.values()) lane.stop();
    this.#retired = [...this.#retired, ...this.#lanes.values()].filter(({ inFlight }) => inFlight > 0);
    this.#lanes.clear();
    for (const sink of sinks) {
      if (sink.enabled) this.#lanes.set(sink.name, this.#laneFor(sink, states.get(sink.name) ?? SINK_WORKS));
    }
    this.open(this.#openUntilMs);
    await this.#outbox.read();
    await this.#noteInactive(sinks, states);
  }

  /** Deliveries that are due by then may start. */
  open(untilMs: number): void {
    this.#openUntilMs = untilMs;
    for (const lane of this.#lanes.values()) lane.open(untilMs);
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
    for (const lane of lanes) lane.pump();
  }

  /** The outbox may hold what was not offered: a write that seemed to fail may have happened. */
  readAgain(): void {
    this.#outbox.readAgain();
  }

  /** One attempt of everything that is due now; resolves when no lane has anything more to do. */
  async attemptDue(): Promise<void> {
    this.open(this.#ports.clock.nowMs());
    await this.#until(() => !this.#outbox.reading && [...this.#lanes.values()].every(({ busy }) => !busy));
  }

  /** One attempt at once, then a new schedule; replaces a planned retry. Resolves after the attempt. */
  async redeliver(id: DeliveryId): Promise<Redelivery> {
    if (this.isInFlight(id)) return { kind: 'refused', why: 'under_way' };
    const stored = await this.#ports.ledger.delivery(id);
    if (stored === undefined) return { kind: 'refused', why: 'unknown' };
    return this.tryNow(again(stored, this.#ports.clock.nowMs()));
  }

  /** Stores a delivery that is due now and attempts it before its time would come, even if its sink is suspended. */
  async tryNow(delivery: Delivery): Promise<Redelivery> {
    const lane = this.#lanes.get(delivery.sink);
    if (lane === undefined) {
      const disabled = this.#inactive.get(delivery.sink)?.inactive?.why === 'disabled';
      return { kind: 'refused', why: disabled ? 'sink_disabled' : 'sink_removed' };
    }
    await this.replace(delivery);
    const attempted = new Promise<Delivery>((resolve) => {
      this.#waitingForResult.set(delivery.id, resolve);
    });
    lane.tryNow(delivery);
    if (lane.pausedUntilMs !== undefined) return { kind: 'paused', untilMs: lane.pausedUntilMs };
    return { kind: 'attempted', delivery: await attempted };
  }

  /** Stores what somebody made of a delivery that is not in flight. */
  async replace(delivery: Delivery): Promise<void> {
    this.#lanes.get(delivery.sink)?.remove(delivery.id);
    this.#outbox.touch(delivery.id);
    await this.#results.saveDelivery(delivery);
    this.#outbox.touch(delivery.id);
  }

  isInFlight(id: DeliveryId): boolean {
    return [...this.#lanes.values(), ...this.#retired].some((lane) => lane.isInFlight(id));
  }

  stateOf(sink: string): SinkState {
    return this.#lanes.get(sink)?.state ?? this.#inactive.get(sink) ?? SINK_WORKS;
  }

  status(): readonly LaneStatus[] {
    return [...this.#lanes.values()].map(({ sink, waiting, inFlight, state }) => ({
      sink: sink.name,
      waiting,
      inFlight,
      state,
    }));
  }

  /** Deliveries that no sink takes just now, since the config does not have it or has it disabled. */
  get parked(): ReadonlyMap<string, number> {
    return this.#parked;
  }

  /** Deliveries given up since the start. */
  get deadCount(): number {
    return this.#deadCount;
  }

  /** Starts nothing more, waits for what is under way, and cuts off what takes longer than 8 s. */
  async stop(): Promise<void> {
    const lanes = [...this.#lanes.values(), ...this.#retired];
    for (const lane of lanes) lane.stop();
    const timer = this.#ports.clock.after(STOP_GRACE_MS, () => {
      this.#stop.abort();
      this.#results.abandon();
    });
    await this.#until(() => lanes.every(({ inFlight }) => inFlight === 0));
    timer.cancel();
    this.#stop.abort();
    await this.#outbox.stop();
  }

  #laneFor(sink: SinkConfig, known: SinkState): Lane {
    return new Lane(
      sink,
      { ...known, inactive: null },
      {
        clock: this.#ports.clock,
        attempt: (delivery, trial) => this.#attempt(sink, delivery, trial),
        saveState: (state) => this.#saveState(sink.name, state),
        refill: () => this.#outbox.readAgain(),
        ended: (id, delivery) => this.#ended(id, delivery),
      },
    );
  }

  #take(delivery: Delivery): void {
    if (this.isInFlight(delivery.id)) return;
    const lane = this.#lanes.get(delivery.sink);
    if (lane === undefined) this.#parked.set(delivery.sink, (this.#parked.get(delivery.sink) ?? 0) + 1);
    else lane.add(delivery);
  }

  /** Since when a sink gets nothing, so that what waits for it can be given up one day; and that it is back. */
  async #noteInactive(sinks: readonly SinkConfig[], states: ReadonlyMap<string, SinkState>): Promise<void> {
    const disabled = new Set(sinks.filter(({ enabled }) => !enabled).map(({ name }) => name));
    const changed = new Map<string, SinkState>();
    this.#inactive = new Map();
    for (const name of new Set([...states.keys(), ...disabled, ...this.#parked.keys()])) {
      const state = states.get(name) ?? SINK_WORKS;
      const why = this.#lanes.has(name) ? undefined : disabled.has(name) ? 'disabled' : 'removed';
      const sinceMs = state.inactive?.sinceMs ?? this.#ports.clock.nowMs();
      const noted: SinkState = { ...state, inactive: why === undefined ? null : { why, sinceMs } };
      if (why !== undefined) this.#inactive.set(name, noted);
      if (state.inactive?.why !== why) changed.set(name, noted);
    }
    if (changed.size > 0) await this.#ports.ledger.save([], changed);
  }

  async #attempt(sink: SinkConfig, delivery: Delivery, trial: boolean): Promise<Verdict> {
    const { clock, urls, random } = this.#ports;
    const url = await urls.urlFor(delivery, this.#stop.signal);
    if (url.kind === 'unavailable') {
      const postponed = this.#stop.signal.aborted ? delivery : waitForUrl(delivery, clock.nowMs(), url.waitMs);
      if (postponed !== undefined) return this.#postpone(delivery, postponed, url.detail);
    }
    const startedAtMs = clock.nowMs();
    const startedMs = clock.monotonicMs();
    const event = withUrl(delivery.event, url.kind === 'url' ? url.fresh : { url: null, expiresAtMs: null });
    const outcome = await attemptOnce(sink, event, this.#ports, this.#stop.signal);
    const durationMs = clock.monotonicMs() - startedMs;
    const facts = { startedAtMs, nowMs: clock.nowMs(), durationMs, random: random(), retry: sink.retry, trial };
    const verdict = afterAttempt(delivery, outcome, facts);
    if (verdict.delivery !== delivery) await this.#results.saveDelivery(verdict.delivery);
    this.#report(verdict, outcome, durationMs);
    return verdict;
  }

  async #postpone(delivery: Delivery, postponed: Delivery, detail: string): Promise<Verdict> {
    if (postponed !== delivery) await this.#results.saveDelivery(postponed);
    this.#ports.log.info(
      {
        delivery: delivery.id,
        sink: delivery.sink,
        source: delivery.event.source,
        detail,
        nextAttemptAtMs: postponed.nextAttemptAtMs,
      },
      'a delivery waits for a fresh URL',
    );
    return { delivery: postponed, effect: { kind: 'none' } };
  }

  /** The one line of an attempt. */
  #report({ delivery, effect }: Verdict, outcome: Outcome, durationMs: number): void {
    const { id, sink, event, state, attempts, nextAttemptAtMs } = delivery;
    const failure: { reason?: FailureReason; detail: string } =
      outcome.kind === 'delivered' ? { detail: outcome.receipt } : { reason: outcome.reason, detail: outcome.detail };
    const fields = {
      sink,
      source: event.source,
      recording: event.data.recording.uuid,
      type: event.type,
      event: event.id,
      delivery: id,
      attempts,
      ...failure,
      durationMs: Math.round(durationMs),
      ...(state === 'pending' && nextAttemptAtMs !== null
        ? { nextAttemptAt: new Date(nextAttemptAtMs).toISOString() }
        : {}),
      ...(effect.kind === 'pause' ? { pausedUntil: new Date(effect.untilMs).toISOString() } : {}),
    };
    if (state === 'delivered') this.#ports.log.info(fields, 'delivered');
    else if (state === 'dead') this.#ports.log.error(fields, 'delivery given up; redeliver it by hand');
    else if (effect.kind === 'suspend')
      this.#ports.log.error(fields, 'sink suspended: nothing more is sent to it for now');
    else this.#ports.log.warn(fields, 'attempt failed');
    if (state === 'dead') this.#deadCount += 1;
  }

  #ended(id: DeliveryId, delivery: Delivery | undefined): void {
    this.#outbox.touch(id);
    if (delivery !== undefined) {
      this.#waitingForResult.get(id)?.(delivery);
      this.#waitingForResult.delete(id);
      // The lane of now, which need not be the one that made the attempt.
      if (delivery.state === 'pending') this.offer([delivery]);
    }
    this.#check();
  }

  #saveState(sink: string, state: SinkState): void {
    // A rejection means that the store did not take it before the stop: the next start finds out again.
    this.#results.saveSink(sink, state).catch(() => undefined);
  }

  async #until(condition: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#check = () => {
        if (condition()) resolve();
      };
      this.#check();
    });
    this.#check = () => undefined;
  }
}
