import type { SinkConfig } from '../../src/config/config.js';
import type { Delivery } from '../../src/core/delivery.js';
import type { DeliveryId } from '../../src/core/id.js';
import type { ArchiveNews } from '../../src/engine/archive-news.js';
import { Dispatcher } from '../../src/engine/dispatcher.js';
import { Pauses } from '../../src/engine/pauses.js';
import type { PolledSource } from '../../src/engine/polled-source.js';
import { createUrls } from '../../src/engine/urls.js';
import { createHttpClient } from '../../src/http/client.js';
import type { Ledger, Store } from '../../src/ports.js';
import { createLedger } from '../../src/store/ledger.js';
import { sha256 } from '../../src/system.js';
import { createFailingStore, type FailingStore } from '../support/failing-store.js';
import type { ManualClock } from '../support/manual-clock.js';
import { createMemoryLog, type MemoryLog } from '../support/memory-log.js';
import { openTestStore, type StoreKind } from '../support/open-store.js';
import { realClock } from '../support/real-clock.js';
import { createTurningClock, until } from '../support/turn.js';
import { deliveryOf } from './sinks.js';

export interface DispatchStageOptions {
  /** A store of the test's own, which is closed at the end. */
  readonly on?: Store;
  readonly store?: StoreKind;
  readonly source?: PolledSource;
  readonly random?: () => number;
  readonly news?: ArchiveNews;
}

/** The dispatcher on a real store, with real sinks; time is the test's. */
export interface DispatchStage extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly store: FailingStore;
  readonly ledger: Ledger;
  readonly log: MemoryLog;
  readonly dispatcher: Dispatcher;
  /** Stores a delivery as the poller does, due after so long, and offers it. */
  add(sink: string, uuid: string, dueInMs?: number, includeUrl?: boolean): Promise<DeliveryId>;
  delivery(id: DeliveryId): Promise<Delivery>;
  /** Resolves when so many of its attempts are stored. */
  attempted(id: DeliveryId, attempts: number): Promise<Delivery>;
  idle(): Promise<void>;
  /** As the notifier does it. */
  pause(sink: string): Promise<void>;
  resume(sink: string): Promise<void>;
  /** Another process on the same store; the one before ends as a crash does, if it has not been stopped. */
  restart(sinks: readonly SinkConfig[]): Promise<void>;
  /** The same, before it may deliver anything. */
  load(sinks: readonly SinkConfig[]): Promise<void>;
}

export async function openDispatchStage(
  sinks: readonly SinkConfig[],
  options: DispatchStageOptions = {},
): Promise<DispatchStage> {
  const clock = createTurningClock();
  const store = createFailingStore(options.on ?? (await openTestStore(options.store)));
  const ledger = createLedger(store);
  const log = createMemoryLog();
  const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
  const random = options.random ?? (() => 0);
  const pauses = new Pauses({ ledger, clock });
  let dispatcher = await load(sinks);
  dispatcher.open(Number.POSITIVE_INFINITY);

  async function load(configured: readonly SinkConfig[]): Promise<Dispatcher> {
    const urls = createUrls({ source: () => options.source, clock, random });
    await pauses.load();
    const pausedSinceMs = (name: string) => pauses.sinceMs({ kind: 'sink', name });
    const ports = { ledger, urls, random, sha256, http, clock, log, print: async () => undefined, pausedSinceMs };
    const started = new Dispatcher(options.news === undefined ? ports : { ...ports, news: options.news });
    await started.load(configured);
    return started;
  }

  async function delivery(id: DeliveryId): Promise<Delivery> {
    const stored = await ledger.delivery(id);
    if (stored === undefined) throw new Error('it is not stored');
    return stored;
  }

  return {
    clock,
    store,
    ledger,
    log,
    get dispatcher() {
      return dispatcher;
    },
    async add(sink, uuid, dueInMs, includeUrl) {
      const added = deliveryOf(sink, uuid, clock.nowMs(), dueInMs, includeUrl);
      await ledger.commit([added], []);
      dispatcher.offer([added]);
      return added.id;
    },
    delivery,
    async attempted(id, attempts) {
      await until(async () => (await delivery(id)).attempts >= attempts);
      await until(() => dispatcher.status().every(({ inFlight }) => inFlight === 0));
      return delivery(id);
    },
    idle: () => until(() => dispatcher.status().every(({ inFlight }) => inFlight === 0)),
    async pause(name) {
      await pauses.pause({ kind: 'sink', name });
      dispatcher.pauseChanged(name);
    },
    async resume(name) {
      await pauses.resume({ kind: 'sink', name });
      dispatcher.pauseChanged(name);
    },
    async restart(configured) {
      dispatcher = await load(configured);
      dispatcher.open(Number.POSITIVE_INFINITY);
    },
    async load(configured) {
      dispatcher = await load(configured);
    },
    async [Symbol.asyncDispose]() {
      await http.close();
      await store.close();
    },
  };
}
