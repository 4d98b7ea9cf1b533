import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** A file that goes wrong, and how often still. */
export interface FaultyFile {
  readonly name: string;
  readonly bytes: number;
  readonly validator: 'etag' | 'date' | 'none';
  /** Another one is another content. */
  version: number;
  /** URLs that were signed up to this one are refused. */
  deadUpTo: number;
  readonly waiting: Spoiler[];
}

/** What would come of a request, and where it goes. */
interface Scene {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The whole file, and from where on it was asked for. */
  readonly content: Buffer;
  readonly from: number;
  readonly body: Buffer;
  readonly file: FaultyFile;
  /** The number of the last URL. */
  readonly signed: number;
  readonly response: ServerResponse;
}

const FORBIDDEN = 'http://169.254.169.254/latest/meta-data/';
const DRIPS = 5;
const DRIP_MS = 5;
/** The other side loses what it has not read when the connection ends. */
const READ_MS = 100;

/** Spoils an answer; false where it is not the one for it. */
export const SPOILERS = {
  'breaks in mid-body': async (scene) => half(scene),
  'breaks in a body of chunks': async ({ status, headers, body, response }) => {
    const { 'content-length': _, ...chunked } = headers;
    return half({ status, headers: chunked, body, response }, (socket) => socket?.destroy());
  },
  'resets the connection': async ({ response }) => {
    response.socket?.resetAndDestroy();
    return true;
  },
  'goes silent in mid-body': async (scene) => half(scene, () => undefined),
  drips: async ({ status, headers, body, response }) => {
    response.writeHead(status, headers);
    const dripBytes = Math.ceil(body.length / DRIPS);
    for (let from = 0; from < body.length; from += dripBytes) {
      response.write(body.subarray(from, from + dripBytes));
      await pause(DRIP_MS);
    }
    response.end();
    return true;
  },
  'has expired': async ({ file, signed, response }) => {
    file.deadUpTo = signed;
    return plain(response, 403, { 'content-type': 'application/xml' }, '<Error><Code>AccessDenied</Code></Error>');
  },
  'fails with 500': async ({ response }) => plain(response, 500),
  'is busy with 503': async ({ response }) => plain(response, 503, { 'retry-after': '1' }),
  'is limited with 429': async ({ response }) => plain(response, 429, { 'retry-after': '2' }),
  'is limited for long': async ({ response }) => plain(response, 429, { 'retry-after': '90' }),
  'is HTML': async ({ response }) => plain(response, 200, { 'content-type': 'text/html' }, '<h1>Log in</h1>'),
  'is empty': async ({ headers, response }) => plain(response, 200, { ...headers, 'content-length': '0' }),
  'says no length': async ({ status, headers, body, response }) => {
    const { 'content-length': _, ...rest } = headers;
    response.useChunkedEncodingByDefault = false;
    response.writeHead(status, { ...rest, connection: 'close' }).end(body);
    return true;
  },
  'says a larger length': async ({ status, headers, content, body, response }) => {
    if (status !== 200) return false;
    const longer = { ...headers, 'content-length': String(content.length + 100) };
    return half({ status, headers: longer, body, response, part: 1 });
  },
  'says another size of the whole': async ({ status, headers, content, from, body, response }) => {
    if (status !== 206) return false;
    const range = `bytes ${from}-${content.length - 1}/${content.length + 7}`;
    response.writeHead(206, { ...headers, 'content-range': range }).end(body);
    return true;
  },
  'sends another part': async ({ status, headers, content, from, response }) => {
    if (status !== 206) return false;
    const body = content.subarray(from - 1);
    const range = `bytes ${from - 1}-${content.length - 1}/${content.length}`;
    response.writeHead(206, { ...headers, 'content-range': range, 'content-length': body.length }).end(body);
    return true;
  },
  'ignores the range': async ({ status, headers, content, response }) => {
    if (status !== 206) return false;
    response.writeHead(200, { ...headers, 'content-length': content.length }).end(content);
    return true;
  },
  'calls a part the whole': async ({ status, headers, body, response }) => {
    if (status !== 206) return false;
    response.writeHead(200, headers).end(body);
    return true;
  },
  'changes between two ranges': async (scene) => {
    await half(scene);
    scene.file.version += 1;
    return true;
  },
  'changes, and If-Range is not looked at': async ({ status, headers, body, response, file }) => {
    if (status !== 206 || file.validator === 'none') return false;
    file.version += 1;
    const validator = file.validator === 'etag' ? { etag: `"${file.version}"` } : { 'last-modified': LATER };
    response.writeHead(206, { ...headers, ...validator }).end(body);
    return true;
  },
  'leads to a forbidden address': async ({ response }) => plain(response, 302, { location: FORBIDDEN }),
  'leads nowhere': async ({ response }) => plain(response, 302),
} as const satisfies Record<string, (scene: Scene) => Promise<boolean>>;

export type Spoiler = keyof typeof SPOILERS;

/** They need a file of which a part has come. */
export const OF_RANGES: ReadonlySet<Spoiler> = new Set<Spoiler>([
  'says another size of the whole',
  'sends another part',
  'ignores the range',
  'calls a part the whole',
  'changes, and If-Range is not looked at',
]);

const LATER = 'Fri, 01 Jan 2027 00:00:00 GMT';

function plain(response: ServerResponse, status: number, headers = {}, body = ''): true {
  response.writeHead(status, headers).end(body);
  return true;
}

type Half = Pick<Scene, 'status' | 'headers' | 'body' | 'response'> & { readonly part?: number };

/** A part of the body, and then what becomes of the connection. */
async function half(
  { status, headers, body, response, part = 0.5 }: Half,
  end: (socket: ServerResponse['socket']) => void = (socket) => void socket?.end(),
): Promise<true> {
  response.writeHead(status, headers).flushHeaders();
  const sent = body.subarray(0, Math.floor(body.length * part));
  await new Promise<void>((resolve) => response.write(sent, () => resolve()));
  await pause(READ_MS);
  end(response.socket);
  return true;
}
