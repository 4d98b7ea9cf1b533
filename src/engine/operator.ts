import {
  type Attempted,
  afterDelivery,
  afterFailedAttempt,
  afterPause,
  afterPoll,
  afterSourcePause,
  withSuspension,
} from '../core/alarm.js';
import { type DeadAlarm, isDeath, isOver, withDead } from '../core/alarm-dead.js';
import type { AlarmRecord } from '../core/alarm-record.js';
import { type Delivery, newDelivery } from '../core/delivery.js';
import { deliveryIdOf, type Sha256 } from '../core/id.js';
import type { OperatorEvent } from '../core/operator-event.js';
import { listens, type Outlook, tellingOf } from '../core/operator-news.js';
import type { Pause } from '../core/pause.js';
import type { SinkState } from '../core/suspension.js';
import type { Ledger, Timer } from '../ports.js';
import { AlarmBook, alarmKey } from './alarm-book.js';
import { createDirectLine, type DirectLine, type DirectLinePorts } from './direct-line.js';
import { Flaps } from './flaps.js';
import { logOperatorEvent } from './operator-log.js';
import type { PollReport } from './poll-report.js';
import type { FailingNote } from './program-status.js';
import type { Prepared } from './results.js';
import { troubleOf } from './trouble.js';

/** Of all operator events: a cause that fails a hundred sources tells the rest of them in the minutes after. */
const EVENTS_A_MINUTE_MAX = 20;
const MINUTE_MS = 60_000;
/** Entries of one write, what attempts made of deliveries left out. */
const ENTRIES_MAX = 500;
/** What nobody is told yet is written with the next results, or after this time: a sink that fails now and then costs few writes. */
const WRITE_MS = 2_000;
/** After a start, a series of failures from before it is told only if it has gone on. */
const GRACE_MS = 60_000;
/** A program that ends waits no longer for a store that takes nothing. */
const HURRY_MS_MAX = 10_000;

export interface OperatorPorts extends DirectLinePorts {
  readonly ledger: Ledger;
  readonly sha256: Sha256;
  /** Deliveries that wait for the sink, at most as many as are held in memory. */
  readonly waiting: (sink: string) => { readonly all: number; readonly ofRecordings: number };
  /** When the credential of a source dies; null when that is unknown. */
  readonly expiresAtMs: (source: string) => number | null;
  /** Deliveries that have just been stored. Until then, and while that is in doubt, whoever writes keeps them from everybody. */
  readonly offer: (deliveries: readonly Delivery[]) => void;
  /** Has {@link Operator.prepare} called soon. */
  readonly write: () => void;
  /** Resolves when nothing waits to be stored. */
  readonly written: () => Promise<void>;
  /** Events that have just been stored. */
  readonly tell: (events: readonly OperatorEvent[]) => void;
}

interface Told {
  readonly before: AlarmRecord;
  readonly written: AlarmRecord;
  readonly event: OperatorEvent;
  readonly deliveries: readonly Delivery[];
}

/** Watches sources and sinks, and tells operators of what fails: once for each change, in the same write as what is known of it. */
export class Operator {
  readonly #ports: OperatorPorts;
  readonly #book = new AlarmBook();
  readonly #direct: DirectLine;
  readonly #flaps = new Flaps();
  #sources: readonly string[] = [];
  /** Monotonic, of the events of the last minute. */
  #toldMs: number[] = [];
  #graceEndsMs = 0;
  /** Monotonic; undefined while the store has everything. */
  #changedMs: number | undefined;
  #running = false;
  #hurry = false;
  #dueByMs = Number.POSITIVE_INFINITY;
  #closing = false;
  #timer: Timer | undefined;

  constructor(ports: OperatorPorts) {
    this.#ports = ports;
    this.#direct = createDirectLine(ports);
  }

  /** Reads what operators have been told. Before anything is noted. */
  async load(): Promise<void> {
    this.#book.load(await this.#ports.ledger.alarms());
  }

  /** Forgets the alarms of what the config does not have any more; what was dead stays worth telling. After sinks' states are known. */
  configure(sources: readonly string[]): void {
    this.#sources = sources;
    const sinks = new Set(this.#ports.sinks().map(({ name }) => name));
    const nowMs = this.#ports.clock.nowMs();
    this.#book.keep(({ kind, name, alarm }) => {
      if (kind === 'dead') return alarm !== null && !isOver(alarm, nowMs);
      return kind === 'sink' ? sinks.has(name) : sources.includes(name);
    });
    for (const sink of sinks) this.noteState(sink, this.#ports.stateOf(sink));
    this.#arm();
  }

  /** From now on tells by itself what only time makes known. */
  start(): void {
    this.#running = true;
    this.#graceEndsMs = this.#ports.clock.monotonicMs() + GRACE_MS;
    this.#arm();
  }

  /** What is known is written yet. */
  stop(): void {
    this.#running = false;
    this.#closing = true;
    this.#timer?.cancel();
    this.#direct.stop();
    this.#ports.write();
  }

