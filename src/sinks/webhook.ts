import { z } from 'zod';
import type { Outcome } from '../core/failure.js';
import { isHeaderName, isHeaderValue } from '../http/headers.js';
import type { HttpAnswer, HttpFailure, HttpRoute } from '../ports.js';
import { type Flaw, httpUrl, issueOf, secret } from '../settings.js';
import { defineSink } from './define.js';
import { outcomeOf } from './http.js';
import { publicKeyOf, signingKeyFlaw } from './signing-keys.js';
import { sign } from './standard-webhooks.js';
import { contentOf, WEBHOOK_FORMATS } from './webhook-format.js';
import { expiryNotices, proxy, remedyOf, tls } from './webhook-route.js';
import { templateNotices, webhookTemplate, webhookTemplates, writtenContent } from './webhook-template.js';

/**
 * Services that cannot verify a signature: who knows the URL may post, and a secret would change nothing.
 *
 * @see https://developers.google.com/workspace/chat/quickstart/webhooks
 */
const HOSTS_WITHOUT_SIGNATURES: ReadonlySet<string> = new Set(['chat.googleapis.com']);

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
    tls: tls
      .optional()
      .meta({ example: { ca: '${file:ca.pem}' } })
      .describe('For https: a private authority, a client certificate. Read again at a reload.'),
    proxy: proxy
      .optional()
      .meta({ example: 'http://proxy.example.com:3128' })
      .describe('A proxy of its own, or off, in place of HTTPS_PROXY, HTTP_PROXY and NO_PROXY.'),
    headers: extraHeaders.prefault({}).describe('Extra request headers; not webhook-*, content-type, host.'),
    template: webhookTemplate,
  })
  .superRefine(({ url, format, typePrefix: prefix, tls: given }, context) => {
    const refuse = (key: string, flaw: Flaw) =>
      context.addIssue({ ...issueOf({ ...flaw, isBare: true }), path: [key] });
    if (format !== 'cloudevents' && prefix !== undefined) {
      refuse('typePrefix', { problem: 'is for CloudEvents alone', hint: 'write format: cloudevents, or leave it out' });
    }
    if (given !== undefined && URL.parse(url)?.protocol === 'http:') {
      refuse('tls', { problem: 'is for https, and url is http', hint: 'write an https URL, or leave it out' });
    }
  });

export const webhook = defineSink({
  type: 'webhook',
  summary: 'POSTs each event to an HTTP endpoint, as Standard Webhooks or as CloudEvents, signed by Standard Webhooks.',
  settings,
  example: 'url: https://example.com/hooks/recordings\nsecret: ${WEBHOOK_SECRET}\n',
  concurrency: 8,
  notices(given, nowMs) {
    const wantsSecret = given.secret === undefined && !HOSTS_WITHOUT_SIGNATURES.has(new URL(given.url).hostname);
    const unsigned = wantsSecret ? ['It has no secret, so nothing is signed.'] : [];
    return [...unsigned, ...templateNotices(given.template), ...expiryNotices(given, nowMs)];
  },
  facts({ secret: given }) {
    return [given ?? []].flat().flatMap((key) => {
      const publicKey = publicKeyOf(key);
      return publicKey === undefined ? [] : [`its receiver verifies v1a with the public key ${publicKey}`];
    });
  },
  templates: ({ template }) => webhookTemplates(template),
  async deliver(event, { settings, http, clock, timeoutMs, signal, timezone = 'UTC' }) {
    const { url, secret: given, headers, template } = settings;
    const secrets = [given ?? []].flat();
    const content = writtenContent(template, event, timezone) ?? contentOf(event, settings);
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
      // One object for as long as the settings are what they are, which is when connections may be shared.
      route: settings,
    });
    return withHint(outcomeOf(result, url, clock.nowMs()), result, settings);
  },
  async connect({ settings, http, timeoutMs, signal }) {
    const failure = await http.connect(settings.url, timeoutMs, signal, settings);
    return failure && failure.detail + remedyOf(failure, settings);
  },
});

/** A refusal comes most often of two sides with different secrets, or of one that has none. */
function withHint(outcome: Outcome, result: HttpAnswer | HttpFailure, route: HttpRoute): Outcome {
  if (outcome.kind === 'delivered') return outcome;
  if (result.kind === 'failure') return { ...outcome, detail: outcome.detail + remedyOf(result, route) };
  if (result.status !== 401 && result.status !== 403) return outcome;
  return { ...outcome, detail: `${outcome.detail}: do both sides have the same secret, and clocks within 5 min?` };
}
