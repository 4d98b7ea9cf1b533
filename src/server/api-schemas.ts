import { z } from '@hono/zod-openapi';
import { DELIVERY_STATES } from '../core/delivery.js';
import { DELIVERY_RESULTS } from '../core/order.js';
import { SINK_STATES, SOURCE_STATES } from '../views/status.js';

/** What the API answers, for its OpenAPI document. A test holds the answers against it. */

const time = () => z.iso.datetime();
const timeOrNull = () => time().nullable();
const count = () => z.int().min(0);

export const errorAnswer = z.strictObject({ error: z.string() }).openapi('Error');

const source = z
  .strictObject({
    name: z.string(),
    type: z.string().nullable(),
    state: z.enum(SOURCE_STATES),
    words: z.string().openapi({ description: 'What the state means, in words.' }),
    since: timeOrNull().openapi({ description: 'Since when it is so, where that is known.' }),
    polling: z.boolean(),
    lastPollAt: timeOrNull(),
    lastResult: z.enum(['complete', 'incomplete', 'failed']).nullable(),
    lastCompletePollAt: timeOrNull(),
    nextPollAt: timeOrNull(),
    overdueSeconds: count().openapi({ description: 'For how long polls have been made without a complete one.' }),
    overdue: z.boolean().openapi({ description: 'That is five minutes or more, and /readyz says so.' }),
    failedPolls: count().openapi({ description: 'In a row.' }),
    recordings: count().nullable().openapi({ description: 'In the last complete list.' }),
    available: count().nullable(),
    processing: count().nullable(),
    rejectedRows: count().nullable().openapi({ description: 'Rows of the list that are not recordings.' }),
    remembered: count()
      .nullable()
      .openapi({ description: 'By the store, while no list since the start says more; else null.' }),
    rememberedAvailable: count().nullable(),
    pollDurationsMs: z.array(z.number()).openapi({ description: 'Of the latest polls, the oldest first.' }),
    credentialExpiresAt: timeOrNull(),
    held: count().openapi({ description: 'Deliveries that wait for a decision.' }),
  })
  .openapi('Source');

const sink = z
  .strictObject({
    name: z.string(),
    type: z.string().nullable(),
    state: z.enum(SINK_STATES),
    words: z.string().openapi({ description: 'What the state means, in words.' }),
    since: timeOrNull().openapi({ description: 'Since when it is so, where that is known.' }),
    told: z
      .string()
      .nullable()
      .openapi({ description: 'What it is told of, in words; null: what every sink is told of.' }),
    waiting: count(),
    retrying: count().openapi({
      description: 'Of those that wait, the ones that failed before; each has its own time.',
    }),
    lastRetryAt: timeOrNull().openapi({ description: 'When the last of those is due.' }),
    inFlight: count(),
    held: count(),
    delivered: count().openapi({ description: 'That are kept, as delivery.keepDelivered says.' }),
    dead: count().openapi({ description: 'That are kept, as delivery.keepDead says.' }),
    discarded: count().openapi({ description: 'Of the dead, those that somebody discarded.' }),
    lastDeadAt: timeOrNull().openapi({ description: 'When one was given up last that nobody discarded.' }),
    lastAttemptAt: timeOrNull(),
    lastDeliveredAt: timeOrNull(),
    lastError: z.string().nullable().openapi({ description: 'Since the start, whatever came after it.' }),
    lastErrorAt: timeOrNull(),
    failedAttempts: count().openapi({ description: 'In a row.' }),
    nextAttemptAt: timeOrNull(),
  })
  .openapi('Sink');

const process = z
  .strictObject({
    host: z.string(),
    pid: count(),
    role: z.enum(['leader', 'worker']),
    since: time(),
    takesPart: z.boolean().openapi({ description: 'False for one with another config or version.' }),
  })
  .openapi('Process');

