import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** Where a statement is stopped: before the server has it, or when the server's answer has come and has not gone on. */
export type Stop = 'request' | 'answer';

/** A way to a server on which a statement of one's choice can be stopped. */
export interface Wire {
  readonly port: number;
  /** The next statement that fits is stopped, and with it all that goes over its connection. Replaces what was asked for before. */
  stopAt(at: Stop, fits: (sent: string) => boolean): void;
  /** Nothing is stopped any more. */
  pass(): void;
  /** One has been stopped since it was asked for. */
  readonly hasStopped: boolean;
  /** Resolves when nobody uses it, and the server has taken what was sent: when it has ended those connections. */
  unused(): Promise<void>;
  close(): void;
}

interface Way {
  readonly near: Socket;
  readonly far: Socket;
  /** What was sent since the last answer. */
  sent: string;
  isCut: boolean;
  stopsAtAnswer: boolean;
}

/** @param onStop called when a statement has been stopped */
export async function startWire(serverPort: number, onStop: () => void): Promise<Wire> {
  const ways = new Set<Way>();
  let wanted: { readonly at: Stop; readonly fits: (sent: string) => boolean } | undefined;
  let hasStopped = false;

  const server = createServer((near) => {
    const way: Way = {
      near,
      far: createConnection(serverPort, '127.0.0.1'),
      sent: '',
      isCut: false,
      stopsAtAnswer: false,
    };
    ways.add(way);
    near.on('data', (chunk) => takeRequest(way, chunk));
    way.far.on('data', (chunk) => takeAnswer(way, chunk));
    for (const socket of [near, way.far]) socket.on('error', () => {}); // Whoever hangs up, both ends go.
    near.on('close', () => way.far.end());
    way.far.on('close', () => drop(way));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  function takeRequest(way: Way, chunk: Buffer): void {
    if (way.isCut) return;
    way.sent += chunk.toString('latin1');
    const isWanted = wanted?.fits(way.sent) === true;
    if (isWanted && wanted?.at === 'request') {
      cut(way);
      return;
    }
    if (isWanted) {
      wanted = undefined;
      way.stopsAtAnswer = true;
    }
    way.far.write(chunk);
  }

  function takeAnswer(way: Way, chunk: Buffer): void {
    if (way.isCut) return;
    way.sent = '';
    if (way.stopsAtAnswer) cut(way);
    else way.near.write(chunk);
  }

  function cut(way: Way): void {
    wanted = undefined;
    way.isCut = true;
    hasStopped = true;
    onStop();
  }

  function drop(way: Way): void {
    ways.delete(way);
    way.near.destroy();
    way.far.destroy();
  }

  return {
    port: (server.address() as AddressInfo).port,
    stopAt: (at, fits) => {
      [wanted, hasStopped] = [{ at, fits }, false];
    },
    pass: () => {
      wanted = undefined;
      for (const way of ways) way.stopsAtAnswer = false;
    },
    get hasStopped() {
      return hasStopped;
    },
    unused: async () => {
      await Promise.all([...ways].map(({ far }) => once(far, 'close')));
    },
    close: () => {
      for (const way of [...ways]) drop(way);
      server.close();
    },
  };
}
