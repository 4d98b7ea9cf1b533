import type { Config, SinkConfig, SourceConfig } from '../config/config.js';
import type { Pause } from '../core/pause.js';
import { SINK_WORKS, type SinkState } from '../core/suspension.js';
import type { ConfigStatus, FailingNote, ProgramStatus, SourceStatus } from '../engine/program-status.js';
import type { Board, SinkNote, SourceNote } from '../observe/board.js';
import { sinkFailing, sourceFailing } from './failing-words.js';
import type { Remembered, Tally } from './lookup.js';
import type { ProcessView } from './process-view.js';
import { reloadText } from './reload-words.js';
import { routeWords } from './route-words.js';
import { KEPT_FOR_SINK, trialWords } from './suspension-words.js';

/** How everything stands, as `/api/status` and the status page show it. */
export type Status = ReturnType<typeof statusOf>;

export const SOURCE_STATES = ['removed', 'starting', 'working', 'failing', 'paused'] as const;
export const SINK_STATES = ['working', 'failing', 'suspended', 'waiting', 'paused', 'disabled', 'removed'] as const;

export interface StatusFacts {
  readonly config: Config;
  readonly program: ProgramStatus;
  readonly notReady: readonly string[];
  readonly board: Board;
  readonly tallies: ReadonlyMap<string, Tally>;
  /** Deliveries that wait for a decision, by the source of their events. */
  readonly held: ReadonlyMap<string | null, number>;
  /** Of sinks that are disabled or not in the config, the states that are stored. */
  readonly sinkStates: ReadonlyMap<string, SinkState>;
  /** By the name of the source; undefined while the lists of all of them say more. */
  readonly remembered: ReadonlyMap<string, Remembered> | undefined;
  readonly version: string;
  readonly storeLabel: string;
  /** Those that share the attempts; none where one does everything. */
  readonly processes: readonly ProcessView[];
  readonly startedAtMs: number;
  readonly nowMs: number;
}

/** With what is looked up for each source and sink, of which there may be thousands. */
interface IndexedFacts extends StatusFacts {
  readonly sources: ReadonlyMap<string, ProgramStatus['sources'][number]>;
  readonly lanes: ReadonlyMap<string, ProgramStatus['lanes'][number]>;
  /** By their kind and name. */
  readonly pauses: ReadonlyMap<string, Pause>;
}

function indexed(facts: StatusFacts): IndexedFacts {
  const { sources, lanes, pauses } = facts.program;
  return {
    ...facts,
    sources: new Map(sources.map((source) => [source.name, source])),
    lanes: new Map(lanes.map((lane) => [lane.sink, lane])),
    pauses: new Map(pauses.map((pause) => [`${pause.kind} ${pause.name}`, pause])),
  };
}

export function statusOf(given: StatusFacts) {
  const facts = indexed(given);
  const { config, program, notReady, tallies, held, version, storeLabel, startedAtMs, nowMs } = facts;
  const names = new Set(config.sinks.map(({ name }) => name));
  const removed = [...tallies].filter(([name, { pending, held }]) => pending + held > 0 && !names.has(name));
  const sourceNames = new Set(config.sources.map(({ name }) => name));
  const heldElsewhere = [...held.keys()].filter((name) => name !== null).filter((name) => !sourceNames.has(name));
  return {
    version,
    startedAt: isoTime(startedAtMs),
    now: isoTime(nowMs),
    ready: notReady.length === 0,
    reasons: [...notReady],
    config: configView(program.config),
    store: { label: storeLabel, failingForSeconds: secondsOf(program.storeFailsForMs) },
    processes: [...facts.processes],
    sources: [
      ...config.sources.map((source) => sourceView(source.name, source, facts)),
      ...heldElsewhere.map((name) => sourceView(name, undefined, facts)),
    ],
    sinks: [
      ...config.sinks.map((sink) => sinkView(sink.name, sink, facts)),
      ...removed.map(([name]) => sinkView(name, undefined, facts)),
    ],
  };
}

function configView(config: ConfigStatus) {
  const { refused, loadedAtMs } = config;
  return {
    loadedAt: isoTime(loadedAtMs),
    refused:
      refused === null
        ? null
        : {
            at: isoTime(refused.atMs),
            words: reloadText(config) ?? '',
            errors: refused.count,
            problems: [...refused.problems],
          },
  };
}

