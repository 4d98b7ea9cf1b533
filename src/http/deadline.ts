import type { Clock, HttpFailure } from '../ports.js';
import { failure } from './failure.js';

/** What ends a request from outside: its time, or its caller. */
export interface Deadline {
  readonly signal: AbortSignal;
  endedBy(): 'timeout' | 'aborted' | undefined;
  /** As the failure of a request to this host; undefined while the deadline has not ended anything. */
  failure(host: string): HttpFailure | undefined;
  /** From now on, whatever was left. */
  restart(timeoutMs: number): void;
  /** Until it is restarted, time ends nothing. */
  pause(): void;
  /** Forgets the timer and the caller's signal. */
  release(): void;
}

export function startDeadline(clock: Clock, timeoutMs: number, caller: AbortSignal): Deadline {
  const stop = new AbortController();
  let endedBy: 'timeout' | 'aborted' | undefined;

  function end(by: 'timeout' | 'aborted'): void {
    endedBy ??= by;
    stop.abort();
  }
  const onAbort = () => end('aborted');
  const onTimeout = () => end('timeout');
  let timer = clock.after(timeoutMs, onTimeout);
  caller.addEventListener('abort', onAbort, { once: true });
  if (caller.aborted) onAbort();
  return {
    signal: stop.signal,
    endedBy: () => endedBy,
    failure(host) {
      if (endedBy === undefined) return undefined;
      return endedBy === 'timeout'
        ? failure('timeout', `${host}: no answer within ${timeoutMs} ms`)
        : failure('aborted', `${host}: stopped before an answer came`);
    },
    restart(nextMs) {
      timer.cancel();
      timer = clock.after(nextMs, onTimeout);
    },
    pause: () => timer.cancel(),
    release() {
      timer.cancel();
      caller.removeEventListener('abort', onAbort);
    },
  };
}
