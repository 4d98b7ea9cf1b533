import type { Clock, Log } from '../ports.js';

/** What comes of the work, or undefined when it takes longer: it goes on, nobody waits for it here, and the log tells if it fails. */
export async function within<Value>(
  work: Promise<Value>,
  ms: number,
  { clock, log }: { readonly clock: Pick<Clock, 'after'>; readonly log?: Pick<Log, 'error'> },
): Promise<Value | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  let isLate = false;
  const timer = clock.after(ms, () => {
    isLate = true;
    resolve(undefined);
  });
  work.catch((error: unknown) => {
    if (isLate) log?.error({ error }, 'what somebody asked for on the page or by the API has failed');
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.cancel();
  }
}