  /** What is told from now on goes with what is due by then, which a retry that comes due meanwhile does not. */
  makeDueBy(dueByMs: number): void {
    this.#dueByMs = dueByMs;
  }

  /** Nothing is collected any longer, since the program ends: what may be told is told, and what is known is written. */
  async hurry(): Promise<void> {
    this.#hurry = true;
    this.#ports.write();
    const timer = Promise.withResolvers<void>();
    const patience = this.#ports.clock.after(HURRY_MS_MAX, timer.resolve);
    await Promise.race([this.#ports.written(), timer.promise]);
    patience.cancel();
    this.#hurry = false;
  }

  notePoll(report: PollReport): void {
    const { source } = report;
    if (!this.#sources.includes(source)) return;
    const nowMs = this.#ports.clock.nowMs();
    this.#book.set({
      kind: 'source',
      name: source,
      alarm: afterPoll(this.#book.source(source), troubleOf(report), nowMs),
    });
    this.#arm();
  }

  /** Of a sink that is suspended, or is so no more. */
  noteState(sink: string, { suspension }: SinkState): void {
    if (!this.#isEnabled(sink)) return;
    const before = this.#book.sink(sink);
    const alarm = withSuspension(before, suspension, this.#ports.clock.nowMs());
    if (alarm === before) return;
    this.#book.set({ kind: 'sink', name: sink, alarm });
    this.#arm();
  }

  /** An attempt of a recording's delivery. */
  noteAttempt(sink: string, attempted: Attempted): void {
    if (!this.#isEnabled(sink)) return;
    const before = this.#book.sink(sink);
    const nowMs = this.#ports.clock.nowMs();
    const alarm =
      attempted.kind === 'arrived'
        ? afterDelivery(before, nowMs)
        : afterFailedAttempt(before, attempted.trouble, nowMs);
    if (alarm === before) return;
    this.#book.set({ kind: 'sink', name: sink, alarm });
    this.#arm();
  }

  /** It has gone on: what was not told of it meanwhile is told if it goes on too. */
  noteResumed({ kind, name, sinceMs }: Pause): void {
    const nowMs = this.#ports.clock.nowMs();
    const [sink, source] = kind === 'sink' ? [this.#book.sink(name), null] : [null, this.#book.source(name)];
    if (sink !== null) this.#book.set({ kind: 'sink', name, alarm: afterPause(sink, sinceMs, nowMs) });
    if (source !== null) this.#book.set({ kind: 'source', name, alarm: afterSourcePause(source, sinceMs, nowMs) });
    this.#arm();
  }

  /** What is known of a source or a sink that fails, from before the start too; null while it works. */
  failing(kind: 'source' | 'sink', name: string): FailingNote | null {
    const alarm = kind === 'source' ? this.#book.source(name) : this.#book.sink(name);
    if (alarm === null || alarm.endedAtMs !== null) return null;
    const { sinceMs, reason, message } = alarm;
    return { sinceMs, reason, message };
  }

  /** More waits for a sink: that it is suspended may be worth telling now. */
  noteWaiting(sink: string): void {
    const alarm = this.#book.sink(sink);
    if (alarm !== null && alarm.told !== 'yes' && alarm.endedAtMs === null) this.#arm();
  }

  /** What is to be written together with these results; undefined when that is nothing. One write at a time. */
  prepare(results: readonly Delivery[]): Prepared | undefined {
    const outlook = this.#outlook();
    const deaths = this.#deathsOf(results, outlook.nowMs);
    const told = this.#choose(deaths, outlook);
    const isWorthIt = told.length + results.length > 0 || this.#hurry || this.#closing || this.#writeInMs() <= 0;
    const rest = isWorthIt ? this.#rest(deaths, told) : [];
    if (told.length + rest.length === 0) return undefined;
    for (const { before } of told) this.#book.doubt(before);
    return {
      deliveries: told.flatMap(({ deliveries }) => deliveries),
      alarms: [...told.map(({ written }) => written), ...rest],
      stored: (made) => this.#afterWrite(told, rest, made),
      failed: (failures) => {
        for (const { event } of told) this.#direct.send(event, failures);
      },
    };
  }

  /** The alarms of the sinks to which something among the results was not to be delivered. */
  #deathsOf(results: readonly Delivery[], nowMs: number): ReadonlyMap<string, AlarmRecord> {
    const alarms = new Map<string, DeadAlarm>();
    for (const dead of results.filter(isDeath)) {
      alarms.set(dead.sink, withDead(alarms.get(dead.sink) ?? this.#book.dead(dead.sink), dead, nowMs));
    }
    const records = [...alarms].map(([name, alarm]): AlarmRecord => ({ kind: 'dead', name, alarm }));
    return new Map(records.map((record) => [alarmKey(record), record]));
  }

  /** Of what is paused nobody hears how it does. */
  #candidates(): AlarmRecord[] {
    const isStill = ({ kind, name }: AlarmRecord) =>
      (kind === 'sink' || kind === 'source') && this.#ports.isPaused({ kind, name });
    return this.#book.candidates(this.#sources).filter((record) => !isStill(record));
  }

  /** What is told now, the oldest alarms first. What has no room waits for its turn. */
  #choose(deaths: ReadonlyMap<string, AlarmRecord>, outlook: Outlook): Told[] {
    const told: Told[] = [];
    let entries = 0;
    const known = this.#candidates().filter((record) => !deaths.has(alarmKey(record)));
    const eventsMax = EVENTS_A_MINUTE_MAX - this.#toldLately();
    for (const before of [...known, ...deaths.values()].toSorted(byAge)) {
      if (told.length >= eventsMax || entries >= ENTRIES_MAX) break;
      const telling = tellingOf(before, outlook);
      if (telling === undefined || telling.inMs > 0) continue;
      const { event, written } = telling.make();
      const deliveries = this.#deliveriesOf(event, outlook.nowMs);
      told.push({ before, event, written, deliveries });
      entries += 1 + deliveries.length;
    }
    return told;
  }

  #deliveriesOf(event: OperatorEvent, nowMs: number): Delivery[] {
    const { sha256, sinks } = this.#ports;
    return sinks()
      .filter((sink) => listens(sink, event))
      .map(({ name }) => ({
        ...newDelivery(deliveryIdOf(sha256, event.id, name), name, event, false, nowMs),
        nextAttemptAtMs: Math.min(nowMs, this.#dueByMs),
      }));
  }

  /** What has changed without being told. */
  #rest(deaths: ReadonlyMap<string, AlarmRecord>, told: readonly Told[]): AlarmRecord[] {
    const changed = new Map([...this.#book.changed().map((record) => [alarmKey(record), record] as const), ...deaths]);
    for (const { before } of told) changed.delete(alarmKey(before));
    return [...changed.values()].slice(0, ENTRIES_MAX);
  }

  #afterWrite(told: readonly Told[], rest: readonly AlarmRecord[], made: readonly Delivery[]): void {
    const { clock, log, tell, offer } = this.#ports;
    for (const { before, written } of told) this.#book.noteTold(before, written, clock.nowMs());
    for (const record of rest) this.#book.noteStored(record);
    this.#toldMs.push(...told.map(() => clock.monotonicMs()));
    const events = told.map(({ event }) => event);
    for (const event of events) {
      this.#flaps.note(event, clock.monotonicMs());
      logOperatorEvent(log, event);
    }
    if (events.length > 0) tell(events);
    offer(made);
    this.#arm();
  }

  #outlook(): Outlook {
    const { waiting, sha256, expiresAtMs, clock } = this.#ports;
    const graceMs = this.#running ? Math.max(0, this.#graceEndsMs - clock.monotonicMs()) : GRACE_MS;
    const flaps = (source: string) => this.#flaps.has(source, clock.monotonicMs());
    return { nowMs: clock.nowMs(), hurry: this.#hurry, graceMs, waiting, sha256, expiresAtMs, flaps };
  }

  #isEnabled(sink: string): boolean {
    return this.#ports.sinks().some(({ name }) => name === sink);
  }

  #toldLately(): number {
    const sinceMs = this.#ports.clock.monotonicMs() - MINUTE_MS;
    this.#toldMs = this.#toldMs.filter((toldMs) => toldMs > sinceMs);
    return this.#toldMs.length;
  }

  /** Has written what is known now, and arranges to look again when time will have made something known. */
  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const inMs = this.#nextInMs();
    if (inMs <= 0) this.#ports.write();
    else if (this.#running && inMs < Number.POSITIVE_INFINITY) {
      this.#timer = this.#ports.clock.after(inMs, () => this.#arm());
    }
  }

  #nextInMs(): number {
    const outlook = this.#outlook();
    const allowedInMs = this.#allowedInMs();
    const tellings = this.#candidates().map((record) => tellingOf(record, outlook)?.inMs);
    const inMs = Math.min(...tellings.map((ms) => ms ?? Number.POSITIVE_INFINITY));
    return Math.min(this.#writeInMs(), Math.max(inMs, allowedInMs));
  }

  #allowedInMs(): number {
    if (this.#toldLately() < EVENTS_A_MINUTE_MAX) return 0;
    return (this.#toldMs[0] ?? 0) + MINUTE_MS - this.#ports.clock.monotonicMs();
  }

  /** Until what is not told is worth a write of its own. */
  #writeInMs(): number {
    const nowMs = this.#ports.clock.monotonicMs();
    if (this.#book.changed().length === 0) this.#changedMs = undefined;
    else if (this.#closing) return 0;
    else this.#changedMs ??= nowMs;
    return this.#changedMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, this.#changedMs + WRITE_MS - nowMs);
  }
}

function byAge(one: AlarmRecord, other: AlarmRecord): number {
  return bornMs(one) < bornMs(other) ? -1 : Number(bornMs(one) > bornMs(other));
}

function bornMs({ alarm }: AlarmRecord): number {
  return alarm !== null && 'sinceMs' in alarm ? alarm.sinceMs : Number.POSITIVE_INFINITY;
}
