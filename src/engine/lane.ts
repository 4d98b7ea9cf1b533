import type { SinkConfig } from '../config/config.js';
import { type Delivery, dueInMs, type Verdict } from '../core/delivery.js';
import { isRecordingEvent } from '../core/event.js';
import type { DeliveryId } from '../core/id.js';
import { longestDelayMs } from '../core/retry.js';
import { RETRY_AFTER_MS_MAX } from '../core/retry-after.js';
import { type SinkState, type Suspension, suspend, TRIAL_DELAY_MS_MAX } from '../core/suspension.js';
import type { Clock, Timer } from '../ports.js';
import { Backlog, type Next, type Parcel } from './backlog.js';
import { Flights } from './flights.js';
import { Pace } from './pace.js';

/** Why a delivery that somebody asked for is not attempted now. It stays pending. */
export type PutOff = 'paused' | 'suspended' | 'stopped' | 'broken' | 'sink_paused';

export interface LanePorts {
  readonly clock: Clock;
  /**
   * Makes the attempt and stores what became of it; undefined when that could not be done. A verdict for each delivery, all with the
   * same effect; none when a batch has lost its last member.
   */
  readonly attempt: (
    parcel: Parcel,
    trial: boolean,
    progress: AttemptProgress,
  ) => Promise<readonly Verdict[] | undefined>;
  /** The store does not take what becomes of attempts. */
  readonly storeFails: () => boolean;
  /** A person keeps the sink still: nothing starts. */
  readonly isPaused: () => boolean;
  /** Stores a delivery that is still to be attempted. */
  readonly save: (delivery: Delivery) => unknown;
  /** Stores the state of the sink. */
  readonly saveState: (state: SinkState) => unknown;
  /** The store has more, and it is its turn. */
  readonly refill: () => void;
  /** After every attempt, with what it made of the deliveries; undefined when that could not be stored. */
  readonly ended: (ids: readonly DeliveryId[], deliveries: readonly Delivery[] | undefined) => void;
  readonly putOff: (delivery: Delivery, why: PutOff) => void;
  /** Attempts that lanes before this one still have in flight for the same sink: they count for its limits. */
  readonly inFlightBefore: () => number;
  /** Whether somebody is changing it, also for what is not in this lane by itself. */
  readonly isChanging: (id: DeliveryId) => boolean;
}

/** Called by an attempt on its way. */
export interface AttemptProgress {
  /** It is known what goes. */
  readonly begin: (deliveries: readonly Delivery[]) => void;
  /** The receiver has taken it; what is left is to store that. */
  readonly accepted: () => void;
}

/** Goes before everything, whether the lane is open or not. */
const ASKED: Next = { dueAtMs: -1, members: [] };

/** Everything that is on its way to one sink: when it goes, how much at once, and whether at all. No lane waits for another. */
export class Lane {
  readonly sink: SinkConfig;
  readonly #ports: LanePorts;
  readonly #backlog: Backlog;
  /** Somebody waits for these: they go first, whatever their time. */
  readonly #asked = new Map<DeliveryId, Delivery>();
  readonly #flights = new Flights();
  /** A batch is due of which somebody is changing a member. */
  #awaitsChange = false;
  #state: SinkState;
  #wantsTrial: boolean;
  /** Monotonic. */
  #nextTrialMs = 0;
  readonly #pace: Pace;
  #timer: Timer | undefined;
  #stopped = false;
  /** Undefined: not open, so that nothing starts but what somebody asks for. */
  #openUntilMs: number | undefined;

  /** @param before the lane of the same sink in the configuration before */
  constructor(sink: SinkConfig, state: SinkState, ports: LanePorts, before?: Lane) {
    this.sink = sink;
    this.#backlog = new Backlog({ policy: sink.digest, isPossible: sink.definition.deliverDigest !== undefined });
    this.#pace = new Pace(sink, before === undefined ? undefined : before.#pace);
    this.#ports = ports;
    this.#state = state;
    this.#wantsTrial = state.suspension !== null;
  }

  get state(): SinkState {
    return this.#state;
  }

  get waiting(): number {
    return this.#backlog.size + this.#asked.size;
  }

