import { z } from 'zod';
import type { SinkConfig } from '../../src/config/config.js';
import { type Delivery, newDelivery } from '../../src/core/delivery.js';
import type { RecordingEvent } from '../../src/core/event.js';
import { deliveryIdOf, eventIdOf, type RecordingUuid } from '../../src/core/id.js';
import { newPolledSource, type PolledSource } from '../../src/engine/polled-source.js';
import { defineSink, type SinkContext, type SinkDefinition } from '../../src/sinks/define.js';
import { webhook } from '../../src/sinks/webhook.js';
import type { Source } from '../../src/source/define.js';
import { superviz } from '../../src/source/superviz.js';
import { sha256 } from '../../src/system.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** The waits that SPEC.md promises. */
export const SCHEDULE_MS = [
  5 * SECOND_MS,
  MINUTE_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];

export function webhookTo(name: string, url: string, change: Partial<SinkConfig> = {}): SinkConfig {
  return { ...sinkOf(name, webhook, change), settings: webhook.settings.parse({ url }) };
}

/** A sink made of one function, for what no receiver on a socket can do. */
export function sinkThat(
  name: string,
  deliver: (event: RecordingEvent, context: SinkContext<unknown>) => ReturnType<SinkDefinition['deliver']>,
  change: Partial<SinkConfig> = {},
  close: () => Promise<void> = async () => undefined,
): SinkConfig {
  const own = { type: 'own', summary: '', settings: z.unknown(), example: '', concurrency: 1, deliver, close };
  return sinkOf(name, defineSink(own), change);
}

function sinkOf(name: string, definition: SinkDefinition, change: Partial<SinkConfig>): SinkConfig {
  return {
    name,
    definition,
    settings: {},
    enabled: true,
    events: ['recording.available'],
    only: {},
    concurrency: 1,
    intervalMs: 0,
    timeoutMs: 20 * SECOND_MS,
    retry: { delaysMs: SCHEDULE_MS, jitterRatio: 0.2 },
    includeUrl: false,
    timezone: 'UTC',
    ...change,
  };
}

/** A delivery that is due at once, or `dueInMs` after `nowMs`. */
export function deliveryOf(sink: string, uuid: string, nowMs: number, dueInMs = 0, includeUrl = false): Delivery {
  const id = eventIdOf(sha256, 'recording.available', 'production', uuid as RecordingUuid, 1);
  const event = {
    id,
    type: 'recording.available' as const,
    timestamp: new Date(nowMs).toISOString(),
    source: 'production',
    data: {
      recording: {
        uuid: uuid as RecordingUuid,
        roomId: null,
        meetingId: uuid,
        status: 'available',
        createdAt: null,
      },
      previousStatus: null,
      occurrence: 1,
    },
  };
  const delivery = newDelivery(deliveryIdOf(sha256, id, sink), sink, event, includeUrl, nowMs);
  return { ...delivery, nextAttemptAtMs: nowMs + dueInMs };
}

/** A source made of one function, for what cannot be had of a real one at the moment at which a test wants it. */
export function sourceThat(find: Source['find']): PolledSource {
  const schedule = { schedule: '* * * * *', whileProcessing: undefined, fullWalk: '17 * * * *', timezone: 'UTC' };
  return newPolledSource(
    {
      name: 'production',
      definition: superviz,
      settings: {},
      ...schedule,
      firstPoll: 'remember',
      stuckAfterMs: HOUR_MS,
      emptyList: 'doubt',
    },
    {
      scope: '',
      credentialExpiresAtMs: null,
      find,
      walk: () => Promise.reject(new Error('it is not walked')) as never,
    },
    Math.random,
  );
}
