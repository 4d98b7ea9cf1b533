import type { Delivery, Verdict } from './delivery.js';
import { isRecordingEvent } from './event.js';
import { FAILURE_REASONS } from './failure.js';
import { withoutPause } from './pause.js';
import type { Suspension } from './suspension.js';

/**
 * When a source or a sink fails for so long that an operator should know, and when that is over.
 *
 * An alarm is kept from the first failure to the news that it is over. What is told follows from it alone ({@link newsOf}), not from the
 * moment at which it changed: so one that must wait for its turn, or for the store, is told later if it still holds, and once.
 */
export interface Alarm {
  /** First failure of the series; with the name it tells this alarm from others. */
  readonly sinceMs: number;
  /** Of the latest failure, one word of a fixed list. */
  readonly reason: string;
  /** The same in words: no secret, no URL; it is stored. */
  readonly message: string;
  /** `maybe`: it was to be stored, and nobody knows whether it was; or it was sent without being stored. */
  readonly told: 'no' | 'maybe' | 'yes';
  /** It works again, and that is still to be told. */
  readonly endedAtMs: number | null;
}

export interface SourceAlarm extends Alarm {
  /** The unbroken run of polls that the platform refused, at the end of the series. */
  readonly refusedSinceMs: number | null;
  /** It lasts too long for a passing trouble. */
  readonly isConfirmed: boolean;
}

export interface SinkAlarm extends Alarm {
  /** Nothing is sent to it any more: no time has to pass. */
  readonly isSuspended: boolean;
}

export type News = 'failing' | 'recovered';

const SOURCE_FAILS_MS = 5 * 60_000;
/** Between the first and the last of the polls that were refused: one answer may be an accident. */
const SOURCE_REFUSES_MS = 10_000;
/** Longer than it takes to note a suspension. */
const SUSPENSION_NEW_MS = 60_000;
const SINK_FAILS_MS = 15 * 60_000;
/** For so long must work what has failed again and again. */
const SETTLES_MS = 10 * 60_000;

const MESSAGE_CHARACTERS_MAX = 500;

export interface Trouble {
  readonly reason: string;
  readonly message: string;
}

export interface PollTrouble extends Trouble {
  /** The platform answered 401, 403, 404 or 410: no time heals that. */
  readonly isRefusal: boolean;
}

/** @param trouble null: the poll was complete */
export function afterPoll(alarm: SourceAlarm | null, trouble: PollTrouble | null, nowMs: number): SourceAlarm | null {
  if (trouble === null) return alarm === null ? null : ended(alarm, nowMs);
  const sinceMs = Math.min(alarm?.sinceMs ?? nowMs, nowMs);
  const refusedSinceMs = trouble.isRefusal ? Math.min(alarm?.refusedSinceMs ?? nowMs, nowMs) : null;
  const isRefused = refusedSinceMs !== null && nowMs - refusedSinceMs >= SOURCE_REFUSES_MS;
  const isConfirmed = alarm?.isConfirmed || isRefused || nowMs - sinceMs >= SOURCE_FAILS_MS;
  return { ...begun(alarm, trouble, sinceMs), refusedSinceMs, isConfirmed };
}

/** An attempt of a recording's delivery that counts has failed, and may be repeated. */
export function afterFailedAttempt(alarm: SinkAlarm | null, trouble: Trouble, nowMs: number): SinkAlarm {
  return {
    ...begun(alarm, trouble, Math.min(alarm?.sinceMs ?? nowMs, nowMs)),
    isSuspended: alarm?.isSuspended ?? false,
  };
}

/** A recording was delivered. A suspended sink is so until its suspension is lifted. */
export function afterDelivery(alarm: SinkAlarm | null, nowMs: number): SinkAlarm | null {
  return alarm === null || alarm.isSuspended ? alarm : ended(alarm, nowMs);
}

/** What an attempt says of its sink. */
export type Attempted = { readonly kind: 'arrived' } | { readonly kind: 'failed'; readonly trouble: Trouble };

