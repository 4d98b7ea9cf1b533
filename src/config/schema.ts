import { z } from 'zod';
import { BATCH_MAX } from '../core/batch.js';
import { EVENT_TYPES, type EventType } from '../core/event.js';
import { boolean, duration, integer, number, secret } from '../settings.js';
import { cron, cronOrOff, httpUrlOrOff, listen, queue, rate, store, timezone } from './fields.js';

/**
 * The keys of the file, of every source and of every sink. What a type of source or sink adds is in its definition.
 *
 * The checks, the errors, the JSON Schema and the example all come from here.
 */

/** Of sources and sinks. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

const SOURCES_MAX = 10_000;

/** A change is written together with a delivery for each sink, and one write holds a thousand entries. */
const SINKS_MAX = 500;

/** The keys that every source takes beside its `type`. */
export const sourceKeys = z.strictObject({
  schedule: cron()
    .prefault('*/30 * * * * *')
    .describe('When to poll: node-cron, five or six fields. A poll at the start comes in addition.'),
  whileProcessing: cronOrOff()
    .prefault('*/10 * * * * *')
    .describe('Polls in addition to `schedule` while anything is in processing; `off` for none.'),
  fullWalk: cron()
    .prefault('17 * * * *')
    .describe('When the next poll walks the whole list; other polls stop where nothing is new.'),
  timezone: timezone().prefault('UTC').describe('The time zone of the schedules.'),
  firstPoll: z
    .enum(['remember', 'announce'])
    .default('remember')
    .describe('remember: announce nothing that was there before. announce: announce everything available.'),
  stuckAfter: duration({ minMs: 1 })
    .prefault('1h')
    .describe('In processing for longer than this, by our clock, is a recording.stuck event.'),
  emptyList: z
    .enum(['doubt', 'believe'])
    .default('doubt')
    .describe(
      'An empty list after one of a hundred or more. doubt: source.failing. believe: the account is emptied on purpose.',
    ),
  hookToken: secret()
    .optional()
    .meta({ example: '${HOOK_TOKEN}' })
    .describe(
      'Opens POST /hooks/TYPE/NAME, and /hooks/NAME, for a webhook of the platform, as `?token=` or Bearer: a hint to poll at once.',
    ),
});

const globs = z.array(z.string().meta({ want: 'a glob' })).min(1);

const only = z.strictObject({
  sources: globs.optional().describe('Globs of source names.'),
  rooms: globs.optional().describe('Globs of room ids.'),
  meetings: globs.optional().describe('Globs of meeting ids.'),
});

const retries = z.array(duration({ maxMs: 30 * 86_400_000 })).max(50);
const HOUR_MS = 3_600_000;
const attemptTimeout = (maxMs: number) => duration({ minMs: 100, maxMs });
const eventTypes = Object.keys(EVENT_TYPES) as [EventType, ...EventType[]];

const digest = z.strictObject({
  every: duration({ minMs: 1_000, maxMs: 24 * HOUR_MS })
    .prefault('10m')
    .describe('How long the first waits for others.'),
  max: integer(1, BATCH_MAX).prefault(BATCH_MAX).describe('As many go at once, without a further wait.'),
});

/** The keys that every sink takes beside its `type`. */
export const sinkKeys = z.strictObject({
  events: z
    .array(z.enum(eventTypes))
    .min(1)
    .default(['recording.available'])
    .describe(`Which events it gets, of ${eventTypes.join(', ')}.`),
  only: only
    .default({})
    .meta({ example: { rooms: ['support-*'] } })
    .describe('Globs of sources, rooms and meetings; all keys given must match, any glob of a list.'),
  enabled: boolean().prefault(true).describe('false: its deliveries are kept, not sent, and new events make none.'),
  concurrency: integer(1, 256).optional().describe('Deliveries in flight at once.'),
  rate: rate().optional().meta({ example: '10/s' }).describe('Attempts at most, a second, minute or hour.'),
  timeout: attemptTimeout(7 * 24 * HOUR_MS)
    .optional()
    .meta({ example: '20s' })
    .describe('For one attempt; in place of `delivery.timeout`.'),
  retries: retries
    .optional()
    .meta({ example: ['5s', '1m', '5m'] })
    .describe('In place of `delivery.retries`; [] for none.'),
  includeUrl: boolean().prefault(true).describe('false: the recording is told without its URL.'),
  timezone: timezone()
    .prefault('UTC')
    .describe('The time zone of dates in messages that people read, and in templates.'),
  digest: digest
    .optional()
    .meta({ example: { every: '10m', max: BATCH_MAX } })
    .describe('Events of recordings are collected and told in one message. Of types that can tell several at once.'),
});

