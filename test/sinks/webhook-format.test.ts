import type { NotifierEvent } from '../../src/core/event.js';
import type { EventId } from '../../src/core/id.js';
import { contentOf } from '../../src/sinks/webhook-format.js';
import { sampleEvent } from '../support/sample-event.js';

const common = { id: 'evt_00000000000000000000000000000001' as EventId, timestamp: '2024-05-13T17:19:04.120Z' };
const trouble = { reason: 'timeout', message: 'no answer', since: '2024-05-13T17:04:04.120Z' };

const sourceFails: NotifierEvent = { ...common, type: 'source.failing', source: 'production', data: trouble };
const sinkFails: NotifierEvent = {
  ...common,
  type: 'sink.failing',
  source: null,
  data: { ...trouble, sink: 'pipeline', waiting: 3 },
};
const dead: NotifierEvent = {
  ...common,
  type: 'delivery.dead',
  source: null,
  data: { sink: 'pipeline', reason: 'timeout', count: 1, deliveries: [] },
};

function cloudEventOf(event: NotifierEvent, typePrefix?: string): Record<string, unknown> {
  const { contentType, body } = contentOf(event, { format: 'cloudevents', typePrefix });
  expect(contentType).toBe('application/cloudevents+json; charset=utf-8');
  return JSON.parse(body);
}

test('a CloudEvent has every attribute in its body, and the data of the other format', () => {
  const { id, timestamp, source, data } = sampleEvent;
  expect(cloudEventOf(sampleEvent)).toEqual({
    specversion: '1.0',
    id,
    source: `/recording-notifier/${source}`,
    type: 'recording-notifier.recording.available',
    subject: data.recording.uuid,
    time: timestamp,
    datacontenttype: 'application/json',
    data: { source, ...data },
  });
  const { contentType, body } = contentOf(sampleEvent, { format: 'standard' });
  expect([contentType, JSON.parse(body)]).toEqual([
    'application/json',
    { type: 'recording.available', timestamp, data: { source, ...data } },
  ]);
});

test.each([
  { event: sourceFails, source: '/recording-notifier/production', subject: 'production' },
  { event: sinkFails, source: '/recording-notifier', subject: 'pipeline' },
  { event: dead, source: '/recording-notifier', subject: 'pipeline' },
])('$event.type is from $source about $subject', ({ event, source, subject }) => {
  const type = `com.example.${event.type}`;
  expect(cloudEventOf(event, 'com.example')).toMatchObject({ source, subject, type, data: event.data });
});

test('nothing of a URL is in an attribute', () => {
  const { data: _, ...attributes } = cloudEventOf(sampleEvent);
  expect(JSON.stringify(attributes)).not.toContain('://');
});
