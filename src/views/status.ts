import type { Config, SinkConfig, SourceConfig } from '../config/config.js';
import type { Pause } from '../core/pause.js';
import { SINK_WORKS, type SinkState } from '../core/suspension.js';
import { timeFromNow } from '../core/time-words.js';
import type { ProgramStatus } from '../engine/program-status.js';
import type { Board, SinkNote, SourceNote } from '../observe/board.js';
import type { Tally } from './lookup.js';

/** How everything stands, as `/api/status` and the status page show it. */
export type Status = ReturnType<typeof statusOf>;

export const SOURCE_STATES = ['starting', 'working', 'failing', 'paused'] as const;
export const SINK_STATES = ['working', 'failing', 'suspended', 'waiting', 'paused', 'disabled', 'removed'] as const;

export interface StatusFacts {
  readonly config: Config;
  readonly program: ProgramStatus;
  readonly notReady: readonly string[];
  readonly board: Board;
  readonly tallies: ReadonlyMap<string, Tally>;
  /** Of sinks that are disabled or not in the config, the states that are stored. */
  readonly sinkStates: ReadonlyMap<string, SinkState>;
  readonly version: string;
  readonly storeLabel: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
}

export function statusOf(facts: StatusFacts) {
  const { config, program, notReady, tallies, version, storeLabel, startedAtMs, nowMs } = facts;
  const names = config.sinks.map(({ name }) => name);
  const removed = [...tallies].filter(([name, { pending }]) => pending > 0 && !names.includes(name));
  return {
    version,
    startedAt: isoTime(startedAtMs),
    now: isoTime(nowMs),
    ready: notReady.length === 0,
    reasons: [...notReady],
    store: { label: storeLabel, failingForSeconds: secondsOf(program.storeFailsForMs) },
    sources: config.sources.map((source) => sourceView(source, facts)),
    sinks: [
      ...config.sinks.map((sink) => sinkView(sink.name, sink, facts)),
      ...removed.map(([name]) => sinkView(name, undefined, facts)),
    ],
  };
}

function sourceView({ name, definition }: SourceConfig, { program, board, nowMs }: StatusFacts) {
  const status = program.sources.find((each) => each.name === name);
  const note = board.source(name);
  const complete = note?.lastComplete;
  const pause = program.pauses.find((each) => each.kind === 'source' && each.name === name);
  const { state, words } = pause === undefined ? sourceWords(note, nowMs) : pauseWords(pause, nowMs);
  return {
    name,
    type: definition.type,
    state,
    /** What the state means, in words. */
    words,
    polling: status?.isPolling ?? false,
    lastPollAt: isoTime(note?.lastAtMs),
    lastResult: note?.last.result ?? null,
    lastCompletePollAt: isoTime(note?.lastCompleteAtMs),
    nextPollAt: isoTime(status?.nextPollAtMs),
    overdueSeconds: secondsOf(status?.overdueMs) ?? 0,
    failedPolls: note?.failures ?? 0,
    /** Of the last complete list; null before there was one. */
    recordings: complete?.rows ?? null,
    available: complete?.available ?? null,
    processing: complete?.processing ?? null,
    rejectedRows: complete?.rejected ?? null,
    /** How long the latest polls took, the oldest first. */
    pollDurationsMs: [...(note?.durationsMs ?? [])],
    credentialExpiresAt: isoTime(status?.credentialExpiresAtMs),
    held: program.held.get(name) ?? 0,
  };
}

function pauseWords({ kind, sinceMs }: Pause, nowMs: number): { readonly state: 'paused'; readonly words: string } {
  const what = kind === 'sink' ? 'Nothing is sent to it' : 'It is not polled';
  return { state: 'paused', words: `Somebody paused it ${timeFromNow(sinceMs, nowMs)}. ${what} before it is resumed.` };
}

