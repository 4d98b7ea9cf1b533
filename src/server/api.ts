import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { DELIVERY_STATES } from '../core/delivery.js';
import type { DeliveryLine, OrderLine } from '../core/order.js';
import type { PollReport } from '../engine/poll-report.js';
import { VERSION } from '../version.js';
import { deliveryRow } from '../views/delivery-row.js';
import { LOOKUP_ROWS_MAX } from '../views/lookup.js';
import { recordingRow } from '../views/recording-row.js';
import { storyLines } from '../views/story-lines.js';
import {
  deliveriesAnswer,
  deliveryLine,
  errorAnswer,
  eventAnswer,
  pollAnswer,
  recordingsAnswer,
  statusAnswer,
} from './api-schemas.js';
import { pausedSinks, readStatus, surroundings } from './facts.js';
import { isDeliveryId } from './ids.js';
import type { ServerPorts } from './ports.js';
import { within } from './within.js';

/** A client waits no longer for an attempt or a poll; it goes on. */
const ANSWER_WITHIN_MS = 25_000;
const ROWS_MAX = 1_000;

const text = (description: string) => z.string().min(1).max(300).optional().openapi({ description });
const window = {
  limit: z.coerce.number().int().min(1).max(ROWS_MAX).default(100),
  offset: z.coerce
    .number()
    .int()
    .min(0)
    .max(LOOKUP_ROWS_MAX - ROWS_MAX)
    .default(0),
};
const answers = (schema: z.ZodType, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
const refusal = (description: string) => answers(errorAnswer, description);
const ALWAYS = {
  400: refusal('Asked wrongly; the error says what would do.'),
  401: refusal('Without the token, where server.token is set.'),
  503: refusal('Too many look at once.'),
};

const getStatus = createRoute({
  method: 'get',
  path: '/api/status',
  summary: 'How the program, its sources and its sinks stand',
  responses: { ...ALWAYS, 200: answers(statusAnswer, 'The status.') },
});

const getRecordings = createRoute({
  method: 'get',
  path: '/api/recordings',
  summary: 'The recordings that polls have shown, those first whose status changed last',
  request: {
    query: z.strictObject({
      source: text('Of this source only.'),
      status: text('In this status only, as the platform names it.'),
      q: text('A part of the uuid, room or meeting.'),
      ...window,
    }),
  },
  responses: { ...ALWAYS, 200: answers(recordingsAnswer, 'The rows.') },
});

const getDeliveries = createRoute({
  method: 'get',
  path: '/api/deliveries',
  summary: 'Deliveries: one event for one sink each, the latest first',
  request: {
    query: z.strictObject({
      state: z.enum(DELIVERY_STATES).optional(),
      sink: text('For this sink only.'),
      q: text('A part of an id, or of the uuid, room or meeting.'),
      ...window,
    }),
  },
  responses: { ...ALWAYS, 200: answers(deliveriesAnswer, 'The rows.') },
});

const getEvent = createRoute({
  method: 'get',
  path: '/api/events/{id}',
  summary: 'One event: for each sink whether it was told, why or why not, every attempt, and what comes next',
  request: {
    params: z.strictObject({ id: z.string().max(100).openapi({ example: 'evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d' }) }),
  },
  responses: { ...ALWAYS, 200: answers(eventAnswer, 'The event.'), 404: refusal('Nothing is known of it.') },
});

const redeliver = createRoute({
  method: 'post',
  path: '/api/deliveries/{id}/redeliver',
  summary: 'One attempt at once, then a new schedule; replaces a planned retry',
  request: {
    params: z.strictObject({ id: z.string().max(100).openapi({ example: 'dlv_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d' }) }),
    query: z.strictObject({ to: text('Moves it to this sink, which then gets it in place of its own.') }),
  },
  responses: {
    ...ALWAYS,
    200: answers(deliveryLine, 'What came of the attempt.'),
    202: answers(deliveryLine, 'The attempt takes longer and goes on.'),
    404: refusal('There is no such delivery.'),
    409: refusal('It cannot be tried now; the error says why.'),
  },
});

const pollSource = createRoute({
  method: 'post',
  path: '/api/sources/{name}/poll',
  summary: 'One poll now, or the one that is under way',
  request: { params: z.strictObject({ name: z.string().max(100) }) },
  responses: {
    ...ALWAYS,
    200: answers(pollAnswer, 'What the poll found.'),
    202: answers(pollAnswer, 'The poll takes longer and goes on.'),
    404: refusal('There is no such source.'),
    409: refusal('It is paused.'),
  },
});

/** Facts as JSON, described by `/api/openapi.json`, which is made of the routes. */
export function apiRoutes(ports: ServerPorts): OpenAPIHono {
  const { program, lookup } = ports;
  const api = new OpenAPIHono({
    defaultHook: (result, context) => {
      if (!result.success) return context.json({ error: wordsOf(result.error) }, 400);
      return undefined;
    },
  });

  api.openapi(getStatus, async (context) => context.json(await readStatus(ports), 200));

  api.openapi(getRecordings, async (context) => {
    const { source, status, q: search, limit, offset } = context.req.valid('query');
    const { items, total } = await lookup.recordings({ source, status, search, limit, offset });
    return context.json({ recordings: items.map(recordingRow), total, offset, limit }, 200);
  });

  api.openapi(getDeliveries, async (context) => {
    const { state, sink, q: search, limit, offset } = context.req.valid('query');
    const { items, total } = await lookup.deliveries({ state, sink, search, limit, offset });
    const states = await lookup.sinkStates();
    const paused = pausedSinks(ports);
    const rows = items.map((delivery) => deliveryRow(delivery, states.get(delivery.sink), paused.has(delivery.sink)));
    return context.json({ deliveries: rows, total, offset, limit }, 200);
  });

  api.openapi(getEvent, async (context) => {
    const { id } = context.req.valid('param');
    const isEvent = /^evt_[0-9a-f]{32}$/.test(id);
    const facts = isEvent ? await lookup.facts(id) : undefined;
    const lines = facts === undefined ? [] : storyLines(facts, await surroundings(facts, ports));
    const [event, ...deliveries] = eventOf(lines);
    if (event === undefined) return context.json({ error: `nothing is known of an event ${JSON.stringify(id)}` }, 404);
    return context.json({ ...event, deliveries } as never, 200);
  });

  api.openapi(redeliver, async (context) => {
    const { id } = context.req.valid('param');
    if (!isDeliveryId(id)) return context.json({ error: `there is no delivery ${JSON.stringify(id)}` }, 404);
    const { to = null } = context.req.valid('query');
    const names = program.config.sinks.map(({ name }) => name);
    if (to !== null && !names.includes(to))
      return context.json(
        { error: `to: the config has no sink ${JSON.stringify(to)}; it has ${names.join(', ')}` },
        400,
      );
    const order = { kind: 'redeliver', ids: [id], dead: false, sink: null, to, sinceMs: null } as const;
    const lines = await within(Array.fromAsync(program.carryOut(order)), ANSWER_WITHIN_MS, ports);
    const line = lines === undefined ? underWay(id) : lines.find(isDeliveryLine);
    if (line === undefined || line.result === 'unknown')
      return context.json({ error: `there is no delivery ${JSON.stringify(id)}` }, 404);
    if (lines === undefined) return context.json(line, 202);
    const isRefused = ['under_way', 'sink_disabled', 'sink_removed', 'sink_paused', 'unwanted'].includes(line.result);
    return isRefused ? context.json({ error: `${line.result}: ${line.detail}` }, 409) : context.json(line, 200);
  });

  api.openapi(pollSource, async (context) => {
    const { name } = context.req.valid('param');
    const isPaused = program.status().pauses.some((pause) => pause.kind === 'source' && pause.name === name);
    if (isPaused) return context.json({ error: `source ${JSON.stringify(name)} is paused; resume it first` }, 409);
    const polling = program.pollNow(name);
    if (polling === undefined) {
      const names = program.config.sources.map((source) => source.name).join(', ');
      return context.json({ error: `the config has no source ${JSON.stringify(name)}; it has ${names}` }, 404);
    }
    const report = await within(polling, ANSWER_WITHIN_MS, ports);
    return report === undefined
      ? context.json({ ...NOTHING_YET, source: name }, 202)
      : context.json(pollView(report), 200);
  });

  api.doc31('/api/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'recording-notifier',
      version: VERSION,
      description: 'The HTTP API of a running recording-notifier.',
    },
  });
  return api;
}

