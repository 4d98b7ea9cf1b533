import type { Change } from './diff.js';
import { type EventId, eventIdOf, type RecordingUuid, type Sha256 } from './id.js';

/** Every type of event that this version makes, with what it tells. The config schema and the reference follow this table. */
export const EVENT_TYPES = {
  'recording.available': 'A recording has become available, or was first seen so after the first poll.',
  'recording.processing': 'A recording has gone into processing, or was first seen so.',
  'recording.stuck': 'A recording has been in processing for longer than stuckAfter.',
} as const satisfies Record<string, string>;

export type EventType = keyof typeof EVENT_TYPES;

/** An event as it is stored: without the URL, which is a credential and would be dead by the time it is needed. */
export interface StoredEvent {
  readonly id: EventId;
  readonly type: EventType;
  /** When the notifier saw the change, ISO 8601. */
  readonly timestamp: string;
  readonly source: string;
  readonly data: {
    readonly recording: {
      readonly uuid: RecordingUuid;
      readonly roomId: string | null;
      readonly meetingId: string | null;
      readonly status: string;
      readonly createdAt: string | null;
    };
    /** null when it was first seen so. */
    readonly previousStatus: string | null;
    readonly occurrence: number;
  };
}

/** An event as it is sent: the body that every sink and listener gets. */
export interface RecordingEvent extends Omit<StoredEvent, 'data'> {
  readonly data: {
    readonly recording: StoredEvent['data']['recording'] & {
      readonly url: string | null;
      readonly urlExpiresAt: string | null;
    };
    readonly previousStatus: string | null;
    readonly occurrence: number;
    /** Only in the sample that `test SINK` sends. */
    readonly test?: true;
  };
}

export interface FreshUrl {
  readonly url: string | null;
  /** null when unknown. */
  readonly expiresAtMs: number | null;
}

export const NO_URL: FreshUrl = { url: null, expiresAtMs: null };

export function withUrl(event: StoredEvent, { url, expiresAtMs }: FreshUrl): RecordingEvent {
  const urlExpiresAt = expiresAtMs === null ? null : new Date(expiresAtMs).toISOString();
  return { ...event, data: { ...event.data, recording: { ...event.data.recording, url, urlExpiresAt } } };
}

export function eventOf(sha256: Sha256, source: string, change: Change, nowMs: number): StoredEvent {
  const { type, recording, previousStatus, occurrence } = change;
  const { uuid, roomId, meetingId, status, createdAt } = recording;
  return {
    id: eventIdOf(sha256, type, source, uuid, occurrence),
    type,
    timestamp: new Date(nowMs).toISOString(),
    source,
    data: { recording: { uuid, roomId, meetingId, status, createdAt }, previousStatus, occurrence },
  };
}
