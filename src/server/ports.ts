import type { Config } from '../config/config.js';
import type { Order, OrderLine } from '../core/order.js';
import type { Dispatcher } from '../engine/dispatcher.js';
import type { PollReport } from '../engine/poll-report.js';
import type { ProgramStatus } from '../engine/program-status.js';
import type { Board } from '../observe/board.js';
import type { Metrics } from '../observe/metrics.js';
import type { Clock, Log } from '../ports.js';
import type { Lookup } from '../views/lookup.js';
import type { ProcessView } from '../views/process-view.js';

/** What the server shows and asks of the running program. */
export interface ServedProgram {
  /** As it is now: a reload changes it. */
  readonly config: Config;
  readonly dispatcher: Pick<Dispatcher, 'attemptSinceMs'>;
  notReady(): readonly string[];
  status(): ProgramStatus;
  pollNow(source: string): Promise<PollReport> | undefined;
  carryOut(order: Order): AsyncIterable<OrderLine>;
}

export interface ServerPorts {
  readonly program: ServedProgram;
  readonly lookup: Lookup;
  readonly board: Board;
  readonly metrics: Metrics;
  /** What is asked for where it is set. */
  readonly token: string | undefined;
  readonly storeLabel: string;
  /** Those that share the attempts; left out where one does everything. */
  readonly processes?: (() => readonly ProcessView[]) | undefined;
  readonly startedAtMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted when the server ends: nothing is begun any more. */
  readonly stopped: AbortSignal;
  /** Of 32 hex digits, another one each time. */
  readonly nonce: () => string;
}
