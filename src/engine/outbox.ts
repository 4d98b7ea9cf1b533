import type { Delivery } from '../core/delivery.js';
import type { DeliveryId } from '../core/id.js';
import type { Clock, Ledger, Log, Timer } from '../ports.js';
import { createRepeats } from './repeats.js';

/** After a reading that failed. */
const READ_AGAIN_MS = 5_000;
const READING = 'reading';

/** Reads the outbox while the program goes on changing it. */
export interface Outbox {
  /** Reads it whole and hands over what nobody has touched meanwhile. Throws if it could not be read to its end. */
  read(): Promise<void>;
  /** As {@link read}, in the background and until it succeeds. A call while one is under way makes it happen once more. */
  readAgain(): void;
  /** As {@link read}; where that fails, {@link readAgain}. */
  readOrAgain(): Promise<void>;
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
  const repeats = createRepeats({ clock, log });
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
      repeats.works(READING);
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

  async function readOrAgain(): Promise<void> {
    try {
      await read();
    } catch (error) {
      noteFailure(error);
      readAgain();
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
      noteFailure(error);
      if (!stopped && !wantedAgain) timer = clock.after(READ_AGAIN_MS, readNow);
    });
  }

  function noteFailure(error: unknown): void {
    repeats.failed({
      ...{ subject: READING, kind: READING },
      level: 'error',
      message: 'the outbox could not be read; trying again',
      fields: { error },
      sum: { message: 'the outbox still cannot be read', fields: { error }, counts: 'failedReadings' },
      end: { message: 'the outbox is read again', isNews: true },
    });
  }

  return {
    read,
    readAgain,
    readOrAgain,
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
      repeats.stop();
    },
  };
}
