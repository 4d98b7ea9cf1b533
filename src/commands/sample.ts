import type { SinkConfig } from '../config/config.js';
import type { EventType, NotifierEvent, RecordingEvent } from '../core/event.js';
import { deliveryIdOf, type EventId, type RecordingUuid } from '../core/id.js';
import { nonce, sha256 } from '../system.js';

const HOUR_MS = 3_600_000;
const MESSAGE = 'This is a test. Nothing is wrong.';

/**
 * A made-up event for the sink: id `evt_test_…`, `data.test: true`.
 *
 * Of a type that the sink gets, since a receiver may know no other: `recording.available`, or else the first of its `events`.
 */
export function sampleFor(
  { events, includeUrl }: Pick<SinkConfig, 'events' | 'includeUrl'>,
  nowMs: number,
): NotifierEvent {
  const [first = 'recording.available'] = events;
  return sampleOf(events.includes('recording.available') ? 'recording.available' : first, includeUrl, nowMs);
}

function sampleOf(type: EventType, includeUrl: boolean, nowMs: number): NotifierEvent {
  const nonceText = nonce();
  const uuid = `test-${nonceText.slice(0, 8)}` as RecordingUuid;
  const common = { id: `evt_test_${nonceText}` as EventId, timestamp: new Date(nowMs).toISOString() };
  const since = new Date(nowMs - HOUR_MS).toISOString();
  const trouble = { reason: 'test', message: MESSAGE, since, test: true } as const;
  switch (type) {
    case 'source.failing':
    case 'source.recovered':
    case 'source.expiring':
      return { ...common, type, source: 'test', data: trouble };
    case 'sink.failing':
    case 'sink.recovered':
      return { ...common, type, source: null, data: { sink: 'test', ...trouble, waiting: 1 } };
    case 'delivery.dead': {
      const dead = {
        id: deliveryIdOf(sha256, common.id, 'test'),
        eventId: common.id,
        type: 'recording.available',
        uuid,
      };
      return {
        ...common,
        type,
        source: null,
        data: { sink: 'test', reason: 'test', count: 1, deliveries: [dead], test: true },
      };
    }
    default:
      return { ...common, type, source: 'test', data: recordingData(type, uuid, includeUrl, nowMs) };
  }
}

function recordingData(
  type: RecordingEvent['type'],
  uuid: RecordingUuid,
  includeUrl: boolean,
  nowMs: number,
): RecordingEvent['data'] {
  const isAvailable = type === 'recording.available';
  const hasUrl = isAvailable && includeUrl;
  return {
    recording: {
      uuid,
      roomId: 'TEST room',
      meetingId: 'TEST meeting',
      status: isAvailable ? 'available' : 'processing',
      createdAt: new Date(nowMs - HOUR_MS).toISOString(),
      url: hasUrl ? 'https://example.com/test-recording.mp4' : null,
      urlExpiresAt: hasUrl ? new Date(nowMs + HOUR_MS).toISOString() : null,
    },
    previousStatus: isAvailable ? 'processing' : null,
    occurrence: 1,
    test: true,
  };
}
