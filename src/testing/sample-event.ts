import type { RecordingEvent } from '../core/event.js';
import type { DigestId, EventId, RecordingUuid } from '../core/id.js';
import type { Digest } from '../sinks/define.js';

/** The event of the suite. Frozen, since a sink has no business changing what other sinks get. */
export const sampleEvent: RecordingEvent = deepFreeze({
  id: 'evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d' as EventId,
  type: 'recording.available',
  timestamp: '2024-05-13T17:19:04.120Z',
  source: 'production',
  data: {
    recording: {
      uuid: '7b0f3e9c' as RecordingUuid,
      roomId: 'Lobby “é” <!channel> \u0000',
      meetingId: null,
      status: 'available',
      createdAt: '2024-05-13T17:14:00.941Z',
      url: 'https://files.example/7b0f3e9c?signature=presigned',
      urlExpiresAt: '2024-05-14T17:00:00.000Z',
    },
    previousStatus: 'processing',
    occurrence: 1,
  },
});

/** Three events in one message. */
export const sampleDigest: Digest = deepFreeze({
  id: 'dig_0d4b7c1e9f2a4c6b8d0e1f2a3b4c5d6e' as DigestId,
  events: [
    sampleEvent,
    sampleOf('evt_a1b2c3d4e5f60718293a4b5c6d7e8f90', 'c41d22aa', 'standup'),
    sampleOf('evt_0f1e2d3c4b5a69788796a5b4c3d2e1f0', 'e07b9d15', null),
  ],
});

function sampleOf(id: string, uuid: string, roomId: string | null): RecordingEvent {
  const { data } = sampleEvent;
  const recording = { ...data.recording, uuid: uuid as RecordingUuid, roomId, url: null, urlExpiresAt: null };
  return { ...sampleEvent, id: id as EventId, data: { ...data, recording } };
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
