import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import { buildApp } from 'fauxqs';
import type { S3Settings } from '../../src/archive/s3-settings.js';

export const BUCKET = 'archive';

/** How a request ends that the storage does not get. */
export type Fault =
  | { readonly status: number; readonly code: string }
  | { readonly status: number; readonly body: string }
  /** Never an answer. */
  | 'silence'
  /** The connection ends. */
  | 'break'
  /** The storage does it, and its answer is lost. */
  | 'lost answer';

export interface S3Request {
  readonly method: string;
  /** Decoded; without the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
}

export interface Upload {
  readonly key: string;
  readonly startedAtMs: number;
}

export interface S3Server {
  readonly settings: S3Settings;
  /** For what a test does beside the program. */
  readonly client: S3Client;
  readonly requests: readonly S3Request[];
  /** Multipart uploads under way, by their ids. */
  readonly uploads: Map<string, Upload>;
  /** Straight into the storage, past everything. */
  put(key: string, body: string): Promise<void>;
  /** Until {@link heal}. The first that is given for a request counts. */
  fail(fault: Fault, matches: (request: S3Request) => boolean): void;
  heal(): void;
  close(): Promise<void>;
}

/** fauxqs on 127.0.0.1, with a bucket, behind a server that can fail and that knows uploads under way, which fauxqs does not tell. */
export async function startS3Server(): Promise<S3Server> {
  const app = buildApp({ logger: false });
  await app.ready();
  const requests: S3Request[] = [];
  const uploads = new Map<string, Upload>();
  const faults: { readonly fault: Fault; readonly matches: (request: S3Request) => boolean }[] = [];
  const server = createServer((incoming, answer) => {
    const request = readRequest(incoming);
    requests.push(request);
    const fault = faults.find(({ matches }) => matches(request))?.fault;
    if (fault !== undefined && fault !== 'lost answer') return end(fault, incoming, answer);
    if (request.method === 'GET' && request.query.has('uploads')) return void answer.end(listOf(uploads, request));
    watch(request, answer, uploads);
    if (fault === 'lost answer') answer.write = answer.end = () => answer.destroy() as never;
    app.routing(incoming, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'planted-secret-key' };
  await app.inject({ method: 'PUT', url: `/${BUCKET}` });
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  return {
    settings: { endpoint, ...credentials },
    client,
    requests,
    uploads,
    put: async (key, body) => void (await app.inject({ method: 'PUT', url: `/${BUCKET}/${key}`, body })),
    fail: (fault, matches) => void faults.push({ fault, matches }),
    heal: () => void faults.splice(0),
    close: async () => {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await app.close();
    },
  };
}

function readRequest({ method = '', url = '' }: IncomingMessage): S3Request {
  const { pathname, searchParams } = new URL(`http://storage${url}`);
  const [, , ...key] = pathname.split('/');
  return { method, key: decodeURIComponent(key.join('/')), query: searchParams };
}

function end(fault: Exclude<Fault, 'lost answer'>, incoming: IncomingMessage, answer: ServerResponse): void {
  if (fault === 'break') incoming.socket.destroy();
  if (typeof fault === 'string') return;
  // What a refused signature is answered with: no word of it may get further.
  const told = '<AWSAccessKeyId>AKIATEST</AWSAccessKeyId><SignatureProvided>planted-signature</SignatureProvided>';
  incoming.resume().on('end', () => {
    answer.writeHead(fault.status, { 'content-type': 'application/xml' });
    const details = `<Message>planted-message</Message>${told}`;
    answer.end(
      'body' in fault ? fault.body : `<?xml version="1.0"?><Error><Code>${fault.code}</Code>${details}</Error>`,
    );
  });
}

function watch({ method, key, query }: S3Request, answer: ServerResponse, uploads: Map<string, Upload>): void {
  let body = '';
  if (method === 'POST' && query.has('uploads')) {
    const send = answer.end.bind(answer) as (chunk: unknown) => ServerResponse;
    answer.end = ((chunk: unknown) => {
      body = String(chunk);
      return send(chunk);
    }) as typeof answer.end;
  }
  answer.on('close', () => {
    const begun = /<UploadId>(.+?)<\/UploadId>/.exec(body)?.[1];
    if (begun !== undefined) uploads.set(begun, { key, startedAtMs: Date.now() });
    const ended = query.get('uploadId');
    if (ended !== null && method !== 'PUT' && answer.statusCode < 300) uploads.delete(ended);
  });
}

function listOf(uploads: ReadonlyMap<string, Upload>, { query }: S3Request): string {
  const prefix = query.get('prefix') ?? '';
  const listed = [...uploads].filter(([, { key }]) => key.startsWith(prefix));
  const rows = listed.map(([id, { key, startedAtMs }]) => {
    const started = new Date(startedAtMs).toISOString();
    return `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${started}</Initiated></Upload>`;
  });
  return `<?xml version="1.0"?><ListMultipartUploadsResult>${rows.join('')}</ListMultipartUploadsResult>`;
}
