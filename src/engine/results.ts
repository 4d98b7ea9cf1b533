import type { AlarmRecord } from '../core/alarm-record.js';
import type { Delivery } from '../core/delivery.js';
import type { DeliveryId } from '../core/id.js';
import type { SinkState } from '../core/suspension.js';
import type { Clock, Ledger, Log, Timer } from '../ports.js';
import { createRepeats } from './repeats.js';

/** Entries of one commit. */
const BATCH_MAX = 250;
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;
/** After a group of so many the next one gathers for some times as long as the write took. */
const GATHERING_ENTRIES_MIN = 8;
const GATHERING_RATIO = 3;
const GATHERING_MS_MAX = 25;
const WRITING = 'writing';

/** Writes what became of attempts, in groups: a commit costs a disk's sync, and many attempts end in the same turn. */
export interface Results {
  /** Resolves once it is stored. While the store fails this waits, since forgetting it would send the delivery again. */
  saveDelivery(delivery: Delivery): Promise<void>;
  /** The same of several, in one write. At most {@link BATCH_MAX}. */
  saveTogether(deliveries: readonly Delivery[]): Promise<void>;
  /**
   * The same, and in the same write the deliveries that follow from it, those that are stored already left out.
   *
   * @returns those that are new
   */
  saveWith(delivery: Delivery, following: readonly Delivery[]): Promise<readonly Delivery[]>;
  saveSink(name: string, state: SinkState): Promise<void>;
  /** There is something to write beside results. */
  wake(): void;
  /** Monotonic, since when the store takes nothing; undefined while it does. */
  readonly failingSinceMs: number | undefined;
  /** Logs what is untold of failures. */
  tellRest(): void;
  /** Resolves when nothing waits to be stored. */
  settled(): Promise<void>;
  /** Gives up what could not be stored; every waiting save rejects with the store's error. */
  abandon(): void;
}

/** What is written together with results, so that neither is stored without the other. */
export interface Prepared {
  /** One that exists is left as it is: what became of it counts more than that it is made again. */
  readonly deliveries: readonly Delivery[];
  /** Of these, what an earlier write may have stored and nobody has taken since: it is written as it is now. */
  readonly untaken?: ReadonlySet<DeliveryId>;
  readonly alarms: readonly AlarmRecord[];
  /** Called once it is stored. @param made the deliveries that did not exist */
  readonly stored: (made: readonly Delivery[]) => void;
  /**
   * Called when the write failed; it is prepared anew for the next one.
   *
   * @param failures how many in a row have failed
   * @param tried    the deliveries that may be stored all the same
   */
  readonly failed: (failures: number, tried: readonly Delivery[]) => void;
}

export interface ResultsPorts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly prepare?: (results: readonly Delivery[]) => Prepared | undefined;
}

interface Entry {
  readonly deliveries: readonly Delivery[];
  readonly sink?: { readonly name: string; readonly state: SinkState };
  readonly following: readonly Delivery[];
  /** Of {@link following}; found out before the first write, since one that failed may have been done. */
  fresh: readonly Delivery[] | undefined;
  readonly resolve: (fresh: readonly Delivery[]) => void;
  readonly reject: (error: unknown) => void;
}

