import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** A way to a server on which what was sent can be held up and arrive late, even after its sender has gone. */
export interface SlowNetwork {
  readonly port: number;
  /** From now on nothing arrives that is sent over the connections that there are. */
  hold(): void;
  /** Resolves when something is held up. */
  readonly held: Promise<void>;
  /** Lets it arrive, and resolves when the server has taken it: when it has ended those connections. */
  release(): Promise<void>;
  close(): void;
}

export async function startSlowNetwork(serverPort: number): Promise<SlowNetwork> {
  const ways = new Set<{ readonly near: Socket; readonly far: Socket }>();
  const late: { far: Socket; chunks: Buffer[] }[] = [];
  const { promise: held, resolve } = Promise.withResolvers<void>();
  const server = createServer((near) => {
    const far = createConnection(serverPort, '127.0.0.1');
    ways.add({ near, far });
    near.on('data', (chunk) => far.write(chunk));
    far.on('data', (chunk) => near.destroyed || near.write(chunk));
    far.on('close', () => near.end());
    for (const socket of [near, far]) socket.on('error', () => {}); // Whoever hangs up, the other end stays as it is.
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    hold: () => {
      for (const { near, far } of ways) {
        const chunks: Buffer[] = [];
        near.removeAllListeners('data');
        near.on('data', (chunk) => {
          chunks.push(chunk);
          resolve();
        });
        late.push({ far, chunks });
      }
      ways.clear();
    },
    held,
    release: async () => {
      const taken = late.map(({ far, chunks }) => {
        const closed = once(far, 'close');
        far.end(Buffer.concat(chunks));
        return closed;
      });
      await Promise.all(taken);
    },
    close: () => {
      for (const { near, far } of ways) for (const socket of [near, far]) socket.destroy();
      server.close();
    },
  };
}
