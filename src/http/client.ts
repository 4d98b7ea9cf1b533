import type { Dispatcher } from 'undici';
import type { Clock, HttpAnswer, HttpClient, HttpRequest } from '../ports.js';
import { ACCEPTED_CODINGS, readBody } from './body.js';
import { type Deadline, startDeadline } from './deadline.js';
import type { DispatcherOptions } from './dispatchers.js';
import { failure, failureOf } from './failure.js';
import { invalidHeader, joinRepeated, lowerCaseNames } from './headers.js';
import { createOpener } from './opener.js';
import { proxyRules } from './proxy.js';
import { reach } from './reach.js';
import { createRoutes } from './routes.js';
import { basicAuthorization, hostProblem, parseTarget } from './target.js';

export interface HttpClientOptions extends DispatcherOptions {
  readonly clock: Clock;
  readonly userAgent: string;
}

/** A body that nobody wants is read up to here, to keep its connection; then the connection is closed. */
const DISCARD_BYTES_MAX = 64 * 1024;
const DISCARD_TIME_MAX_MS = 1_000;

/**
 * The one way out: keep-alive connections, no redirects, bounds on time and bytes, forbidden addresses refused.
 *
 * Behind a proxy it is the proxy that resolves names, so only a host that is written as an address is judged here. The proxy itself
 * may have any address: the operator named it.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const routes = createRoutes(options);
  const opener = createOpener(options, routes.dispatchersFor(undefined));
  return {
    open: opener.open,
    proxyFor: proxyRules(options.proxyEnv ?? {}).proxyFor,
    async request(request) {
      const target = parseTarget(request.url);
      if (target === undefined) return failure('connection_failed', 'not an http or https URL');
      const problem = hostProblem(target, options.privateAddresses) ?? invalidHeader(request.headers);
      if (problem !== undefined) return problem;
      const deadline = startDeadline(options.clock, request.timeoutMs, request.signal);
      try {
        const dispatcher = routes.dispatchersFor(request.route).dispatcherFor(target);
        return await send(request, target, dispatcher, options, deadline);
      } catch (error) {
        return deadline.failure(target.host) ?? failureOf(error, target.host);
      } finally {
        deadline.release();
      }
    },
    async connect(url, timeoutMs, signal, route) {
      const target = parseTarget(url);
      if (target === undefined) return failure('connection_failed', 'not an http or https URL');
      const problem = hostProblem(target, options.privateAddresses);
      if (problem !== undefined) return problem;
      const deadline = startDeadline(options.clock, timeoutMs, signal);
      try {
        return await reach(target, routes.dispatchersFor(route).connectorFor(target), deadline, options.clock);
      } catch (error) {
        return failureOf(error, target.host);
      } finally {
        deadline.release();
      }
    },
    async close() {
      await Promise.all([routes.close(), opener.close()]);
    },
  };
}

async function send(
  request: HttpRequest,
  target: URL,
  dispatcher: Dispatcher,
  { clock, userAgent }: HttpClientOptions,
  deadline: Deadline,
): Promise<HttpAnswer> {
  const wantsBody = request.bodyBytesMax > 0;
  const answer = await dispatcher.request({
    origin: target.origin,
    path: target.pathname + target.search,
    method: request.method,
    headers: {
      ...(wantsBody && { 'accept-encoding': ACCEPTED_CODINGS }),
      ...basicAuthorization(target),
      'user-agent': userAgent,
      ...lowerCaseNames(request.headers),
    },
    body: request.body ?? null,
    signal: deadline.signal,
  });
  const head = { kind: 'answer', status: answer.statusCode, headers: joinRepeated(answer.headers) } as const;
  if (!wantsBody) {
    if (answer.statusCode === 204)
      void answer.body.dump().catch(ignore); // It has no body.
    else discard(answer.body, clock);
    return { ...head, body: Buffer.alloc(0) };
  }
  const read = await readBody(answer.body, head.headers['content-encoding'], request.bodyBytesMax);
  const bodyProblem = read.bodyProblem === 'broken' ? (deadline.endedBy() ?? 'broken') : read.bodyProblem;
  return { ...head, body: read.body, ...(bodyProblem !== undefined && { bodyProblem }) };
}

function ignore(): void {}

/** Goes on after the answer was handed out, so that the connection can be used again, but never for long. */
function discard(body: Dispatcher.ResponseData['body'], clock: Clock): void {
  const stop = new AbortController();
  const timer = clock.after(DISCARD_TIME_MAX_MS, () => stop.abort());
  void body.dump({ limit: DISCARD_BYTES_MAX, signal: stop.signal }).catch(ignore).finally(timer.cancel.bind(timer));
}
