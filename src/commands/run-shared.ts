import { openSharedWorkOf } from '../assemble.js';
import type { QueueConfig } from '../config/config.js';
import type { Share } from '../engine/attempt.js';
import { createRepeats } from '../engine/repeats.js';
import { QueueError } from '../queue/bullmq.js';
import type { SharedWork } from '../queue/shared-work.js';
import type { OpenedStore } from '../store/open.js';
import type { Owner } from '../store/records.js';
import { standBy } from '../store/stand-by.js';
import { systemClock } from '../system.js';
import { CommandError } from './command.js';
import { lead, type Running } from './lead.js';
import { configOf, storeDependencies } from './session.js';

const STOP_GRACE_MS = 8_000;
const LEAD_AGAIN_MS = 1_000;

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

async function asWorker(
  { log, context, first }: Running,
  work: SharedWork,
  signal: AbortSignal,
): Promise<OpenedStore | undefined> {
  if (first.store.kind !== 'redis') throw new Error('a queue without a store on Redis is refused before');
  let leader: string | undefined;
  const repeats = createRepeats({ clock: systemClock, log });

  function follow(owner: Owner | undefined): void {
    repeats.works(STORE);
    const name = owner === undefined ? 'unknown' : `process ${owner.pid} on ${owner.host}`;
    if (leader === name) return;
    leader = name;
    log.info({ leader }, 'this process is a worker: another one leads');
    void work.follow();
  }

  try {
    return await standBy(first.store, {
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
  }
}

const STORE = 'store';
