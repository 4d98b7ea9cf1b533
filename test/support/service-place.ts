import type { NotifierEvent } from '../../src/core/event.js';
import type { Outcome } from '../../src/core/failure.js';
import { type ReceivedMessage, type ReceiverAnswer, startReceiver } from '../../src/fake/receiver.js';
import { createHttpClient } from '../../src/http/client.js';
import type { SinkContext, SinkDefinition } from '../../src/sinks/define.js';
import type { Place } from '../../src/testing.js';
import { createManualClock, type ManualClock } from './manual-clock.js';
import { type Behaviour, head, startZoo } from './zoo.js';

/** A service as it documents itself: looks at what a message is made of, and answers. */
export type FakeService = (message: ReceivedMessage) => ReceiverAnswer;

/** As a service answers: JSON. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): ReceiverAnswer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

/** A fake service on this machine; what has arrived is what it took. */
export async function openService(
  respond: FakeService,
  settingsOf: (origin: string) => unknown,
): Promise<Place & { readonly requests: readonly ReceivedMessage[] }> {
  const taken: string[] = [];
  const receiver = await startReceiver({
    clock: createManualClock(),
    respond(message) {
      const answer = respond(message);
      if (message.method === 'POST' && answer.status < 300) taken.push(message.body);
      return answer;
    },
  });
  return {
    settings: settingsOf(receiver.url.replace(/\/$/, '')),
    requests: receiver.messages,
    arrived: () => taken,
    close: receiver.close,
  };
}

/** A server that misbehaves in place of the service. */
export async function openMisbehaving(behave: Behaviour, settingsOf: (origin: string) => unknown): Promise<Place> {
  const zoo = await startZoo(behave);
  return {
    settings: settingsOf(`http://127.0.0.1:${zoo.port}`),
    arrived: () => zoo.requests,
    reached: () => zoo.arrivals.reach(1),
    close: zoo.close,
  };
}

/** What begins as a yes, and more of it than anybody reads. */
export function endless(status: number, beginning: string): Behaviour {
  return (socket) => {
    const size = Buffer.byteLength(beginning).toString(16);
    socket.write(`${head(status, { 'transfer-encoding': 'chunked' })}${size}\r\n${beginning}\r\n`);
    const chunk = `1000\r\n${' '.repeat(0x1000)}\r\n`;
    const more = () => {
      if (!socket.destroyed) socket.write(chunk, more);
    };
    more();
  };
}

/** One attempt, of a sink that needs no more than HTTP. Closes the place. */
export function deliverTo(
  place: Pick<Place, 'settings' | 'close'>,
  definition: SinkDefinition,
  event: NotifierEvent,
  meanwhile: (clock: ManualClock) => Promise<void> = async () => undefined,
): Promise<Outcome> {
  return withContext(place, definition, async (context, clock) => {
    const pending = definition.deliver(event, context);
    await meanwhile(clock);
    return pending;
  });
}

/** What `check --connect` hears. Closes the place. */
export function connectTo(
  place: Pick<Place, 'settings' | 'close'>,
  definition: SinkDefinition,
): Promise<string | undefined> {
  return withContext(place, definition, async (context) => definition.connect?.(context));
}

async function withContext<Result>(
  place: Pick<Place, 'settings' | 'close'>,
  definition: SinkDefinition,
  body: (context: SinkContext<unknown>, clock: ManualClock) => Promise<Result>,
): Promise<Result> {
  const clock = createManualClock();
  const http = createHttpClient({ privateAddresses: 'allow', clock, userAgent: 'test' });
  const context: SinkContext<unknown> = {
    name: 'sink',
    progress: null,
    settings: definition.settings.parse(place.settings),
    http,
    clock,
    timeoutMs: 20_000,
    signal: new AbortController().signal,
    print: () => Promise.reject(new Error('this sink has no business with standard output')),
  };
  try {
    return await body(context, clock);
  } finally {
    await http.close();
    await place.close();
  }
}
