import { z } from 'zod';
import type { FailureReason } from '../core/failure.js';
import { httpUrl, issueOf } from '../settings.js';
import { defineSink } from './define.js';
import { discordMessage, plainDiscordMessage } from './discord-message.js';
import { ask, askTwice, isObject, type Refusal, type Service, wrongOf } from './json-service.js';

/**
 * Codes of Discord that a webhook can meet; the words are ours.
 *
 * @see https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes
 */
const REFUSALS: ReadonlyMap<number, Refusal> = new Map(
  (
    [
      [10003, 'destination_refused', 'unknown channel or thread'],
      [10004, 'destination_refused', 'unknown server'],
      [10015, 'destination_refused', 'unknown webhook'],
      [10016, 'destination_refused', 'unknown webhook service'],
      [20028, 'rate_limited', 'the write limit of the channel'],
      [20029, 'rate_limited', 'the write limit of the server'],
      [40333, 'server_error', 'an internal network error'],
      [50001, 'destination_refused', 'missing access'],
      [50006, 'rejected_by_receiver', 'an empty message'],
      [50013, 'destination_refused', 'missing permissions'],
      [50027, 'destination_refused', 'invalid webhook token'],
      [50035, 'rejected_by_receiver', 'invalid form body'],
      [50083, 'destination_refused', 'the thread is archived'],
      [50109, 'rejected_by_receiver', 'invalid JSON'],
      [130000, 'overloaded', 'Discord is overloaded'],
      [160005, 'destination_refused', 'the thread is locked'],
      [200000, 'rejected_by_receiver', 'blocked by automatic moderation'],
      [220001, 'destination_refused', 'a forum wants a thread: add ?thread_id=… to the URL'],
      [220004, 'destination_refused', 'webhooks do not work in this forum'],
      [240000, 'rejected_by_receiver', 'blocked by the filter of harmful links'],
    ] as const satisfies readonly (readonly [code: number, reason: FailureReason, words: string])[]
  ).map(([code, reason, words]) => [code, { reason, words: `${words} (${code})` }]),
);

/** "If a webhook returns a 404 status you should not attempt to use it again", and 401 and 403 count against our address. */
const REASON_BY_STATUS: Readonly<Record<number, FailureReason>> = {
  400: 'rejected_by_receiver',
  401: 'destination_refused',
  403: 'destination_refused',
  404: 'destination_refused',
};

/** @see https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit */
const DISCORD: Service = {
  name: 'Discord',
  isYes: (answer) => isObject(answer, ({ id }) => typeof id === 'string'),
  refusalOf(status, { code, global, retry_after: retryAfter }) {
    if (status === 429) {
      const isOwn = typeof retryAfter === 'number';
      return isOwn
        ? { reason: 'rate_limited', words: global === true ? 'the global limit' : 'a rate limit' }
        : undefined;
    }
    if (typeof code !== 'number') return undefined;
    const reason = REASON_BY_STATUS[status];
    return REFUSALS.get(code) ?? (reason === undefined ? undefined : { reason, words: `code ${code}` });
  },
  retryAfterOf: ({ retry_after: retryAfter }) => retryAfter,
};

const webhookUrl = httpUrl().superRefine((text, context) => {
  const path = URL.parse(text)?.pathname ?? '';
  if (!/\/(?:slack|github)\/?$/.test(path)) return;
  context.addIssue(
    issueOf({ problem: 'is for messages of another kind', hint: 'leave out /slack or /github at its end' }),
  );
});

export const discord = defineSink({
  type: 'discord',
  summary: 'Posts each event to a Discord channel, through a webhook.',
  settings: z.strictObject({
    url: webhookUrl.describe(
      'The webhook, https://discord.com/api/webhooks/…; whoever knows it can post. `?thread_id=…` posts to a thread.',
    ),
  }),
  example: 'url: ${DISCORD_WEBHOOK_URL}\n',
  concurrency: 1,
  rate: '30/m',
  deliver(event, context) {
    const url = confirmed(context.settings.url);
    return askTwice(
      context,
      (body, timeoutMs) => ask(DISCORD, { url, body, timeoutMs }, context),
      discordMessage(event, context.timezone),
      () => plainDiscordMessage(event, context.timezone),
    );
  },
  async connect(context) {
    const { settings, timeoutMs } = context;
    return wrongOf(await ask(DISCORD, { url: settings.url, timeoutMs }, context));
  },
});

/**
 * Without `wait`, a message that Discord does not keep is no error.
 *
 * @see https://discord.com/developers/docs/resources/webhook#execute-webhook-query-string-params
 */
function confirmed(url: string): string {
  const target = new URL(url);
  target.searchParams.set('wait', 'true');
  return target.href;
}
