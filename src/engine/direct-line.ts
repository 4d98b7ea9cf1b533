import type { SinkConfig } from '../config/config.js';
import type { EventId } from '../core/id.js';
import type { OperatorEvent } from '../core/operator-event.js';
import { listens } from '../core/operator-news.js';
import type { Pausable } from '../core/pause.js';
import type { SinkState } from '../core/suspension.js';
import { type AttemptPorts, attemptOnce } from './attempt.js';

/** Writes that failed before it is taken for an outage: a store that is only busy takes the next one. */
const FAILURES_MIN = 3;
const EVENTS_MAX = 3;
const IN_MS = 10 * 60_000;

export interface DirectLinePorts extends AttemptPorts {
  readonly sinks: () => readonly SinkConfig[];
  readonly stateOf: (sink: string) => SinkState;
  readonly isPaused: (of: Pausable) => boolean;
  /** Why the notifier is not ready, in words. */
  readonly notReady: () => readonly string[];
}

/** Tells operators what the store does not take: once, unstored, with the id that it has when it is stored after all. */
export interface DirectLine {
  /** @param failures writes in a row that failed */
  send(event: OperatorEvent, failures: number): void;
  stop(): void;
}

export function createDirectLine(ports: DirectLinePorts): DirectLine {
  const { clock, log, sinks, stateOf, isPaused, notReady } = ports;
  const stopping = new AbortController();
  let sent: { readonly id: EventId; readonly atMs: number }[] = [];

  async function attempt(sink: SinkConfig, event: OperatorEvent): Promise<void> {
    const outcome = await attemptOnce(sink, event, null, ports, stopping.signal);
    const detail = outcome.kind === 'delivered' ? outcome.receipt : outcome.detail;
    log.error(
      { sink: sink.name, type: event.type, event: event.id, result: outcome.kind, detail, notReady: notReady() },
      'the store does not take an event for operators: it was sent once, unstored',
    );
  }

  function takes({ name }: SinkConfig): boolean {
    return stateOf(name).suspension === null && !isPaused({ kind: 'sink', name });
  }

  return {
    send(event, failures) {
      if (failures < FAILURES_MIN) return;
      sent = sent.filter(({ atMs }) => clock.monotonicMs() - atMs < IN_MS);
      if (sent.length >= EVENTS_MAX || sent.some(({ id }) => id === event.id)) return;
      sent.push({ id: event.id, atMs: clock.monotonicMs() });
      for (const sink of sinks().filter((each) => listens(each, event) && takes(each))) void attempt(sink, event);
    },
    stop: () => stopping.abort(),
  };
}
