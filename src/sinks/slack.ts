import type { FetchFunction } from '@slack/webhook';
import { z } from 'zod';
import type { NotifierEvent } from '../core/event.js';
import type { Failed, FailureReason, Outcome } from '../core/failure.js';
import type { HttpAnswer, HttpFailure, HttpRequest } from '../ports.js';
import { httpUrl } from '../settings.js';
import { applyTemplate, liquid, WITHOUT_TEMPLATE } from '../template/use.js';
import { defineSink, type SinkContext } from './define.js';
import { outcomeOf } from './http.js';
import { askTwice } from './json-service.js';
import { plainSlackDigest, slackDigest } from './slack-digest.js';
import { plainSlackMessage, type SlackMessage, slackMessage, writtenSlackMessages } from './slack-message.js';

/**
 * What Slack says in the body of an answer that is no `ok`; other words are not repeated. null: the status says it all.
 *
 * An archived channel comes with 410, but people do unarchive channels: it is tried again by time, as no other 410 is.
 *
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
 */
const REASON_BY_WORD: ReadonlyMap<string, FailureReason | null> = new Map([
  ['invalid_payload', 'rejected_by_receiver'],
  ['invalid_blocks', 'rejected_by_receiver'],
  ['invalid_blocks_format', 'rejected_by_receiver'],
  ['msg_blocks_too_long', 'rejected_by_receiver'],
  ['no_text', 'rejected_by_receiver'],
  ['too_many_attachments', 'rejected_by_receiver'],
  ['user_not_found', 'destination_refused'],
  ['action_prohibited', 'destination_refused'],
  ['posting_to_general_channel_denied', 'destination_refused'],
  ['invalid_token', 'destination_refused'],
  ['channel_not_found', 'destination_refused'],
  ['no_service', 'destination_refused'],
  ['no_service_id', 'destination_refused'],
  ['no_active_hooks', 'destination_refused'],
  ['no_team', 'destination_refused'],
  ['team_disabled', 'destination_refused'],
  ['channel_is_archived', 'destination_refused'],
  ['rate_limited', 'rate_limited'],
  ['rollup_error', null],
]);

/** The longest word has 33 characters. */
const BODY_BYTES_MAX = 1_024;

const YES = 'ok';

const settings = z.strictObject({
  url: httpUrl().describe('The incoming webhook, https://hooks.slack.com/services/…; whoever knows it can post.'),
  template: z
    .strictObject({ text: liquid('The message, mrkdwn.') })
    .optional()
    .meta({ example: { text: '{{ title }}: *{{ recording.roomId }}*' } })
    .describe('A message of your own, in place of ours; below it stands which event it is.'),
});

export const slack = defineSink({
  type: 'slack',
  summary: 'Posts each event to a Slack channel, through an incoming webhook, with a button to watch the recording.',
  settings,
  example: 'url: ${SLACK_WEBHOOK_URL}\n',
  concurrency: 1,
  rate: '1/s',
  templates: ({ template }) =>
    template === undefined ? [] : [{ key: ['template', 'text'], source: template.text, place: 'mrkdwn' }],
  async deliver(event, context) {
    return postEitherWay(messagesOf(event, context), context);
  },
  async deliverDigest(digest, context) {
    const { timezone = 'UTC' } = context;
    return postEitherWay({ messages: [slackDigest(digest, timezone), plainSlackDigest(digest, timezone)] }, context);
  },
  async connect({ settings: { url }, http, timeoutMs, signal }) {
    return (await http.connect(url, timeoutMs, signal))?.detail;
  },
});

type Context = SinkContext<z.output<typeof settings>>;

/** As Slack shows it best, and as plain text. */
interface Messages {
  readonly messages: readonly [rich: SlackMessage, plain: SlackMessage];
  /** For the receipt. */
  readonly note?: string;
}

/** What Slack refuses to show goes as plain text, within the same attempt. */
async function postEitherWay({ messages: [rich, plain], note = '' }: Messages, context: Context): Promise<Outcome> {
  const postNoted = async (message: SlackMessage, timeoutMs: number) =>
    noted(await post(message, context, timeoutMs), note);
  return askTwice(context, postNoted, rich, () => plain);
}