export const statusAnswer = z
  .strictObject({
    version: z.string(),
    startedAt: time(),
    now: time(),
    ready: z.boolean(),
    reasons: z.array(z.string()).openapi({ description: 'Why it is not ready, in words.' }),
    config: z.strictObject({
      loadedAt: time().openapi({ description: 'When the config that is in use was read.' }),
      refused: z
        .strictObject({
          at: time(),
          words: z.string(),
          errors: count(),
          problems: z.array(z.string()).openapi({ description: 'The first five, each with its place.' }),
        })
        .nullable()
        .openapi({ description: 'The last reload, where it did not put another config in place.' }),
    }),
    store: z.strictObject({
      label: z.string(),
      failingForSeconds: count().nullable().openapi({ description: 'Null while the store works.' }),
    }),
    processes: z
      .array(process)
      .openapi({ description: 'Those that share the attempts; none where one does everything.' }),
    sources: z.array(source),
    sinks: z.array(sink),
  })
  .openapi('Status');

const recording = z
  .strictObject({
    source: z.string(),
    uuid: z.string(),
    roomId: z.string().nullable(),
    meetingId: z.string().nullable(),
    status: z.string(),
    firstSeenAt: time(),
    availableAt: timeOrNull(),
    occurrence: count(),
  })
  .openapi('Recording');

const deliveryFields = {
  id: z.string(),
  eventId: z.string(),
  type: z.string(),
  source: z.string().nullable(),
  uuid: z.string().nullable(),
  sink: z.string(),
  state: z.enum(DELIVERY_STATES),
  attempts: count(),
  uncountedAttempts: count().openapi({
    description: 'Attempts that suspended the sink or found it suspended: they use up none of the schedule.',
  }),
  nextAttemptAt: timeOrNull(),
  lastError: z.string().nullable(),
  createdAt: time(),
  digest: z
    .string()
    .optional()
    .openapi({ description: 'The digest that its latest attempt was part of, where there was one.' }),
};

const delivery = z.strictObject(deliveryFields).openapi('Delivery');

const window = {
  total: count().openapi({ description: 'How many fit.' }),
  offset: count(),
  limit: count(),
};

export const recordingsAnswer = z.strictObject({ recordings: z.array(recording), ...window }).openapi('Recordings');
export const deliveriesAnswer = z.strictObject({ deliveries: z.array(delivery), ...window }).openapi('Deliveries');

const attempt = z.strictObject({
  at: time(),
  durationMs: z.number(),
  reason: z.string().nullable().openapi({ description: 'Null: it was delivered.' }),
  detail: z.string(),
  digest: z
    .strictObject({ id: z.string(), events: count() })
    .optional()
    .openapi({ description: 'What it went in with others, and how many there were in all.' }),
});

const told = z
  .strictObject({
    ...deliveryFields,
    id: z.string().nullable().openapi({ description: 'Null where no delivery is stored.' }),
    state: z.enum([...DELIVERY_STATES, 'none']),
    createdAt: timeOrNull(),
    why: z.string().openapi({ description: 'Why it is so, in words.' }),
    byHand: z.string().optional().openapi({ description: 'What a person had done with it, in words.' }),
    next: z.array(z.string()).openapi({ description: 'What comes next, and what a person can do.' }),
    history: z.array(attempt),
  })
  .openapi('ToldDelivery');

export const eventAnswer = z
  .strictObject({
    id: z.string(),
    type: z.string(),
    source: z.string().nullable(),
    uuid: z.string().nullable(),
    occurrence: count().nullable(),
    timestamp: timeOrNull().openapi({ description: 'When it was made; null when no record says so any more.' }),
    deliveries: z.array(told),
  })
  .openapi('Event');

export const deliveryLine = z
  .strictObject({
    id: z.string(),
    eventId: z.string().nullable(),
    sink: z.string().nullable(),
    result: z.enum(DELIVERY_RESULTS),
    detail: z.string(),
  })
  .openapi('DeliveryResult');

export const pollAnswer = z
  .strictObject({
    source: z.string(),
    result: z.enum(['complete', 'incomplete', 'failed', 'under_way']),
    reason: z.string().nullable().openapi({ description: 'Why it is not complete, in words.' }),
    recordings: count(),
    events: count(),
    deliveries: count(),
    held: count(),
    durationMs: count(),
  })
  .openapi('Poll');
