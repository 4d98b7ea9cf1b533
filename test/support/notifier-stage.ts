import type { Config, SinkConfig, SourceConfig } from '../../src/config/config.js';
import { type FakeApi, startFakeApi } from '../../src/fake/api.js';
import { createHttpClient } from '../../src/http/client.js';
import { Notifier, type NotifierPorts } from '../../src/notifier.js';
import type { Store } from '../../src/ports.js';
import { superviz } from '../../src/source/superviz.js';
import { createLedger } from '../../src/store/ledger.js';
import { answerRequest, takeRequests } from '../../src/store/requests.js';
import { sha256 } from '../../src/system.js';
import { collect } from './collect.js';
import { createFailingStore, type FailingStore } from './failing-store.js';
import type { ManualClock } from './manual-clock.js';
import { createMemoryLog, type MemoryLog } from './memory-log.js';
import { openTestStore, type StoreKind } from './open-store.js';
import { realClock } from './real-clock.js';
import { createTurningClock, until } from './turn.js';

/** What outlives a program: the platform, the store, and time. */
export interface World extends AsyncDisposable {
  readonly api: FakeApi;
  readonly clock: ManualClock;
  readonly store: Store;
}

/** The whole program without its command line: real source, store and sinks; the cron fires when the test says so. */
export interface Program extends AsyncDisposable {
  readonly notifier: Notifier;
  readonly log: MemoryLog;
  /** It is time: every schedule fires. */
  fire(): void;
  /** Schedules that have not been cancelled. */
  schedules(): number;
}

export function configOf(sources: readonly SourceConfig[], sinks: readonly SinkConfig[]): Config {
  return {
    file: 'test.yaml',
    sources,
    sinks,
    store: { kind: 'memory' },
    keepDeliveredMs: 7 * 86_400_000,
    keepDeadMs: 90 * 86_400_000,
    floodLimit: 1_000,
    heartbeat: undefined,
    queue: undefined,
    server: { listen: undefined, isDefault: false, token: undefined },
    privateAddresses: 'allow',
    log: { level: 'info', format: 'json' },
  };
}

const NEVER = '0 0 29 2 *';

/** A source whose quick retries do not make a test wait. */
export function sourceOf(name: string, baseUrl: string, written: object = {}): SourceConfig {
  return {
    name,
    definition: {
      ...superviz,
      open: (context) =>
        superviz.open({ ...(context as never as OpenContext), clock: realClock, quickRetryDelayMs: 1 }),
    },
    settings: superviz.settings.parse({ baseUrl, auth: { clientId: 'c', secret: 's' }, ...written }),
    schedule: '* * * * * *',
    whileProcessing: undefined,
    fullWalk: NEVER,
    timezone: 'UTC',
    firstPoll: 'remember',
    stuckAfterMs: 3_600_000,
    emptyList: 'doubt',
  };
}

type OpenContext = Parameters<typeof superviz.open>[0];

export function createProgram({ store, clock }: World, config: Config, more: Partial<NotifierPorts> = {}): Program {
  const log = createMemoryLog();
  const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
  const schedules = new Set<() => void>();
  const notifier = new Notifier(config, {
    ledger: createLedger(store),
    takeRequests: async () => {
      const left = await takeRequests(store, clock.nowMs());
      return left.map((request) => ({
        order: request.order,
        answer: (lines, more, error) => answerRequest(store, request, { lines, more, error }, clock.nowMs()),
      }));
    },
    cron: (expression, _timezone, callback) => {
      const fire = () => callback();
      // Full walks come by themselves in tests that are about them.
      if (expression !== NEVER) schedules.add(fire);
      return {
        nextMs: Number.POSITIVE_INFINITY,
        periodMs: Number.POSITIVE_INFINITY,
        cancel: () => void schedules.delete(fire),
      };
    },
    http,
    clock,
    random: () => 0,
    sha256,
    log,
    print: async () => undefined,
    ...more,
  });
  return {
    notifier,
    log,
    fire: () => {
      for (const fire of schedules) fire();
    },
    schedules: () => schedules.size,
    [Symbol.asyncDispose]: () => http.close(),
  };
}

/** A platform that has a recording that is available, `old`, and one that is not yet, `soon`. */
export async function openWorld(kind: StoreKind = 'memory'): Promise<World & { readonly store: FailingStore }> {
  const clock = createTurningClock();
  const api = await startFakeApi({ clock, recordings: [{ uuid: 'old', status: 'available' }, { uuid: 'soon' }] });
  const store = createFailingStore(await openTestStore(kind));
  return {
    api,
    clock,
    store,
    async [Symbol.asyncDispose]() {
      await api.close();
      await store.close();
    },
  };
}

export function sourcePolled({ api }: Pick<World, 'api'>): SourceConfig {
  return sourceOf('production', api.url);
}

/** Started, and past its first poll. */
export async function startProgram(world: World, config: Config): Promise<Program> {
  const program = createProgram(world, config);
  await program.notifier.load();
  program.notifier.start();
  await program.notifier.pollAll();
  return program;
}

/** Time does not pass by itself, and a stop waits for eight seconds of it at most. */
export async function stopProgram({ notifier }: Program, { clock }: World): Promise<void> {
  let isOver = false;
  const stopped = notifier.stop().finally(() => {
    isOver = true;
  });
  await until(() => {
    if (!isOver) clock.advance(10);
    return isOver;
  });
  await stopped;
}

export async function pendingOf({ store }: Pick<World, 'store'>): Promise<number> {
  return (await collect(createLedger(store).pending())).length;
}
