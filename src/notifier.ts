import type { Config, SourceConfig } from './config/config.js';
import type { NotifierEvent, RecordingEvent } from './core/event.js';
import type { Sha256 } from './core/id.js';
import type { Order, OrderLine } from './core/order.js';
import type { PausableKind, Pause } from './core/pause.js';
import { carryOut } from './engine/carry-out.js';
import type { RoutedSink } from './engine/commit-changes.js';
import type { Cron } from './engine/cron.js';
import { Dispatcher, type DispatcherPorts } from './engine/dispatcher.js';
import { logEvents } from './engine/event-log.js';
import { createGate } from './engine/gate.js';
import { createHeartbeat, type Heartbeat } from './engine/heartbeat.js';
import type { Observer } from './engine/observer.js';
import { Operator } from './engine/operator.js';
import { type PauseChange, Pauses } from './engine/pauses.js';
import type { PollReport } from './engine/poll-report.js';
import { openPolledSource, type PolledSource } from './engine/polled-source.js';
import { poll } from './engine/poller.js';
import { type ProgramStatus, reasonsNotReady, type SourceStatus, sourceStatusOf } from './engine/program-status.js';
import { Reloads } from './engine/reloads.js';
import { createRequestLoop, type OpenRequest, type RequestLoop } from './engine/requests.js';
import { saveFullWalk } from './engine/save-full-walk.js';
import { createSourceSchedule, type SourceSchedule } from './engine/scheduler.js';
import { createSweeper, type Sweeper, sweep } from './engine/sweeper.js';
import { createTally, type Tally, type Totals } from './engine/tally.js';
import { createUrls } from './engine/urls.js';
import type { Clock, HttpClient, Ledger, Log, Programs, Random } from './ports.js';

export interface NotifierPorts extends Pick<DispatcherPorts, 'share'> {
  readonly ledger: Ledger;
  /** Requests that commands left in the store. */
  readonly takeRequests: () => Promise<readonly OpenRequest[]>;
  readonly http: HttpClient;
  readonly cron: Cron;
  readonly clock: Clock;
  readonly random: Random;
  readonly sha256: Sha256;
  readonly log: Log;
  /** Writes a line to stdout. */
  readonly print: (line: string) => Promise<void>;
  /** As in a sink's context. */
  readonly programs?: Programs;
  /** Called with events that have just been stored, and the URLs just seen. Must not throw. */
  readonly tell?: (events: readonly NotifierEvent[]) => void;
  readonly observer?: Observer;
}

interface ScheduledSource {
  readonly polled: PolledSource;
  readonly schedule: SourceSchedule;
}

/** However many sources there are. */
const POLLS_AT_ONCE_MAX = 50;

/** The whole program, given its configuration and its ports: polls, remembers, delivers. */
export class Notifier {
  readonly #ports: NotifierPorts;
  readonly #dispatcher: Dispatcher;
  readonly #operator: Operator;
  readonly #sweeper: Sweeper;
  readonly #requests: RequestLoop;
  readonly #heartbeat: Heartbeat;
  readonly #tally: Tally;
  readonly #pauses: Pauses;
  readonly #urls;
  readonly #gate = createGate(POLLS_AT_ONCE_MAX);
  readonly #sources = new Map<string, ScheduledSource>();
  /** Whoever reads a config that is refused notes it here. */
  readonly reloads: Reloads;
  #config: Config;
  #reloaded: Promise<void> = Promise.resolve();
  #started = false;
  #stopping = false;

