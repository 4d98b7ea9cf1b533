import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import type { Clock, HttpFailure } from '../ports.js';
import { unbracketed } from './address-guard.js';
import type { Deadline } from './deadline.js';
import { failureOf } from './failure.js';

/** What a server of TLS 1.3 that neither refuses nor takes our certificate has, to say so. */
const REFUSAL_MS_MAX = 1_000;

/** Opens a connection and closes it. Resolves by the deadline; a connection that comes up later is closed at once. */
export function reach(
  target: URL,
  connect: buildConnector.connector,
  { signal, failure: endedBy }: Deadline,
  clock: Clock,
): Promise<HttpFailure | undefined> {
  return new Promise((resolve) => {
    const end = () => resolve(endedBy(target.host));
    if (signal.aborted) return end();
    signal.addEventListener('abort', end, { once: true });
    const { protocol, host, port } = target;
    connect({ protocol, host, hostname: unbracketed(target.hostname), port }, async (error, socket) => {
      const problem = error ?? (await refusalOf(socket, clock));
      socket?.destroy();
      resolve(problem === undefined ? undefined : failureOf(problem, target.host));
    });
  });
}

/**
 * Under TLS 1.3 the connection is up for us before the server has looked at our certificate. It then sends a session ticket, or an alert
 * and the end.
 */
function refusalOf(socket: Socket, clock: Clock): Promise<unknown> {
  if (!(socket instanceof TLSSocket) || socket.getProtocol() !== 'TLSv1.3') return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const timer = clock.after(REFUSAL_MS_MAX, () => resolve(undefined));
    const settle = (problem: unknown) => {
      timer.cancel();
      resolve(problem);
    };
    socket.once('session', () => settle(undefined));
    socket.once('error', settle);
    socket.once('end', () => settle({ code: 'ECONNRESET' }));
    socket.once('close', () => settle({ code: 'ECONNRESET' }));
    socket.resume();
  });
}
