import { sampleFor } from '../../src/commands/sample.js';
import { EVENT_TYPES, type EventType, isRecordingEvent } from '../../src/core/event.js';
import { operatorText } from '../../src/sinks/operator-text.js';
import { titleOf } from '../../src/sinks/text.js';

const NOW_MS = Date.parse('2024-05-13T17:19:04.120Z');

test.each(Object.keys(EVENT_TYPES) as EventType[])('a sample of %s says that it is one', (type) => {
  const sample = sampleFor({ events: [type], includeUrl: true }, NOW_MS);
  expect(sample).toMatchObject({ type, id: expect.stringMatching(/^evt_test_/), data: { test: true } });
  expect(isRecordingEvent(sample) ? titleOf(sample) : operatorText(sample).title).toMatch(/^TEST: /);
});

test.each<{ name: string; events: EventType[]; want: EventType }>([
  {
    name: 'recording.available, if the sink gets it',
    events: ['recording.stuck', 'recording.available'],
    want: 'recording.available',
  },
  { name: 'else the first', events: ['sink.failing', 'recording.stuck'], want: 'sink.failing' },
])('a sample is of the type: $name', ({ events, want }) => {
  expect(sampleFor({ events, includeUrl: true }, NOW_MS).type).toBe(want);
});

test.each<{ name: string; type: EventType; includeUrl: boolean; want: string | null }>([
  {
    name: 'with a recording that is available',
    type: 'recording.available',
    includeUrl: true,
    want: expect.any(String),
  },
  { name: 'not where the sink gets none', type: 'recording.available', includeUrl: false, want: null },
  { name: 'not with one in processing', type: 'recording.stuck', includeUrl: true, want: null },
])('a sample has a URL $name', ({ type, includeUrl, want }) => {
  const { data } = sampleFor({ events: [type], includeUrl }, NOW_MS);
  expect(data).toMatchObject({ recording: { url: want, urlExpiresAt: want } });
});
