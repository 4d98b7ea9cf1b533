import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../ports.js';
import type { Fault, FaultTimes } from './api-schema.js';

export const UNAUTHORIZED = { statusCode: 401, message: 'Unauthorized' };

const FAULTS_MAX = 1_000;
const PIECES = 10;
const BAD_GATEWAY_HTML =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center></body>\r\n</html>\r\n';
const WHITE_SPACE = Buffer.alloc(65_536, ' ');

/** Faults wait in line: each spoils the list requests that it is meant for, then the next one has its turn. */
export interface FaultQueue {
  push(fault: Fault, times?: FaultTimes): void;
  /** The fault of this request, undefined when it is to be answered as usual. */
  take(): Fault | undefined;
  clear(): void;
  readonly waiting: number;
}

export function createFaultQueue(): FaultQueue {
  let queue: { readonly fault: Fault; readonly after: number; readonly times: number }[] = [];

  return {
    push(fault, { after = 0, times = 1 } = {}) {
      if (queue.length >= FAULTS_MAX) throw new Error(`the fake API holds ${FAULTS_MAX} faults at most`);
      queue.push({ fault, after, times });
    },
    take() {
      const [first, ...rest] = queue;
      if (first === undefined) return undefined;
      if (first.after > 0) {
        queue = [{ ...first, after: first.after - 1 }, ...rest];
        return undefined;
      }
      queue = first.times > 1 ? [{ ...first, times: first.times - 1 }, ...rest] : rest;
      return first.fault;
    },
    clear() {
      queue = [];
    },
    get waiting() {
      return queue.length;
    },
  };
}

/** Answers a list request wrongly. `body` is what the right answer would have been. */
export async function answerWithFault(
  fault: Fault,
  body: string,
  response: ServerResponse,
  clock: Clock,
): Promise<void> {
  const bytes = Buffer.from(body);
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  switch (fault.kind) {
    case 'unauthorized':
      return sendJson(response, 401, UNAUTHORIZED);
    case 'rate_limited':
      return sendJson(response, 429, { statusCode: 429, message: 'Too Many Requests' }, retryAfter(fault.retryAfter));
    case 'bad_gateway':
      return send(response, 502, BAD_GATEWAY_HTML, { 'content-type': 'text/html' });
    case 'error_in_ok':
      return sendJson(response, 200, { statusCode: 500, message: 'Internal server error' });
    case 'answer':
      return typeof fault.body === 'string'
        ? send(response, fault.status, fault.body, fault.headers)
        : sendJson(response, fault.status, fault.body ?? null, fault.headers);
    case 'truncated':
      return send(response, 200, half, JSON_HEADERS);
    case 'broken':
      response.writeHead(200, { ...JSON_HEADERS, 'content-length': bytes.length });
      response.write(half, () => response.destroy());
      return;
    case 'reset':
      response.destroy();
      return;
    case 'slow':
      return sendSlowly(response, bytes, fault.delayMs, clock);
    case 'hang':
      return;
    case 'huge':
      return sendHuge(response, fault.bytes);
    case 'change':
      return send(response, 200, body, JSON_HEADERS);
  }
}

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' };

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  send(response, status, JSON.stringify(body), { ...JSON_HEADERS, ...headers });
}

function send(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers }).end(body);
}

function retryAfter(value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { 'retry-after': value };
}

async function sendSlowly(response: ServerResponse, bytes: Buffer, delayMs: number, clock: Clock): Promise<void> {
  response.writeHead(200, { ...JSON_HEADERS, 'content-length': bytes.length }).flushHeaders();
  const pieceBytes = Math.ceil(bytes.length / PIECES);
  for (let from = 0; from < bytes.length && !response.destroyed; from += pieceBytes) {
    await pause(response, delayMs, clock);
    response.write(bytes.subarray(from, from + pieceBytes));
  }
  response.end();
}

/** Over early when the client has gone. */
function pause(response: ServerResponse, delayMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(delayMs, done);
    response.once('close', done);
    function done() {
      timer.cancel();
      response.off('close', done);
      resolve();
    }
  });
}

async function sendHuge(response: ServerResponse, bytes: number): Promise<void> {
  response.writeHead(200, JSON_HEADERS);
  // A client that has had enough closes the connection: that is what this answer is for.
  await pipeline(Readable.from(hugeList(bytes)), response).catch(() => undefined);
}

function* hugeList(bytes: number): Generator<Buffer> {
  yield Buffer.from('[');
  for (let left = bytes; left > 0; left -= WHITE_SPACE.length) yield WHITE_SPACE.subarray(0, left);
  yield Buffer.from(']');
}
