import { z } from 'zod';
import { DELIVERY_STATES, type Delivery } from '../core/delivery.js';
import { RECORDING_EVENT_TYPES, type RecordingEventType } from '../core/event.js';
import { FAILURE_REASONS, type FailureReason } from '../core/failure.js';
import type { DeliveryId, DigestId, EventId, RecordingUuid } from '../core/id.js';
import type { SinkState } from '../core/suspension.js';
import type { WalkMark } from '../core/walk-mark.js';
import type { Json, SourceMark } from '../ports.js';
import { StoreError } from './errors.js';

/** Records with a few hundred bytes of their own: named fields beside a version, checked whole when they are read. */

const VERSION = 1;

const ms = z.int().nonnegative();
const count = z.int().nonnegative();
const textOrNull = z.string().nullable();
const reason = z.enum(Object.keys(FAILURE_REASONS) as [FailureReason, ...FailureReason[]]);

const eventId = z.string().transform((id) => id as EventId);
const deliveryId = z.string().transform((id) => id as DeliveryId);
const digestId = z.string().transform((id) => id as DigestId);
const common = { id: eventId, timestamp: z.string() };

const recordingEvent = z.strictObject({
  ...common,
  type: z.enum(Object.keys(RECORDING_EVENT_TYPES) as [RecordingEventType, ...RecordingEventType[]]),
  source: z.string(),
  data: z.strictObject({
    recording: z.strictObject({
      uuid: z.string().transform((uuid) => uuid as RecordingUuid),
      roomId: textOrNull,
      meetingId: textOrNull,
      status: z.string(),
      createdAt: textOrNull,
    }),
    previousStatus: textOrNull,
    occurrence: count,
    archive: z.strictObject({ location: z.string(), bytes: count, sha256: z.string(), sink: z.string() }).optional(),
  }),
});

const sourceEvent = z.strictObject({
  ...common,
  type: z.enum(['source.failing', 'source.recovered', 'source.expiring']),
  source: z.string(),
  data: z.strictObject({ reason: z.string(), message: z.string(), since: z.string() }),
});

const sinkEvent = z.strictObject({
  ...common,
  type: z.enum(['sink.failing', 'sink.recovered']),
  source: z.null(),
  data: z.strictObject({
    sink: z.string(),
    reason: z.string(),
    message: z.string(),
    since: z.string(),
    waiting: count,
  }),
});

const deadEvent = z.strictObject({
  ...common,
  type: z.literal('delivery.dead'),
  source: z.null(),
  data: z.strictObject({
    sink: z.string(),
    reason: z.string(),
    count,
    deliveries: z.array(z.strictObject({ id: deliveryId, eventId, type: z.string(), uuid: z.string() })),
  }),
});

const madeBy = z.enum(['announce', 'redeliver']).optional();

const lastError = z.strictObject({ reason, detail: z.string() }).nullable();

const history = z.array(
  z.strictObject({
    atMs: ms,
    durationMs: z.number().nonnegative(),
    reason: reason.nullable(),
    detail: z.string(),
    digest: z.strictObject({ id: digestId, events: count }).optional(),
  }),
);

const delivery = z.strictObject({
  id: deliveryId,
  sink: z.string(),
  event: z.discriminatedUnion('type', [recordingEvent, sourceEvent, sinkEvent, deadEvent]),
  includeUrl: z.boolean(),
  state: z.enum(DELIVERY_STATES),
  createdAtMs: ms,
  round: count,
  attempts: count,
  uncounted: count.optional(),
  roundAttempts: count,
  nextAttemptAtMs: ms.nullable(),
  urlWaitSinceMs: ms.nullable(),
  lastError,
  finishedAtMs: ms.nullable(),
  progress: z.strictObject({ accepted: z.array(z.string()), refused: z.array(z.string()) }).nullable(),
  history,
  batch: z.array(deliveryId).optional(),
  madeBy,
  movedFrom: z
    .array(
      z.strictObject({
        sink: z.string(),
        atMs: ms,
        madeBy,
        attempts: count,
        uncounted: count.optional(),
        lastError,
        history,
      }),
    )
    .optional(),
});

const sinkState = z.strictObject({
  suspension: z
    .strictObject({ reason, detail: z.string(), sinceMs: ms, trials: count, nextTrialAtMs: ms.nullable() })
    .nullable(),
  pausedUntilMs: ms.nullable(),
  inactive: z.strictObject({ why: z.enum(['disabled', 'removed']), sinceMs: ms }).nullable(),
});

const sourceMark = z.strictObject({ scope: z.string(), firstPollDoneAtMs: ms, listed: count.optional() });

const recordingUuid = z.string().transform((uuid) => uuid as RecordingUuid);

const walkMark = z.strictObject({
  scope: z.string(),
  isOpen: z.boolean(),
  total: count.nullable(),
  available: count,
  fullAtMs: ms,
  awaited: z.array(z.strictObject({ uuid: recordingUuid, meetingId: z.string().nullable() })),
});

export function encodeDelivery(value: Delivery): Json {
  return encode(value);
}

export function decodeDelivery(key: string, value: Json): Delivery {
  return decode(delivery, key, value);
}

export function encodeSinkState(value: SinkState): Json {
  return encode(value);
}

export function decodeSinkState(key: string, value: Json): SinkState {
  return decode(sinkState, key, value);
}

export function encodeSourceMark(value: SourceMark): Json {
  return encode(value);
}

export function decodeSourceMark(key: string, value: Json): SourceMark {
  return decode(sourceMark, key, value);
}

export function encodeWalkMark(value: WalkMark): Json {
  return encode(value);
}

export function decodeWalkMark(key: string, value: Json): WalkMark {
  return decode(walkMark, key, value);
}

/** Named fields beside the version. */
export function encode(value: unknown): Json {
  return [VERSION, value as Json];
}

export function decode<Output>(schema: z.ZodType<Output>, key: string, value: Json): Output {
  const [version, fields] = Array.isArray(value) ? (value as readonly Json[]) : [];
  if (version !== VERSION) throw new StoreError('decode', key, `it is not of version ${VERSION}`);
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new StoreError('decode', key, `its field ${issue?.path.join('.') || '(all)'} is not what it has to be`);
}