/** What is wrong with each part, in one sentence. */
function wordsOf({ issues }: z.core.$ZodError): string {
  return issues
    .map((issue) => {
      const at = issue.path.join('.');
      return at === '' ? issue.message : `${at}: ${issue.message}`;
    })
    .join('; ');
}

/** The lines of one event, without what they all say. */
function eventOf(lines: Iterable<object>): readonly object[] {
  return [...lines].flatMap((line): readonly object[] => {
    const { kind, eventId, occurrence, timestamp, ...rest } = line as Record<string, unknown>;
    if (kind === 'event') return [{ id: eventId, occurrence, timestamp, ...rest }];
    return kind === 'delivery' ? [{ eventId, ...rest }] : [];
  });
}

function underWay(id: string): DeliveryLine {
  const detail = `the attempt takes longer than ${ANSWER_WITHIN_MS / 1_000} s and goes on`;
  return { id, eventId: null, sink: null, result: 'under_way', detail };
}

function isDeliveryLine(line: OrderLine): line is DeliveryLine {
  return 'id' in line;
}

const NOTHING_YET = {
  result: 'under_way',
  reason: null,
  recordings: 0,
  events: 0,
  deliveries: 0,
  held: 0,
  durationMs: 0,
} as const;

function pollView({ source, result, reason, listed, events, deliveries, held, durationMs }: PollReport) {
  return { source, result, reason: reason ?? null, recordings: listed, events, deliveries, held, durationMs };
}
