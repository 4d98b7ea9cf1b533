import {
  afterNews,
  type News,
  newsOf,
  type SinkAlarm,
  type SourceAlarm,
  settledInMs,
  sinkConfirmedInMs,
} from './alarm.js';
import { afterDeadNews, type DeadAlarm, deadNewsInMs } from './alarm-dead.js';
import { type ExpiryNews, expiryNews } from './alarm-expiry.js';
import type { AlarmRecord } from './alarm-record.js';
import type { StoredEvent } from './event.js';
import type { Sha256 } from './id.js';
import {
  type DeadEvent,
  type OperatorEvent,
  operatorEventOf,
  type SinkEvent,
  type SourceEvent,
} from './operator-event.js';
import { type Route, wants } from './routing.js';

/** What decides whether an alarm is told now. */
export interface Outlook {
  readonly sha256: Sha256;
  readonly nowMs: number;
  /** When the credential of a source dies; null when that is unknown. */
  readonly expiresAtMs: (source: string) => number | null;
  /** Deliveries that wait for a sink. Where no recording waits, nobody misses anything. */
  readonly waiting: (sink: string) => { readonly all: number; readonly ofRecordings: number };
  /** A series of failures from before the start is told only if it has gone on for so long. */
  readonly graceMs: number;
  /** The program ends, and nothing is collected any longer. */
  readonly hurry: boolean;
  /** Whether a source has failed so often lately that one complete poll says little. */
  readonly flaps: (source: string) => boolean;
}

/** What a record tells, and what is stored of it with that. */
export interface Telling {
  /** 0: now. */
  readonly inMs: number;
  readonly make: () => { readonly event: OperatorEvent; readonly written: AlarmRecord };
}

/** What there is to tell of a record; undefined as long as only something else than time can change that. */
export function tellingOf(record: AlarmRecord, outlook: Outlook): Telling | undefined {
  switch (record.kind) {
    case 'source':
      return record.alarm === null ? undefined : sourceTelling(record.name, record.alarm, outlook);
    case 'expiry':
      return expiryTelling(record, outlook);
    case 'sink':
      return record.alarm === null ? undefined : sinkTelling(record.name, record.alarm, outlook);
    case 'dead':
      return record.alarm === null ? undefined : deadTelling(record.name, record.alarm, outlook);
  }
}

function sourceTelling(name: string, alarm: SourceAlarm, { sha256, nowMs, flaps }: Outlook): Telling | undefined {
  const news = newsOf(alarm);
  if (news === undefined || (news === 'failing' && !alarm.isConfirmed)) return undefined;
  return {
    inMs: news === 'recovered' && flaps(name) ? settledInMs(alarm, nowMs) : 0,
    make: () => ({
      event: sourceEventOf(sha256, name, alarm, news, nowMs),
      written: { kind: 'source', name, alarm: afterNews(alarm, news) },
    }),
  };
}

function expiryTelling(
  { name, alarm }: AlarmRecord & { readonly kind: 'expiry' },
  { sha256, nowMs, expiresAtMs }: Outlook,
): Telling | undefined {
  const news = expiryNews(alarm, expiresAtMs(name), nowMs);
  if (news === undefined) return undefined;
  return {
    inMs: 0,
    make: () => ({
      event: expiryEventOf(sha256, name, news, nowMs),
      written: { kind: 'expiry', name, alarm: news.alarm },
    }),
  };
}

function sinkTelling(name: string, alarm: SinkAlarm, outlook: Outlook): Telling | undefined {
  const { sha256, nowMs, hurry, graceMs } = outlook;
  const news = newsOf(alarm);
  if (news === undefined) return undefined;
  const waiting = outlook.waiting(name);
  if (news === 'failing' && waiting.ofRecordings === 0) return undefined;
  const confirmedInMs = news === 'recovered' ? 0 : sinkConfirmedInMs(alarm, nowMs);
  const isGrace = news === 'failing' && !alarm.isSuspended && !hurry;
  return {
    inMs: isGrace ? Math.max(confirmedInMs, graceMs) : confirmedInMs,
    make: () => ({
      event: sinkEventOf(sha256, name, alarm, news, waiting.all, nowMs),
      written: { kind: 'sink', name, alarm: afterNews(alarm, news) },
    }),
  };
}

