import type { Job, Worker } from 'bullmq';
import type { SinkConfig } from '../config/config.js';
import { isRecordingEvent, type StoredRecordingEvent } from '../core/event.js';
import type { Outcome } from '../core/failure.js';
import { type AttemptPorts, attemptOnce, isDigest, type Message } from '../engine/attempt.js';
import type { Urls } from '../engine/urls.js';
import type { Bullmq } from './bullmq.js';
import { type JobData, KEPT_JOBS, type TaskData } from './offers.js';
import type { Seal } from './seal.js';

/** A process that says nothing for so long is dead, or as good as that: another one begins again with what it had. */
const LOCK_MS = 10_000;
const STALLED_LOOK_MS = 5_000;
/** Processes that may die of one job. */
const DEATHS_MAX = 2;

export interface HandPorts extends AttemptPorts {
  readonly bullmq: Bullmq;
  readonly seal: Seal;
  readonly urls: Urls;
  readonly sinks: ReadonlyMap<string, SinkConfig>;
  /** What this process is called in BullMQ's own tools. */
  readonly processName: string;
  readonly trouble: (error: unknown) => void;
}

/** Makes attempts of one queue, whoever has offered them. */
export class Hand {
  readonly #ports: HandPorts;
  readonly #worker: Worker<JobData, Outcome>;
  readonly #cut = new AbortController();
  #begun = false;

  /** @param concurrency attempts at once in this process, 1 or more */
  constructor(queue: string, concurrency: number, ports: HandPorts) {
    const { api, listen, prefix } = ports.bullmq;
    this.#ports = ports;
    this.#worker = new api.Worker<JobData, Outcome>(queue, (job, token) => this.#carryOut(job, token), {
      ...{ connection: listen, prefix, name: ports.processName, autorun: false, concurrency },
      ...{ lockDuration: LOCK_MS, stalledInterval: STALLED_LOOK_MS, maxStalledCount: DEATHS_MAX },
      ...{ removeOnComplete: KEPT_JOBS, removeOnFail: { count: 0 } },
    });
    this.#worker.on('error', ports.trouble);
  }

  begin(): void {
    if (this.#begun || this.#cut.signal.aborted) return;
    this.#begun = true;
    this.#worker.run().catch(this.#ports.trouble);
  }

  set concurrency(count: number) {
    this.#worker.concurrency = count;
  }

  /** Takes nothing any more, and finishes what it has; what takes longer than that goes back to the others. */
  async stop(graceMs: number): Promise<void> {
    const timer = this.#ports.clock.after(graceMs, () => this.#cut.abort());
    await this.#worker.close().catch(this.#ports.trouble);
    timer.cancel();
    this.#cut.abort();
  }

  async #carryOut(job: Job<JobData, Outcome>, token: string | undefined): Promise<Outcome> {
    const { seal, sinks, log, bullmq } = this.#ports;
    const { sink: name, message, progress } = seal.unlock(job.data.locked) as TaskData;
    const sink = sinks.get(name);
    if (sink === undefined) throw new Error(`its config has no sink ${name}`);
    log.debug({ sink: name, message: message.id, attempt: job.id }, 'an attempt begins');
    const supply = supplyOf(message, this.#ports.urls);
    const outcome = await attemptOnce(sink, message, progress, { ...this.#ports, supply }, this.#cut.signal);
    if (outcome.kind === 'failed' && outcome.reason === 'stopped') {
      await job.moveToWait(token);
      throw new bullmq.api.WaitingError();
    }
    log.debug({ sink: name, message: message.id, attempt: job.id, outcome: outcome.kind }, 'an attempt is over');
    return outcome;
  }
}

/** As the leader would give it: of a digest, that of its first event. */
function supplyOf(message: Message, urls: Urls) {
  const event = isDigest(message) ? message.events[0] : message;
  return event !== undefined && isRecordingEvent(event) ? urls.supplyOf(event as StoredRecordingEvent) : undefined;
}