function sourceWords(
  note: SourceNote | undefined,
  nowMs: number,
): { readonly state: (typeof SOURCE_STATES)[number]; readonly words: string } {
  if (note === undefined) return { state: 'starting', words: 'The first poll since the start is under way.' };
  const { last, failures, failingSinceMs, lastAtMs } = note;
  if (failures === 0) return { state: 'working', words: 'Polls work.' };
  const since = timeFromNow(failingSinceMs ?? lastAtMs, nowMs);
  const count = failures === 1 ? 'The last poll was not complete' : `The last ${failures} polls were not complete`;
  return { state: 'failing', words: `${count}, since ${since}: ${last.reason ?? last.result}` };
}

function sinkView(name: string, sink: SinkConfig | undefined, facts: StatusFacts) {
  const { program, board, tallies, sinkStates, nowMs } = facts;
  const lane = program.lanes.find((each) => each.sink === name);
  const note = board.sink(name);
  const tally = tallies.get(name);
  const stored = lane?.state ?? sinkStates.get(name) ?? SINK_WORKS;
  const pause = program.pauses.find((each) => each.kind === 'sink' && each.name === name);
  const isStill = pause !== undefined && lane !== undefined;
  const { state, words } = isStill ? pauseWords(pause, nowMs) : sinkWords(sink, stored, note, nowMs);
  return {
    name,
    type: sink?.definition.type ?? null,
    state,
    /** What the state means, in words. */
    words,
    /** Deliveries on their way, as they are stored; what is in flight included. */
    waiting: tally?.pending ?? 0,
    inFlight: lane?.inFlight ?? 0,
    held: tally?.held ?? 0,
    /** That are kept: `delivery.keepDelivered` and `delivery.keepDead` say for how long. */
    delivered: tally?.delivered ?? 0,
    dead: tally?.dead ?? 0,
    lastAttemptAt: isoTime(note?.lastAtMs),
    lastDeliveredAt: isoTime(note?.lastDeliveredAtMs),
    /** Since the start: the last failed attempt, whatever came after it. */
    lastError: note?.lastFailure === undefined ? null : `${note.lastFailure.reason}: ${note.lastFailure.detail}`,
    lastErrorAt: isoTime(note?.lastFailureAtMs),
    failedAttempts: note?.failures ?? 0,
    nextAttemptAt: isoTime(lane?.nextAttemptAtMs),
  };
}

function sinkWords(
  sink: SinkConfig | undefined,
  { suspension, pausedUntilMs, inactive }: SinkState,
  note: SinkNote | undefined,
  nowMs: number,
): { readonly state: (typeof SINK_STATES)[number]; readonly words: string } {
  const since = inactive === null ? '' : ` since ${timeFromNow(inactive.sinceMs, nowMs)}`;
  if (sink === undefined)
    return { state: 'removed', words: `The config does not have it${since}. What waits is kept for 30 days.` };
  if (!sink.enabled) return { state: 'disabled', words: `enabled: false${since}. What waits is kept for 30 days.` };
  if (suspension !== null) {
    const { reason, detail, sinceMs, nextTrialAtMs } = suspension;
    const trial =
      nextTrialAtMs === null
        ? 'It is tried at a start, a reload, or when somebody redelivers.'
        : `One delivery is tried ${timeFromNow(nextTrialAtMs, nowMs)}.`;
    return { state: 'suspended', words: `Since ${timeFromNow(sinceMs, nowMs)}: ${reason}: ${detail}. ${trial}` };
  }
  if (pausedUntilMs !== null && pausedUntilMs > nowMs)
    return { state: 'waiting', words: `The receiver asked for a pause; it ends ${timeFromNow(pausedUntilMs, nowMs)}.` };
  if (note === undefined) return { state: 'working', words: 'Nothing was tried since the start.' };
  if (note.failures > 0) {
    const last = note.lastFailure === undefined ? '' : `: ${note.lastFailure.reason}: ${note.lastFailure.detail}`;
    const count = note.failures === 1 ? 'The last attempt failed' : `The last ${note.failures} attempts failed`;
    return { state: 'failing', words: `${count}${last}` };
  }
  return { state: 'working', words: 'Deliveries arrive.' };
}

function isoTime(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(ms).toISOString();
}

function secondsOf(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms / 1_000);
}
