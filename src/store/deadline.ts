import type { Clock } from '../ports.js';

/** What the promise gives, unless that takes too long. `giveUp` is called then, to end what still runs. */
export async function withTimeout<Result>(
  clock: Clock,
  timeoutMs: number,
  promise: Promise<Result>,
  giveUp: () => void = () => {},
): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = clock.after(timeoutMs, () => {
    reject(new Error(`the server did not answer within ${timeoutMs / 1_000} s`));
    giveUp();
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.cancel();
  }
}
