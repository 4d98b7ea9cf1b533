import { lookup as systemLookup } from 'node:dns';
import { Agent, buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { guardedLookup, type LookupAll, type PrivateAddresses, unbracketed } from './address-guard.js';
import { type ProxyEnvironment, proxyRules } from './proxy.js';

export interface DispatcherOptions {
  /** `deny` where a URL was not written by the operator. */
  readonly privateAddresses: PrivateAddresses;
  /** Without it no proxy is used. */
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

/** Of the ways to resolve names, the one that a client uses. */
export const SYSTEM_LOOKUP: LookupAll = systemLookup;

/** Keep-alive connections, straight or through a proxy, and what makes them. */
export interface Dispatchers {
  dispatcherFor(target: URL): Dispatcher;
  /** Towards the target, or towards its proxy. */
  connectorFor(target: URL): buildConnector.connector;
  close(): Promise<void>;
}

export function createDispatchers(options: DispatcherOptions): Dispatchers {
  const { privateAddresses, proxyEnv = {}, lookup = SYSTEM_LOOKUP } = options;
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
      const hostname = unbracketed(proxy.hostname);
      return (_options, callback) => toProxy({ protocol, host, hostname, port }, callback);
    },
    async close() {
      await Promise.all([direct, ...proxied.values()].map((dispatcher) => dispatcher.destroy()));
    },
  };
}
