import { once } from 'node:events';
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import type { ListenAddress } from '../config/listen.js';
import type { Clock } from '../ports.js';

/** Of whoever is slow, or many. */
const HEADERS_MS_MAX = 10_000;
const REQUEST_MS_MAX = 30_000;
const CONNECTIONS_MAX = 256;
const REQUESTS_MAX = 100;
/** Longer than any answer takes to begin. */
const SILENCE_MS_MAX = 40_000;
/** What is under way at a stop is cut off after this. */
const CLOSE_MS_MAX = 1_000;

export interface RunningServer {
  /** With the port that it has got. */
  readonly url: string;
  close(): Promise<void>;
}

/** Listens; rejects with Node's error where it cannot. @param appFor given a signal that is aborted when the server ends */
export async function startServer(
  { host, port }: ListenAddress,
  clock: Clock,
  appFor: (stopped: AbortSignal) => Hono,
): Promise<RunningServer> {
  const stopped = new AbortController();
  const { fetch } = appFor(stopped.signal);
  const server = createAdaptorServer({
    fetch,
    serverOptions: { headersTimeout: HEADERS_MS_MAX, requestTimeout: REQUEST_MS_MAX },
  }) as Server;
  server.maxConnections = CONNECTIONS_MAX;
  // Whoever sends and does not read makes us hold the answers: after so many in one connection, and so long a silence, it is closed.
  server.maxRequestsPerSocket = REQUESTS_MAX;
  server.on('dropRequest', (_request, socket) => socket.destroy());
  server.setTimeout(SILENCE_MS_MAX);
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  const actualPort = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}/`,
    close: async () => {
      stopped.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      const timer = clock.after(CLOSE_MS_MAX, () => server.closeAllConnections());
      await closed;
      timer.cancel();
    },
  };
}
