import type { Queue, QueueEvents } from 'bullmq';
import { FAILURE_REASONS, type Outcome } from '../core/failure.js';
import { STOPPED, type Task } from '../engine/attempt.js';
import type { Clock, Timer } from '../ports.js';
import type { Bullmq } from './bullmq.js';

/** Beside the attempt's own time: until a process takes it, and until it is noticed that one has died with it. */
const MARGIN_MS = 30_000;
/** News of jobs that did not come is looked for. */
const LOOK_MS = 5_000;
const LOOKS_AT_ONCE = 50;
/** News kept for whoever reads more slowly than it comes; what is missed is looked for. */
const EVENTS_KEPT = 10_000;

/** What workers do with a job that has ended: its outcome stays for a leader that comes after the one who asked. */
export const KEPT_JOBS = { age: 600, count: 5_000 } as const;

/** What a job holds. */
export interface JobData {
  /** A {@link TaskData}, locked. */
  readonly locked: string;
}

export type TaskData = Pick<Task, 'message' | 'progress'> & { readonly sink: string };

export interface OffersPorts {
  readonly bullmq: Bullmq;
  readonly clock: Clock;
  readonly trouble: (error: unknown) => void;
}

interface Offer {
  readonly task: Task;
  readonly data: JobData;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
  /** Monotonic. */
  askAgainAtMs: number;
  overAtMs: number;
}

/**
 * Attempts that are offered to the processes on a queue, each under its id: a job of that id which runs already, or has ended, gives
 * its outcome, and no second one is made.
 */
export class Offers {
  readonly #ports: OffersPorts;
  readonly #queue: Queue<JobData>;
  /** As many as the lanes of the sinks let go at once. */
  readonly #offers = new Map<string, Offer>();
  #events: QueueEvents | undefined;
  #timer: Timer | undefined;
  #idle: (() => void) | undefined;

  constructor(name: string, ports: OffersPorts) {
    const { api, ask, prefix } = ports.bullmq;
    this.#ports = ports;
    this.#queue = new api.Queue<JobData>(name, {
      ...{ connection: ask, prefix, skipWaitingForReady: true },
      streams: { events: { maxLen: EVENTS_KEPT } },
    });
    this.#queue.on('error', ports.trouble);
  }

  /** Nobody has begun with what waits: whoever leads offers it again, if it is still to be made. */
  async begin(): Promise<void> {
    const { api, ask, listen, prefix } = this.#ports.bullmq;
    await this.#queue.drain(true);
    const [latest] = await ask.xrevrange(this.#queue.toKey('events'), '+', '-', 'COUNT', 1);
    this.#events?.close().catch(() => undefined);
    const events = new api.QueueEvents(this.#queue.name, {
      ...{ connection: listen, prefix, lastEventId: latest?.[0] ?? '0-0' },
    });
    this.#events = events;
    events.on('error', this.#ports.trouble);
    events.on('completed', ({ jobId, returnvalue }) => this.#offers.get(jobId)?.resolve(readOutcome(returnvalue)));
    events.on('failed', ({ jobId, failedReason }) => this.#failed(jobId, failedReason));
    events.on('active', ({ jobId }) => this.#began(jobId));
    events.on('duplicated', ({ jobId }) => void this.#look(jobId));
    this.#lookLater();
  }

  /** As `Share` says. */
  async make(task: Task, data: JobData, stop: AbortSignal): Promise<Outcome> {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const nowMs = this.#ports.clock.monotonicMs();
    const times = { askAgainAtMs: nowMs + LOOK_MS, overAtMs: nowMs + task.sink.timeoutMs + MARGIN_MS };
    const onStop = () => resolve(STOPPED);
    stop.addEventListener('abort', onStop, { once: true });
    this.#offers.set(task.id, { task, data, resolve, reject, ...times });
    try {
      const added = this.#add(task, data).then(() => promise);
      const outcome = await Promise.race([promise, added]);
      // What nobody has begun yet is not begun any more.
      if (outcome === STOPPED) await this.#queue.remove(task.id).catch(() => undefined);
      return outcome;
    } finally {
      stop.removeEventListener('abort', onStop);
      this.#offers.delete(task.id);
      if (this.#offers.size === 0) this.#idle?.();
    }
  }

  /** Resolves once nothing is offered any more. */
  async idle(): Promise<void> {
    if (this.#offers.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  /** Nobody is told of anything any more. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await Promise.allSettled([this.#events?.close(), this.#queue.close()]);
  }

  async #add({ id, sink }: Task, data: JobData): Promise<void> {
    await this.#queue.add(sink.definition.type, data, { jobId: id });
  }

  /** From now on it has its whole time; another process may begin again with what one has died of. */
  #began(id: string): void {
    const offer = this.#offers.get(id);
    if (offer !== undefined) offer.overAtMs = this.#ports.clock.monotonicMs() + offer.task.sink.timeoutMs + MARGIN_MS;
  }

  #failed(id: string, reason: string): void {
    const offer = this.#offers.get(id);
    if (offer === undefined) return;
    if (reason.includes('stalled'))
      offer.resolve(timeout('each process that made the attempt died of it, or was stopped'));
    else offer.reject(new Error(`another process could not make the attempt: ${reason}`));
  }

  #lookLater(): void {
    this.#timer?.cancel();
    this.#timer = this.#ports.clock.after(LOOK_MS, async () => {
      await this.#lookAtLate();
      if (this.#timer !== undefined) this.#lookLater();
    });
  }

  async #lookAtLate(): Promise<void> {
    const nowMs = this.#ports.clock.monotonicMs();
    const late = [...this.#offers].filter(([, { askAgainAtMs }]) => askAgainAtMs <= nowMs).map(([id]) => id);
    for (let from = 0; from < late.length; from += LOOKS_AT_ONCE)
      await Promise.all(late.slice(from, from + LOOKS_AT_ONCE).map((id) => this.#look(id)));
  }

  /** Its news may have been missed, and the queue may have lost it. While Redis does not answer, its time is not over. */
  async #look(id: string): Promise<void> {
    const offer = this.#offers.get(id);
    if (offer === undefined) return;
    const nowMs = this.#ports.clock.monotonicMs();
    offer.askAgainAtMs = nowMs + LOOK_MS;
    try {
      const job = await this.#queue.getJob(id);
      if (this.#offers.get(id) !== offer) return;
      if (job?.finishedOn !== undefined) offer.resolve(readOutcome(job.returnvalue));
      else if (nowMs >= offer.overAtMs) {
        offer.resolve(timeout(`no process finished the attempt within ${offer.task.sink.timeoutMs} ms`));
        await this.#queue.remove(id);
      } else if (job === undefined) await this.#add(offer.task, offer.data);
    } catch (error) {
      this.#ports.trouble(error);
    }
  }
}

function timeout(detail: string): Outcome {
  return { kind: 'failed', reason: 'timeout', detail };
}

/** What a process of this version has written. Throws at anything else. */
function readOutcome(value: unknown): Outcome {
  const outcome = value as Partial<Extract<Outcome, { kind: 'failed' }>> | null;
  const isKnown =
    (value as Outcome | null)?.kind === 'delivered' ||
    (outcome?.kind === 'failed' && Object.hasOwn(FAILURE_REASONS, outcome.reason ?? ''));
  if (isKnown) return value as Outcome;
  return { kind: 'failed', reason: 'sink_threw', detail: 'what another process wrote of the attempt cannot be read' };
}
