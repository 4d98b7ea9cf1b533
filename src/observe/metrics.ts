import { Counter, Gauge, Histogram } from 'prom-client';
import type { Delivery } from '../core/delivery.js';
import type { NotifierEvent } from '../core/event.js';
import type { Observer } from '../engine/observer.js';
import type { ProgramStatus } from '../engine/program-status.js';
import { VERSION } from '../version.js';
import type { Board } from './board.js';
import { createProcessRegistry } from './process-metrics.js';

/** What is read when somebody asks for the metrics. */
export interface MetricsPorts {
  readonly board: Board;
  readonly status: () => ProgramStatus;
  readonly notReady: () => readonly string[];
}

/** The metrics of Prometheus, by its conventions: base units, `_total` for what only grows. */
export interface Metrics extends Observer {
  readonly contentType: string;
  told(events: readonly NotifierEvent[]): void;
  /** Deliveries are stored as they are now, whoever made them so. */
  stored(deliveries: readonly Delivery[]): void;
  /** The text of `/metrics`. */
  text(): Promise<string>;
}

const POLL_BUCKETS_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];
const ATTEMPT_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60];
/** From our sight of a change to the receiver's yes: the retries of three days included. */
const DELAY_BUCKETS_S = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400, 259_200];

const RESULTS = ['complete', 'incomplete', 'failed'] as const;
const ENDS = ['delivered', 'dead'] as const;