function sourceView(name: string, source: SourceConfig | undefined, facts: IndexedFacts) {
  const { held, board, sources, pauses, remembered, nowMs } = facts;
  const status = sources.get(name);
  const note = board.source(name);
  const complete = note?.lastComplete;
  const kept = complete === undefined && remembered !== undefined ? (remembered.get(name) ?? NONE_REMEMBERED) : null;
  const pause = pauses.get(`source ${name}`);
  return {
    name,
    type: source?.definition.type ?? null,
    ...(source === undefined
      ? REMOVED_SOURCE
      : pause === undefined
        ? sourceWords(note, status, nowMs)
        : pauseWords(pause)),
    polling: status?.isPolling ?? false,
    lastPollAt: isoTime(note?.lastAtMs),
    lastResult: note?.last.result ?? null,
    lastCompletePollAt: isoTime(note?.lastCompleteAtMs),
    nextPollAt: isoTime(status?.nextPollAtMs),
    overdueSeconds: secondsOf(status?.overdueMs) ?? 0,
    overdue: status?.isOverdue ?? false,
    failedPolls: note?.failures ?? 0,
    /** Of the last complete list; null before there was one. */
    recordings: complete?.listed ?? null,
    available: complete?.available ?? null,
    processing: complete?.processing ?? null,
    rejectedRows: complete?.rejected ?? null,
    /** By the store, while no list since the start has said more; else null. */
    remembered: kept?.all ?? null,
    rememberedAvailable: kept?.available ?? null,
    /** How long the latest polls took, the oldest first. */
    pollDurationsMs: [...(note?.durationsMs ?? [])],
    credentialExpiresAt: isoTime(status?.credentialExpiresAtMs),
    held: held.get(name) ?? 0,
  };
}

const NONE_REMEMBERED: Remembered = { all: 0, available: 0 };

/** What the state is, what it means in words, and since when it is so. */
interface StateWords<State extends string> {
  readonly state: State;
  readonly words: string;
  readonly since: string | null;
}

const REMOVED_SOURCE: StateWords<'removed'> = {
  state: 'removed',
  words: 'The config does not have it. What is held of it waits for your decision.',
  since: null,
};

function pauseWords({ kind, sinceMs }: Pause): StateWords<'paused'> {
  const what = kind === 'sink' ? 'Nothing is sent to it' : 'It is not polled';
  return { state: 'paused', words: `Somebody paused it. ${what} before it is resumed.`, since: isoTime(sinceMs) };
}

function sourceWords(
  note: SourceNote | undefined,
  status: SourceStatus | undefined,
  nowMs: number,
): StateWords<(typeof SOURCE_STATES)[number]> {
  const failing = sourceFailing(note, status, nowMs);
  if (failing !== undefined) return { state: 'failing', words: failing.words, since: isoTime(failing.sinceMs) };
  return note === undefined
    ? { state: 'starting', words: 'The first poll since the start is under way.', since: null }
    : { state: 'working', words: 'Polls work.', since: null };
}

function sinkView(name: string, sink: SinkConfig | undefined, facts: IndexedFacts) {
  const { board, lanes, pauses, tallies, sinkStates, nowMs } = facts;
  const lane = lanes.get(name);
  const note = board.sink(name);
  const tally = tallies.get(name);
  const stored = lane?.state ?? sinkStates.get(name) ?? SINK_WORKS;
  const pause = pauses.get(`sink ${name}`);
  return {
    name,
    type: sink?.definition.type ?? null,
    ...(pause === undefined || lane === undefined
      ? sinkWords(sink, stored, note, lane?.failing ?? null, nowMs)
      : pauseWords(pause)),
    /** What it is told of, in words; null where it is what every sink is told of. */
    told: (sink && routeWords(sink)) ?? null,
    /** Deliveries on their way, as they are stored; what is in flight included. */
    waiting: tally?.pending ?? 0,
    /** Of them, those that failed before: each has its own time, whatever arrives meanwhile. */
    retrying: tally?.retrying ?? 0,
    lastRetryAt: isoTime(tally?.lastRetryAtMs),
    inFlight: lane?.inFlight ?? 0,
    held: tally?.held ?? 0,
    /** That are kept: `delivery.keepDelivered` and `delivery.keepDead` say for how long. */
    delivered: tally?.delivered ?? 0,
    dead: tally?.dead ?? 0,
    /** Of the dead, those that somebody discarded. */
    discarded: tally?.discarded ?? 0,
    lastDeadAt: isoTime(tally?.lastDeadAtMs),
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
  failing: FailingNote | null,
  nowMs: number,
): StateWords<(typeof SINK_STATES)[number]> {
  const inactiveSince = isoTime(inactive?.sinceMs);
  if (sink === undefined)
    return {
      state: 'removed',
      words: `The config does not have it. ${KEPT_FOR_SINK}`,
      since: inactiveSince,
    };
  if (!sink.enabled) return { state: 'disabled', words: `enabled: false. ${KEPT_FOR_SINK}`, since: inactiveSince };
  if (suspension !== null) {
    const { reason, detail, sinceMs } = suspension;
    const words = `${reason}: ${detail}. ${trialWords(suspension)} ${KEPT_FOR_SINK}`;
    return { state: 'suspended', words, since: isoTime(sinceMs) };
  }
  if (pausedUntilMs !== null && pausedUntilMs > nowMs)
    return { state: 'waiting', words: 'The receiver asked for a pause.', since: null };
  const found = sinkFailing(note, failing);
  if (found !== undefined) return { state: 'failing', words: found.words, since: isoTime(found.sinceMs) };
  const words = note === undefined ? 'Nothing was tried since the start.' : 'Deliveries arrive.';
  return { state: 'working', words, since: null };
}

function isoTime(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(ms).toISOString();
}

function secondsOf(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms / 1_000);
}
