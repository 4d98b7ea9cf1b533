import type { ListenAddress } from '../config/listen.js';
import type { Delivery } from '../core/delivery.js';
import type { NotifierEvent } from '../core/event.js';
import type { Sha256 } from '../core/id.js';
import type { Observer } from '../engine/observer.js';
import { createBoard } from '../observe/board.js';
import { createMetrics } from '../observe/metrics.js';
import type { CountedLedger } from '../store/revision.js';
import { createLookup } from '../views/lookup.js';
import { createApp } from './app.js';
import type { ServedProgram, ServerPorts } from './ports.js';
import { type RunningServer, startServer } from './server.js';

/** A server before it listens: it sees what happens from the beginning. */
export interface Serving {
  readonly observer: Observer;
  told(events: readonly NotifierEvent[]): void;
  stored(deliveries: readonly Delivery[]): void;
  listen(address: ListenAddress): Promise<RunningServer>;
}

/** @param ports.program given when it is there */
export function createServing({
  ledger,
  sha256,
  program,
  ...ports
}: Pick<ServerPorts, 'clock' | 'log' | 'nonce' | 'token' | 'storeLabel' | 'processes'> & {
  readonly ledger: CountedLedger;
  readonly sha256: Sha256;
  readonly program: () => ServedProgram;
}): Serving {
  const { clock } = ports;
  const startedAtMs = clock.nowMs();
  const board = createBoard(clock);
  const metrics = createMetrics({
    board,
    status: () => program().status(),
    notReady: () => program().notReady(),
  });
  const lookup = createLookup({ ledger, config: () => program().config, sha256, clock });
  return {
    observer: {
      polled: (report) => {
        board.polled(report);
        metrics.polled(report);
      },
      attempted: (attempt) => {
        board.attempted(attempt);
        metrics.attempted(attempt);
      },
    },
    told: (events) => metrics.told(events),
    stored: (deliveries) => metrics.stored(deliveries),
    listen: (address) => {
      const served = { ...ports, program: program(), lookup, board, metrics, startedAtMs };
      return startServer(address, clock, (stopped) => createApp({ ...served, stopped }));
    },
  };
}
