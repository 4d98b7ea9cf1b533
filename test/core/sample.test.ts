import type { EventType } from '../../src/core/event.js';
import type { DeliveryId, EventId, RecordingUuid } from '../../src/core/id.js';
import { sampleOf } from '../../src/core/sample.js';

const IDS = { event: 'evt_test_1' as EventId, uuid: 'test-1' as RecordingUuid, delivery: 'dlv_1' as DeliveryId };
const NOW = '2024-05-13T17:19:04.120Z';
const HOUR_AGO = '2024-05-13T16:19:04.120Z';

function dataOf(type: EventType, includeUrl = true): unknown {
  const { data, ...rest } = sampleOf(type, IDS, includeUrl, Date.parse(NOW));
  const source = type.startsWith('sink.') || type.startsWith('delivery.') ? null : 'test';
  expect(rest).toEqual({ id: 'evt_test_1', type, timestamp: NOW, source });
  return data;
}

const PROCESSING = {
  recording: {
    ...{ uuid: 'test-1', roomId: 'TEST room', meetingId: 'TEST meeting', status: 'processing', createdAt: HOUR_AGO },
    ...{ url: null, urlExpiresAt: null },
  },
  ...{ previousStatus: null, occurrence: 1, test: true },
};
const url = 'https://example.com/test-recording.mp4';
const AVAILABLE = {
  ...PROCESSING,
  previousStatus: 'processing',
  recording: { ...PROCESSING.recording, status: 'available', url, urlExpiresAt: '2024-05-13T18:19:04.120Z' },
};
const ARCHIVED = {
  ...PROCESSING,
  recording: { ...PROCESSING.recording, status: 'available' },
  archive: { location: '/srv/archive/test-recording.mp4', bytes: 734_003_200, sha256: '0'.repeat(64), sink: 'test' },
};
const TROUBLE = { reason: 'test', message: 'This is a test. Nothing is wrong.', since: HOUR_AGO, test: true };
const DEAD = {
  ...{ sink: 'test', reason: 'test', count: 1, test: true },
  deliveries: [{ id: 'dlv_1', eventId: 'evt_test_1', type: 'recording.available', uuid: 'test-1' }],
};

test.each<[EventType, unknown]>([
  ['recording.available', AVAILABLE],
  ['recording.processing', PROCESSING],
  ['recording.stuck', PROCESSING],
  ['recording.archived', ARCHIVED],
  ['source.failing', TROUBLE],
  ['source.recovered', TROUBLE],
  ['source.expiring', TROUBLE],
  ['sink.failing', { sink: 'test', ...TROUBLE, waiting: 1 }],
  ['sink.recovered', { sink: 'test', ...TROUBLE, waiting: 1 }],
  ['delivery.dead', DEAD],
])('a sample of %s', (type, want) => {
  expect(dataOf(type)).toEqual(want);
});

test('a sample without its URL', () => {
  const recording = { ...AVAILABLE.recording, url: null, urlExpiresAt: null };
  expect(dataOf('recording.available', false)).toEqual({ ...AVAILABLE, recording });
});
