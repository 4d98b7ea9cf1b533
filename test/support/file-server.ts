import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What comes of one request; without anything it is served as it should be. */
export interface Act {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection ends after so many bytes of the body. */
  readonly breakAfter?: number;
  /** Nothing comes after so many bytes of it, and the connection stays. */
  readonly holdAfter?: number;
  /** Range is not understood. */
  readonly ignoresRange?: boolean;
  /** Headers that are left out. */
  readonly without?: readonly string[];
  readonly body?: Uint8Array;
}

export interface FileServer {
  readonly url: string;
  readonly port: number;
  /** As they came: path and range. */
  readonly requests: readonly { readonly path: string; readonly range: string | undefined }[];
  /** The file from now on. */
  content: Uint8Array;
  etag: string;
  /** What comes of the request of this number, from 1. */
  plan: (number: number, path: string) => Act;
  close(): Promise<void>;
}

const CHUNK_BYTES = 64 * 1024;

/** Serves one file under every path, with ranges as RFC 9110 has them, and as badly as it is told to. */
export async function startFileServer(content: Uint8Array): Promise<FileServer> {
  const requests: { path: string; range: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push({ path, range: request.headers.range });
    serve(files, files.plan(requests.length, path), request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const files: FileServer = {
    url: `http://127.0.0.1:${port}/recordings/a.mp4?Signature=secret`,
    port,
    requests,
    content,
    etag: '"one"',
    plan: () => ({}),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return files;
}

async function serve(files: FileServer, act: Act, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const whole = act.body ?? files.content;
  const isSame = [undefined, files.etag].includes(request.headers['if-range'] as string | undefined);
  const [, start] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  const isPart = start !== undefined && isSame && act.ignoresRange !== true;
  const from = isPart ? Number(start) : 0;
  const isBeyond = from >= whole.byteLength && isPart;
  const status = act.status ?? (isBeyond ? 416 : isPart ? 206 : 200);
  const body = isBeyond ? new Uint8Array() : whole.subarray(from);
  const headers: Record<string, string> = {
    'content-type': 'video/mp4',
    'content-length': String(body.byteLength),
    etag: files.etag,
    ...(isPart && { 'content-range': rangeOf(from, whole.byteLength, isBeyond) }),
    ...act.headers,
  };
  for (const name of act.without ?? []) delete headers[name];
  response.writeHead(status, headers);
  await send(response, body.subarray(0, act.breakAfter ?? act.holdAfter ?? body.byteLength));
  if (act.holdAfter !== undefined) return;
  if (act.breakAfter === undefined) response.end();
  else response.socket?.end();
}

function rangeOf(from: number, size: number, isBeyond: boolean): string {
  return isBeyond ? `bytes */${size}` : `bytes ${from}-${size - 1}/${size}`;
}

/** As fast as the other side reads. */
async function send(response: ServerResponse, body: Uint8Array): Promise<void> {
  for (let start = 0; start < body.byteLength; start += CHUNK_BYTES) {
    const chunk = body.subarray(start, start + CHUNK_BYTES);
    await new Promise<void>((resolve, reject) => {
      response.write(chunk, (error) => (error == null ? resolve() : reject(error)));
    });
  }
}