const delivery = z.strictObject({
  timeout: attemptTimeout(HOUR_MS).prefault('20s').describe('For one attempt, the body included.'),
  retries: retries
    .prefault(['5s', '1m', '5m', '30m', '2h', '5h', '10h', '14h', '20h', '24h'])
    .describe('Waits between the end of an attempt and the next.'),
  jitter: number(0, 1).prefault(0.2).describe('Lengthens a wait by up to this share, never shortens it.'),
  keepDelivered: duration().prefault('7d').describe('How long delivered deliveries are kept.'),
  keepDead: duration().prefault('90d').describe('How long dead deliveries are kept, re-deliverable by hand.'),
  floodLimit: integer(1, 1_000_000_000)
    .prefault(1_000)
    .describe(
      'Once one poll has made more events than this, the rest of them is held until you `release` or `discard` it.',
    ),
});

/** Not a default of the schema: its port being taken is an error for whoever wrote it, and none for who did not. */
export const DEFAULT_LISTEN = '127.0.0.1:8080';

export const serverKeys = z.strictObject({
  listen: listen()
    .optional()
    .meta({ example: DEFAULT_LISTEN })
    .describe(
      `Where \`run\` has the status page, /metrics and the API: HOST:PORT, or off. Default: ${DEFAULT_LISTEN}, if nobody else listens there.`,
    ),
  token: secret()
    .optional()
    .meta({ example: '${NOTIFIER_TOKEN}' })
    .describe(
      'What the server asks for, as a Bearer token or the password of HTTP Basic; /healthz and /readyz are free. Required unless `listen` is a loopback address.',
    ),
});

const network = z.strictObject({
  privateAddresses: z
    .enum(['allow', 'deny'])
    .default('allow')
    .describe('Whether URLs in this file may lead to private and loopback addresses.'),
});

const log = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('The least that is logged.'),
  format: z
    .enum(['pretty', 'json'])
    .optional()
    .meta({ example: 'json' })
    .describe('Default: pretty on a terminal, json elsewhere.'),
});

/** The whole file. Sources and sinks are checked one by one, each with the keys of its type. */
export const fileKeys = z.strictObject({
  sources: named('source', SOURCES_MAX).describe('The accounts to poll, by name. Renaming one makes a new source.'),
  sinks: named('sink', SINKS_MAX).describe('The places to tell, by name.'),
  store: store()
    .prefault('sqlite:state/notifier.sqlite')
    .describe(
      'Where it is remembered what was seen and what is to be delivered: sqlite:FILE, memory, redis://… or postgres://….',
    ),
  delivery: delivery.prefault({}).describe('How deliveries are tried, and for how long they are kept.'),
  heartbeat: httpUrlOrOff()
    .prefault('off')
    .describe(
      'An http or https URL that is requested after each round in which every source had a complete poll, so that an outside service notices when the notifier is dead; or off.',
    ),
  queue: queue()
    .prefault('embedded')
    .describe(
      'embedded: one process does everything. redis://…: any number of processes with the same config share the attempts, by BullMQ, and one of them leads; the store is on Redis then, too.',
    ),
  server: serverKeys.default({}).describe('The HTTP server.'),
  network: network.default({ privateAddresses: 'allow' }).describe('What outgoing requests may reach.'),
  log: log.default({ level: 'info' }).describe('Logs go to stderr.'),
});

function named(kind: string, max: number) {
  return z.record(z.string().regex(NAME), z.unknown()).superRefine((entries, context) => {
    const count = Object.keys(entries).length;
    if (count === 0) context.addIssue({ code: 'custom', message: `is empty; configure at least one ${kind}` });
    if (count > max) context.addIssue({ code: 'custom', message: `has ${count} entries; ${max} is the most` });
  });
}
