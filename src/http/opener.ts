import type { Dispatcher } from 'undici';
import {
  type Clock,
  HttpBodyError,
  type HttpClient,
  type HttpFailure,
  type HttpOpenRequest,
  type HttpStream,
} from '../ports.js';
import { classifyAddress, type LookupAll, type PrivateAddresses, unbracketed } from './address-guard.js';
import { type Deadline, startDeadline } from './deadline.js';
import { createDispatchers, type DispatcherOptions, type Dispatchers, SYSTEM_LOOKUP } from './dispatchers.js';
import { failure, failureOf } from './failure.js';
import { invalidHeader, joinRepeated, lowerCaseNames } from './headers.js';
import { basicAuthorization, hostProblem, parseTarget } from './target.js';

interface OpenerOptions extends DispatcherOptions {
  readonly clock: Clock;
  readonly userAgent: string;
}

/**
 * Opens streams of URLs that came from an API: one that is bad, or was broken into, names our own network in them. So private
 * addresses are out of bounds, except for an API that is in a private network itself, as far as the operator allows those at all.
 *
 * @param configured by the operator's rules; for the other ones connections are kept apart, since a connection is not judged again
 */
export function createOpener(
  options: OpenerOptions,
  configured: Dispatchers,
): Pick<HttpClient, 'open'> & { close(): Promise<void> } {
  const strict = createDispatchers({ ...options, privateAddresses: 'deny' });

  async function rulesFor(
    { givenBy }: HttpOpenRequest,
    signal: AbortSignal,
  ): Promise<{ readonly privateAddresses: PrivateAddresses; readonly dispatchers: Dispatchers }> {
    const isTrusted =
      options.privateAddresses === 'allow' &&
      givenBy !== undefined &&
      (await isAtPrivateAddresses(givenBy, options.lookup ?? SYSTEM_LOOKUP, signal));
    return isTrusted
      ? { privateAddresses: 'allow', dispatchers: configured }
      : { privateAddresses: 'deny', dispatchers: strict };
  }

  return {
    async open(request) {
      const target = parseTarget(request.url);
      if (target === undefined) return failure('connection_failed', 'not an http or https URL');
      const deadline = startDeadline(options.clock, request.timeoutMs, request.signal);
      try {
        const { privateAddresses, dispatchers } = await rulesFor(request, deadline.signal);
        const problem = hostProblem(target, privateAddresses) ?? invalidHeader(request.headers);
        const got = problem ?? (await send(request, target, dispatchers.dispatcherFor(target), options, deadline));
        if (got.kind === 'failure') deadline.release();
        return got.kind === 'failure' && got.reason === 'address_forbidden' ? fromApi(got) : got;
      } catch (error) {
        deadline.release();
        const got = deadline.failure(target.host) ?? failureOf(error, target.host);
        return got.reason === 'address_forbidden' ? fromApi(got) : got;
      }
    },
    close: strict.close,
  };
}

/** The words of the guard speak of the config, which has no say here. */
function fromApi({ kind, reason, detail }: HttpFailure): HttpFailure {
  const words = 'which a URL from an API must not lead to';
  return { kind, reason, detail: detail.replace(/which network\.privateAddresses.*$/, words) };
}

/** Whether all of the addresses that the host has now are private ones. */
function isAtPrivateAddresses(url: string, lookup: LookupAll, signal: AbortSignal): Promise<boolean> {
  const hostname = unbracketed(URL.parse(url)?.hostname ?? '');
  const written = classifyAddress(hostname);
  if (written !== undefined || hostname === '') return Promise.resolve(written === 'private');
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    lookup(hostname, { all: true }, (error, found) => {
      const areAll = found?.length > 0 && found.every(({ address }) => classifyAddress(address) === 'private');
      resolve(error === null && areAll);
    });
  });
}

async function send(
  request: HttpOpenRequest,
  target: URL,
  dispatcher: Dispatcher,
  { userAgent }: OpenerOptions,
  deadline: Deadline,
): Promise<HttpStream | HttpFailure> {
  const answer = await dispatcher.request({
    origin: target.origin,
    path: target.pathname + target.search,
    method: 'GET',
    headers: {
      ...basicAuthorization(target),
      'user-agent': userAgent,
      ...lowerCaseNames(request.headers),
      'accept-encoding': 'identity',
    },
    signal: deadline.signal,
  });
  deadline.pause();
  const headers = joinRepeated(answer.headers);
  const discard = () => {
    // An error that comes of the destruction is nobody's news.
    answer.body.once('error', () => undefined).destroy();
    deadline.release();
  };
  const coding = (headers['content-encoding'] ?? '').trim().toLowerCase() || 'identity';
  if (coding !== 'identity' && answer.statusCode < 300) {
    discard();
    return failure('bad_answer', `${target.host}: the answer is encoded, and that was not asked for`);
  }
  const body = read(answer.body, target.host, request.idleMs, deadline, discard);
  return { kind: 'stream', status: answer.statusCode, headers, body, discard };
}

async function* read(
  body: Dispatcher.ResponseData['body'],
  host: string,
  idleMs: number,
  deadline: Deadline,
  discard: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      deadline.restart(idleMs);
      const { done, value } = await chunks.next();
      deadline.pause();
      if (done === true) return;
      yield value;
    }
  } catch (cause) {
    throw bodyError(deadline.endedBy() ?? 'broken', host, idleMs, cause);
  } finally {
    discard();
  }
}

function bodyError(reason: HttpBodyError['reason'], host: string, idleMs: number, cause: unknown): HttpBodyError {
  if (reason === 'timeout') return new HttpBodyError(reason, `${host}: nothing came for ${idleMs} ms`, { cause });
  if (reason === 'aborted') return new HttpBodyError(reason, `${host}: stopped before everything had come`, { cause });
  const { detail } = failureOf(cause, host);
  return new HttpBodyError(reason, detail.replace('before an answer came', 'before everything had come'), { cause });
}
