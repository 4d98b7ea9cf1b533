import { createManualClock, type ManualClock } from './manual-clock.js';

/** Only a test that has failed waits so long. */
const PATIENCE_MS = 20_000;

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Lets the event loop turn until it is so. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`in vain: ${condition}`);
    await turn();
  }
}

/** A manual clock on which a wait of no time is over at the next turn: a test moves time only where time matters. */
export function createTurningClock(): ManualClock {
  const clock = createManualClock();
  return {
    ...clock,
    after(delayMs, callback) {
      if (delayMs > 0) return clock.after(delayMs, callback);
      const immediate = setImmediate(callback);
      return { cancel: () => clearImmediate(immediate) };
    },
  };
}
