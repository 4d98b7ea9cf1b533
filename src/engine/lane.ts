import type { SinkConfig } from '../config/config.js';
import { type Delivery, dueInMs, type SinkEffect, type Verdict } from '../core/delivery.js';
import type { DeliveryId } from '../core/id.js';
import { RETRY_AFTER_MS_MAX } from '../core/retry-after.js';
import { type SinkState, type Suspension, suspend } from '../core/suspension.js';
import type { Clock, Timer } from '../ports.js';
import { DueQueue } from './due-queue.js';

/** Deliveries of one sink held in memory. */
const QUEUE_MAX = 10_000;
/** The queue asks for more of what is in the store when it has come down to this. */
const REFILL_AT = QUEUE_MAX / 4;

export interface LanePorts {
  readonly clock: Clock;
  /** Makes the attempt and stores what became of it. Rejects when that could not be stored. */
  readonly attempt: (delivery: Delivery, trial: boolean) => Promise<Verdict>;
  /** Stores the state of the sink. */
  readonly saveState: (state: SinkState) => void;
  /** What is in memory has run low and the store has more. */
  readonly refill: () => void;
  /** After every attempt, with what it made of the delivery; undefined when that could not be stored. */
  readonly ended: (id: DeliveryId, delivery: Delivery | undefined) => void;
}

/** Everything that is on its way to one sink: when it goes, how much at once, and whether at all. No lane waits for another. */
export class Lane {
  readonly sink: SinkConfig;
  readonly #ports: LanePorts;
  readonly #queue = new DueQueue(QUEUE_MAX);
  readonly #inFlight = new Set<DeliveryId>();
  #state: SinkState;
  #trial: 'wanted' | 'under way' | undefined;
  #nextStartAtMs = 0;
  #timer: Timer | undefined;
  #stopped = false;
  #openUntilMs = 0;

  constructor(sink: SinkConfig, state: SinkState, ports: LanePorts) {
    this.sink = sink;
    this.#ports = ports;
    this.#state = state;
    if (state.suspension !== null) this.#trial = 'wanted';
  }

