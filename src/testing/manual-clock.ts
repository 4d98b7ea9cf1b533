import type { Clock } from '../ports.js';

export interface ManualClock extends Clock {
  /** Moves on, and calls back what is due on the way, in its order. */
  advance(ms: number): void;
  /** Sets the wall clock, forwards or back, as people and time servers do; nothing that is waited for comes sooner or later. */
  jump(ms: number): void;
  /** How many callbacks are waited for. */
  timers(): number;
}

/** Time that stands still until a test moves it. */
export function createManualClock(startMs = Date.parse('2024-05-13T17:14:00.941Z')): ManualClock {
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  let wallMs = startMs;
  let passedMs = 0;

  function moveTo(endMs: number): void {
    wallMs += endMs - passedMs;
    passedMs = endMs;
  }

  return {
    nowMs: () => wallMs,
    monotonicMs: () => passedMs,
    after(delayMs, callback) {
      const timer = { atMs: passedMs + Math.max(delayMs, 0), callback };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    advance(ms) {
      const endMs = passedMs + ms;
      for (let timer = nextDue(endMs); timer !== undefined; timer = nextDue(endMs)) {
        timers.delete(timer);
        moveTo(timer.atMs);
        timer.callback();
      }
      moveTo(endMs);
    },
    jump(ms) {
      wallMs += ms;
    },
    timers: () => timers.size,
  };

  function nextDue(endMs: number) {
    const due = [...timers].filter(({ atMs }) => atMs <= endMs);
    return due.sort((left, right) => left.atMs - right.atMs)[0];
  }
}
