import type * as bullmq from 'bullmq';
import type { Redis, RedisOptions } from 'ioredis';
import type { QueueConfig } from '../config/config.js';
import type { Clock } from '../ports.js';
import { withTimeout } from '../store/deadline.js';
import { problemOf } from '../store/problem.js';

const CONNECT_TIMEOUT_MS = 5_000;
const CALL_TIMEOUT_MS = 5_000;
const RECONNECT_MS_MIN = 100;
const RECONNECT_MS_MAX = 2_000;
/** A connection that does not say goodbye is cut off. */
const CLOSE_MS_MAX = 1_000;

/** BullMQ and its client: hundreds of files, which are loaded where a config has a queue and nowhere else. */
export interface Bullmq {
  readonly api: typeof bullmq;
  readonly prefix: string;
  /** For what has to answer at once: a call fails while Redis is away, and after 5 s without an answer. */
  readonly ask: Redis;
  /** For what waits until Redis has something for it, be it away meanwhile. BullMQ makes others like it, which it closes itself. */
  readonly listen: Redis;
  /** Ends all connections, those that hang too. */
  close(): Promise<void>;
}

/** The queue cannot be reached, in words without a credential. */
export class QueueError extends Error {
  override readonly name = 'QueueError';

  constructor(label: string, problem: string, cause?: unknown) {
    super(`queue: ${label}: ${problem}`, { cause });
  }
}

/** Throws a {@link QueueError} where Redis does not answer. A connection that is lost later is made again for as long as it takes. */
export async function openBullmq({ url, label, prefix }: QueueConfig, clock: Clock): Promise<Bullmq> {
  const [api, ioredis] = await Promise.all([import('bullmq'), import('ioredis')]);
  const connections: Redis[] = [];

  function connection(
    options: Pick<RedisOptions, 'enableOfflineQueue' | 'commandTimeout' | 'maxRetriesPerRequest'>,
  ): Redis {
    const made = new ioredis.Redis(url, {
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      retryStrategy: (times: number) => Math.min(RECONNECT_MS_MIN * 2 ** Math.min(times, 10), RECONNECT_MS_MAX),
      ...options,
    });
    made.on('error', () => {}); // Whatever it harms fails by itself.
    connections.push(made);
    return made;
  }

  async function close(): Promise<void> {
    const quit = connections.map((each) => (each.status === 'ready' ? each.quit() : Promise.resolve('')));
    await withTimeout(clock, CLOSE_MS_MAX, Promise.allSettled(quit)).catch(() => undefined);
    for (const each of connections) each.disconnect();
  }

  const ask = connection({ enableOfflineQueue: false, commandTimeout: CALL_TIMEOUT_MS });
  let reason: unknown;
  ask.once('error', (error) => {
    reason = error;
  });
  try {
    await withTimeout(clock, CONNECT_TIMEOUT_MS, ask.connect());
  } catch (error) {
    await close();
    // The client itself only says that the connection is closed.
    const cause = reason ?? error;
    throw new QueueError(label, problemOf(cause), cause);
  }
  return {
    api,
    prefix: `${prefix}!queue`,
    ask,
    listen: connection({ maxRetriesPerRequest: null }),
    close,
  };
}