  get state(): SinkState {
    return this.#state;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Until when the receiver asked to be left alone, if it still does. */
  get pausedUntilMs(): number | undefined {
    const pauseMs = this.#pauseMs();
    return pauseMs > 0 ? this.#ports.clock.nowMs() + pauseMs : undefined;
  }

  /** Whether it has something to do for what is due by the time that {@link open} was given. */
  get busy(): boolean {
    if (this.#inFlight.size > 0) return true;
    if (this.#stopped || this.#pauseMs() > 0) return false;
    if (this.#state.suspension !== null) return this.#trial === 'wanted' && this.#queue.size > 0;
    const first = this.#queue.peek();
    return first !== undefined && this.#isOpenFor(first);
  }

  isInFlight(id: DeliveryId): boolean {
    return this.#inFlight.has(id);
  }

  add(delivery: Delivery): void {
    if (!this.#inFlight.has(delivery.id)) this.#queue.add(delivery);
  }

  /** Deliveries that are due by then may start, later ones stay where they are. */
  open(untilMs: number): void {
    this.#openUntilMs = untilMs;
    this.pump();
  }

  /** Somebody asked for this one: it is tried at once, even if the sink is suspended. */
  tryNow(delivery: Delivery): void {
    this.#queue.remove(delivery.id);
    this.#queue.add(delivery);
    if (this.#state.suspension !== null) this.#trial ??= 'wanted';
    // A command that delivers what is due opened the lane before this was asked for.
    this.#openUntilMs = Math.max(this.#openUntilMs, delivery.nextAttemptAtMs ?? 0);
    this.pump();
  }

  remove(id: DeliveryId): void {
    this.#queue.remove(id);
  }

  beginRefill(): void {
    this.#queue.beginRefill();
  }

  /** Starts nothing any more; what is in flight goes on. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Starts what can start, and arranges to be called again when the next can. */
  pump(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#queue.overflowed && this.#queue.size <= REFILL_AT) this.#ports.refill();
    while (!this.#stopped && this.#inFlight.size < this.sink.concurrency) {
      const waitMs = this.#waitMs();
      if (waitMs > 0) {
        this.#wakeIn(waitMs);
        return;
      }
      const delivery = this.#queue.take();
      if (delivery === undefined) return;
      void this.#start(delivery);
    }
  }

  /** Until the next delivery may start; Infinity when nothing of ours will change that. */
  #waitMs(): number {
    const first = this.#queue.peek();
    if (first === undefined) return Number.POSITIVE_INFINITY;
    if (this.#state.suspension !== null) return this.#trialWaitMs(this.#state.suspension);
    if (!this.#isOpenFor(first)) return Number.POSITIVE_INFINITY;
    return Math.max(this.#dueInMs(first), this.#pauseMs(), this.#nextStartAtMs - this.#ports.clock.monotonicMs());
  }

  #trialWaitMs(suspension: Suspension): number {
    if (this.#trial === 'under way' || this.#inFlight.size > 0) return Number.POSITIVE_INFINITY;
    if (this.#trial === 'wanted') return 0;
    if (suspension.nextTrialAtMs === null) return Number.POSITIVE_INFINITY;
    return Math.min(Math.max(0, suspension.nextTrialAtMs - this.#ports.clock.nowMs()), RETRY_AFTER_MS_MAX);
  }

  #isOpenFor({ nextAttemptAtMs }: Delivery): boolean {
    return (nextAttemptAtMs ?? 0) <= this.#openUntilMs;
  }

  #dueInMs(delivery: Delivery): number {
    return dueInMs(delivery, this.sink.retry, this.#ports.clock.nowMs());
  }

  /** A pause longer than any receiver may ask for means that the clock went back. */
  #pauseMs(): number {
    const untilMs = this.#state.pausedUntilMs;
    return untilMs === null ? 0 : Math.min(Math.max(0, untilMs - this.#ports.clock.nowMs()), RETRY_AFTER_MS_MAX);
  }

  #wakeIn(delayMs: number): void {
    if (delayMs !== Number.POSITIVE_INFINITY) this.#timer = this.#ports.clock.after(delayMs, () => this.pump());
  }

  async #start(delivery: Delivery): Promise<void> {
    const trial = this.#state.suspension !== null;
    if (trial) this.#trial = 'under way';
    this.#inFlight.add(delivery.id);
    this.#nextStartAtMs = this.#ports.clock.monotonicMs() + this.sink.intervalMs;
    // A result that the store did not take before the stop: the delivery is pending there, and the next start goes on with it.
    const verdict = await this.#ports.attempt(delivery, trial).catch(() => undefined);
    this.#inFlight.delete(delivery.id);
    if (trial) this.#trial = undefined;
    if (verdict !== undefined) this.#apply(verdict.effect, trial);
    this.#ports.ended(delivery.id, verdict?.delivery);
    this.pump();
  }

  #apply(effect: SinkEffect, trial: boolean): void {
    const { clock } = this.#ports;
    if (effect.kind === 'works' && (this.#state.suspension !== null || this.#state.pausedUntilMs !== null)) {
      const pausedUntilMs = this.#pauseMs() > 0 ? this.#state.pausedUntilMs : null;
      this.#setState({ ...this.#state, suspension: null, pausedUntilMs });
    }
    if (effect.kind === 'pause') this.#setState({ ...this.#state, pausedUntilMs: effect.untilMs });
    if (effect.kind === 'suspend' && (trial || this.#state.suspension === null)) {
      const suspension = suspend(this.#state.suspension, effect.reason, effect.detail, clock.nowMs());
      this.#setState({ ...this.#state, suspension });
    }
    if (effect.kind === 'none' && trial && this.#state.suspension !== null) {
      const { reason, detail } = this.#state.suspension;
      this.#setState({ ...this.#state, suspension: suspend(this.#state.suspension, reason, detail, clock.nowMs()) });
    }
  }

  #setState(state: SinkState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#ports.saveState(state);
  }
}
