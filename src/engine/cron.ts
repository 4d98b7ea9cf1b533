import { createTask } from 'node-cron';
import type { Clock, Timer } from '../ports.js';

/** Calls back at the times of a cron expression; once for all that were missed. */
export type Cron = (expression: string, timezone: string, callback: () => void) => CronTimer;

export interface CronTimer extends Timer {
  /** When it calls back next, wall clock; infinite when never. */
  readonly nextMs: number;
  /** From its next time to the one after that; infinite when there is none. */
  readonly periodMs: number;
}

/** So often the wall clock is looked at: it can jump, and a timer does not jump with it. */
const LOOK_AGAIN_MS = 10_000;
/** Between two that have the same schedule; less where they are so many that it would take them half of their period. */
const GAP_MS_MAX = 50;

/**
 * Cron on node-cron, which says when the next time is. Expression and timezone have been checked by the config.
 *
 * Its tasks are not started: they sleep until a time of the wall clock, for a year if that has gone back by a year, and when it has gone
 * forward, or the machine has slept, they walk through every time that was missed before anything else runs. All that have the same
 * schedule share one timer, and are called one after the other, so that thousands of them do not begin at one moment.
 */
export function createCron(clock: Clock): Cron {
  const schedules = new Map<string, Schedule>();

  return (expression, timezone, callback) => {
    const key = `${timezone} ${expression}`;
    const schedule = schedules.get(key) ?? new Schedule(expression, timezone, clock);
    schedules.set(key, schedule);
    const member = { callback };
    schedule.add(member);
    return {
      get nextMs() {
        return schedule.nextMs;
      },
      get periodMs() {
        return schedule.periodMs;
      },
      cancel: () => {
        if (schedule.remove(member) === 0) schedules.delete(key);
      },
    };
  };
}

interface Member {
  readonly callback: () => void;
}

class Schedule {
  readonly #clock: Clock;
  readonly #task;
  readonly #members = new Set<Member>();
  /** Of this time, those that have not been called yet. */
  #turn: Member[] = [];
  #gap: Timer | undefined;
  #timer: Timer;
  nextMs: number;
  periodMs: number;

  constructor(expression: string, timezone: string, clock: Clock) {
    this.#clock = clock;
    this.#task = createTask(expression, () => undefined, { timezone });
    [this.nextMs, this.periodMs] = this.#times();
    this.#timer = this.#sleep();
  }

  add(member: Member): void {
    this.#members.add(member);
  }

  /** @returns how many are left; without one it ends */
  remove(member: Member): number {
    this.#members.delete(member);
    if (this.#members.size > 0) return this.#members.size;
    this.#timer.cancel();
    this.#gap?.cancel();
    void this.#task.destroy();
    return 0;
  }

  #times(): [nextMs: number, periodMs: number] {
    const [one, other] = this.#task.getNextRuns(2).map((date) => date.getTime());
    const never = Number.POSITIVE_INFINITY;
    return [one ?? never, one === undefined || other === undefined ? never : other - one];
  }

  #sleep(): Timer {
    return this.#clock.after(Math.min(this.nextMs - this.#clock.nowMs(), LOOK_AGAIN_MS), () => this.#wake());
  }

  #wake(): void {
    const isTime = this.#clock.nowMs() >= this.nextMs;
    [this.nextMs, this.periodMs] = this.#times();
    this.#timer = this.#sleep();
    if (isTime) this.#call();
  }

  /** Whoever has not had its turn when the next time comes is called then. */
  #call(): void {
    this.#gap?.cancel();
    this.#turn = [...this.#members];
    const gapMs = Math.min(GAP_MS_MAX, this.periodMs / (2 * this.#turn.length));
    this.#callNext(gapMs);
  }

  #callNext(gapMs: number): void {
    const member = this.#turn.shift();
    if (this.#turn.length > 0) this.#gap = this.#clock.after(gapMs, () => this.#callNext(gapMs));
    if (member !== undefined && this.#members.has(member)) member.callback();
  }
}
