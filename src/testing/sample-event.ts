import type { RecordingEvent } from '../core/event.js';
import type { EventId, RecordingUuid } from '../core/id.js';

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

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
