import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';

/** A file that is made while it is sent, so that it can be larger than any memory. */
export interface EndlessFile {
  readonly url: string;
  readonly requestCount: number;
  sha256(): string;
  close(): Promise<void>;
}

const BLOCK_BYTES = 256 * 1024;

export async function startEndlessFile(bytes: number): Promise<EndlessFile> {
  let requestCount = 0;
  const server = createServer((_, response) => {
    requestCount += 1;
    send(bytes, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/a.mp4?Signature=secret`,
    get requestCount() {
      return requestCount;
    },
    sha256() {
      const hash = createHash('sha256');
      for (const block of blocksOf(bytes)) hash.update(block);
      return hash.digest('hex');
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function send(bytes: number, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': bytes, etag: '"one"' });
  pipeline(Readable.from(blocksOf(bytes)), response, () => undefined);
}

/** No two are alike. */
function* blocksOf(bytes: number): Generator<Buffer> {
  for (let from = 0; from < bytes; from += BLOCK_BYTES) {
    const block = Buffer.alloc(Math.min(BLOCK_BYTES, bytes - from), 0x5a);
    block.write(String(from));
    yield block;
  }
}
