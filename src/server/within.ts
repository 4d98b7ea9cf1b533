import type { Clock } from '../ports.js';

/** What comes of the work, or undefined when it takes longer: it goes on, and nobody waits for it here. */
export async function within<Value>(
  work: Promise<Value>,
  ms: number,
  clock: Pick<Clock, 'after'>,
): Promise<Value | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.after(ms, () => resolve(undefined));
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.cancel();
  }
}