export function createResults({ ledger, clock, log, prepare = () => undefined }: ResultsPorts): Results {
  const queue: Entry[] = [];
  const settling: (() => void)[] = [];
  let state: 'idle' | 'planned' | 'writing' = 'idle';
  let timer: Timer | undefined;
  const repeats = createRepeats({ clock, log });
  let failures = 0;
  let failingSinceMs: number | undefined;
  let abandoned = false;

  function enqueue(
    entry: Pick<Entry, 'deliveries' | 'sink'>,
    following: readonly Delivery[] = [],
  ): Promise<readonly Delivery[]> {
    return new Promise((resolve, reject) => {
      queue.push({ ...entry, following, fresh: undefined, resolve, reject });
      if (state === 'idle') plan(0);
    });
  }

  function plan(delayMs: number): void {
    state = 'planned';
    timer = clock.after(delayMs, () => void flush());
  }

  async function flush(): Promise<void> {
    const batch = nextBatch(queue);
    // Nobody waits for it after the stop: the next start finds out again.
    const beside = abandoned ? undefined : prepare(batch.flatMap(({ deliveries }) => deliveries));
    if (batch.length === 0 && beside === undefined) return rest();
    state = 'writing';
    const startedMs = clock.monotonicMs();
    const waitMs = await write(batch, beside);
    plan(waitMs ?? gatheringMs(batch.length, clock.monotonicMs() - startedMs));
  }

  function rest(): void {
    state = 'idle';
    for (const settle of settling.splice(0)) settle();
  }

  /** How long to wait before it is tried again; undefined when it is done. */
  async function write(batch: readonly Entry[], beside: Prepared | undefined): Promise<number | undefined> {
    const sinks = batch.flatMap(({ sink }) => (sink === undefined ? [] : [[sink.name, sink.state] as const]));
    let made: readonly Delivery[] = [];
    try {
      for (const entry of batch) entry.fresh ??= await absent(entry.following);
      const deliveries = batch.flatMap((entry) => [...entry.deliveries, ...(entry.fresh ?? [])]);
      if (beside !== undefined && beside.deliveries.length > 0) made = await missing(beside, deliveries);
      await ledger.save([...deliveries, ...made], new Map(sinks), beside?.alarms);
    } catch (error) {
      const waitMs = afterFailure(error);
      beside?.failed(failures, made);
      return waitMs;
    }
    repeats.works(WRITING);
    failures = 0;
    failingSinceMs = undefined;
    beside?.stored(made);
    for (const { resolve, fresh = [] } of queue.splice(0, batch.length)) resolve(fresh);
    return undefined;
  }

  /** What ends meanwhile goes in one write: the slower the disk, the longer it may be. */
  function gatheringMs(entries: number, writeMs: number): number {
    if (entries < GATHERING_ENTRIES_MIN || queue.length >= BATCH_MAX) return 0;
    return Math.min(GATHERING_RATIO * writeMs, GATHERING_MS_MAX);
  }

  async function absent(deliveries: readonly Delivery[]): Promise<readonly Delivery[]> {
    if (deliveries.length === 0) return deliveries;
    const existing = await ledger.existing(deliveries.map(({ id }) => id));
    return deliveries.filter(({ id }) => !existing.has(id));
  }

  /** A write names no key twice, or it fails for ever: what a result says of a delivery is newer than that it was made. */
  async function missing(
    { deliveries, untaken }: Prepared,
    results: readonly Delivery[],
  ): Promise<readonly Delivery[]> {
    const known = new Set(results.map(({ id }) => id));
    const ids = deliveries.map(({ id }) => id).filter((id) => !known.has(id) && !untaken?.has(id));
    const existing = await ledger.existing(ids);
    return deliveries.filter(({ id }) => !known.has(id) && !existing.has(id));
  }

  function afterFailure(error: unknown): number {
    failures += 1;
    failingSinceMs ??= clock.monotonicMs();
    const fields = { error, waiting: queue.length };
    repeats.failed({
      ...{ subject: WRITING, kind: WRITING, level: 'error', fields },
      message: 'the store does not take results of attempts; trying until it does',
      sum: { message: 'the store still does not take results of attempts', fields, counts: 'failedWrites' },
      end: { message: 'the store takes results of attempts again', isNews: true },
    });
    if (abandoned) rejectAll(error);
    return abandoned ? 0 : Math.min(RETRY_MS * 2 ** (failures - 1), RETRY_MS_MAX);
  }

  function rejectAll(error: unknown): void {
    for (const { reject } of queue.splice(0)) reject(error);
  }

  return {
    saveDelivery: async (delivery) => void (await enqueue({ deliveries: [delivery] })),
    saveTogether: async (deliveries) => void (await enqueue({ deliveries })),
    saveWith: (delivery, following) => enqueue({ deliveries: [delivery] }, following),
    saveSink: async (name, state) => void (await enqueue({ deliveries: [], sink: { name, state } })),
    wake: () => {
      if (state === 'idle' && !abandoned) plan(0);
    },
    get failingSinceMs() {
      return failingSinceMs;
    },
    tellRest: repeats.stop,
    settled: () => (state === 'idle' ? Promise.resolve() : new Promise((resolve) => settling.push(resolve))),
    abandon: () => {
      abandoned = true;
      // A write that is under way may yet succeed, and decides for itself.
      if (state !== 'planned' || failures === 0) return;
      timer?.cancel();
      rejectAll(new Error('the store did not take it before the stop'));
      rest();
    },
  };
}

/** The oldest entries, up to one that concerns something the batch has already, since a batch holds no key twice, or that is too much for it. */
function nextBatch(queue: readonly Entry[]): readonly Entry[] {
  const seen = new Set<string>();
  const end = queue.slice(0, BATCH_MAX).findIndex((entry, index) => {
    const keys = keysOf(entry);
    if (keys.some((key) => seen.has(key)) || (index > 0 && seen.size + keys.length > BATCH_MAX)) return true;
    for (const key of keys) seen.add(key);
    return false;
  });
  return queue.slice(0, end < 0 ? BATCH_MAX : end);
}

function keysOf({ deliveries, sink, following }: Entry): readonly string[] {
  const ids = [...deliveries, ...following].map(({ id }) => id);
  return sink === undefined ? ids : [`sink ${sink.name}`, ...ids];
}
