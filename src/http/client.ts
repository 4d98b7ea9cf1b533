import { lookup as systemLookup } from 'node:dns';
import { Agent, buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { Clock, HttpAnswer, HttpClient, HttpFailure, HttpRequest } from '../ports.js';
import { guardedLookup, type LookupAll, type PrivateAddresses } from './address-guard.js';
import { ACCEPTED_CODINGS, readBody } from './body.js';
import { type Deadline, startDeadline } from './deadline.js';
import { failure, failureOf } from './failure.js';
import { invalidHeader } from './headers.js';
import { type ProxyEnvironment, proxyRules } from './proxy.js';
import { basicAuthorization, hostProblem, parseTarget } from './target.js';

export interface HttpClientOptions {
  /** `deny` where a URL was not written by the operator. */
  readonly privateAddresses: PrivateAddresses;
  readonly clock: Clock;
  readonly userAgent: string;
  readonly proxyEnv?: ProxyEnvironment;
  /** How names become addresses; the system's way by default. */
  readonly lookup?: LookupAll;
}

/** For one origin; what is over it waits, within the time of its request. */
const CONNECTIONS_MAX = 64;
const ORIGINS_MAX = 1_000;
/** Holds even where a request has more time: no half-open connection lives longer. */
const CONNECT_TIMEOUT_MS = 10_000;
/** A receiver that asks for more keep-alive than this does not get it. */
const KEEP_ALIVE_MAX_MS = 60_000;
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
  const dispatchers = createDispatchers(options);
  return {
    async request(request) {
      const target = parseTarget(request.url);
      if (target === undefined) return failure('connection_failed', 'not an http or https URL');
      const problem = hostProblem(target, options.privateAddresses) ?? invalidHeader(request.headers);
      if (problem !== undefined) return problem;
      const deadline = startDeadline(options.clock, request.timeoutMs, request.signal);
      try {
        return await send(request, target, dispatchers.dispatcherFor(target), options, deadline);
      } catch (error) {
        return deadline.failure(target.host) ?? failureOf(error, target.host);
      } finally {
        deadline.release();
      }
    },
    async connect(url, timeoutMs, signal) {
      const target = parseTarget(url);
      if (target === undefined) return failure('connection_failed', 'not an http or https URL');
      const problem = hostProblem(target, options.privateAddresses);
      if (problem !== undefined) return problem;
      const deadline = startDeadline(options.clock, timeoutMs, signal);
      return open(target, dispatchers.connectorFor(target), deadline).finally(deadline.release);
    },
    close: dispatchers.close,
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
    discard(answer.body, clock);
    return { ...head, body: Buffer.alloc(0) };
  }
  const read = await readBody(answer.body, head.headers['content-encoding'], request.bodyBytesMax);
  const bodyProblem = read.bodyProblem === 'broken' ? (deadline.endedBy() ?? 'broken') : read.bodyProblem;
  return { ...head, body: read.body, ...(bodyProblem !== undefined && { bodyProblem }) };
}

/** Goes on after the answer was handed out, so that the connection can be used again, but never for long. */
function discard(body: Dispatcher.ResponseData['body'], clock: Clock): void {
  const stop = new AbortController();
  const timer = clock.after(DISCARD_TIME_MAX_MS, () => stop.abort());
  const ignore = () => undefined;
  void body.dump({ limit: DISCARD_BYTES_MAX, signal: stop.signal }).catch(ignore).finally(timer.cancel.bind(timer));
}

/** Resolves by the deadline; a connection that comes up later is closed at once. */
function open(
  target: URL,
  connect: buildConnector.connector,
  { signal, failure: endedBy }: Deadline,
): Promise<HttpFailure | undefined> {
  return new Promise((resolve) => {
    const end = () => resolve(endedBy(target.host));
    if (signal.aborted) return end();
    signal.addEventListener('abort', end, { once: true });
    const { protocol, host, port } = target;
    const hostname = target.hostname.replace(/^\[|\]$/g, '');
    connect({ protocol, host, hostname, port }, (error, socket) => {
      socket?.destroy();
      resolve(error === null ? undefined : failureOf(error, target.host));
    });
  });
}

interface Dispatchers {
  dispatcherFor(target: URL): Dispatcher;
  /** Towards the target, or towards its proxy. */
  connectorFor(target: URL): buildConnector.connector;
  close(): Promise<void>;
}

function createDispatchers({ privateAddresses, proxyEnv = {}, lookup = systemLookup }: HttpClientOptions): Dispatchers {
  const shared = { allowH2: false, timeout: CONNECT_TIMEOUT_MS };
  const toTarget = buildConnector({ ...shared, lookup: guardedLookup(lookup, privateAddresses) });
  const toProxy = buildConnector(shared);
  const limits = { keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS, headersTimeout: 0, bodyTimeout: 0 };
  const factory = (origin: URL | string, given: object) =>
    new Pool(origin, { ...given, ...limits, connections: CONNECTIONS_MAX });
  const direct = new Agent({ connect: toTarget, maxOrigins: ORIGINS_MAX, factory });
  const proxied = new Map<string, Dispatcher>();
  const { proxyFor } = proxyRules(proxyEnv);

  function dispatcherOf(proxy: URL): Dispatcher {
    const known = proxied.get(proxy.href);
    if (known !== undefined) return known;
    const tls = { allowH2: false };
    const made = new ProxyAgent({ uri: proxy.href, factory, maxOrigins: ORIGINS_MAX, proxyTls: tls, requestTls: tls });
    proxied.set(proxy.href, made);
    return made;
  }

  return {
    dispatcherFor(target) {
      const proxy = proxyFor(target);
      return proxy === undefined ? direct : dispatcherOf(proxy);
    },
    connectorFor(target) {
      const proxy = proxyFor(target);
      if (proxy === undefined) return toTarget;
      const { protocol, host, port } = proxy;
      const hostname = proxy.hostname.replace(/^\[|\]$/g, '');
      return (_options, callback) => toProxy({ protocol, host, hostname, port }, callback);
    },
    async close() {
      await Promise.all([direct, ...proxied.values()].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

function lowerCaseNames(headers: HttpRequest['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function joinRepeated(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]));
}
