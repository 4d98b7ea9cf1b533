import { Queue, QueueEvents, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { createConfiguredHttp } from '../../src/assemble.js';
import type { Config } from '../../src/config/config.js';
import { loadTree } from '../../src/config/load.js';
import { objectTree } from '../../src/config/object.js';
import type { RecordingEvent } from '../../src/core/event.js';
import { attemptOnce, type Share, type Task } from '../../src/engine/attempt.js';
import { openPolledSource, type PolledSource } from '../../src/engine/polled-source.js';
import { SharedWork } from '../../src/queue/shared-work.js';
import type { OpenedStore } from '../../src/store/open.js';
import { standBy } from '../../src/store/stand-by.js';
import { nonce, systemClock, systemPrograms, systemRandom, thisProcess } from '../../src/system.js';
import { sampleEvent } from '../../src/testing/sample-event.js';
import { type Cost, costOf } from './measure.js';
import { silentLog } from './program.js';
import { serve } from './serve.js';
import { SIGNING_SECRET } from './sink.js';

/** One of the processes that share attempts, and beside it one that makes them all by itself. No store: it costs both the same. */

const NEVER = new AbortController().signal;

let config: Config;
let work: SharedWork;
let share: Share;
let tasks = 0;
let opened: OpenedStore | undefined;
let pages: PolledSource | undefined;

export const sharerDeeds = serve({
  async open(redisUrl: string, apiUrl: string, hookUrl: string, concurrency: number): Promise<void> {
    const loaded = loadTree(
      objectTree(
        {
          sources: { main: { baseUrl: apiUrl, auth: { clientId: 'client', secret: 'secret' } } },
          sinks: { out: { type: 'webhook', url: hookUrl, secret: SIGNING_SECRET, concurrency } },
          store: redisUrl,
          queue: redisUrl,
        },
        'bench',
      ),
    );
    if ('problems' in loaded || loaded.config.queue === undefined) throw new Error(JSON.stringify(loaded));
    config = loaded.config;
    const { host, pid, print } = thisProcess({ isOurs: false });
    work = await SharedWork.open(config, loaded.config.queue, {
      ...{ host, pid, print, nonce, version: 'bench', http: httpOf(config), log: silentLog },
      ...{ clock: systemClock, random: systemRandom, programs: systemPrograms },
    });
  },
  follow: () => work.follow(),
  async lead(): Promise<void> {
    share = await work.lead(() => undefined);
  },
  stop: () => work.stop(0),
  /** @param isShared over the queue, or all by itself */
  drain(count: number, isShared: boolean): Promise<Cost> {
    const [sink] = config.sinks;
    if (sink === undefined) throw new Error('the config has no sink');
    const http = httpOf(config);
    const ports = { http, log: silentLog, clock: systemClock, random: systemRandom, print: async () => undefined };
    let left = count;
    async function lane(task: Task): Promise<void> {
      while (left > 0) {
        left -= 1;
        tasks += 1;
        const event = { ...sampleEvent, id: `evt_${tasks}` } as RecordingEvent;
        const made = { ...task, id: `dlv_${process.pid}-${tasks}`, message: event };
        const outcome = await (isShared ? share(made, NEVER) : attemptOnce(made.sink, event, null, ports, NEVER));
        if (outcome?.kind !== 'delivered') throw new Error(JSON.stringify(outcome));
      }
    }
    const task = { id: '', sink, message: sampleEvent, progress: null };
    return costOf(() => Promise.all(Array.from({ length: sink.concurrency }, () => lane(task))));
  },
  /** Gives a page of a hundred rows to each job, as a poll that is spread would. */
  async servePages(redisUrl: string): Promise<void> {
    const page = await fetchPage();
    new Worker('pages', async () => page, { connection: listenerTo(redisUrl), prefix: PAGES });
  },
  /** Of pages that are fetched here, and of those that come from another process as what its job has returned. */
  async pages(count: number, redisUrl: string): Promise<{ readonly here: Cost; readonly queued: Cost }> {
    const connection = listenerTo(redisUrl);
    const queue = new Queue('pages', { connection, prefix: PAGES });
    const events = new QueueEvents('pages', { connection, prefix: PAGES, lastEventId: '0' });
    await events.waitUntilReady();
    const takePage = async () =>
      (await queue.add('page', {}, { removeOnComplete: { count: 1_000 } })).waitUntilFinished(events);
    const times = (take: () => Promise<unknown>) => async () => {
      for (let n = 0; n < count; n += 1) await take();
    };
    await times(takePage)();
    await times(fetchPage)();
    const [here, queued] = [await costOf(times(fetchPage)), await costOf(times(takePage))];
    await events.close();
    await queue.obliterate({ force: true });
    return { here, queued };
  },
  /** Resolves once this process owns the store. */
  async own(): Promise<void> {
    if (config.store.kind !== 'redis') throw new Error('the store is on Redis');
    const { host, pid, cwd } = thisProcess({ isOurs: false });
    const ports = { clock: systemClock, host, pid, cwd, signal: NEVER };
    opened = await standBy(config.store, { ...ports, owned: () => undefined, trouble: () => undefined });
  },
  letGo: () => opened?.store.close(),
});

const PAGES = 'bench-pages';

async function fetchPage(): Promise<unknown> {
  const [source] = config.sources;
  if (source === undefined) throw new Error('the config has no source');
  pages ??= openPolledSource(source, {
    ...{ http: httpOf(config), clock: systemClock, random: systemRandom, log: silentLog },
  });
  const { value } = await pages.source.walk(NEVER).next();
  return value;
}

function listenerTo(url: string): Redis {
  return new Redis(url.replace(/\?.*/, ''), { maxRetriesPerRequest: null });
}

function httpOf(of: Config) {
  return createConfiguredHttp(of, thisProcess({ isOurs: false }));
}
