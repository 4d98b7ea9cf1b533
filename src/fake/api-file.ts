import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Clock } from '../ports.js';

/** A secret of the fake alone; nothing real is signed with it. */
const SIGNING_KEY = 'fake-signing-key';

const FILE_PATH = /^\/files\/(.+)\.mp4$/;

export interface FakeFiles {
  /** A presigned URL in the manner of S3's SigV2: another one at every call, and dead after its life. */
  signUrl(uuid: string): string;
  /** Answers a request for a file as S3 does; false when the path is none. */
  serve(url: URL, response: ServerResponse): boolean;
}

export function createFakeFiles(clock: Clock, baseUrl: () => string, urlLifeMs: number): FakeFiles {
  let signed = 0;

  return {
    signUrl(uuid) {
      signed += 1;
      const keyId = `FAKE${String(signed).padStart(16, '0')}`;
      const expires = String(Math.floor((clock.nowMs() + urlLifeMs) / 1_000));
      const query = new URLSearchParams({
        AWSAccessKeyId: keyId,
        Expires: expires,
        Signature: signatureOf(uuid, keyId, expires),
      });
      return `${baseUrl()}/files/${encodeURIComponent(uuid)}.mp4?${query}`;
    },
    serve(url, response) {
      const name = FILE_PATH.exec(url.pathname)?.[1];
      if (name === undefined) return false;
      const problem = refusal(url, name);
      if (problem === undefined) response.writeHead(200, { 'content-type': 'video/mp4' }).end('not really a film');
      else response.writeHead(403, { 'content-type': 'application/xml' }).end(deniedXml(problem));
      return true;
    },
  };

  function refusal({ searchParams }: URL, name: string): string | undefined {
    const expires = searchParams.get('Expires') ?? '';
    const wanted = signatureOf(decodeURIComponent(name), searchParams.get('AWSAccessKeyId') ?? '', expires);
    if (!isSame(wanted, searchParams.get('Signature') ?? '')) return 'The signature does not match';
    return clock.nowMs() >= Number(expires) * 1_000 ? 'Request has expired' : undefined;
  }
}

function signatureOf(uuid: string, keyId: string, expires: string): string {
  return createHmac('sha1', SIGNING_KEY).update([uuid, keyId, expires].join('\n')).digest('base64');
}

function isSame(left: string, right: string): boolean {
  const [leftBytes, rightBytes] = [Buffer.from(left), Buffer.from(right)];
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes);
}

function deniedXml(message: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>${message}</Message></Error>`;
}
