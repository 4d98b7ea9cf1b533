import { KeptLines } from '../core/kept-lines.js';
import type { Order, OrderLine } from '../core/order.js';
import type { Clock, Log, Timer } from '../ports.js';
import { createRepeats } from './repeats.js';

const LOOK_EVERY_MS = 500;
const READING = 'reading';

/** A request that a command left beside the running program. */
export interface OpenRequest {
  readonly order: Order;
  /** @param more lines left out */
  answer(lines: readonly OrderLine[], more: number, error: string | null): Promise<void>;
}

/** Takes requests out of the store, half a second after they came at the latest, one after the other. */
export interface RequestLoop {
  start(): void;
  /** Takes no more, and resolves when those that were taken are answered. */
  stop(): Promise<void>;
}

export function createRequestLoop(ports: {
  readonly take: () => Promise<readonly OpenRequest[]>;
  readonly carryOut: (order: Order) => AsyncIterable<OrderLine>;
  readonly clock: Clock;
  readonly log: Log;
}): RequestLoop {
  const { take, clock, log } = ports;
  let timer: Timer | undefined;
  let stopped = false;
  const repeats = createRepeats({ clock, log });
  const underWay = new Set<Promise<void>>();
  let looking: Promise<void> = Promise.resolve();

  function start(): void {
    timer = clock.after(LOOK_EVERY_MS, () => {
      looking = look();
    });
  }

  async function look(): Promise<void> {
    try {
      for (const request of await take()) {
        const done = serve(request).finally(() => underWay.delete(done));
        underWay.add(done);
      }
      repeats.works(READING);
    } catch (error) {
      repeats.failed({
        ...{ subject: READING, kind: READING },
        level: 'error',
        message: 'requests of commands could not be read; trying again',
        fields: { error },
        sum: { message: 'requests of commands still cannot be read', fields: { error }, counts: 'failedReadings' },
        end: { message: 'requests of commands are read again', isNews: true },
      });
    }
    if (!stopped) start();
  }

  async function serve(request: OpenRequest): Promise<void> {
    const kept = new KeptLines();
    try {
      for await (const line of ports.carryOut(request.order)) kept.add(line);
      await request.answer(kept.lines, kept.more, null);
    } catch (error) {
      log.error({ error }, 'a request could not be carried out');
      const message = error instanceof Error ? error.message : String(error);
      await request.answer(kept.lines, kept.more, message).catch(() => undefined);
    }
  }

  return {
    start,
    stop: async () => {
      stopped = true;
      timer?.cancel();
      await looking;
      await Promise.all(underWay);
      repeats.stop();
    },
  };
}
