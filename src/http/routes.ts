import type { HttpRoute } from '../ports.js';
import { createDispatchers, type DispatcherOptions, type Dispatchers } from './dispatchers.js';

/** More than a config has sinks. Of what is over it, the route that was used the longest ago ends. */
const ROUTES_MAX = 600;

export interface Routes {
  /** Throws when a certificate or a key of the route cannot be read. */
  dispatchersFor(route: HttpRoute | undefined): Dispatchers;
  close(): Promise<void>;
}

/**
 * Connections for each route, those of equal ones shared. A certificate that was renewed makes another route, so nothing goes over a
 * connection that the old one opened.
 */
export function createRoutes(options: DispatcherOptions): Routes {
  const standard = createDispatchers(options);
  /** The latest used at the end. */
  const byText = new Map<string, Dispatchers>();
  const texts = new WeakMap<HttpRoute, string>();
  const ending = new Set<Dispatchers>();

  function textOf(route: HttpRoute): string {
    const known = texts.get(route);
    if (known !== undefined) return known;
    const { tls, proxy } = route;
    const isOwn = tls !== undefined || proxy !== undefined;
    const text = isOwn ? JSON.stringify([tls?.ca, tls?.cert, tls?.key, tls?.passphrase, proxy]) : '';
    texts.set(route, text);
    return text;
  }

  function endOldest(): void {
    const [oldest] = byText;
    if (byText.size <= ROUTES_MAX || oldest === undefined) return;
    const [text, dispatchers] = oldest;
    byText.delete(text);
    ending.add(dispatchers);
    void dispatchers.end().finally(() => ending.delete(dispatchers));
  }

  return {
    dispatchersFor(route) {
      const text = route === undefined ? '' : textOf(route);
      if (route === undefined || text === '') return standard;
      const dispatchers = byText.get(text) ?? createDispatchers({ ...options, route });
      byText.delete(text);
      byText.set(text, dispatchers);
      endOldest();
      return dispatchers;
    },
    async close() {
      await Promise.all([standard, ...byText.values(), ...ending].map((dispatchers) => dispatchers.close()));
    },
  };
}
