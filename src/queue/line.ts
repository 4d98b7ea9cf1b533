import type { Config, SinkConfig } from '../config/config.js';
import { isRecordingEvent } from '../core/event.js';
import type { Outcome } from '../core/failure.js';
import { isDigest, type Task } from '../engine/attempt.js';
import { closeSinks } from '../engine/close-sinks.js';
import { openPolledSource } from '../engine/polled-source.js';
import { createUrls } from '../engine/urls.js';
import type { SourceContext } from '../source/define.js';
import { Hand, type HandPorts } from './hand.js';
import { Offers, type TaskData } from './offers.js';

/** A digest of fifty long events has a tenth of it. */
const LOCKED_LENGTH_MAX = 1_000_000;

export type LinePorts = Omit<HandPorts, 'urls' | 'sinks'> &
  Omit<SourceContext<unknown>, 'name' | 'settings' | 'keyNames'>;

/** The queues of one configuration, which only processes with that same one serve: what is common, and what costs much. */
export class Line {
  readonly fingerprint: string;
  readonly names: readonly string[];
  readonly #ports: LinePorts;
  readonly #sinks: readonly SinkConfig[];
  readonly #common: Queue;
  readonly #costly: Queue | undefined;

  /** @param config read for this alone: what its sinks keep open is closed with it */
  constructor(config: Config, ports: LinePorts) {
    const { fingerprint } = ports.seal;
    this.fingerprint = fingerprint;
    this.#ports = ports;
    this.#sinks = config.sinks.filter(({ enabled }) => enabled);
    const shared = this.#sinks.filter((sink) => !isLittle(sink));
    const polled = new Map(config.sources.map((source) => [source.name, openPolledSource(source, ports)]));
    const handPorts: HandPorts = {
      ...ports,
      urls: createUrls({ ...ports, source: (name) => polled.get(name) }),
      sinks: new Map(shared.map((sink) => [sink.name, sink])),
    };
    const costly = shared.filter(isCostly);
    const common = shared.filter((sink) => !isCostly(sink));
    this.#common = openQueue(`attempts-${fingerprint}`, common, handPorts);
    this.#costly = costly.length === 0 ? undefined : openQueue(`costly-${fingerprint}`, costly, handPorts);
    this.names = this.#queues.map(({ name }) => name);
  }

  get #queues(): readonly Queue[] {
    return this.#costly === undefined ? [this.#common] : [this.#common, this.#costly];
  }

  /** Before anything is offered. */
  async lead(): Promise<void> {
    await Promise.all(this.#queues.map(({ offers }) => offers.begin()));
  }

  /** Makes attempts from now on. */
  serve(): void {
    for (const { hand } of this.#queues) hand.begin();
  }

  /** What costs much is dealt out: no process has more than its part of what the sinks let go at once. */
  share(processes: number): void {
    if (this.#costly === undefined) return;
    this.#costly.hand.concurrency = Math.max(1, Math.ceil(this.#costly.attemptsMax / Math.max(1, processes)));
  }

  /** As `Share` says. What operators are told is few, and of trouble that may be the queue's own: it stays here. */
  offer(task: Task, stop: AbortSignal): Promise<Outcome> | undefined {
    const { sink, message, progress } = task;
    if (isLittle(sink) || !(isDigest(message) || isRecordingEvent(message))) return undefined;
    const taskData: TaskData = { sink: sink.name, message, progress };
    const locked = this.#ports.seal.lock(taskData);
    if (locked.length > LOCKED_LENGTH_MAX) return undefined;
    const queue = isCostly(sink) ? this.#costly : this.#common;
    return queue?.offers.make(task, { locked }, stop);
  }

  /** Once nothing is offered any more: takes no further attempts, and finishes those that it has in time. */
  async stop(graceMs: number): Promise<void> {
    await Promise.all(this.#queues.map(({ hand }) => hand.stop(graceMs)));
    await Promise.all(this.#queues.map(({ offers }) => offers.stop()));
    await closeSinks(
      this.#sinks.map((sink) => ({ sink })),
      this.#ports.log,
    );
  }

  async idle(): Promise<void> {
    await Promise.all(this.#queues.map(({ offers }) => offers.idle()));
  }
}

interface Queue {
  readonly name: string;
  readonly offers: Offers;
  readonly hand: Hand;
  /** What the lanes of its sinks let go at once. */
  readonly attemptsMax: number;
}

/** Room for all that the sinks let go at once, in each process: no sink waits for another, whichever processes die. */
function openQueue(name: string, sinks: readonly SinkConfig[], ports: HandPorts): Queue {
  const attemptsMax = Math.max(
    1,
    sinks.reduce((sum, { concurrency }) => sum + concurrency, 0),
  );
  return { name, offers: new Offers(name, ports), hand: new Hand(name, attemptsMax, ports), attemptsMax };
}

function isLittle({ definition }: SinkConfig): boolean {
  return definition.costs === 'little';
}

function isCostly({ definition }: SinkConfig): boolean {
  return definition.costs === 'much';
}
