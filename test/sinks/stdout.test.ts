import { stdout } from '../../src/sinks/stdout.js';
import { sampleEvent } from '../support/sample-event.js';
import { describeSink, type Place } from './conformance.js';

function openPipe() {
  const lines: string[] = [];
  return {
    settings: {},
    print: async (line: string) => void lines.push(line),
    arrived: () => lines,
    close: async () => undefined,
  } satisfies Place;
}

function openBrokenPipe(): Place {
  return { ...openPipe(), print: () => Promise.reject(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })) };
}

describeSink({
  definition: stdout,
  secrets: [],
  open: async () => openPipe(),
  failures: [{ name: 'a reader that has gone away', want: 'connection_failed', open: async () => openBrokenPipe() }],
});

test('an event is one line of JSON, the whole of it', async () => {
  const place = openPipe();
  const unused = {} as never;
  await stdout.deliver(sampleEvent, {
    name: 'out',
    progress: null,
    settings: {},
    http: unused,
    clock: unused,
    timeoutMs: 1,
    signal: new AbortController().signal,
    print: place.print,
  });
  expect(place.arrived()).toEqual([JSON.stringify(sampleEvent)]);
  expect(place.arrived()[0]).not.toContain('\n');
});
