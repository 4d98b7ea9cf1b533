import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../ports.js';
import { answerControl } from './api-control.js';
import { answerWithFault, createFaultQueue, sendJson, UNAUTHORIZED } from './api-faults.js';
import { createFakeFiles } from './api-file.js';
import { DEFAULT_LIST_MODE, listAnswer } from './api-list.js';
import { createFakeRecordings, type FakeLife, type FakeRecordings } from './api-recordings.js';
import type { Fault, FaultTimes, ListMode, NewRecording } from './api-schema.js';

/** Under the 23.5 hours that were seen. */
const URL_LIFE_MS = 23 * 3_600_000;
const REQUESTS_KEPT = 1_000;

export interface FakeApiOptions extends FakeLife {
  readonly clock: Clock;
  readonly host?: string | undefined;
  /** 0: any that is free. */
  readonly port?: number | undefined;
  /** Who is let in; without it everyone who sends a whole set of either generation. */
  readonly credentials?: FakeCredentials | undefined;
  readonly urlLifeMs?: number | undefined;
  /** Where the file of a recording is, asked anew for each row that shows it; without it, at this server. */
  readonly fileUrl?: ((uuid: string) => string) | undefined;
  /** What is in the list at the start, oldest first. */
  readonly recordings?: readonly NewRecording[] | undefined;
  readonly mode?: Partial<ListMode> | undefined;
  /** Called when a list request has come, before it is answered. */
  readonly onRequest?: ((request: FakeApiRequest) => void) | undefined;
}

export type FakeCredentials =
  | { readonly clientId: string; readonly secret: string }
  | { readonly token: string; readonly apiKey: string };

/** A list request as it came. Of the headers only the names, since some of the values are credentials. */
export interface FakeApiRequest {
  readonly atMs: number;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headerNames: readonly string[];
  readonly userAgent: string | undefined;
  /** What answered it: `list`, `refused`, or the kind of a fault. */
  readonly answeredWith: 'list' | 'refused' | Fault['kind'];
}

export interface FakeApi extends AsyncDisposable {
  /** Without a slash at the end: what goes into `baseUrl`. */
  readonly url: string;
  readonly recordings: FakeRecordings;
  /** The last thousand, oldest first. */
  readonly requests: readonly FakeApiRequest[];
  /** All of them. */
  readonly requestCount: number;
  /** Spoils the next list request, or the `times` ones that come `after` so many good ones. */
  fault(fault: Fault, times?: FaultTimes): void;
  clearFaults(): void;
  /** How every list request is answered from now on; what is not named stays. */
  mode(change: { [Key in keyof ListMode]?: ListMode[Key] | undefined }): void;
  close(): Promise<void>;
}

/**
 * A SuperViz API of our own on a real socket: `GET …/recording` with every behaviour that is known or feared of the real one,
 * the files that its URLs point to, and `/_control` to change it from outside.
 */
export async function startFakeApi(options: FakeApiOptions): Promise<FakeApi> {
  const { clock, host = '127.0.0.1', port = 0, credentials, urlLifeMs = URL_LIFE_MS } = options;
  const recordings = createFakeRecordings(clock, options);
  const faults = createFaultQueue();
  const files = createFakeFiles(clock, () => url, urlLifeMs);
  const requests: FakeApiRequest[] = [];
  let requestCount = 0;
  let mode: ListMode = { ...DEFAULT_LIST_MODE, ...options.mode };
  for (const recording of options.recordings ?? []) recordings.add(recording);

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const url = await listen(server, host, port);

  const api: FakeApi = {
    url,
    recordings,
    requests,
    get requestCount() {
      return requestCount;
    },
    fault: faults.push,
    clearFaults: faults.clear,
    mode(change) {
      mode = { ...mode, ...defined(change) };
    },
    close: () => close(server),
    [Symbol.asyncDispose]: () => close(server),
  };
  return api;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = new URL(request.url ?? '/', url);
    if (target.pathname === '/_control') return answerControl(api, controlState, request, response);
    if (files.serve(target, response)) return;
    if (request.method === 'GET' && target.pathname.endsWith('/recording'))
      return answerList(target, request, response);
    sendJson(response, 404, {
      statusCode: 404,
      message: `Cannot ${request.method} ${target.pathname}`,
      error: 'Not Found',
    });
  }

  async function answerList(target: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isWelcome = hasCredentials(request, credentials);
    const fault = isWelcome ? faults.take() : undefined;
    remember(target, request, isWelcome ? (fault?.kind ?? 'list') : 'refused');
    if (!isWelcome) return sendJson(response, 401, UNAUTHORIZED);
    const body = listAnswer(recordings.rows(), mode, target.searchParams, options.fileUrl ?? files.signUrl);
    if (fault === undefined) return sendJson(response, 200, body);
    if (fault.kind === 'change') applyChange(fault);
    await answerWithFault(fault, JSON.stringify(body), response, clock);
  }

  function applyChange({ add = [], remove = [] }: Extract<Fault, { kind: 'change' }>): void {
    for (const recording of add) recordings.add(recording);
    for (const uuid of remove) recordings.remove(uuid);
  }

  function remember(target: URL, { headers }: IncomingMessage, answeredWith: FakeApiRequest['answeredWith']): void {
    requestCount += 1;
    if (requests.length === REQUESTS_KEPT) requests.shift();
    const request: FakeApiRequest = {
      atMs: clock.nowMs(),
      path: target.pathname,
      query: Object.fromEntries(target.searchParams),
      headerNames: Object.keys(headers),
      userAgent: headers['user-agent'],
      answeredWith,
    };
    requests.push(request);
    options.onRequest?.(request);
  }

  function controlState() {
    return { recordings: recordings.rows().length, faultsWaiting: faults.waiting, mode };
  }
}

function hasCredentials({ headers }: IncomingMessage, wanted: FakeCredentials | undefined): boolean {
  const { client_id: clientId, secret, authorization, apikey: apiKey } = headers;
  if (wanted === undefined)
    return isFilled(clientId, secret) || (isFilled(apiKey) && /^Bearer ./.test(authorization ?? ''));
  if ('clientId' in wanted) return clientId === wanted.clientId && secret === wanted.secret;
  return authorization === `Bearer ${wanted.token}` && apiKey === wanted.apiKey;
}

function isFilled(...values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === 'string' && value !== '');
}

async function listen(server: Server, host: string, port: number): Promise<string> {
  server.listen(port, host);
  await once(server, 'listening');
  const { port: given } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${given}`;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  server.close();
  // Answers that hang, and connections that clients keep alive, would hold it open.
  server.closeAllConnections();
  await once(server, 'close');
}

function defined<Value extends object>(value: Value): { [Key in keyof Value]?: Exclude<Value[Key], undefined> } {
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Value]?: Exclude<Value[Key], undefined> };
}
