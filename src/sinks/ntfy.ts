import { z } from 'zod';
import type { FailureReason } from '../core/failure.js';
import { type Flaw, httpUrl, integer, issueOf, scalar, secret } from '../settings.js';
import { defineSink } from './define.js';
import { ask, askTwice, isObject, type Refusal, type Service, wrongOf } from './json-service.js';
import { ntfyMessage, plainNtfyMessage } from './ntfy-message.js';

/**
 * Codes of ntfy that publishing can meet; the words are ours. A limit is a 429, and a server without room a 507, with or without a code.
 *
 * @see https://github.com/binwiederhier/ntfy/blob/main/server/errors.go
 */
const REFUSALS: ReadonlyMap<unknown, Refusal> = new Map(
  (
    [
      [40009, 'destination_refused', 'the topic is not valid'],
      [40010, 'destination_refused', 'the name of the topic is not allowed'],
      [40011, 'rejected_by_receiver', 'the message is no UTF-8'],
      [40017, 'rejected_by_receiver', 'the message is no JSON of ntfy'],
      [40018, 'rejected_by_receiver', 'the button is not valid'],
      [40024, 'rejected_by_receiver', 'the body is no JSON'],
      [40101, 'destination_refused', 'the token or password is not valid'],
      [40301, 'destination_refused', 'no right to publish to the topic'],
      [41301, 'payload_too_large', 'the message is too long, or the bandwidth of the day is used up'],
      [41303, 'payload_too_large', 'the body is too long'],
      [42901, 'rate_limited', 'too many requests'],
      [42904, 'rate_limited', 'too many topics on the server'],
      [42905, 'rate_limited', 'the bandwidth of the day is used up'],
      [42908, 'rate_limited', 'the messages of the day are used up'],
      [42909, 'rate_limited', 'too many failed logins'],
    ] as const satisfies readonly (readonly [code: number, reason: FailureReason, words: string])[]
  ).map(([code, reason, words]) => [code, { reason, words: `${words} (${code})` }]),
);

const NTFY: Service = {
  name: 'ntfy',
  isYes: (answer) => isObject(answer, ({ id, event }) => typeof id === 'string' && event === 'message'),
  refusalOf(status, { code }) {
    if (typeof code !== 'number') return undefined;
    const isMessage = status === 400;
    return REFUSALS.get(code) ?? (isMessage ? { reason: 'rejected_by_receiver', words: `code ${code}` } : undefined);
  },
};

/** @see https://docs.ntfy.sh/subscribe/api/ */
const HEALTH: Service = { ...NTFY, isYes: (answer) => isObject(answer, ({ healthy }) => healthy === true) };

/** JSON is published to the root alone: anywhere below, it would be the text of a message. */
const serverUrl = httpUrl().superRefine((text, context) => {
  const url = URL.parse(text);
  if (url === null || (url.pathname === '/' && url.search === '')) return;
  context.addIssue(
    issueOf({ problem: 'has a path', hint: 'write that of the server alone, and what follows as topic' }),
  );
});

const topic = secret().superRefine((text, context) => {
  if (/^[-\w]{1,64}$/.test(text)) return;
  context.addIssue(
    issueOf({ problem: 'is not a topic', hint: 'write up to 64 letters, digits, underscores and hyphens' }),
  );
});

/** All of them together are at most 512 bytes, the commas between them included. */
const TAGS_MAX = 10;

const tag = scalar({ want: 'a tag such as warning' }, (text) =>
  /^[\w+-]{1,50}$/.test(text)
    ? { value: text }
    : { problem: 'is not a tag', hint: 'write up to 50 letters, digits, underscores, plus and hyphens' },
);

const accessToken = secret().superRefine((text, context) => {
  if (/^[!-~]+$/.test(text)) return;
  context.addIssue(issueOf({ problem: 'is not an access token', hint: 'write what ntfy made, tk_…' }));
});

const settings = z
  .strictObject({
    url: serverUrl.prefault('https://ntfy.sh').describe('The server.'),
    topic: topic.describe('On a server without logins, whoever knows it can read and write.'),
    token: accessToken.optional().describe('An access token, tk_…, in place of user and password.'),
    user: z.string().min(1).optional().describe('Who publishes.'),
    password: secret().optional().describe('The password of the user.'),
    priority: integer(1, 5)
      .optional()
      .meta({ example: 3 })
      .describe('From 1 (min) to 5 (max). Without it: 4 for what fails, else what the server takes for default.'),
    tags: z
      .array(tag)
      .max(TAGS_MAX)
      .optional()
      .meta({ example: ['movie_camera'] })
      .describe('Tags; those that name an emoji show it.'),
  })
  .superRefine((given, context) => {
    const flaw = loginFlaw(given);
    if (flaw !== undefined) context.addIssue(issueOf({ ...flaw, isBare: true }));
  });

interface Login {
  readonly token?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

function loginFlaw({ token, user, password }: Login): Flaw | undefined {
  if ((user === undefined) !== (password === undefined)) return { problem: 'needs user and password, or neither' };
  if (token !== undefined && user !== undefined) return { problem: 'has token and user', hint: 'leave one out' };
  return undefined;
}

export const ntfy = defineSink({
  type: 'ntfy',
  summary: 'Publishes each event to an ntfy topic, for the phones that subscribe to it.',
  settings,
  example: 'topic: ${NTFY_TOPIC}\n',
  concurrency: 1,
  rate: '12/m',
  deliver(event, context) {
    const { url, topic: to, priority, tags } = context.settings;
    const headers = authorization(context.settings);
    return askTwice(
      context,
      (body, timeoutMs) => ask(NTFY, { url, headers, body, timeoutMs }, context),
      { topic: to, ...ntfyMessage(event, { priority, tags }, context.timezone) },
      () => ({ topic: to, ...plainNtfyMessage(event, context.timezone) }),
    );
  },
  async connect(context) {
    const { settings: given, timeoutMs } = context;
    // A login that is wrong is refused here too, though it takes none.
    const url = new URL('/v1/health', given.url).href;
    return wrongOf(await ask(HEALTH, { url, headers: authorization(given), timeoutMs }, context));
  },
});

function authorization({ token, user, password }: Login): Readonly<Record<string, string>> {
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  if (user === undefined || password === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}