  constructor(config: Config, ports: NotifierPorts) {
    const { ledger, clock, log } = ports;
    this.#config = config;
    this.#ports = ports;
    this.#urls = createUrls({ ...ports, source: (name) => this.#sources.get(name)?.polled });
    this.#pauses = new Pauses(ports);
    this.reloads = new Reloads(clock);
    this.#operator = this.#createOperator();
    const news = {
      ...ports,
      sinks: () => this.#routes(),
      tell: (events: readonly RecordingEvent[]) => this.#tell(events),
    };
    const pausedSinceMs = (name: string) => this.#pauses.sinceMs({ kind: 'sink', name });
    this.#dispatcher = new Dispatcher({ ...ports, urls: this.#urls, watch: this.#operator, news, pausedSinceMs });
    this.#heartbeat = createHeartbeat({
      ...ports,
      url: () => this.#config.heartbeat,
      sources: () => this.#sourceNames().filter((name) => !this.#pauses.has({ kind: 'source', name })),
    });
    this.#sweeper = createSweeper({ ledger, clock, log, dispatcher: this.#dispatcher, retention: () => this.#config });
    this.#tally = createTally({ clock, log, deliveries: () => this.#deliveryTotals() });
    const requests = { take: ports.takeRequests, carryOut: (order: Order) => this.carryOut(order) };
    this.#requests = createRequestLoop({ clock, log, ...requests });
    for (const source of config.sources) this.#sources.set(source.name, this.#open(source));
  }

  get dispatcher(): Dispatcher {
    return this.#dispatcher;
  }

  /** What it has done since the start. */
  get totals(): Totals {
    return this.#tally.totals;
  }

  /** Reads the outbox; throws when that fails. Delivers nothing yet. */
  async load(): Promise<void> {
    await this.#ports.ledger.tidy();
    await this.#pauses.load();
    await this.#operator.load();
    await this.#dispatcher.load(this.#config.sinks);
    this.#operator.configure(this.#sourceNames());
  }

  /** Polls at once and on schedule, delivers, and serves requests. After {@link load}. */
  start(): void {
    this.#started = true;
    this.#dispatcher.open(Number.POSITIVE_INFINITY);
    for (const { schedule } of this.#sources.values()) schedule.start();
    this.#sweeper.start();
    this.#requests.start();
    this.#operator.start();
    this.#tally.start();
  }

  /** One poll of every source that is not paused, all at once. */
  async pollAll(): Promise<readonly PollReport[]> {
    const polled = [...this.#sources].filter(([name]) => !this.#pauses.has({ kind: 'source', name }));
    return Promise.all(polled.map(([, { schedule }]) => schedule.pollNow()));
  }

  /** What a person keeps still, since when; also what the config does not have any more. */
  paused(): readonly Pause[] {
    return this.#pauses.all;
  }

  /** Keeps a sink or a source still until {@link resume}, through restarts. Throws when that could not be stored, and nothing changes. */
  async pause(kind: PausableKind, name: string): Promise<PauseChange> {
    const change = await this.#pauses.pause({ kind, name });
    if (change.changed) this.#ports.log.warn({ kind, name }, 'paused until somebody resumes it');
    if (kind === 'sink') this.#dispatcher.pauseChanged(name);
    return change;
  }

  /** Lets it go on: what waits for the sink goes, the source is polled at once. Throws as {@link pause} does. */
  async resume(kind: PausableKind, name: string): Promise<PauseChange> {
    const change = await this.#pauses.resume({ kind, name });
    if (change.pause === undefined) return change;
    this.#ports.log.info({ kind, name, since: new Date(change.pause.sinceMs).toISOString() }, 'resumed');
    this.#operator.noteResumed(change.pause);
    if (kind === 'sink') this.#dispatcher.pauseChanged(name);
    else this.#sources.get(name)?.schedule.resumed();
    return change;
  }

  /** One attempt of everything that is due, what operators are told because of it included; then nothing is collected for them any longer. */
  async attemptDue(): Promise<void> {
    const untilMs = this.#ports.clock.nowMs();
    this.#operator.makeDueBy(untilMs);
    await this.#dispatcher.attemptDue(untilMs);
    await this.#operator.hurry();
    await this.#dispatcher.attemptDue(untilMs);
  }

  /** Why it is not ready, in words; empty when it is. */
  notReady(): readonly string[] {
    return reasonsNotReady({ sources: this.#sourceStatus(), storeFailsForMs: this.#dispatcher.storeFailsForMs });
  }

  get config(): Config {
    return this.#config;
  }

  status(): ProgramStatus {
    const { parked, held, storeFailsForMs } = this.#dispatcher;
    const sources = this.#sourceStatus();
    const lanes = this.#dispatcher
      .status()
      .map((lane) => ({ ...lane, failing: this.#operator.failing('sink', lane.sink) }));
    const config = this.reloads.status;
    return { sources, lanes, pauses: this.paused(), parked, held, storeFailsForMs, config };
  }

  /** One poll of a source, paused or not, or the one that is under way; undefined when there is no such source. */
  pollNow(source: string): Promise<PollReport> | undefined {
    return this.#sources.get(source)?.schedule.pollNow();
  }

  /** Tells the outside that all is well, if every source's poll was complete; 10 s at most. {@link start} does it after each round. */
  beat(): Promise<void> {
    return this.#heartbeat.beat();
  }

  /** What {@link start} does once an hour. */
  async sweep(): Promise<void> {
    const { ledger, clock, log } = this.#ports;
    await sweep({ ledger, clock, log, dispatcher: this.#dispatcher, retention: () => this.#config });
  }

  /** Takes another configuration, after the one before it is in place; a stop goes before both. */
  reload(config: Config): Promise<void> {
    const reloaded = this.#reloaded.then(() => (this.#stopping ? undefined : this.#reload(config)));
    this.#reloaded = reloaded.catch(() => undefined);
    return reloaded;
  }

  /** Sources that are the same go on, the others end or begin; sinks are set anew and tried. */
  async #reload(config: Config): Promise<void> {
    const before = new Map(this.#config.sources.map((source) => [source.name, JSON.stringify(source)]));
    const isSame = (source: SourceConfig) => before.get(source.name) === JSON.stringify(source);
    const staying = new Set(config.sources.filter(isSame).map(({ name }) => name));
    this.#config = config;
    this.#heartbeat.reset();
    await this.#dispatcher.configure(config.sinks);
    for (const [name, { schedule }] of this.#sources) {
      if (staying.has(name)) continue;
      await schedule.stop();
      this.#sources.delete(name);
    }
    const coming = config.sources.filter(({ name }) => !staying.has(name));
    for (const source of coming) this.#sources.set(source.name, this.#open(source));
    // Not before the sources are there: a delivery goes without its URL when nobody can be asked for it.
    this.#dispatcher.open(Number.POSITIVE_INFINITY);
    for (const { name } of coming) this.#sources.get(name)?.schedule.start();
    this.#operator.configure(this.#sourceNames());
    this.reloads.noteLoaded();
  }

  /** Does what a person asks for. After {@link load}. */
  carryOut(order: Order): AsyncGenerator<OrderLine> {
    return carryOut(order, {
      ...this.#ports,
      dispatcher: this.#dispatcher,
      sinks: () => this.#routes(),
      sources: () => this.#sourceNames(),
      pause: (kind: PausableKind, name: string) => this.pause(kind, name),
      resume: (kind: PausableKind, name: string) => this.resume(kind, name),
    });
  }

  /** Ends the polls, then finishes what is in flight, 8 s at most. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#heartbeat.stop();
    this.#tally.stop();
    await this.#reloaded;
    await Promise.all([...this.#sources.values()].map(({ schedule }) => schedule.stop()));
    this.#operator.stop();
    // At once, since a sweep and a request may wait for what only the dispatcher gives up.
    await Promise.all([this.#requests.stop(), this.#sweeper.stop(), this.#dispatcher.stop()]);
  }

  #createOperator(): Operator {
    return new Operator({
      ...this.#ports,
      sinks: () => this.#config.sinks.filter(({ enabled }) => enabled),
      stateOf: (sink) => this.#dispatcher.stateOf(sink),
      isPaused: (of) => this.#pauses.has(of),
      waiting: (sink) => this.#dispatcher.waiting(sink),
      expiresAtMs: (source) => this.#sources.get(source)?.polled.source.credentialExpiresAtMs ?? null,
      offer: (deliveries) => this.#dispatcher.offer(deliveries),
      write: () => this.#dispatcher.write(),
      written: () => this.#dispatcher.written(),
      tell: (events) => this.#ports.tell?.(events),
      notReady: () => this.notReady(),
    });
  }

  #deliveryTotals(): Pick<Totals, 'delivered' | 'dead' | 'waiting'> {
    const { ends, parked } = this.#dispatcher;
    const [delivered, dead] = [ends.count('delivered'), ends.count('dead')];
    const onTheirWay = this.#dispatcher.status().map(({ sink }) => this.#dispatcher.waiting(sink).all);
    const waiting = [...onTheirWay, ...parked.values()].reduce((sum, count) => sum + count, 0);
    return { delivered, dead, waiting };
  }

  #sourceStatus(): readonly SourceStatus[] {
    return [...this.#sources].map(([name, { polled, schedule }]) =>
      sourceStatusOf(polled, schedule, this.#operator.failing('source', name)),
    );
  }

  #sourceNames(): readonly string[] {
    return this.#config.sources.map(({ name }) => name);
  }

  #open(config: SourceConfig): ScheduledSource {
    const polled = openPolledSource(config, this.#ports);
    const schedule = createSourceSchedule(polled, {
      ...this.#ports,
      // A process that cannot only walks the whole list once more.
      save: (of) => saveFullWalk(of, this.#ports.ledger).catch(() => undefined),
      isPaused: () => this.#pauses.has({ kind: 'source', name: config.name }),
      poll: (of, signal) => this.#gate.through(() => this.#poll(of, signal), signal),
    });
    return { polled, schedule };
  }

  async #poll(of: PolledSource, signal: AbortSignal): Promise<PollReport> {
    const report = await poll(
      of,
      {
        ...this.#ports,
        sinks: () => this.#routes(),
        floodLimit: () => this.#config.floodLimit,
        urls: this.#urls,
        tell: (events) => this.#tell(events),
        expect: (deliveries) => this.#dispatcher.expect(deliveries),
        offer: (deliveries) => this.#dispatcher.offer(deliveries),
        doubt: () => this.#dispatcher.readAgain(),
      },
      signal,
    );
    this.#noteResult(report, signal);
    // What is held goes by no offer, and is counted by a reading.
    if (report.held > 0) this.#dispatcher.readAgain();
    return report;
  }

  #tell(events: readonly RecordingEvent[]): void {
    logEvents(this.#ports.log, events, this.#routes());
    this.#ports.tell?.(events);
  }

  #noteResult(report: PollReport, { aborted }: AbortSignal): void {
    if (!aborted) {
      this.#operator.notePoll(report);
      this.#ports.observer?.polled(report);
      this.#tally.note(report);
    }
    if (report.result !== 'complete') return;
    this.#heartbeat.note(report.source);
    if (this.#started) void this.#heartbeat.beat();
  }

  /** New events make deliveries for the enabled sinks only. */
  #routes(): readonly RoutedSink[] {
    return this.#config.sinks.filter(({ enabled }) => enabled);
  }
}
