import type { RecordingEvent } from '../../src/core/event.js';
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

async function printed(event: RecordingEvent): Promise<readonly string[]> {
  const place = openPipe();
  const unused = {} as never;
  await stdout.deliver(event, {
    name: 'out',
    progress: null,
    settings: {},
    http: unused,
    clock: unused,
    timeoutMs: 1,
    signal: new AbortController().signal,
    print: place.print,
  });
  return place.arrived();
}

test('an event is one line of JSON, the whole of it', async () => {
  const lines = await printed(sampleEvent);
  expect(lines).toEqual([JSON.stringify(sampleEvent)]);
  expect(lines[0]).not.toContain('\n');
});

test('a room commands no terminal, and is in it as it is', async () => {
  const { data } = sampleEvent;
  const roomId = 'a\u001b[2J\u009b2Jb\r\n\u202ec\ud83d 🎥';
  const event = { ...sampleEvent, data: { ...data, recording: { ...data.recording, roomId } } };
  const [line = ''] = await printed(event);
  expect(JSON.parse(line)).toEqual(event);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what it is for
  expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
});
