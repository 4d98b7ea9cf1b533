import type { Clock } from '../../src/ports.js';

export interface ManualClock extends Clock {
  /** Moves on, and calls back what is due on the way, in its order. */
  advance(ms: number): void;
  /** How many callbacks are waited for. */
  timers(): number;
}

/** Time that stands still until a test moves it. */
export function createManualClock(startMs = Date.parse('2024-05-13T17:14:00.941Z')): ManualClock {
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  let nowMs = startMs;

  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs - startMs,
    after(delayMs, callback) {
      const timer = { atMs: nowMs + Math.max(delayMs, 0), callback };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    advance(ms) {
      const endMs = nowMs + ms;
      for (let timer = nextDue(endMs); timer !== undefined; timer = nextDue(endMs)) {
        timers.delete(timer);
        nowMs = timer.atMs;
        timer.callback();
      }
      nowMs = endMs;
    },
    timers: () => timers.size,
  };

  function nextDue(endMs: number) {
    const due = [...timers].filter(({ atMs }) => atMs <= endMs);
    return due.sort((left, right) => left.atMs - right.atMs)[0];
  }
}
