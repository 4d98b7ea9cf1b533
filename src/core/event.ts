import type { Change } from './diff.js';
import { type EventId, eventIdOf, type RecordingUuid, type Sha256 } from './id.js';
import { OPERATOR_EVENT_TYPES, type OperatorEvent } from './operator-event.js';

/** What befalls recordings, with what each tells. */
export const RECORDING_EVENT_TYPES = {
  'recording.available': 'A recording has become available, or was first seen so after the first poll.',
  'recording.processing': 'A recording has gone into processing, or was first seen so.',
  'recording.stuck': 'A recording has been in processing for longer than stuckAfter.',
  'recording.archived': 'A sink of the type archive has stored a recording, whole and checked.',
} as const satisfies Record<string, string>;

export type RecordingEventType = keyof typeof RECORDING_EVENT_TYPES;

/** Of these, what the list shows; the other one is of our own making. */
export type ListedEventType = Exclude<RecordingEventType, 'recording.archived'>;

/** Where a recording has been stored. */
export interface ArchiveNote {
  /** An absolute path, or an s3 URL. */
  readonly location: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** The sink that stored it. */
  readonly sink: string;
}

/** Every type of event that this version makes, with what it tells. The config schema and the reference follow this table. */
export const EVENT_TYPES = { ...RECORDING_EVENT_TYPES, ...OPERATOR_EVENT_TYPES };

export type EventType = keyof typeof EVENT_TYPES;

/** An event of a recording as it is stored: without the URL, which is a credential and would be dead by the time it is needed. */
export interface StoredRecordingEvent {
  readonly id: EventId;
  readonly type: RecordingEventType;
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
    /** Of `recording.archived` alone. */
    readonly archive?: ArchiveNote | undefined;
  };
}

/** An event of a recording as it is sent: the body that every sink and listener gets. */
export interface RecordingEvent extends Omit<StoredRecordingEvent, 'data'> {
  readonly data: {
    readonly recording: StoredRecordingEvent['data']['recording'] & {
      readonly url: string | null;
      readonly urlExpiresAt: string | null;
    };
    readonly previousStatus: string | null;
    readonly occurrence: number;
    /** Of `recording.archived` alone. */
    readonly archive?: ArchiveNote | undefined;
    /** Only in the sample that `test SINK` sends. */
    readonly test?: true;
  };
}

export type StoredEvent = StoredRecordingEvent | OperatorEvent;

/** What sinks and listeners get: `type` tells which it is. */
export type NotifierEvent = RecordingEvent | OperatorEvent;

export function isRecordingEvent<Event extends StoredRecordingEvent | RecordingEvent>(
  event: Event | OperatorEvent,
): event is Event {
  return isRecordingEventType(event.type);
}

export function isRecordingEventType(type: EventType): type is RecordingEvent['type'] {
  return Object.hasOwn(RECORDING_EVENT_TYPES, type);
}

/** Of the recording that an event is about; null for an operator event. */
export function uuidOf(event: StoredEvent): RecordingUuid | null {
  return isRecordingEvent(event) ? event.data.recording.uuid : null;
}

export interface FreshUrl {
  readonly url: string | null;
  /** null when unknown. */
  readonly expiresAtMs: number | null;
}

export const NO_URL: FreshUrl = { url: null, expiresAtMs: null };

export function withUrl(event: StoredRecordingEvent, { url, expiresAtMs }: FreshUrl): RecordingEvent {
  const urlExpiresAt = expiresAtMs === null ? null : new Date(expiresAtMs).toISOString();
  return { ...event, data: { ...event.data, recording: { ...event.data.recording, url, urlExpiresAt } } };
}

export function eventOf(sha256: Sha256, source: string, change: Change, nowMs: number): StoredRecordingEvent {
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

/**
 * That a recording has been stored. The same fact has the same id on every sink that stores it, so that it is told once: of the one
 * that was first.
 *
 * @param available the event that the sink was delivered
 */
export function archivedEventOf(
  sha256: Sha256,
  available: StoredRecordingEvent,
  archive: ArchiveNote,
  nowMs: number,
): StoredRecordingEvent {
  const { source, data } = available;
  const { recording, previousStatus, occurrence } = data;
  return {
    id: eventIdOf(sha256, 'recording.archived', source, recording.uuid, occurrence),
    type: 'recording.archived',
    timestamp: new Date(nowMs).toISOString(),
    source,
    data: { recording, previousStatus, occurrence, archive },
  };
}
