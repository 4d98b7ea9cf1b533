import type { Config, QueueConfig } from '../config/config.js';
import type { Share } from '../engine/attempt.js';
import { createRepeats, type Repeats } from '../engine/repeats.js';
import type { Clock, HttpClient, Log, Programs, Random } from '../ports.js';
import { type ProcessView, processViews } from '../views/process-view.js';
import { type Bullmq, openBullmq } from './bullmq.js';
import { Line, type LinePorts } from './line.js';
import { type Member, type Role, Roll } from './roll.js';
import { createSeal } from './seal.js';

export interface SharedWorkPorts {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly print: (line: string) => Promise<void>;
  readonly programs: Programs;
  /** Of 32 hex digits, another one each time. */
  readonly nonce: () => string;
  readonly host: string;
  readonly pid: number;
  /** Processes of different ones share nothing. */
  readonly version: string;
}

/** Queues of configurations that nobody has any more are looked for among so many. */
const FORMER_MAX = 100;
/** A Redis that is away holds up a stop for so long beside its grace. */
const CLOSE_MS_MAX = 1_000;
/** The longest attempt of all. */
const FINISH_MS_MAX = 7 * 86_400_000;

/**
 * The part of a process that shares attempts with others by a queue: it makes those that are offered, and offers those of the engine
 * while it leads.
 */
export class SharedWork {
  readonly #bullmq: Bullmq;
  readonly #ports: SharedWorkPorts;
  readonly #repeats: Repeats;
  readonly #roll: Roll;
  /** Of configurations before; what was offered by them is still under way. */
  readonly #former = new Set<Line>();
  readonly #sinceMs: number;
  #line: Line;
  #role: Role = 'worker';
  #isServing = false;
  /** Monotonic. */
  #failingSinceMs: number | undefined;

  /** Throws a {@link QueueError} where Redis does not answer. @param config read for this alone */
  static async open(config: Config, queue: QueueConfig, ports: SharedWorkPorts): Promise<SharedWork> {
    return new SharedWork(config, await openBullmq(queue, ports.clock), ports);
  }

  private constructor(config: Config, bullmq: Bullmq, ports: SharedWorkPorts) {
    this.#bullmq = bullmq;
    this.#ports = ports;
    this.#sinceMs = ports.clock.nowMs();
    this.#repeats = createRepeats(ports);
    this.#line = this.#openLine(config);
    this.#roll = new Roll({
      ...{ bullmq, clock: ports.clock },
      self: () => this.#self(),
      heard: (members) => this.#heard(members),
      trouble: (error) => this.#trouble(error),
    });
  }

  /** Of this configuration and version or not, as they were heard last. */
  get members(): readonly Member[] {
    return this.#roll.members;
  }

  /** Those that take part. */
  get partners(): readonly Member[] {
    return this.members.filter(({ fingerprint }) => fingerprint === this.#line.fingerprint);
  }

  /** All that were heard last, for people. */
  get views(): readonly ProcessView[] {
    return processViews(this.members, this.#line.fingerprint);
  }

  /** For how long the queue has not answered; undefined while it does. */
  get failingForMs(): number | undefined {
    return this.#failingSinceMs === undefined ? undefined : this.#ports.clock.monotonicMs() - this.#failingSinceMs;
  }

  /** Another process leads, or will soon: makes what it offers. */
  async follow(): Promise<void> {
    this.#role = 'worker';
    await this.#roll.call();
    this.#serve();
  }

  /**
   * This process leads. What was offered before and not begun is the leader's to offer again.
   *
   * @param assertLeads throws when this process may not lead any more, as far as it knows
   */
  async lead(assertLeads: () => void): Promise<Share> {
    this.#role = 'leader';
    await this.#line.lead();
    await this.#roll.call();
    await this.#removeFormer().catch((error: unknown) => this.#trouble(error));
    this.#serve();
    return (task, stop) => {
      assertLeads();
      return this.#line.offer(task, stop);
    };
  }

  /** Takes another configuration; what is under way by the one before is finished by that. @param config read for this alone */
  async configure(config: Config): Promise<void> {
    const before = this.#line;
    const line = this.#openLine(config);
    if (line.fingerprint === before.fingerprint) return line.stop(0);
    if (this.#role === 'leader') await line.lead();
    this.#line = line;
    if (this.#isServing) line.serve();
    this.#former.add(before);
    void before
      .idle()
      .then(() => before.stop(FINISH_MS_MAX))
      .finally(() => this.#former.delete(before));
    await this.#roll.call();
  }

  /** Takes nothing any more, and finishes what it has; what takes longer than that goes back to the others. */
  async stop(graceMs: number): Promise<void> {
    const left = this.#roll.leave();
    const late = Promise.withResolvers<void>();
    const timer = this.#ports.clock.after(graceMs + CLOSE_MS_MAX, late.resolve);
    const lines = [this.#line, ...this.#former];
    await Promise.race([Promise.allSettled([left, ...lines.map((line) => line.stop(graceMs))]), late.promise]);
    timer.cancel();
    await this.#bullmq.close();
    this.#repeats.stop();
  }

  #serve(): void {
    this.#isServing = true;
    this.#line.serve();
  }

  #openLine(config: Config): Line {
    const { host, pid, version, nonce } = this.#ports;
    const ports: LinePorts = {
      ...this.#ports,
      bullmq: this.#bullmq,
      repeats: this.#repeats,
      seal: createSeal(config, version, nonce),
      processName: `${host}/${pid}`,
      trouble: (error) => this.#trouble(error),
    };
    return new Line(config, ports);
  }

  #self(): Member {
    const { host, pid } = this.#ports;
    return { host, pid, role: this.#role, fingerprint: this.#line.fingerprint, sinceMs: this.#sinceMs };
  }

  #heard(members: readonly Member[]): void {
    this.#failingSinceMs = undefined;
    this.#repeats.works(QUEUE);
    this.#line.share(this.partners.length);
    const others = members.length - this.partners.length;
    if (others === 0) this.#repeats.works(OTHERS);
    else
      this.#repeats.failed({
        ...{ subject: OTHERS, kind: 'config', level: 'warn', fields: { processes: others } },
        message: 'processes with another config or version take no part; restart or reload them',
        sum: {
          message: 'processes with another config or version still take no part',
          ...{ fields: { processes: others }, counts: 'looks' },
        },
      });
  }

  #trouble(error: unknown): void {
    this.#failingSinceMs ??= this.#ports.clock.monotonicMs();
    this.#repeats.failed({
      ...{ subject: QUEUE, kind: 'queue', level: 'warn', fields: { error } },
      message: 'the queue does not answer as it should; attempts wait until it does',
      sum: { message: 'the queue still does not answer as it should', fields: { error }, counts: 'failures' },
      end: { message: 'the queue answers again', isNews: true },
    });
  }

  /** Queues that no process has any more, by a list of all: their keys would stay for ever. */
  async #removeFormer(): Promise<void> {
    const { api, ask, prefix } = this.#bullmq;
    const list = `${prefix}!names`;
    await ask.sadd(list, ...this.#line.names);
    const used = this.members.map(({ fingerprint }) => fingerprint);
    const names = (await ask.smembers(list)).filter((name) => !used.some((each) => name.endsWith(each)));
    for (const name of names.slice(0, FORMER_MAX)) {
      const queue = new api.Queue(name, { connection: ask, prefix, skipWaitingForReady: true });
      await queue.obliterate({ force: true }).finally(() => queue.close());
      await ask.srem(list, name);
    }
  }
}

const QUEUE = 'queue';
const OTHERS = 'other processes';
