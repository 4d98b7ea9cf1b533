import type { Delivery } from '../../src/core/delivery.js';
import type { StoredRecordingEvent } from '../../src/core/event.js';
import type { RoutedSink } from '../../src/engine/commit-changes.js';
import type { PollReport } from '../../src/engine/poll-report.js';
import { newPolledSource, type PolledSource } from '../../src/engine/polled-source.js';
import { poll } from '../../src/engine/poller.js';
import { createUrls, type Urls } from '../../src/engine/urls.js';
import type { WalkMemory } from '../../src/engine/walk-memory.js';
import { type FakeApi, type FakeApiOptions, startFakeApi } from '../../src/fake/api.js';
import { createHttpClient } from '../../src/http/client.js';
import type { Ledger } from '../../src/ports.js';
import { superviz } from '../../src/source/superviz.js';
import { createLedger } from '../../src/store/ledger.js';
import { sha256 } from '../../src/system.js';
import { USER_AGENT } from '../../src/version.js';
import { createFailingStore, type FailingStore } from '../support/failing-store.js';
import type { ManualClock } from '../support/manual-clock.js';
import { createMemoryLog, type MemoryLog } from '../support/memory-log.js';
import { openTestStore, type StoreKind } from '../support/open-store.js';
import { realClock } from '../support/real-clock.js';
import { createTurningClock } from '../support/turn.js';

export const SOURCE = 'production';

export interface PollStageOptions {
  readonly store?: StoreKind;
  readonly api?: Omit<FakeApiOptions, 'clock'>;
  /** As written in YAML. */
  readonly settings?: object;
  readonly firstPoll?: 'remember' | 'announce';
  readonly stuckAfterMs?: number;
  readonly emptyList?: 'doubt' | 'believe';
  readonly sinks?: readonly RoutedSink[];
  readonly floodLimit?: number;
}

/** A real source against a real API, polled by hand; what would be delivered is collected. */
export interface PollStage extends AsyncDisposable {
  readonly api: FakeApi;
  readonly clock: ManualClock;
  readonly store: FailingStore;
  readonly ledger: Ledger;
  readonly log: MemoryLog;
  readonly urls: Urls;
  readonly told: StoredRecordingEvent[];
  readonly offered: Delivery[];
  readonly doubts: () => number;
  /** Of all answers so far, as they are parsed. */
  readonly bytesRead: () => number;
  /** Of the source as it is configured now. */
  walks(): WalkMemory;
  polled(): PolledSource;
  poll(): Promise<PollReport>;
  /** What a restart with another configuration is to the poller. */
  configure(change: Omit<PollStageOptions, 'store' | 'api'>): void;
}

export function routed(name: string, change: Partial<RoutedSink> = {}): RoutedSink {
  return { name, events: ['recording.available'], only: {}, includeUrl: true, ...change };
}

export async function openPollStage(options: PollStageOptions = {}): Promise<PollStage> {
  const clock = createTurningClock();
  const api = await startFakeApi({ clock, ...options.api });
  const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: USER_AGENT });
  let bytesRead = 0;
  const countingHttp: typeof http = {
    ...http,
    async request(request) {
      const answer = await http.request(request);
      if (answer.kind === 'answer') bytesRead += answer.body.length;
      return answer;
    },
  };
  const store = createFailingStore(await openTestStore(options.store));
  const ledger = createLedger(store);
  const log = createMemoryLog();
  const [told, offered] = [[] as StoredRecordingEvent[], [] as Delivery[]];
  const urls = createUrls({ source: () => undefined, clock, random: () => 0 });
  let sinks: readonly RoutedSink[];
  let floodLimit: number;
  let polled: PolledSource;
  let doubts = 0;
  configure(options);

  function configure(change: PollStageOptions): void {
    const { settings: written = {}, firstPoll = 'remember', stuckAfterMs = 3_600_000, emptyList = 'doubt' } = change;
    const settings = superviz.settings.parse({ baseUrl: api.url, auth: { clientId: 'c', secret: 's' }, ...written });
    const source = superviz.open({
      name: SOURCE,
      settings,
      http: countingHttp,
      clock: realClock,
      random: () => 0,
      log,
      quickRetryDelayMs: 1,
    });
    const schedule = { schedule: '* * * * *', whileProcessing: undefined, fullWalk: '17 * * * *', timezone: 'UTC' };
    const config = { name: SOURCE, definition: superviz, settings, ...schedule, firstPoll, stuckAfterMs, emptyList };
    polled = newPolledSource(config, source, Math.random);
    sinks = change.sinks ?? [routed('hook')];
    floodLimit = change.floodLimit ?? 1_000;
  }

  return {
    api,
    clock,
    store,
    ledger,
    log,
    urls,
    told,
    offered,
    doubts: () => doubts,
    bytesRead: () => bytesRead,
    configure,
    walks: () => polled.walks,
    polled: () => polled,
    poll: () =>
      poll(
        polled,
        {
          ledger,
          urls,
          clock,
          sha256,
          sinks: () => sinks,
          floodLimit: () => floodLimit,
          tell: (events) => void told.push(...events),
          expect: () => () => undefined,
          offer: (deliveries) => void offered.push(...deliveries),
          doubt: () => {
            doubts += 1;
          },
        },
        new AbortController().signal,
      ),
    async [Symbol.asyncDispose]() {
      await http.close();
      await api.close();
      await store.close();
    },
  };
}