function deadTelling(name: string, alarm: DeadAlarm, { sha256, nowMs, hurry }: Outlook): Telling | undefined {
  const inMs = deadNewsInMs(alarm, nowMs, hurry);
  if (inMs === undefined) return undefined;
  return {
    inMs,
    make: () => ({
      event: deadEventOf(sha256, name, alarm, nowMs),
      written: { kind: 'dead', name, alarm: afterDeadNews(alarm, nowMs) },
    }),
  };
}

function sourceEventOf(sha256: Sha256, source: string, alarm: SourceAlarm, news: News, nowMs: number): SourceEvent {
  const { reason } = alarm;
  const since = isoOf(alarm.sinceMs);
  const message = news === 'failing' ? alarm.message : `Polls are complete again. Before that: ${alarm.message}`;
  const fact = { type: `source.${news}`, source, data: { reason, message, since } } as const;
  return operatorEventOf<SourceEvent>(sha256, fact, source, since, nowMs);
}

/** Since when the credential is so near to its end: that differs between the two warnings, so that they are two events. */
function expiryEventOf(sha256: Sha256, source: string, { alarm, sinceMs }: ExpiryNews, nowMs: number): SourceEvent {
  const since = isoOf(sinceMs);
  const { expiresAtMs, level } = alarm;
  const dies = expiresAtMs > nowMs ? 'expires' : 'expired';
  const message = `The credential ${dies} at ${isoOf(expiresAtMs)}. Renew that of sources.${source}: polls fail without it.`;
  const fact = {
    type: 'source.expiring',
    source,
    data: { reason: `expires_within_a_${level}`, message, since },
  } as const;
  return operatorEventOf<SourceEvent>(sha256, fact, source, since, nowMs);
}

function sinkEventOf(
  sha256: Sha256,
  sink: string,
  alarm: SinkAlarm,
  news: News,
  waiting: number,
  nowMs: number,
): SinkEvent {
  const { reason } = alarm;
  const since = isoOf(alarm.sinceMs);
  const message =
    news === 'failing' ? sinkFailing(sink, alarm) : `Deliveries arrive again. Before that: ${alarm.message}`;
  const fact = { type: `sink.${news}`, source: null, data: { sink, reason, message, since, waiting } } as const;
  return operatorEventOf<SinkEvent>(sha256, fact, sink, since, nowMs);
}

function sinkFailing(name: string, { isSuspended, message }: SinkAlarm): string {
  return isSuspended
    ? `Suspended: ${message}. Nothing is lost, and nothing is sent until a trial succeeds: "redeliver ID" of one that "deliveries --sink ${name}" lists, a reload or a restart tries at once.`
    : `No delivery has arrived for a quarter of an hour: ${message}. Retries go on; "deliveries --sink ${name}" lists what waits.`;
}

function deadEventOf(sha256: Sha256, sink: string, alarm: DeadAlarm, nowMs: number): DeadEvent {
  const { count, reason, listed: deliveries } = alarm;
  const fact = { type: 'delivery.dead', source: null, data: { sink, reason, count, deliveries } } as const;
  return operatorEventOf<DeadEvent>(sha256, fact, sink, isoOf(alarm.sinceMs), nowMs);
}

/** Whether a sink gets it: never the one that it is about. */
export function listens(sink: Route & { readonly name: string }, event: OperatorEvent): boolean {
  return !isAbout(event, sink.name) && wants(sink, event);
}

/** Whether an event tells of the trouble of this sink, to which it is never sent. */
export function isAbout(event: StoredEvent, sink: string): boolean {
  return event.source === null && event.data.sink === sink;
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
