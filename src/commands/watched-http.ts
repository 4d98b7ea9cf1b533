import type { Clock, HttpClient } from '../ports.js';

/** A request that has been answered, or has failed. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  /** The status, or the reason of the failure. */
  readonly came: string;
  readonly durationMs: number;
  /** Of the answer; none where there was none. */
  readonly headers: Readonly<Record<string, string>>;
  /** Wall clock. */
  readonly sentAtMs: number;
}

/**
 * The same client, for one whose requests a person is told about. At most the last exchange is kept.
 *
 * @param clock of the machine
 */
export function watchedHttp(http: HttpClient, clock: Clock) {
  let last: Exchange | undefined;
  let count = 0;
  const watched: HttpClient = {
    ...http,
    request: async (request) => {
      const [sentAtMs, startedMs] = [clock.nowMs(), clock.monotonicMs()];
      const answer = await http.request(request);
      const [came, headers] =
        answer.kind === 'answer' ? [`status ${answer.status}`, answer.headers] : [answer.reason, {}];
      count += 1;
      const durationMs = Math.round(clock.monotonicMs() - startedMs);
      last = { method: request.method, url: request.url, came, durationMs, headers, sentAtMs };
      return answer;
    },
  };
  return { http: watched, last: () => last, count: () => count };
}
