import { createHash } from 'node:crypto';
import type { Delivery } from '../../src/core/delivery.js';
import type { StoredRecordingEvent } from '../../src/core/event.js';
import type { DeliveryId, EventId, RecordingUuid, Sha256 } from '../../src/core/id.js';
import type { Recording, RecordingState } from '../../src/core/recording.js';

export const NOW_MS = Date.parse('2024-05-13T17:19:04.120Z');
/** When what is known was seen. */
export const EARLIER_MS = NOW_MS - 600_000;

export const nodeSha256: Sha256 = (text) => createHash('sha256').update(text, 'utf8').digest('hex');

/** A row of the list. */
export function seen(status: string, rest: Partial<Recording> = {}): Recording {
  return {
    uuid: 'r1' as RecordingUuid,
    status,
    roomId: 'lobby',
    meetingId: 'm1',
    createdAt: '2024-05-13T17:14:00.941Z',
    url: 'https://files.example/r1?signature=presigned',
    ...rest,
  };
}

/** What is remembered of that row after it was seen once, in this status. */
export function known(status: string, rest: Partial<RecordingState> = {}): RecordingState {
  const isAvailable = status === 'available';
  const isProcessing = status === 'processing';
  return {
    status,
    roomId: 'lobby',
    meetingId: 'm1',
    createdAt: '2024-05-13T17:14:00.941Z',
    firstSeenAtMs: EARLIER_MS,
    availableCount: isAvailable ? 1 : 0,
    availableAtMs: isAvailable ? EARLIER_MS : null,
    processingCount: isProcessing ? 1 : 0,
    processingSinceMs: isProcessing ? EARLIER_MS : null,
    stuckTold: false,
    awaitsAnnouncement: false,
    ...rest,
  };
}

export const storedEvent: StoredRecordingEvent = {
  id: 'evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d' as EventId,
  type: 'recording.available',
  timestamp: '2024-05-13T17:09:04.120Z',
  source: 'production',
  data: {
    recording: {
      uuid: 'r1' as RecordingUuid,
      roomId: 'lobby',
      meetingId: 'm1',
      status: 'available',
      createdAt: '2024-05-13T17:14:00.941Z',
    },
    previousStatus: 'processing',
    occurrence: 1,
  },
};

/** A delivery that was due earlier and has been tried once in each of two rounds. */
export function delivery(rest: Partial<Delivery> = {}): Delivery {
  return {
    id: 'dlv_00000000000000000000000000000001' as DeliveryId,
    sink: 'pipeline',
    event: storedEvent,
    includeUrl: true,
    state: 'pending',
    createdAtMs: EARLIER_MS,
    round: 1,
    attempts: 2,
    roundAttempts: 1,
    nextAttemptAtMs: EARLIER_MS,
    urlWaitSinceMs: null,
    lastError: { reason: 'server_error', detail: 'HTTP 500' },
    finishedAtMs: null,
    progress: null,
    history: [],
    ...rest,
  };
}
