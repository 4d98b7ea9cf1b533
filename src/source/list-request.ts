import pRetry, { AbortError } from 'p-retry';
import type { Clock, HttpClient, Log } from '../ports.js';
import { type Problem, readAnswer } from './answer.js';
import { SourceError } from './define.js';
import type { ListAnswer } from './schema.js';

const BODY_BYTES_MAX = 64 * 1024 * 1024;

/** For what passes in a moment; longer trouble is for the next poll. */
const QUICK_RETRIES = 2;
const QUICK_RETRY_FACTOR = 4;
export const QUICK_RETRY_DELAY_MS = 250;

export interface ListRequestOptions {
  readonly name: string;
  /** Of the list, without a query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly credentialKey: string;
  /** How advice names a key of the settings. */
  readonly keyName: (key: string) => string;
  readonly timeoutMs: number;
  /** Before the first quick retry; four times that before the second. Up to twice as long, by chance. */
  readonly quickRetryDelayMs: number;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** One page of the list. Throws a {@link SourceError}. */
export type ListRequest = (query: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<ListAnswer>;

export function createListRequest(options: ListRequestOptions): ListRequest {
  const { name, http, clock, log, quickRetryDelayMs } = options;

  return async function requestList(query, signal) {
    try {
      return await pRetry(() => requestOnce(query, signal), {
        retries: QUICK_RETRIES,
        minTimeout: quickRetryDelayMs,
        factor: QUICK_RETRY_FACTOR,
        maxTimeout: 2 * QUICK_RETRY_FACTOR * quickRetryDelayMs,
        randomize: true,
        signal,
        onFailedAttempt({ error, retriesLeft, retryDelay }) {
          if (retriesLeft === 0) return;
          log.debug({ source: name, reason: error.message, delayMs: retryDelay }, 'the request is made again');
        },
      });
    } catch (error) {
      if (error instanceof SourceError) throw error;
      if (signal.aborted) throw new SourceError('aborted', `source ${name}: stopped before an answer came`);
      throw error;
    }
  };

  async function requestOnce(query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<ListAnswer> {
    const { url, headers, timeoutMs, secrets, credentialKey, keyName } = options;
    const answer = await http.request({
      method: 'GET',
      url: `${url}?${new URLSearchParams(query)}`,
      headers: { accept: 'application/json', ...headers },
      timeoutMs,
      bodyBytesMax: BODY_BYTES_MAX,
      signal,
    });
    const read = readAnswer(answer, { keyName, credentialKey, secrets, nowMs: clock.nowMs() });
    if ('rows' in read) return read;
    const error = errorOf(name, read);
    throw read.isPassing ? error : new AbortError(error);
  }
}

function errorOf(name: string, { kind, found, advice, retryAfterMs }: Problem): SourceError {
  const options = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new SourceError(kind, `source ${name}: ${found}; ${advice}`, options);
}
