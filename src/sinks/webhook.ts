import { z } from 'zod';
import type { Outcome } from '../core/failure.js';
import { isHeaderName, isHeaderValue } from '../http/headers.js';
import type { HttpAnswer, HttpFailure } from '../ports.js';
import { type Flaw, httpUrl, issueOf, secret } from '../settings.js';
import { defineSink } from './define.js';
import { outcomeOf } from './http.js';
import { publicKeyOf, signingKeyFlaw } from './signing-keys.js';
import { sign } from './standard-webhooks.js';
import { contentOf, WEBHOOK_FORMATS } from './webhook-format.js';
import { webhookTemplate, webhookTemplates, writtenContent } from './webhook-template.js';

/** Headers that the sink or the connection sets, or that belong to the next hop alone. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const signingSecret = secret().superRefine((value, context) => {
  const flaw = signingKeyFlaw(value);
  if (flaw !== undefined) context.addIssue(issueOf(flaw));
});

/** The values are secrets as well: a token for the receiver's gate is what they are most often for. */
const extraHeaders = z.record(z.string(), secret()).superRefine((headers, context) => {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  for (const [index, [name, value]] of Object.entries(headers).entries()) {
    const isRepeated = names.indexOf(name.toLowerCase()) < index;
    const flaw = isRepeated ? { problem: 'is given twice', hint: 'leave one out' } : headerFlaw(name, value);
    if (flaw !== undefined) context.addIssue({ ...issueOf({ ...flaw, isBare: true }), path: [name] });
  }
});

function headerFlaw(name: string, value: string): Flaw | undefined {
  const known = name.toLowerCase();
  if (known.startsWith('webhook-') || RESERVED_HEADERS.has(known)) {
    return { problem: 'is a header that the notifier sets', hint: 'leave it out' };
  }
  if (!isHeaderName(name)) return { problem: 'is not the name of a header', hint: 'use letters, digits and hyphens' };
  if (!isHeaderValue(value)) return { problem: 'holds a line break or the like', hint: 'write one line of plain text' };
  return undefined;
}

/** In the characters of a type of Standard Webhooks, and the hyphen of domains. A dot at the end is what we put there ourselves. */
const typePrefix = z
  .string()
  .max(100)
  .transform((text) => text.replace(/\.$/, ''))
  .superRefine((text, context) => {
    if (/^[\w-]+(?:\.[\w-]+)*$/.test(text)) return;
    context.addIssue(issueOf({ problem: 'is not a prefix for types', hint: 'write one such as com.example' }));
  });

const settings = z
  .strictObject({
    url: httpUrl().describe('Where to POST.'),
    secret: z
      .union([signingSecret, z.array(signingSecret).min(1).max(10)])
      .optional()
      .describe(
        'whsec_… (HMAC) or whsk_… (private ed25519 key), or a list of both kinds while rotating: signed with each, in its order. Without one nothing is signed.',
      ),
    format: z
      .enum(WEBHOOK_FORMATS)
      .prefault('standard')
      .describe(
        'standard: Standard Webhooks 1.0. cloudevents: a CloudEvent 1.0 in structured mode. Both are signed alike.',
      ),
    typePrefix: typePrefix
      .optional()
      .meta({ example: 'com.example' })
      .describe('With cloudevents, what stands before the type, and a dot. Default: recording-notifier.'),
    headers: extraHeaders.prefault({}).describe('Extra request headers; not webhook-*, content-type, host.'),
    template: webhookTemplate,
  })
  .superRefine(({ format, typePrefix: prefix }, context) => {
    if (format === 'cloudevents' || prefix === undefined) return;
    const flaw = { problem: 'is for CloudEvents alone', hint: 'write format: cloudevents, or leave it out' };
    context.addIssue({ ...issueOf({ ...flaw, isBare: true }), path: ['typePrefix'] });
  });

export const webhook = defineSink({
  type: 'webhook',
  summary: 'POSTs each event to an HTTP endpoint, as Standard Webhooks or as CloudEvents, signed by Standard Webhooks.',
  settings,
  example: 'url: https://example.com/hooks/recordings\nsecret: ${WEBHOOK_SECRET}\n',
  concurrency: 8,
  notices(given) {
    return given.secret === undefined ? ['It has no secret, so nothing is signed.'] : [];
  },
  facts({ secret: given }) {
    return [given ?? []].flat().flatMap((key) => {
      const publicKey = publicKeyOf(key);
      return publicKey === undefined ? [] : [`its receiver verifies v1a with the public key ${publicKey}`];
    });
  },
  templates: ({ template }) => webhookTemplates(template),
  async deliver(event, { settings, http, clock, timeoutMs, signal, timezone = 'UTC' }) {
    const { url, secret: given, headers, template, ...format } = settings;
    const secrets = [given ?? []].flat();
    const content = writtenContent(template, event, timezone) ?? contentOf(event, format);
    if ('kind' in content) return content;
    const { contentType, body } = content;
    const message = { id: event.id, timestampSeconds: Math.floor(clock.nowMs() / 1_000), body };
    const result = await http.request({
      method: 'POST',
      url,
      headers: {
        ...headers,
        'content-type': contentType,
        'webhook-id': message.id,
        'webhook-timestamp': String(message.timestampSeconds),
        ...(secrets.length > 0 && { 'webhook-signature': sign(secrets, message) }),
      },
      body: message.body,
      timeoutMs,
      bodyBytesMax: 0,
      signal,
    });
    return withHint(outcomeOf(result, url, clock.nowMs()), result);
  },
  async connect({ settings: { url }, http, timeoutMs, signal }) {
    return (await http.connect(url, timeoutMs, signal))?.detail;
  },
});

/** Most often the two sides have different secrets, or one of them has none. */
function withHint(outcome: Outcome, result: HttpAnswer | HttpFailure): Outcome {
  const isRefused = result.kind === 'answer' && (result.status === 401 || result.status === 403);
  if (outcome.kind === 'delivered' || !isRefused) return outcome;
  return { ...outcome, detail: `${outcome.detail}: do both sides have the same secret, and clocks within 5 min?` };
}
