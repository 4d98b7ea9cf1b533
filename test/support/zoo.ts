import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket, type TlsOptions, Server as TlsServer } from 'node:tls';
import { gzipSync } from 'node:zlib';

/** What a server does with a connection once a whole request has come. */
export type Behaviour = (socket: Socket, request: string) => void;

/** A server that misbehaves on purpose, over a real socket. */
export interface Zoo {
  readonly port: number;
  /** Heads and bodies as they came. */
  readonly requests: readonly string[];
  readonly connections: Counter;
  readonly arrivals: Counter;
  /** Connections that have ended. */
  readonly ends: Counter;
  /** Another certificate from now on, where it speaks TLS. */
  present(tls: TlsOptions): void;
  close(): Promise<void>;
}

export class Counter {
  #count = 0;
  #waiters: { readonly count: number; readonly resolve: () => void }[] = [];

  get count(): number {
    return this.#count;
  }

  increment(): void {
    this.#count += 1;
    const ready = this.#waiters.filter(({ count }) => count <= this.#count);
    this.#waiters = this.#waiters.filter(({ count }) => count > this.#count);
    for (const { resolve } of ready) resolve();
  }

  reach(count: number): Promise<void> {
    if (count <= this.#count) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ count, resolve }));
  }
}

export async function startZoo(behave: Behaviour, tls?: TlsOptions): Promise<Zoo> {
  const requests: string[] = [];
  const open = new Set<Socket>();
  const [connections, arrivals, ends] = [new Counter(), new Counter(), new Counter()];

  function serve(socket: Socket): void {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      open.delete(socket);
      ends.increment();
    });
    readRequests(socket, (request) => {
      requests.push(request);
      behave(socket, request);
      arrivals.increment();
    });
    connections.increment();
  }

  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  const port = await listen(server);
  return {
    port,
    requests,
    connections,
    arrivals,
    ends,
    present: (renewed) => server instanceof TlsServer && server.setSecureContext(renewed),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

export function answer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: string | Buffer = '',
): Behaviour {
  return (socket) => {
    const answerHead = head(status, { 'content-length': String(Buffer.byteLength(body)), ...headers });
    socket.write(Buffer.concat([Buffer.from(answerHead), Buffer.from(body)]));
  };
}

/** A yes, with the name in the certificate that the other side showed. */
export const greet: Behaviour = (socket) => {
  const shown = socket instanceof TLSSocket ? socket.getPeerCertificate().subject?.CN : undefined;
  socket.write(head(204, { 'x-greeted': String(shown ?? 'nobody') }));
};

export const hang: Behaviour = () => undefined;

export const closeAtOnce: Behaviour = (socket) => void socket.end();

export const resetAtOnce: Behaviour = (socket) => void socket.resetAndDestroy();

export const speakAnotherProtocol: Behaviour = (socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n');

export function resetInBody(status: number): Behaviour {
  return (socket) => {
    socket.write(`${head(status, { 'content-length': '1000' })}half`, () => socket.resetAndDestroy());
  };
}

/** A byte now and then, for ever. */
export function drip(status: number): Behaviour {
  return (socket) => {
    socket.write(head(status, { 'transfer-encoding': 'chunked' }));
    const timer = setInterval(() => socket.write('1\r\n.\r\n'), 5);
    socket.once('close', () => clearInterval(timer));
  };
}

/** As fast as the other side reads, for ever. */
export function flood(status: number): Behaviour {
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
  return (socket) => {
    socket.write(head(status, { 'transfer-encoding': 'chunked' }));
    const more = () => {
      if (!socket.destroyed) socket.write(chunk, more);
    };
    more();
  };
}

/** Some hundred kilobytes that want to become `bytes`. */
export function gzipBomb(status: number, bytes: number): Behaviour {
  return answer(status, { 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(bytes)));
}

export function head(status: number, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n`;
}

function readRequests(socket: Socket, onRequest: (request: string) => void): void {
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    text += chunk;
    const headEnd = text.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const bodyLength = Number(/^content-length: (\d+)\r$/im.exec(text)?.[1] ?? 0);
    if (text.length < headEnd + 4 + bodyLength) return;
    const request = text;
    text = '';
    onRequest(request);
  });
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
