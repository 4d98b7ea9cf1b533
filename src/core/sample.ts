import type { EventType, NotifierEvent, RecordingEvent } from './event.js';
import type { DeliveryId, EventId, RecordingUuid } from './id.js';

const HOUR_MS = 3_600_000;
const MESSAGE = 'This is a test. Nothing is wrong.';

/** What tells one made-up event from another. */
export interface SampleIds {
  readonly event: EventId;
  readonly uuid: RecordingUuid;
  /** Of the delivery that a `delivery.dead` lists. */
  readonly delivery: DeliveryId;
}

/** A made-up event of a type, `data.test: true`. */
export function sampleOf(type: EventType, ids: SampleIds, includeUrl: boolean, nowMs: number): NotifierEvent {
  const common = { id: ids.event, timestamp: new Date(nowMs).toISOString() };
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
      const dead = { id: ids.delivery, eventId: ids.event, type: 'recording.available', uuid: ids.uuid };
      const data = { sink: 'test', reason: 'test', count: 1, deliveries: [dead], test: true } as const;
      return { ...common, type, source: null, data };
    }
    default:
      return { ...common, type, source: 'test', data: recordingData(type, ids.uuid, includeUrl, nowMs) };
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
      status: isAvailable || type === 'recording.archived' ? 'available' : 'processing',
      createdAt: new Date(nowMs - HOUR_MS).toISOString(),
      url: hasUrl ? 'https://example.com/test-recording.mp4' : null,
      urlExpiresAt: hasUrl ? new Date(nowMs + HOUR_MS).toISOString() : null,
    },
    previousStatus: isAvailable ? 'processing' : null,
    occurrence: 1,
    ...(type === 'recording.archived' && { archive: ARCHIVED }),
    test: true,
  };
}

const ARCHIVED = {
  location: '/srv/archive/test-recording.mp4',
  bytes: 734_003_200,
  sha256: '0'.repeat(64),
  sink: 'test',
} as const;
