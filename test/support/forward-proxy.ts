import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, type Socket, connect as tcpConnect } from 'node:net';

export interface ForwardProxy {
  readonly port: number;
  /** What it was asked for, with the authorization that came along. */
  readonly seen: readonly string[];
  close(): void;
}

/** Forwards and tunnels to this machine, whatever the name says, for who knows the password. */
export async function startForwardProxy(): Promise<ForwardProxy> {
  const seen: string[] = [];
  const tunnels = new Set<Socket>();
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers['proxy-authorization']}`);
    const { port, pathname } = new URL(request.url ?? '');
    const onwards = httpRequest({ port, path: pathname, method: request.method ?? '' }, (answered) => {
      response.writeHead(answered.statusCode ?? 0, answered.headers);
      answered.pipe(response);
    });
    request.pipe(onwards);
  });
  server.on('connect', (request, socket: Socket) => {
    seen.push(`CONNECT ${request.url} ${request.headers['proxy-authorization']}`);
    if (request.headers['proxy-authorization'] === undefined) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const onwards = tcpConnect(Number(request.url?.split(':')[1]), '127.0.0.1');
    tunnels.add(socket).add(onwards);
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    socket.pipe(onwards).pipe(socket);
    for (const end of [socket, onwards]) end.on('error', () => undefined);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    close() {
      for (const tunnel of tunnels) tunnel.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}