/** A template that fails on an event makes way for our own message: somebody waits for the news, and its author for word of it. */
function messagesOf(event: NotifierEvent, { settings: { template }, timezone = 'UTC' }: Context): Messages {
  const made = applyTemplate(template ?? {}, 'text', 'mrkdwn', event, timezone);
  const written = made !== undefined && 'text' in made ? writtenSlackMessages(made.text, event) : undefined;
  if (written !== undefined) return { messages: written };
  const messages = [slackMessage(event, timezone), plainSlackMessage(event, timezone)] as const;
  return { messages, note: made === undefined ? '' : `, ${WITHOUT_TEMPLATE}` };
}

function noted(outcome: Outcome, note: string): Outcome {
  return outcome.kind === 'delivered' ? { ...outcome, receipt: `${outcome.receipt}${note}` } : outcome;
}

type HttpResult = HttpAnswer | HttpFailure;

/**
 * The package drops the headers of a failed answer, and with them Retry-After; so what the request came to is kept as it passes by,
 * and judged here.
 */
async function post(message: SlackMessage, context: Context, timeoutMs: number): Promise<Outcome> {
  const { settings, http, clock, signal } = context;
  const passed: HttpResult[] = [];
  const fetch = fetchThrough({ timeoutMs, bodyBytesMax: BODY_BYTES_MAX, signal }, async (request) => {
    const result = await http.request(request);
    passed.push(result);
    return result;
  });
  // Loaded where there is something for Slack.
  const { IncomingWebhook } = await import('@slack/webhook');
  const error = await new IncomingWebhook(settings.url, { fetch }).send(message).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const result = passed[0];
  if (result === undefined) throw new Error('the message was not sent', { cause: error });
  return judge(result, settings.url, clock.nowMs());
}

/** The package's fetch, made of our own client, so that its limits and its address guard hold here too. */
function fetchThrough(
  limits: Pick<HttpRequest, 'timeoutMs' | 'bodyBytesMax' | 'signal'>,
  send: (request: HttpRequest) => Promise<HttpResult>,
): FetchFunction {
  return async (url, { body } = {}) => {
    if (typeof body !== 'string') throw new TypeError('the message is no text');
    const headers = { 'content-type': 'application/json' };
    const result = await send({ ...limits, method: 'POST', url: String(url), headers, body });
    if (result.kind === 'failure') throw new Error(result.detail);
    return fetchResponse(result);
  };
}

function fetchResponse({ status, headers, body }: HttpAnswer): Awaited<ReturnType<FetchFunction>> {
  return {
    ok: status >= 200 && status < 300,
    status,
    statusText: '',
    url: '',
    headers: { get: (name) => headers[name.toLowerCase()] ?? null, entries: () => Object.entries(headers) },
    arrayBuffer: async () => new Uint8Array(body).buffer,
    json: async () => JSON.parse(body.toString()),
    text: async () => body.toString(),
  };
}

/**
 * Slack's yes is a 2xx with the body `ok`. When the body breaks off or never ends, what came of it has to do: the message was taken,
 * unless that is already something else. Then it is not from Slack, but from a proxy or a login page before it.
 */
function judge(result: HttpResult, url: string, nowMs: number): Outcome {
  const outcome = outcomeOf(result, url, nowMs);
  if (result.kind === 'failure') return outcome;
  const said = result.body.toString().trim();
  if (outcome.kind === 'failed') return withWord(outcome, said);
  const isYes = result.bodyProblem === undefined ? said === YES : said.startsWith(YES) || YES.startsWith(said);
  if (isYes) return outcome;
  return { kind: 'failed', reason: 'bad_answer', detail: `${outcome.receipt} without the word ${YES}` };
}

function withWord(outcome: Failed, word: string): Failed {
  const reason = REASON_BY_WORD.get(word);
  if (reason === undefined) return outcome;
  return { ...outcome, reason: reason ?? outcome.reason, detail: `${outcome.detail}: ${word}` };
}
