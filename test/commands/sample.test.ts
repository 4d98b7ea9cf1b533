import { sampleDigestFor, sampleFor } from '../../src/commands/sample.js';
import { EVENT_TYPES, type EventType, isRecordingEvent } from '../../src/core/event.js';
import { digestTitle } from '../../src/sinks/digest-text.js';
import { operatorText } from '../../src/sinks/operator-text.js';
import { slack } from '../../src/sinks/slack.js';
import { stdout } from '../../src/sinks/stdout.js';
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

test.each<{ name: string; events: EventType[]; want: EventType[] | undefined }>([
  {
    name: 'three of one type',
    events: ['recording.available'],
    want: ['recording.available', 'recording.available', 'recording.available'],
  },
  {
    name: 'one at least of each type that goes into one',
    events: ['recording.stuck', 'sink.failing', 'recording.available'],
    want: ['recording.stuck', 'recording.available', 'recording.stuck'],
  },
  { name: 'none for a sink of operators', events: ['sink.failing'], want: undefined },
])('a sample of a digest: $name', ({ events, want }) => {
  const sink = { events, includeUrl: true, digest: { everyMs: 1, max: 50 } };
  const sample = sampleDigestFor({ ...sink, definition: slack as never }, NOW_MS);
  expect(sample?.events.map(({ type }) => type)).toEqual(want);
  for (const { id, data } of sample?.events ?? [])
    expect({ id, data }).toMatchObject({ id: expect.stringMatching(/^evt_test_/), data: { test: true } });
  if (sample !== undefined) expect(digestTitle(sample.events)).toMatch(/^TEST: 3 /);
  expect(new Set(sample?.events.map(({ id }) => id)).size).toBe(want?.length ?? 0);
  expect(sampleDigestFor({ ...sink, definition: stdout as never }, NOW_MS)).toBeUndefined();
  const [alone, pair] = [1, 2].map((max) => ({ ...sink, digest: { everyMs: 1, max }, definition: slack as never }));
  expect(alone && sampleDigestFor(alone, NOW_MS)).toBeUndefined();
  expect(pair && sampleDigestFor(pair, NOW_MS)?.events).toEqual(want && [expect.anything(), expect.anything()]);
  expect(sampleDigestFor({ ...sink, digest: undefined, definition: slack as never }, NOW_MS)).toBeUndefined();
});
