import type { Cron, CronTimer } from '../../src/engine/cron.js';
import type { Clock, Timer } from '../../src/ports.js';
import type { SimTime } from './time.js';

/** Of a process that has died, and of what never answers. Each is one of its own: a promise keeps all who wait for it. */
export function never(): Promise<never> {
  return new Promise(() => undefined);
}

export type Act = 'read' | 'write' | 'send' | 'ask';

/** At which of its acts, or of one kind of them, a process dies; 1 or more. */
export interface Death {
  readonly kind: Act | 'any';
  readonly at: number;
}

/**
 * One run of the process. When it has died nothing of it acts any more: no timer of it fires, nothing that it waits for comes. What it
 * does to the world goes through {@link act}, so that it can die at each of these: between them nobody can tell.
 */
export class Life {
  readonly number: number;
  readonly clock: Clock;
  readonly cron: Cron;
  readonly #time: SimTime;
  #death: Death | undefined;
  readonly #onDeath: () => void;
  #acts = 0;
  #alive = true;
  #timers = 0;
  readonly #letGo = new Set<() => void>();

  constructor(number: number, time: SimTime, death: Death | undefined, onDeath: () => void) {
    this.number = number;
    this.#time = time;
    this.#death = death;
    this.#onDeath = onDeath;
    this.clock = {
      nowMs: () => time.nowMs,
      monotonicMs: () => time.passedMs,
      after: (delayMs, callback) => this.after(delayMs, callback),
    };
    this.cron = (expression, _timezone, callback) => this.#every(Number(expression), callback);
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Timers that are waited for. */
  get timers(): number {
    return this.#timers;
  }

  /**
   * `dies`: this is its last act, of which nobody hears. `dead`: there is nobody to act.
   *
   * @param lastDeed what is done all the same when it dies at this act
   */
  act(kind: Act, lastDeed?: () => void): 'lives' | 'dies' | 'dead' {
    if (!this.#alive) return 'dead';
    if (this.#death === undefined || (this.#death.kind !== 'any' && this.#death.kind !== kind)) return 'lives';
    this.#acts += 1;
    if (this.#acts < this.#death.at) return 'lives';
    lastDeed?.();
    this.end();
    this.#onDeath();
    return 'dies';
  }

  /** It dies no more by what it does. */
  spare(): boolean {
    this.#death = undefined;
    return this.#alive;
  }

  /** It is over, by death or because it has stopped. */
  end(): void {
    this.#alive = false;
    for (const letGo of this.#letGo) letGo();
    this.#letGo.clear();
  }

  /** Listens until it is over: Node keeps a composite signal that has a listener, and with it the whole dead process. */
  onAbort(signal: AbortSignal, listener: () => void): { cancel(): void } {
    const letGo = () => signal.removeEventListener('abort', listener);
    signal.addEventListener('abort', listener, { once: true });
    this.#letGo.add(letGo);
    return {
      cancel: () => {
        this.#letGo.delete(letGo);
        letGo();
      },
    };
  }

  after(delayMs: number, callback: () => void): Timer {
    if (!this.#alive) return { cancel: () => undefined };
    this.#timers += 1;
    let isOver = false;
    const over = () => {
      if (!isOver) this.#timers -= 1;
      isOver = true;
    };
    const timer = this.#time.after(delayMs, () => {
      if (!this.#alive) return;
      over();
      callback();
    });
    return {
      cancel: () => {
        over();
        timer.cancel();
      },
    };
  }

  /** At the multiples of a period, by the wall clock; a jump is noticed after a period at the latest. */
  #every(periodMs: number, callback: () => void): CronTimer {
    let timer = sleep.call(this);
    function sleep(this: Life): Timer {
      return this.after(periodMs - (this.#time.nowMs % periodMs), () => {
        timer = sleep.call(this);
        callback();
      });
    }
    return { nextMs: Number.POSITIVE_INFINITY, periodMs, cancel: () => timer.cancel() };
  }
}
