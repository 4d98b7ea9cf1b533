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

/**
 * Cron on node-cron, which says when the next time is. Expression and timezone have been checked by the config.
 *
 * Its tasks are not started: they sleep until a time of the wall clock, for a year if that has gone back by a year, and when it has gone
 * forward, or the machine has slept, they walk through every time that was missed before anything else runs.
 */
export function createCron(clock: Clock): Cron {
  return (expression, timezone, callback) => {
    const task = createTask(expression, () => undefined, { timezone });
    let nextMs = nextTimeMs();
    let timer = sleep();

    function nextTimeMs(): number {
      return task.getNextRuns(1)[0]?.getTime() ?? Number.POSITIVE_INFINITY;
    }

    function sleep(): Timer {
      return clock.after(Math.min(nextMs - clock.nowMs(), LOOK_AGAIN_MS), wake);
    }

    function wake(): void {
      const isTime = clock.nowMs() >= nextMs;
      nextMs = nextTimeMs();
      timer = sleep();
      if (isTime) callback();
    }

    return {
      get nextMs() {
        return nextMs;
      },
      get periodMs() {
        const [one, other] = task.getNextRuns(2);
        return one === undefined || other === undefined ? Number.POSITIVE_INFINITY : other.getTime() - one.getTime();
      },
      cancel: () => {
        timer.cancel();
        void task.destroy();
      },
    };
  };
}
