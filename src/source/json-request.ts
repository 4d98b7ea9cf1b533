import pRetry, { AbortError } from 'p-retry';
import type { HttpAnswer, HttpFailure } from '../ports.js';
import { type Problem, type Reader, readAnswer } from './answer.js';
import { keyNamesOf, type SourceContext, SourceError } from './define.js';

const BODY_BYTES_MAX = 64 * 1024 * 1024;

/** For what passes in a moment; longer trouble is for the next poll. */
const QUICK_RETRIES = 2;
const QUICK_RETRY_FACTOR = 4;
/** Before the first; four times that before the second. Up to twice as long, by chance. */
const QUICK_RETRY_DELAY_MS = 250;

/** What lets a request in. */
export interface Credential {
  /** The key of the settings that holds what expires. */
  readonly key: string;
  /** Texts that must not be shown, even if the platform sends them back. */
  secrets(): readonly string[];
  /** For one request. Throws a {@link SourceError} when they are not to be had. */
  headers(signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** The platform said 401 to these. @returns whether others can be had, so that the request is worth a second try */
  refused?(headers: Readonly<Record<string, string>>): boolean;
}

/** A credential that stays what it is. */
export function fixedCredential(given: {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}): Credential {
  return { key: given.key, secrets: () => given.secrets, headers: async () => given.headers };
}

export interface JsonRequestOptions {
  /** The key of the settings that says where the platform is, for advice. */
  readonly urlKey: string;
  /** The key that says how many rows a page has, where there is one. */
  readonly sizeKey?: string | undefined;
  readonly timeoutMs: number;
  readonly credential: Credential;
}

export interface JsonRequest<Read> {
  readonly method?: 'GET' | 'POST' | undefined;
  readonly url: string;
  /** Beside those of the credential. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  /** Takes from the JSON what is wanted, or says what it lacks. Must not throw. */
  readonly read: Reader<Read>;
  /** Of an answer that is not asked for its JSON, such as 304; undefined: it is judged as any other. */
  readonly instead?: ((answer: HttpAnswer) => Read | undefined) | undefined;
}

export interface JsonAnswer<Read> {
  readonly read: Read;
  /** That it came with. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One answer in JSON. Throws a {@link SourceError}. */
export type AskJson = <Read>(request: JsonRequest<Read>, signal: AbortSignal) => Promise<JsonAnswer<Read>>;

/**
 * Requests JSON of a platform: with bounds on time and bytes, with quick retries of what passes, and with errors that say what came and
 * what would do, without a credential in them.
 */
export function createJsonRequest(context: SourceContext<unknown>, options: JsonRequestOptions): AskJson {
  const { name, http, clock, log, quickRetryDelayMs = QUICK_RETRY_DELAY_MS } = context;
  const { credential } = options;
  const keyName = keyNamesOf(context);

  return async function ask(request, signal) {
    try {
      return await pRetry(() => askOnce(request, signal, false), {
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

  async function askOnce<Read>(
    request: JsonRequest<Read>,
    signal: AbortSignal,
    isSecond: boolean,
  ): Promise<JsonAnswer<Read>> {
    const headers = await headersOf(signal);
    const answer = await send(request, headers, signal);
    const isRefused = answer.kind === 'answer' && answer.status === 401;
    if (isRefused && !isSecond && credential.refused?.(headers) === true) return askOnce(request, signal, true);
    if (answer.kind === 'answer') {
      const instead = request.instead?.(answer);
      if (instead !== undefined) return { read: instead, headers: answer.headers };
    }
    const { urlKey, sizeKey } = options;
    const known = { keyName, urlKey, sizeKey, credentialKey: credential.key, secrets: credential.secrets() };
    const result = readAnswer(answer, { ...known, nowMs: clock.nowMs() }, request.read);
    if ('read' in result) return { read: result.read, headers: answer.kind === 'answer' ? answer.headers : {} };
    const error = errorOf(name, result);
    throw result.isPassing ? error : new AbortError(error);
  }

  /** A credential that is not to be had has been tried for often enough. */
  async function headersOf(signal: AbortSignal) {
    try {
      return await credential.headers(signal);
    } catch (error) {
      throw error instanceof SourceError ? new AbortError(error) : error;
    }
  }

  function send(
    { method = 'GET', url, headers, body }: JsonRequest<unknown>,
    credentials: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer | HttpFailure> {
    return http.request({
      method,
      url,
      headers: { accept: 'application/json', ...headers, ...credentials },
      ...(body !== undefined && { body }),
      timeoutMs: options.timeoutMs,
      bodyBytesMax: BODY_BYTES_MAX,
      signal,
    });
  }
}

function errorOf(name: string, { kind, found, advice, retryAfterMs }: Problem): SourceError {
  const options = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new SourceError(kind, `source ${name}: ${found}; ${advice}`, options);
}
