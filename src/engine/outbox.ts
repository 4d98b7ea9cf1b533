import type { Delivery } from '../core/delivery.js';
import type { DeliveryId } from '../core/id.js';
import type { Clock, Ledger, Log, Timer } from '../ports.js';

/** After a reading that failed. */
const READ_AGAIN_MS = 5_000;

/** Reads the outbox while the program goes on changing it. */
export interface Outbox {
  /** Reads it whole and hands over what nobody has touched meanwhile. Throws if it could not be read to its end. */
  read(): Promise<void>;
  /** As {@link read}, in the background and until it succeeds. A call while one is under way makes it happen once more. */
  readAgain(): void;
  /** This delivery has just been offered, attempted or changed: what a reading under way says of it is old. */
  touch(id: DeliveryId): void;
  readonly reading: boolean;
  /** Resolves when nothing is being read; nothing will be any more. */
  stop(): Promise<void>;
}

export function createOutbox(ports: {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly begin: () => void;
  readonly take: (delivery: Delivery) => void;
  /** One that waits for a decision, and is nobody's until then. */
  readonly passOver: (held: Delivery) => void;
  readonly end: () => void;
}): Outbox {
  const { ledger, clock, log } = ports;
  const touched = new Set<DeliveryId>();
  let underWay: Promise<void> | undefined;
  let wantedAgain = false;
  let stopped = false;
  let timer: Timer | undefined;

  async function read(): Promise<void> {
    while (underWay !== undefined) await underWay.catch(() => undefined);
    underWay = readOnce();
    try {
      await underWay;
    } finally {
      underWay = undefined;
      touched.clear();
      ports.end();
    }
  }

  async function readOnce(): Promise<void> {
    ports.begin();
    for await (const delivery of ledger.pending()) {
      if (stopped) return;
      if (touched.has(delivery.id)) continue;
      if (delivery.state === 'held') ports.passOver(delivery);
      else ports.take(delivery);
    }
  }

  function readAgain(): void {
    if (stopped || wantedAgain) return;
    wantedAgain = true;
    timer?.cancel();
    timer = clock.after(0, readNow);
  }

  function readNow(): void {
    wantedAgain = false;
    read().catch((error: unknown) => {
      log.error({ error }, 'the outbox could not be read; trying again');
      if (!stopped && !wantedAgain) timer = clock.after(READ_AGAIN_MS, readNow);
    });
  }

  return {
    read,
    readAgain,
    touch: (id) => {
      if (underWay !== undefined) touched.add(id);
    },
    get reading() {
      return wantedAgain || underWay !== undefined;
    },
    stop: async () => {
      stopped = true;
      timer?.cancel();
      await underWay?.catch(() => undefined);
    },
  };
}
