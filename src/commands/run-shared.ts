import { openSharedWorkOf, serveWorker } from '../assemble.js';
import type { QueueConfig } from '../config/config.js';
import type { Share } from '../engine/attempt.js';
import { createRepeats } from '../engine/repeats.js';
import { QueueError } from '../queue/bullmq.js';
import type { SharedWork } from '../queue/shared-work.js';
import type { RunningServer } from '../server/server.js';
import type { WorkerStatus } from '../server/worker.js';
import type { OpenedStore } from '../store/open.js';
import type { Owner } from '../store/records.js';
import { standBy } from '../store/stand-by.js';
import { systemClock } from '../system.js';
import { VERSION } from '../version.js';
import { processName } from '../views/process-view.js';
import { CommandError } from './command.js';
import { lead, type Running } from './lead.js';
import { configOf, storeDependencies } from './session.js';

const STOP_GRACE_MS = 8_000;
const LEAD_AGAIN_MS = 1_000;
/** Longer than it takes until another one leads. */
const SILENT_MS_MAX = 30_000;

/** One of several processes: makes attempts, and leads while it owns the store. */
export async function runShared(running: Running, queue: QueueConfig, stopped: Promise<void>): Promise<void> {
  const { context, options, http, log } = running;
  const work = await openSharedWorkOf(configOf(options, context), queue, { http, log, ...context }).catch((error) => {
    throw error instanceof QueueError ? new CommandError(error.message, { cause: error }) : error;
  });
  running.work = work;
  let stopAtMs: number | undefined;
  const stop = new AbortController();
  void stopped.then(() => {
    stopAtMs = systemClock.monotonicMs();
    stop.abort();
  });
  try {
    while (!stop.signal.aborted) await takeTurn(running, work, stopped, stop.signal);
  } finally {
    const sinceStopMs = systemClock.monotonicMs() - (stopAtMs ?? systemClock.monotonicMs());
    await work.stop(Math.max(0, STOP_GRACE_MS - sinceStopMs));
  }
}

/** As a worker until it leads, and then until it has lost that. */
async function takeTurn(
  running: Running,
  work: SharedWork,
  stopped: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { log } = running;
  const opened = await asWorker(running, work, signal);
  if (opened === undefined) return;
  const share = await shareAsLeader(running, work, opened);
  if (share === undefined) return;
  log.info({ processes: work.partners.length }, 'this process leads');
  const lost = await lead(running, opened, stopped, share);
  if (lost !== undefined) log.warn({ problem: lost.message }, 'this process does not lead any more');
}

/** Undefined when the queue fails: another process may have better luck with it. */
async function shareAsLeader({ log }: Running, work: SharedWork, opened: OpenedStore): Promise<Share | undefined> {
  try {
    return await work.lead(opened.assertOwned);
  } catch (error) {
    log.warn({ error }, 'this process cannot lead, since the queue fails; trying again');
    await opened.store.close().catch(() => undefined); // Whoever is next need not wait, or waits until its lease is over.
    await new Promise<void>((resolve) => systemClock.after(LEAD_AGAIN_MS, resolve));
    return undefined;
  }
}

async function asWorker(running: Running, work: SharedWork, signal: AbortSignal): Promise<OpenedStore | undefined> {
  const { log, context, first } = running;
  const { store } = first;
  if (store.kind !== 'redis') throw new Error('a queue without a store on Redis is refused before');
  const standing = createStanding(store.label, work);
  const repeats = createRepeats({ clock: systemClock, log });
  let server: Promise<RunningServer | undefined> | undefined;

  function follow(owner: Owner | undefined): void {
    repeats.works(STORE);
    if (!standing.follows(owner)) return;
    log.info(
      { leader: owner === undefined ? null : processName(owner) },
      'this process is a worker: another one leads',
    );
    void work.follow();
    server ??= openServer();
  }

  async function openServer(): Promise<RunningServer | undefined> {
    try {
      const opened = await serveWorker(first, log, standing.status);
      if (opened !== undefined) log.info({ page: opened.url }, 'this worker has a status page');
      return opened;
    } catch (error) {
      log.error({ error }, 'there is no status page of this worker');
      return undefined;
    }
  }

  try {
    return await standBy(store, {
      ...storeDependencies(context),
      signal,
      owned: follow,
      trouble: (error) =>
        repeats.failed({
          ...{ subject: STORE, kind: 'store', level: 'warn', fields: { error } },
          message: 'it cannot be seen who leads; trying again',
          sum: { message: 'it still cannot be seen who leads', fields: { error }, counts: 'failures' },
          end: { message: 'it can be seen again who leads', isNews: true },
        }),
    });
  } finally {
    repeats.stop();
    // The leader listens at the same address.
    await (await server)?.close();
  }
}

/** What a worker knows of itself and of who leads. */
function createStanding(label: string, work: SharedWork) {
  const startedAtMs = systemClock.nowMs();
  let seenAtMs = systemClock.monotonicMs();
  let leader: Owner | undefined;
  let isKnown = false;

  function reasons(): readonly string[] {
    const silentMs = systemClock.monotonicMs() - seenAtMs;
    const queueMs = work.failingForMs ?? 0;
    return [
      ...(silentMs < SILENT_MS_MAX ? [] : [`nobody was seen to lead for ${Math.round(silentMs / 1_000)} s`]),
      ...(queueMs < SILENT_MS_MAX ? [] : [`the queue has not answered for ${Math.round(queueMs / 1_000)} s`]),
    ];
  }

  return {
    /** @returns whether that is news */
    follows: (owner: Owner | undefined): boolean => {
      seenAtMs = systemClock.monotonicMs();
      const isNews = !isKnown || owner?.sinceMs !== leader?.sinceMs || owner?.pid !== leader?.pid;
      [leader, isKnown] = [owner, true];
      return isNews;
    },
    status: (): WorkerStatus => ({
      version: VERSION,
      startedAt: new Date(startedAtMs).toISOString(),
      role: 'worker',
      ready: reasons().length === 0,
      reasons: reasons(),
      leader:
        leader === undefined
          ? null
          : { host: leader.host, pid: leader.pid, since: new Date(leader.sinceMs).toISOString() },
      processes: work.views,
      store: { label },
    }),
  };
}

const STORE = 'store';
