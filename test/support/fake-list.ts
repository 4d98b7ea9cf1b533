import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A request as it came to a fake platform. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answered {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
}

export interface FakePlatform extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string;
  readonly asked: readonly Asked[];
  /** Resolves when something was asked. */
  reached(): Promise<void>;
  close(): Promise<void>;
}

/** A platform on a real socket that says what a test tells it to say; `undefined`: nothing at all. */
export async function startPlatform(
  answer: (asked: Asked, url: string) => Answered | undefined | Promise<Answered | undefined>,
): Promise<FakePlatform> {
  const asked: Asked[] = [];
  const reached = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const { method = '', headers } = request;
    const each: Asked = { method, path: pathname, query: searchParams, headers, body: await text(request) };
    asked.push(each);
    reached.resolve();
    const answered = await answer(each, url);
    if (answered === undefined) return;
    const body = typeof answered.body === 'string' ? answered.body : JSON.stringify(answered.body ?? {});
    const isEmpty = answered.status === 304;
    response.writeHead(answered.status ?? 200, { 'content-type': 'application/json', ...answered.headers });
    response.end(isEmpty ? undefined : body);
  }

  async function close(): Promise<void> {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
  return { url, asked, reached: () => reached.promise, close, [Symbol.asyncDispose]: close };
}