  /** Deliveries that are on their way, as far as they are held in memory. */
  onTheirWay(): { readonly all: number; readonly ofRecordings: number } {
    const moving = [...this.#asked.values(), ...this.#flights.deliveries];
    const count = (matches: (delivery: Delivery) => boolean) =>
      this.#backlog.count(matches) + moving.filter(matches).length;
    return { all: count(() => true), ofRecordings: count(({ event }) => isRecordingEvent(event)) };
  }

  get inFlight(): number {
    return this.#flights.count;
  }

  /** When something is tried next, wall clock; null while nothing is planned. */
  get nextAttemptAtMs(): number | null {
    const next = this.#next();
    if (next === undefined || this.#stopped || this.#ports.isPaused()) return null;
    const { suspension, pausedUntilMs } = this.#state;
    return suspension === null ? Math.max(next.dueAtMs, pausedUntilMs ?? 0) : suspension.nextTrialAtMs;
  }

  /** Whether it has something to do for what is due by the time that {@link open} was given. */
  get busy(): boolean {
    if (this.#flights.count > 0) return true;
    const next = this.#next();
    if (this.#stopped || next === undefined || this.#ports.isPaused() || this.#pauseMs() > 0) return false;
    if (this.#state.suspension === null) return this.#isOpenFor(next.dueAtMs);
    const mayTry = this.#wantsTrial && this.#nextTrialMs <= this.#ports.clock.monotonicMs();
    return mayTry || this.#asked.size > 0;
  }

  isInFlight(delivery: Delivery): boolean {
    return this.#flights.has(delivery);
  }

  /** Whether it is in flight, or may turn out to be: what a batch had when it was stored need not be in it any more. */
  isTaken(id: DeliveryId): boolean {
    return this.attemptSinceMs(id) !== undefined;
  }

  /** Since when that is so; wall clock. */
  attemptSinceMs(id: DeliveryId): number | undefined {
    return this.#flights.sinceMs(id);
  }

  add(delivery: Delivery): void {
    if (!this.isInFlight(delivery) && !this.#asked.has(delivery.id)) this.#backlog.add(delivery);
  }

  /** Deliveries that are due by then may start, later ones stay where they are. */
  open(untilMs: number): void {
    this.#openUntilMs = untilMs;
    this.#backlog.collects = untilMs === Number.POSITIVE_INFINITY;
    this.pump();
  }

  /** Somebody asked for this one: it is tried at once, even if the sink is suspended, or else put off. */
  tryNow(delivery: Delivery): void {
    this.#backlog.remove(delivery.id);
    this.#asked.set(delivery.id, delivery);
    if (this.#stopped) this.#putOffAsked('stopped');
    else if (this.#ports.isPaused()) this.#putOffAsked('sink_paused');
    else if (this.#pauseMs() > 0) this.#putOffAsked('paused');
    this.pump();
  }

  remove(id: DeliveryId): void {
    this.#backlog.remove(id);
  }

  /** A person has just paused the sink, or resumed it. */
  pauseChanged(): void {
    if (this.#ports.isPaused()) this.#putOffAsked('sink_paused');
    this.pump();
  }

  /** Nobody changes it any more. */
  changed(): void {
    if (this.#awaitsChange) this.pump();
  }

  beginRefill(): void {
    this.#backlog.beginRefill();
  }

  /** Starts nothing any more; what is in flight goes on. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#putOffAsked('stopped');
  }

  /** Starts what can start, and arranges to be called again when the next can. */
  pump(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#awaitsChange = false;
    if (this.#stopped || this.#ports.isPaused()) return;
    this.#cutWaits();
    if (this.#backlog.wantsRefill) this.#ports.refill();
    const { concurrency } = this.sink;
    const { storeFails, inFlightBefore } = this.#ports;
    while (this.#flights.occupied(concurrency, storeFails()) + inFlightBefore() < concurrency) {
      const waitMs = this.#waitMs();
      if (waitMs > 0) {
        this.#wakeIn(waitMs);
        return;
      }
      const parcel = this.#take();
      if (parcel === undefined) return;
      void this.#start(parcel);
    }
  }

  #next(): Next | undefined {
    return this.#asked.size > 0 ? ASKED : this.#backlog.next();
  }

  #take(): Parcel | undefined {
    const [asked] = this.#asked.values();
    if (asked === undefined) return this.#backlog.take();
    this.#asked.delete(asked.id);
    return { kind: 'single', delivery: asked };
  }

  /** Until the next delivery may start; Infinity when nothing of ours will change that. */
  #waitMs(): number {
    const next = this.#next();
    if (next === undefined) return Number.POSITIVE_INFINITY;
    this.#awaitsChange = next.members.some((id) => this.#ports.isChanging(id));
    if (this.#awaitsChange) return Number.POSITIVE_INFINITY;
    if (this.#state.suspension !== null) return this.#trialWaitMs(this.#state.suspension);
    if (!this.#isOpenFor(next.dueAtMs)) return Number.POSITIVE_INFINITY;
    return Math.max(this.#dueInMs(next.dueAtMs), this.#pauseMs(), this.#pace.waitMs(this.#ports.clock.monotonicMs()));
  }

  #trialWaitMs({ nextTrialAtMs }: Suspension): number {
    const { clock } = this.#ports;
    if (this.#flights.count > 0) return Number.POSITIVE_INFINITY;
    if (this.#asked.size > 0) return 0;
    if (this.#openUntilMs === undefined) return Number.POSITIVE_INFINITY;
    const possibleInMs = Math.max(0, this.#nextTrialMs - clock.monotonicMs());
    if (this.#wantsTrial) return possibleInMs;
    return nextTrialAtMs === null ? Number.POSITIVE_INFINITY : Math.max(possibleInMs, nextTrialAtMs - clock.nowMs());
  }

  #isOpenFor(dueAtMs: number): boolean {
    return dueAtMs <= (this.#openUntilMs ?? ASKED.dueAtMs);
  }

  #dueInMs(dueAtMs: number | null): number {
    return dueInMs({ nextAttemptAtMs: dueAtMs }, this.sink.retry, this.#ports.clock.nowMs());
  }

  #pauseMs(): number {
    return Math.max(0, (this.#state.pausedUntilMs ?? 0) - this.#ports.clock.nowMs());
  }

  /** Times are wall clock: what is further ahead than anything is planned was planned before the clock went back, and is cut to that. */
  #cutWaits(): void {
    const nowMs = this.#ports.clock.nowMs();
    const cut = this.#backlog.cutTo(nowMs, nowMs + longestDelayMs(this.sink.retry));
    for (const delivery of cut) this.#ports.save(delivery);
    const { pausedUntilMs, suspension } = this.#state;
    const latestMs = nowMs + RETRY_AFTER_MS_MAX;
    if ((pausedUntilMs ?? 0) > latestMs) this.#setState({ ...this.#state, pausedUntilMs: latestMs });
    const latestTrialMs = nowMs + TRIAL_DELAY_MS_MAX;
    if (suspension !== null && (suspension.nextTrialAtMs ?? 0) > latestTrialMs) {
      this.#setState({ ...this.#state, suspension: { ...suspension, nextTrialAtMs: latestTrialMs } });
    }
  }

  #wakeIn(delayMs: number): void {
    if (delayMs !== Number.POSITIVE_INFINITY) this.#timer = this.#ports.clock.after(delayMs, () => this.pump());
  }

  async #start(parcel: Parcel): Promise<void> {
    const trial = this.#state.suspension !== null;
    if (trial) this.#wantsTrial = false;
    const flight = this.#flights.start(parcel, this.#ports.clock.nowMs());
    this.#pace.started(this.#ports.clock.monotonicMs());
    // Without a verdict the deliveries are pending in the store, as they were.
    const verdicts = await this.#ports.attempt(parcel, trial, {
      begin: (deliveries) => this.#flights.begin(flight, deliveries),
      accepted: () => {
        this.#flights.accept(flight);
        this.pump();
      },
    });
    this.#flights.end(flight);
    const [verdict] = verdicts ?? [];
    if (verdict !== undefined) this.#apply(verdict, trial);
    else if (trial) this.#wantsTrial = true;
    if (this.#pauseMs() > 0) this.#putOffAsked('paused');
    else if (this.#state.suspension !== null && (trial || verdict?.effect.kind === 'suspend')) {
      this.#putOffAsked('suspended');
    }
    this.#ports.ended(
      flight.deliveries.map(({ id }) => id),
      verdicts?.map(({ delivery }) => delivery),
    );
    this.pump();
  }

  #apply({ effect, delivery }: Verdict, trial: boolean): void {
    const { suspension } = this.#state;
    this.#pace.ended(effect.kind);
    if (effect.kind === 'works') this.#works();
    if (effect.kind === 'pause') this.#pause(effect.untilMs);
    if (effect.kind === 'suspend' && (trial || suspension === null)) this.#suspend(effect);
    if (effect.kind !== 'none' || !trial || suspension === null) return;
    // The trial said nothing of the sink. Dead: only this delivery earned that. Pending: it could not be made, and is made later.
    if (delivery.state === 'pending') this.#postponeTrial(delivery);
    else this.#suspend(suspension);
  }

  /** Of several that were under way, the one that was told to wait longest counts. */
  #pause(untilMs: number): void {
    this.#setState({ ...this.#state, pausedUntilMs: Math.max(untilMs, this.#state.pausedUntilMs ?? 0) });
  }

  #works(): void {
    if (this.#state.suspension === null && this.#state.pausedUntilMs === null) return;
    const pausedUntilMs = this.#pauseMs() > 0 ? this.#state.pausedUntilMs : null;
    this.#setState({ ...this.#state, suspension: null, pausedUntilMs });
  }

  #suspend({ reason, detail }: Pick<Suspension, 'reason' | 'detail'>): void {
    const suspension = suspend(this.#state.suspension, reason, detail, this.#ports.clock.nowMs());
    this.#setState({ ...this.#state, suspension });
  }

  #postponeTrial(delivery: Delivery): void {
    this.#wantsTrial = true;
    this.#nextTrialMs = this.#ports.clock.monotonicMs() + this.#dueInMs(delivery.nextAttemptAtMs);
  }

  #putOffAsked(why: PutOff): void {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const delivery of asked) {
      this.#backlog.add(delivery);
      this.#ports.putOff(delivery, why);
    }
  }

  #setState(state: SinkState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#ports.saveState(state);
  }
}
