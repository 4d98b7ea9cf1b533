import type { Clock, HttpAnswer, HttpClient, HttpFailure, Log } from '../ports.js';
import { createRepeats } from './repeats.js';

const TIMEOUT_MS = 10_000;
const HEARTBEAT = 'heartbeat';

export interface HeartbeatPorts {
  /** Where to beat; undefined: nowhere. A credential: never logged. */
  readonly url: () => string | undefined;
  /** Names of the sources that make a round. */
  readonly sources: () => readonly string[];
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Tells an outside service that the notifier lives, after each round: when every source has had a complete poll since the last one.
 * So the service can raise the alarm when nobody here can. At most one request is under way; a round that ends meanwhile tells nothing.
 */
export interface Heartbeat {
  /** A poll of this source was complete. */
  note(source: string): void;
  /** Requests the URL if a round is over. Resolves when that is done, 10 s later at most, whatever became of it. */
  beat(): Promise<void>;
  /** Begins a new round: the sources are others now. */
  reset(): void;
  /** Cuts off a request under way. */
  stop(): void;
}

export function createHeartbeat({ url, sources, http, clock, log }: HeartbeatPorts): Heartbeat {
  const stopping = new AbortController();
  let complete = new Set<string>();
  let underWay: Promise<void> | undefined;
  const repeats = createRepeats({ clock, log });

  async function request(to: string): Promise<void> {
    const startedMs = clock.monotonicMs();
    const answer = await http.request({
      method: 'GET',
      url: to,
      headers: {},
      timeoutMs: TIMEOUT_MS,
      bodyBytesMax: 0,
      signal: stopping.signal,
    });
    const durationMs = Math.round(clock.monotonicMs() - startedMs);
    const problem = problemOf(answer);
    if (stopping.signal.aborted) return;
    if (problem === undefined) repeats.works(HEARTBEAT, { durationMs });
    else noteProblem(problem, durationMs);
  }

  function noteProblem(reason: string, durationMs: number): void {
    repeats.failed({
      ...{ subject: HEARTBEAT, kind: HEARTBEAT },
      level: 'warn',
      message: 'the heartbeat was not heard; it is sent again after the next round',
      fields: { reason, durationMs },
      sum: { message: 'heartbeats go on not being heard', fields: { reason }, counts: 'failedHeartbeats' },
      end: { message: 'heartbeats are heard again', isNews: true },
    });
  }

  async function beat(): Promise<void> {
    const to = url();
    const round = sources();
    if (to === undefined || stopping.signal.aborted || round.length === 0) return;
    if (!round.every((source) => complete.has(source))) return;
    complete = new Set();
    underWay ??= request(to).finally(() => {
      underWay = undefined;
    });
    return underWay;
  }

  return {
    note: (source) => {
      complete.add(source);
    },
    beat,
    reset: () => {
      complete = new Set();
    },
    stop: () => {
      stopping.abort();
      repeats.stop();
    },
  };
}

/** Why nobody has heard it, in words without the URL. Whoever says "too many" has heard it. */
function problemOf(answer: HttpAnswer | HttpFailure): string | undefined {
  if (answer.kind === 'failure') return answer.detail;
  const { status } = answer;
  if ((status >= 200 && status <= 299) || status === 429) return undefined;
  return status >= 300 && status <= 399 ? `HTTP ${status}: redirects are not followed` : `HTTP ${status}`;
}
