import { lookup as systemLookup } from 'node:dns';
import { createSecureContext } from 'node:tls';
import { Agent, buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { HttpRoute } from '../ports.js';
import { guardedLookup, type LookupAll, type PrivateAddresses, unbracketed } from './address-guard.js';
import { type ProxyEnvironment, parseProxy, proxyRules } from './proxy.js';
import { tunnelThrough } from './tunnel.js';

export interface DispatcherOptions {
  /** `deny` where a URL was not written by the operator. */
  readonly privateAddresses: PrivateAddresses;
  /** Without it no proxy is used. */
  readonly proxyEnv?: ProxyEnvironment;
  /** How names become addresses; the system's way by default. */
  readonly lookup?: LookupAll;
  /** Of every connection. Its proxy goes before those of the environment. */
  readonly route?: HttpRoute;
}

/** For one origin; what is over it waits, within the time of its request. */
const CONNECTIONS_MAX = 64;
const ORIGINS_MAX = 1_000;
/** Holds even where a request has more time: no half-open connection lives longer. */
const CONNECT_TIMEOUT_MS = 10_000;
/** A receiver that asks for more keep-alive than this does not get it. */
const KEEP_ALIVE_MAX_MS = 60_000;

/** Of the ways to resolve names, the one that a client uses. */
export const SYSTEM_LOOKUP: LookupAll = systemLookup;

/** Keep-alive connections, straight or through a proxy, and what makes them. */
export interface Dispatchers {
  dispatcherFor(target: URL): Dispatcher;
  /** For a trial: towards the target, by a whole handshake; an http target behind a proxy is reached by requests alone, so towards that. */
  connectorFor(target: URL): buildConnector.connector;
  /** Lets what is under way go on, and resolves after it. */
  end(): Promise<void>;
  /** Ends everything at once. */
  close(): Promise<void>;
}

export function createDispatchers(options: DispatcherOptions): Dispatchers {
  const { privateAddresses, lookup = SYSTEM_LOOKUP } = options;
  const shared = { allowH2: false, timeout: CONNECT_TIMEOUT_MS };
  const ofTarget = tlsOf(options.route);
  const towardsTarget = { ...shared, ...ofTarget, lookup: guardedLookup(lookup, privateAddresses) };
  const toTarget = buildConnector(towardsTarget);
  // A session that is resumed has no certificates looked at.
  const toTargetAnew = buildConnector({ ...towardsTarget, maxCachedSessions: 0 });
  const toProxy = buildConnector(shared);
  const limits = { keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS, headersTimeout: 0, bodyTimeout: 0 };
  const factory = (origin: URL | string, given: object) =>
    new Pool(origin, { ...withFirstError(given), ...limits, connections: CONNECTIONS_MAX });
  const direct = new Agent({ connect: toTarget, maxOrigins: ORIGINS_MAX, factory });
  const proxied = new Map<string, Dispatcher>();
  const proxyFor = proxyForOf(options);

  function dispatcherOf(proxy: URL): Dispatcher {
    const known = proxied.get(proxy.href);
    if (known !== undefined) return known;
    const tls = { allowH2: false };
    const requestTls = { ...tls, ...ofTarget };
    const made = new ProxyAgent({ uri: proxy.href, factory, maxOrigins: ORIGINS_MAX, proxyTls: tls, requestTls });
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
      if (proxy === undefined) return toTargetAnew;
      if (target.protocol === 'https:') return tunnelThrough(proxy, toProxy, toTargetAnew);
      const { protocol, host, port } = proxy;
      const hostname = unbracketed(proxy.hostname);
      return (_options, callback) => toProxy({ protocol, host, hostname, port }, callback);
    },
    async end() {
      await Promise.all([direct, ...proxied.values()].map((dispatcher) => dispatcher.close()));
    },
    async close() {
      await Promise.all([direct, ...proxied.values()].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

/** Read once for all connections. Any certificate in `ca` vouches, as with curl: it need not be a root. */
function tlsOf(route: HttpRoute | undefined) {
  if (route?.tls === undefined) return {};
  const given = Object.fromEntries(Object.entries(route.tls).filter(([, value]) => value !== undefined));
  return { secureContext: createSecureContext({ ...given, allowPartialTrustChain: given['ca'] !== undefined }) };
}

function proxyForOf({ route, proxyEnv = {} }: DispatcherOptions): (url: URL) => URL | undefined {
  if (route?.proxy === undefined) return proxyRules(proxyEnv).proxyFor;
  const own = route.proxy === 'off' ? undefined : parseProxy(route.proxy);
  return () => own;
}

/**
 * Under TLS 1.3 a server refuses our certificate after the handshake, by an alert and the end of the connection. undici would tell of
 * the end alone, so the connection is over with the alert.
 */
function withFirstError(given: { readonly connect?: unknown }): object {
  const { connect } = given;
  if (typeof connect !== 'function') return given;
  const connecting: buildConnector.connector = (options, callback) => {
    connect(options, (...result: buildConnector.CallbackArgs) => {
      const [, socket] = result;
      socket?.once('error', (error) => socket.destroy(error));
      callback(...result);
    });
  };
  return { ...given, connect: connecting };
}
