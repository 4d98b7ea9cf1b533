import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../ports.js';
import { verify } from '../sinks/standard-webhooks.js';

export interface ReceivedMessage {
  /** 1 for the first that arrived. */
  readonly number: number;
  readonly receivedAtMs: number;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
  /** `webhook-id`, empty without one. */
  readonly id: string;
  /** 1 for the first with this id; more is a repeat. */
  readonly arrival: number;
  /** What is wrong with the signature; undefined when it is genuine, and when the receiver has no secrets to check it with. */
  readonly problem: string | undefined;
}

export interface ReceiverAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ReceiverOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  /** 0, the default: any that is free. */
  readonly port?: number;
  readonly secrets?: readonly string[];
  /** 204 by default, 401 for a message that is not genuine. */
  readonly respond?: (message: ReceivedMessage) => ReceiverAnswer | Promise<ReceiverAnswer>;
  readonly onMessage?: (message: ReceivedMessage) => void;
}

export interface Receiver {
  readonly port: number;
  readonly url: string;
  /** The last {@link MESSAGES_MAX}. */
  readonly messages: readonly ReceivedMessage[];
  /** Resolves when so many messages have arrived since the start, with those that are kept. Rejects when the receiver is closed first. */
  waitFor(count: number): Promise<readonly ReceivedMessage[]>;
  close(): Promise<void>;
}

const MESSAGES_MAX = 1_000;
const BODY_BYTES_MAX = 1024 * 1024;

interface Waiter {
  readonly count: number;
  resolve(messages: readonly ReceivedMessage[]): void;
  reject(error: Error): void;
}

/** An HTTP endpoint on this machine that checks signatures as a receiver of Standard Webhooks does, and remembers what came. */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const messages: ReceivedMessage[] = [];
  let waiters: Waiter[] = [];
  let arrived = 0;

  function note(message: ReceivedMessage): void {
    messages.push(message);
    if (messages.length > MESSAGES_MAX) messages.shift();
    options.onMessage?.(message);
    const ready = waiters.filter(({ count }) => count <= arrived);
    waiters = waiters.filter(({ count }) => count > arrived);
    for (const waiter of ready) waiter.resolve(messages);
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (body === undefined) return answer(response, { status: 413, headers: { connection: 'close' } });
    arrived += 1;
    const message = messageOf(request, body, arrived, messages, options);
    note(message);
    answer(response, await (options.respond ?? acceptGenuine)(message));
  }

  // A sender that goes away in the middle leaves nothing to answer.
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  const port = await listen(server, options.port ?? 0);
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    messages,
    waitFor(count) {
      if (count <= arrived) return Promise.resolve(messages);
      return new Promise((resolve, reject) => waiters.push({ count, resolve, reject }));
    },
    close() {
      for (const waiter of waiters) {
        waiter.reject(new Error(`the receiver was closed after ${arrived} of ${waiter.count} messages`));
      }
      waiters = [];
      return stop(server);
    },
  };
}

function messageOf(
  request: IncomingMessage,
  body: string,
  number: number,
  earlier: readonly ReceivedMessage[],
  { clock, secrets = [] }: ReceiverOptions,
): ReceivedMessage {
  const receivedAtMs = clock.nowMs();
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const id = headers['webhook-id'] ?? '';
  return {
    number,
    receivedAtMs,
    method: request.method ?? '',
    path: request.url ?? '',
    headers,
    body,
    json: parseJson(body),
    id,
    arrival: 1 + (id === '' ? 0 : earlier.filter((message) => message.id === id).length),
    problem: secrets.length === 0 ? undefined : verify(secrets, headers, body, receivedAtMs),
  };
}

function acceptGenuine({ problem }: ReceivedMessage): ReceiverAnswer {
  return { status: problem === undefined ? 204 : 401 };
}

function answer(response: ServerResponse, { status, headers = {}, body = '' }: ReceiverAnswer): void {
  if (response.destroyed) return;
  response.writeHead(status, headers).end(body);
}

/** Undefined when it is longer than {@link BODY_BYTES_MAX}. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function stop(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