export function createMetrics({ board, status: readStatus, notReady }: MetricsPorts): Metrics {
  /** As it was when somebody asked: read once for all that is shown. */
  let shown: ProgramStatus | undefined;
  const status = () => {
    shown ??= readStatus();
    return shown;
  };
  const registry = createProcessRegistry({ version: VERSION, leads: true, isReady: () => notReady().length === 0 });
  const registers = [registry];

  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `recording_notifier_${name}`, help, labelNames, registers });
  const histogram = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    buckets: number[],
  ) => new Histogram({ name: `recording_notifier_${name}`, help, labelNames, buckets, registers });
  /** @param rows label values, in the order of the names, and the value */
  const gauge = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    rows: () => Iterable<readonly [labels: readonly string[], value: number | null | undefined]>,
  ) =>
    new Gauge({
      ...{ name: `recording_notifier_${name}`, help, labelNames, registers },
      collect() {
        this.reset();
        for (const [labels, value] of rows()) {
          const named = Object.fromEntries(labelNames.map((label, index) => [label, labels[index] ?? '']));
          if (value !== null && value !== undefined) this.set(named as Record<Label, string>, value);
        }
      },
    });

  const polls = counter('polls_total', 'Polls, by how they ended: complete, incomplete or failed.', [
    'source',
    'result',
  ]);
  const pollSeconds = histogram('poll_duration_seconds', 'How long polls took.', ['source'], POLL_BUCKETS_S);
  const rejected = counter('rows_rejected_total', 'Rows of the list that are not recordings.', ['source']);
  const events = counter('events_total', 'Events that were made.', ['type', 'source']);
  const attempts = counter('attempts_total', 'Tries of deliveries; the reason is "none" where it was delivered.', [
    'sink',
    'type',
    'reason',
  ]);
  const attemptSeconds = histogram(
    'attempt_duration_seconds',
    'How long tries of deliveries took.',
    ['sink', 'type'],
    ATTEMPT_BUCKETS_S,
  );
  const finished = counter('deliveries_finished_total', 'Deliveries that ended, by their state: delivered or dead.', [
    'sink',
    'state',
  ]);
  const delaySeconds = histogram(
    'delivery_delay_seconds',
    'From the sight of a change to its delivery.',
    ['sink'],
    DELAY_BUCKETS_S,
  );

  gauge('config_last_reload_successful', '1 unless the last reload was refused; the old config stays then.', [], () => [
    [[], status().config.refused === null ? 1 : 0],
  ]);
  gauge('config_last_reload_success_timestamp_seconds', 'When the config that is in use was read.', [], () => [
    [[], status().config.loadedAtMs / 1_000],
  ]);
  gauge('store_failing_seconds', 'For how long the store has taken nothing; 0 while it does.', [], () => [
    [[], (status().storeFailsForMs ?? 0) / 1_000],
  ]);
  gauge(
    'source_last_complete_poll_timestamp_seconds',
    'When the last complete poll ended, since the start of the process.',
    ['source'],
    () => status().sources.map(({ name }) => [[name], seconds(board.source(name)?.lastCompleteAtMs)]),
  );
  gauge(
    'source_overdue_seconds',
    'For how long polls have been made without a complete one; 0 after one.',
    ['source'],
    () => status().sources.map(({ name, overdueMs }) => [[name], overdueMs / 1_000]),
  );
  gauge(
    'source_recordings',
    'Recordings in the last complete list, by status: available, processing or other.',
    ['source', 'status'],
    () => status().sources.flatMap(({ name }) => [...recordingsOf(name, board)]),
  );
  gauge(
    'source_credential_expiry_timestamp_seconds',
    'When the credential of the source dies, where that is known.',
    ['source'],
    () => status().sources.map(({ name, credentialExpiresAtMs }) => [[name], seconds(credentialExpiresAtMs)]),
  );
  gauge('deliveries_waiting', 'Deliveries that wait for their sink, 10,000 of each at most.', ['sink'], () => [
    ...status().lanes.map(({ sink, waiting }) => [[sink], waiting] as const),
    ...[...status().parked].map(([sink, waiting]) => [[sink], waiting] as const),
  ]);
  gauge('attempts_in_flight', 'Tries under way.', ['sink'], () =>
    status().lanes.map(({ sink, inFlight }) => [[sink], inFlight]),
  );
  gauge('deliveries_held', 'Deliveries that wait for a decision: release or discard.', ['source'], () =>
    [...status().held].map(([source, count]) => [[source ?? ''], count]),
  );
  gauge('sink_suspended', '1 while nothing is sent to the sink but trials.', ['sink'], () =>
    status().lanes.map(({ sink, state }) => [[sink], state.suspension === null ? 0 : 1]),
  );

  gauge('sink_paused', '1 while a person keeps the sink still.', ['sink'], () => pausesOf('sink'));
  gauge('source_paused', '1 while a person keeps the source still.', ['source'], () => pausesOf('source'));

  function pausesOf(kind: 'sink' | 'source'): readonly (readonly [labels: readonly string[], value: number])[] {
    const { lanes, sources, pauses } = status();
    const paused = new Set(pauses.filter((pause) => pause.kind === kind).map(({ name }) => name));
    const names = kind === 'sink' ? lanes.map(({ sink }) => sink) : sources.map(({ name }) => name);
    return names.map((name) => [[name], paused.has(name) ? 1 : 0]);
  }

  /** What has not happened yet is 0 rather than absent, so that the first time is an increase. */
  function beginAtZero({ sources, lanes }: ProgramStatus): void {
    for (const { name: source } of sources) for (const result of RESULTS) polls.inc({ source, result }, 0);
    for (const { sink } of lanes) for (const state of ENDS) finished.inc({ sink, state }, 0);
  }

  return {
    contentType: registry.contentType,
    text: () => {
      shown = readStatus();
      beginAtZero(shown);
      return registry.metrics();
    },
    told: (made) => {
      for (const { type, source } of made) events.inc({ type, source: source ?? '' });
    },
    stored: (deliveries) => {
      for (const { sink, state, event, round, finishedAtMs } of deliveries) {
        if (state !== 'delivered' && state !== 'dead') continue;
        finished.inc({ sink, state });
        const delayMs = (finishedAtMs ?? 0) - Date.parse(event.timestamp);
        // What somebody sends again was late for another reason.
        if (state === 'delivered' && round === 0) delaySeconds.observe({ sink }, Math.max(0, delayMs) / 1_000);
      }
    },
    polled: ({ source, result, durationMs, rejected: count }) => {
      polls.inc({ source, result });
      pollSeconds.observe({ source }, durationMs / 1_000);
      rejected.inc({ source }, count);
    },
    attempted: ({ sink, type, outcome, durationMs }) => {
      attempts.inc({ sink, type, reason: outcome.kind === 'failed' ? outcome.reason : 'none' });
      attemptSeconds.observe({ sink, type }, durationMs / 1_000);
    },
  };
}

function* recordingsOf(source: string, board: Board): Generator<readonly [readonly string[], number]> {
  const complete = board.source(source)?.lastComplete;
  if (complete === undefined) return;
  const { listed, available, processing } = complete;
  yield [[source, 'available'], available];
  yield [[source, 'processing'], processing];
  yield [[source, 'other'], Math.max(0, listed - available - processing)];
}

function seconds(ms: number | null | undefined): number | undefined {
  return ms === null || ms === undefined ? undefined : ms / 1_000;
}