/** Undefined when it says nothing: of an operator event, one that does not count, or one that only this delivery has earned. */
export function attemptedOf(before: Delivery, { delivery, effect }: Verdict): Attempted | undefined {
  if (!isRecordingEvent(delivery.event)) return undefined;
  if (effect.kind === 'works') return { kind: 'arrived' };
  const { lastError, attempts } = delivery;
  if (lastError === null || attempts === before.attempts) return undefined;
  if (FAILURE_REASONS[lastError.reason].fate !== 'retry') return undefined;
  return { kind: 'failed', trouble: { reason: lastError.reason, message: lastError.detail } };
}

/** What is known of its suspension, also when nothing has changed: it may date from before the last crash. */
export function withSuspension(
  alarm: SinkAlarm | null,
  suspension: Pick<Suspension, 'reason' | 'detail' | 'sinceMs'> | null,
  nowMs: number,
): SinkAlarm | null {
  if (suspension === null) return alarm?.isSuspended ? ended({ ...alarm, isSuspended: false }, nowMs) : alarm;
  const { reason, detail } = suspension;
  // Suspended long ago without an alarm: the sink was away from the config, and its earlier alarm, which may have been told, had this since.
  const isOld = nowMs - suspension.sinceMs >= SUSPENSION_NEW_MS;
  const sinceMs = alarm?.sinceMs ?? (isOld ? nowMs : suspension.sinceMs);
  return { ...begun(alarm, { reason, message: detail }, sinceMs), isSuspended: true };
}

/**
 * Its sink was paused: that time is none of its series, nor of the time for which it works again. One that may have been told keeps its
 * beginning, which names it.
 */
export function afterPause<Some extends Alarm>(alarm: Some, pausedSinceMs: number, nowMs: number): Some {
  if (alarm.endedAtMs !== null) return { ...alarm, endedAtMs: withoutPause(alarm.endedAtMs, pausedSinceMs, nowMs) };
  return alarm.told === 'no' ? { ...alarm, sinceMs: withoutPause(alarm.sinceMs, pausedSinceMs, nowMs) } : alarm;
}

/** The same of a source. What nobody was told before is told if the polls after the pause say so. */
export function afterSourcePause(alarm: SourceAlarm, pausedSinceMs: number, nowMs: number): SourceAlarm {
  const { refusedSinceMs } = alarm;
  return {
    ...afterPause(alarm, pausedSinceMs, nowMs),
    refusedSinceMs: refusedSinceMs === null ? null : withoutPause(refusedSinceMs, pausedSinceMs, nowMs),
    isConfirmed: alarm.isConfirmed && alarm.told !== 'no',
  };
}

/** What is to be told, now or once the alarm is confirmed. */
export function newsOf({ told, endedAtMs }: Alarm): News | undefined {
  if (endedAtMs !== null) return 'recovered';
  return told === 'yes' ? undefined : 'failing';
}

/** How long until its failing is worth telling, if it goes on. */
export function sinkConfirmedInMs({ isSuspended, sinceMs }: SinkAlarm, nowMs: number): number {
  return isSuspended ? 0 : Math.max(0, sinceMs + SINK_FAILS_MS - nowMs);
}

/** How long until it has worked for a while, if it goes on. */
export function settledInMs({ endedAtMs }: Alarm, nowMs: number): number {
  return endedAtMs === null ? Number.POSITIVE_INFINITY : Math.max(0, endedAtMs + SETTLES_MS - nowMs);
}

/** What is left of an alarm once its news is stored. */
export function afterNews<Some extends Alarm>(alarm: Some, news: News): Some | null {
  return news === 'recovered' ? null : { ...alarm, told: 'yes' };
}

/** Works again. What nobody has heard of is over without a word. */
function ended<Some extends Alarm>(alarm: Some, nowMs: number): Some | null {
  return alarm.told === 'no' ? null : { ...alarm, endedAtMs: Math.min(alarm.endedAtMs ?? nowMs, nowMs) };
}

/** Failing again before it was told that it works makes one spell of both. */
function begun(alarm: Alarm | null, { reason, message }: Trouble, sinceMs: number): Alarm {
  const told = alarm?.told ?? 'no';
  return { sinceMs, reason, message: message.slice(0, MESSAGE_CHARACTERS_MAX), told, endedAtMs: null };
}
