import type { Delivery } from '../core/delivery.js';
import type { SinkState } from '../core/suspension.js';
import type { Clock, Ledger, Log } from '../ports.js';

/** Entries of one commit. */
const BATCH_MAX = 250;
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;

/** Writes what became of attempts, in groups: a commit costs a disk's sync, and many attempts end in the same turn. */
export interface Results {
  /** Resolves once it is stored. While the store fails this waits, since forgetting it would send the delivery again. */
  saveDelivery(delivery: Delivery): Promise<void>;
  saveSink(name: string, state: SinkState): Promise<void>;
  /** Gives up what could not be stored; every waiting save rejects with the store's error. */
  abandon(): void;
}

interface Entry {
  readonly delivery?: Delivery;
  readonly sink?: { readonly name: string; readonly state: SinkState };
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function createResults({ ledger, clock, log }: { ledger: Ledger; clock: Clock; log: Log }): Results {
  const queue: Entry[] = [];
  let flushing = false;
  let failures = 0;
  let abandoned = false;

  function enqueue(entry: Omit<Entry, 'resolve' | 'reject'>): Promise<void> {
    return new Promise((resolve, reject) => {
      queue.push({ ...entry, resolve, reject });
      if (flushing) return;
      flushing = true;
      clock.after(0, flush);
    });
  }

  function flush(): void {
    const batch = nextBatch(queue);
    if (batch.length === 0) {
      flushing = false;
      return;
    }
    void write(batch).then((delayMs) => clock.after(delayMs, flush));
  }

  /** How long to wait before the next batch. */
  async function write(batch: readonly Entry[]): Promise<number> {
    try {
      const sinks = new Map(
        batch.flatMap(({ sink }) => (sink === undefined ? [] : [[sink.name, sink.state] as const])),
      );
      await ledger.save(
        batch.flatMap(({ delivery }) => delivery ?? []),
        sinks,
      );
    } catch (error) {
      failures += 1;
      if (failures === 1)
        log.error(
          { error, waiting: queue.length },
          'the store does not take results of attempts; trying until it does',
        );
      if (abandoned) rejectAll(error);
      return Math.min(RETRY_MS * 2 ** (failures - 1), RETRY_MS_MAX);
    }
    if (failures > 0) log.info({ failures }, 'the store takes results of attempts again');
    failures = 0;
    queue.splice(0, batch.length);
    for (const { resolve } of batch) resolve();
    return 0;
  }

  function rejectAll(error: unknown): void {
    for (const { reject } of queue.splice(0)) reject(error);
  }

  return {
    saveDelivery: (delivery) => enqueue({ delivery }),
    saveSink: (name, state) => enqueue({ sink: { name, state } }),
    abandon: () => {
      abandoned = true;
      if (failures > 0) rejectAll(new Error('the store did not take it before the stop'));
    },
  };
}

/** The oldest entries, up to one that concerns something the batch has already: a batch holds no key twice. */
function nextBatch(queue: readonly Entry[]): readonly Entry[] {
  const seen = new Set<string>();
  const end = queue.slice(0, BATCH_MAX).findIndex(({ delivery, sink }) => {
    const key = delivery?.id ?? `sink ${sink?.name}`;
    return seen.size === seen.add(key).size;
  });
  return queue.slice(0, end < 0 ? BATCH_MAX : end);
}
