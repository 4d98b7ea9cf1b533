import type { Clock } from '../ports.js';

/** Shared by all that go at once: together they stay below its rate. */
export interface Pace {
  /** Resolves when so many bytes more are within the rate, or at once when the signal is aborted. */
  take(bytes: number, signal: AbortSignal): Promise<void>;
  /** From now on. @param bytesPerSecond undefined: as fast as it goes */
  limit(bytesPerSecond: number | undefined): void;
}

export function createPace(clock: Clock, bytesPerSecond?: number): Pace {
  let freeAtMs = clock.monotonicMs();
  let limit = bytesPerSecond ?? Number.POSITIVE_INFINITY;
  return {
    limit(changed) {
      limit = changed ?? Number.POSITIVE_INFINITY;
    },
    async take(bytes, signal) {
      const nowMs = clock.monotonicMs();
      // What was not used in the past is gone: a pause does not lead to a flood.
      freeAtMs = Math.max(freeAtMs, nowMs) + (bytes / limit) * 1_000;
      await waitFor(clock, freeAtMs - nowMs, signal);
    },
  };
}

/** Ends early, and without an error, when the signal is aborted. */
export function waitFor(clock: Clock, waitMs: number, signal: AbortSignal): Promise<void> {
  if (waitMs <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(waitMs, end);
    signal.addEventListener('abort', end, { once: true });
  });
}
