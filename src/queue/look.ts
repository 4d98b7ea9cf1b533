import type { Config, QueueConfig } from '../config/config.js';
import type { Clock } from '../ports.js';
import { type ProcessView, processViews } from '../views/process-view.js';
import { openBullmq } from './bullmq.js';
import { callRoll } from './roll.js';
import { createSeal } from './seal.js';

export interface QueueLook {
  readonly processes: readonly ProcessView[];
  /** What Redis is configured for that it should not be: sentences for the operator. */
  readonly warnings: readonly string[];
}

/** How a queue stands; changes nothing. Throws a {@link QueueError} where it does not answer. */
export async function lookAtQueue(
  config: Config,
  queue: QueueConfig,
  { clock, version, nonce }: { readonly clock: Clock; readonly version: string; readonly nonce: () => string },
): Promise<QueueLook> {
  const bullmq = await openBullmq(queue, clock);
  try {
    const members = await callRoll(bullmq);
    const policy = /^maxmemory_policy:(\S+)/m.exec(await bullmq.ask.info('memory'))?.[1] ?? 'noeviction';
    return {
      processes: processViews(members, createSeal(config, version, nonce).fingerprint),
      warnings:
        policy === 'noeviction'
          ? []
          : [`Redis has maxmemory-policy ${policy}, so it may lose attempts that wait; set it to noeviction.`],
    };
  } finally {
    await bullmq.close();
  }
}
