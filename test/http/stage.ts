import { createHttpClient, type HttpClientOptions } from '../../src/http/client.js';
import type { HttpClient, HttpRequest } from '../../src/ports.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';
import { type Behaviour, startZoo, type Zoo } from '../support/zoo.js';

export const TIMEOUT_MS = 20_000;
export const NEVER = new AbortController().signal;

export interface Stage {
  readonly clock: ManualClock;
  visit(behave: Behaviour, tls?: Parameters<typeof startZoo>[1]): Promise<Zoo>;
  clientWith(options?: Partial<HttpClientOptions>): HttpClient;
}

/** Zoos, clients and a clock for each test of a file; all closed behind it. */
export function createStage(): Stage {
  const open: { close(): Promise<void> }[] = [];
  let clock = createManualClock();

  function kept<Closable extends { close(): Promise<void> }>(closable: Closable): Closable {
    open.push(closable);
    return closable;
  }

  beforeEach(() => {
    clock = createManualClock();
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((closable) => closable.close()));
  });

  return {
    get clock() {
      return clock;
    },
    visit: async (behave, tls) => kept(await startZoo(behave, tls)),
    clientWith: (options) =>
      kept(createHttpClient({ privateAddresses: 'allow', clock, userAgent: 'recording-notifier/test', ...options })),
  };
}

export function post(url: string, request: Partial<HttpRequest> = {}): HttpRequest {
  const defaults = { headers: {}, body: '{}', timeoutMs: TIMEOUT_MS, bodyBytesMax: 0, signal: NEVER };
  return { method: 'POST', url, ...defaults, ...request };
}
