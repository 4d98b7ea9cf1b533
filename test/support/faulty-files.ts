import { createCipheriv, createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDice, type Dice } from '../sim/dice.js';
import { type FaultyFile, OF_RANGES, SPOILERS, type Spoiler } from './file-faults.js';

/** Storage with a file for every name, which goes wrong by its seed: the same files with the same faults each time. */
export interface FaultyFiles {
  /** Signed: another URL at each call. */
  urlOf(name: string): string;
  /** Of the file as it is now. */
  sha256Of(name: string): string;
  readonly requestCount: number;
  /** Requests that were spoiled, by the kind of the fault. */
  readonly faults: ReadonlyMap<Spoiler, number>;
  close(): Promise<void>;
}

export interface FaultyFilesOptions {
  readonly seed: string;
  /** Of the files, how many go wrong, from 0 to 1. */
  readonly share: number;
  readonly isSpoiled?: (name: string) => boolean;
}

const FAULTS_MAX = 3;
const KINDS = Object.keys(SPOILERS) as Spoiler[];

export async function startFaultyFiles({
  seed,
  share,
  isSpoiled = () => true,
}: FaultyFilesOptions): Promise<FaultyFiles> {
  const files = new Map<string, FaultyFile>();
  const faults = new Map<Spoiler, number>();
  let requestCount = 0;
  let signed = 0;
  const server = createServer((request, response) => {
    requestCount += 1;
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    urlOf(name) {
      signed += 1;
      return `http://127.0.0.1:${port}/${encodeURIComponent(name)}.mp4?n=${signed}&Signature=secret`;
    },
    sha256Of: (name) =>
      createHash('sha256')
        .update(contentOf(fileOf(name)))
        .digest('hex'),
    get requestCount() {
      return requestCount;
    },
    faults,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };

  function fileOf(name: string): FaultyFile {
    const known = files.get(name);
    if (known !== undefined) return known;
    const dice = createDice(`${seed}/${name}`);
    const made: FaultyFile = {
      name,
      bytes: sizeBy(dice),
      validator: dice.pick(['etag', 'etag', 'etag', 'date', 'none']),
      version: 1,
      deadUpTo: 0,
      waiting: isSpoiled(name) && dice.chance(share) ? faultsBy(dice) : [],
    };
    files.set(name, made);
    return made;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://files');
    const file = fileOf(decodeURIComponent(pathname.slice(1, -'.mp4'.length)));
    if (Number(searchParams.get('n')) <= file.deadUpTo) return void response.writeHead(403).end('<Error/>');
    const kind = file.waiting[0];
    const answer = answerTo(file, request);
    if (kind === undefined || !(await SPOILERS[kind]({ ...answer, file, signed, response }))) {
      response.writeHead(answer.status, answer.headers).end(answer.body);
      return;
    }
    file.waiting.shift();
    faults.set(kind, (faults.get(kind) ?? 0) + 1);
  }
}

function sizeBy(dice: Dice): number {
  return dice.chance(0.6) ? dice.int(1, 4_000) : dice.chance(0.8) ? dice.int(4_000, 32_000) : dice.int(64_000, 300_000);
}

function faultsBy(dice: Dice): Spoiler[] {
  return Array.from({ length: dice.int(1, FAULTS_MAX) }, () => dice.pick(KINDS)).flatMap((kind) =>
    OF_RANGES.has(kind) ? ['breaks in mid-body', kind] : [kind],
  );
}

/** Never stored: made from the name. */
function contentOf({ name, version, bytes }: FaultyFile): Buffer {
  const key = createHash('sha256').update(`${name} ${version}`).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

/** As RFC 9110 has it. */
function answerTo(file: FaultyFile, { headers: asked }: IncomingMessage) {
  const content = contentOf(file);
  const modified = new Date(Date.UTC(2026, 0, 1) + file.version * 1_000).toUTCString();
  const validator = { etag: `"${file.version}"`, date: modified, none: undefined }[file.validator];
  const headers: Record<string, string> = {
    'content-type': 'video/mp4',
    ...(validator !== undefined && { [file.validator === 'etag' ? 'etag' : 'last-modified']: validator }),
  };
  const from = Number(/^bytes=(\d+)-$/.exec(asked.range ?? '')?.[1] ?? 0);
  const isSame = [undefined, validator].includes(asked['if-range'] as string | undefined);
  const isPart = from > 0 && isSame;
  if (isPart && from >= content.length) {
    const range = { 'content-range': `bytes */${content.length}`, 'content-length': '0' };
    return { status: 416, headers: { ...headers, ...range }, content, from, body: Buffer.alloc(0) };
  }
  const body = isPart ? content.subarray(from) : content;
  const range = isPart && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
  const status = isPart ? 206 : 200;
  return { status, headers: { ...headers, 'content-length': String(body.length), ...range }, content, from, body };
}
