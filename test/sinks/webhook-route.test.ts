import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createHttpClient } from '../../src/http/client.js';
import { webhook } from '../../src/sinks/webhook.js';
import { AUTHORITY, issuedCertificate, selfSignedCertificate } from '../support/certificate.js';
import { realClock } from '../support/real-clock.js';
import { sampleEvent } from '../support/sample-event.js';
import { greet, startZoo } from '../support/zoo.js';

const service = issuedCertificate('service');
const client = issuedCertificate('client');
const other = issuedCertificate('renewed');
const stranger = selfSignedCertificate('stranger');
const encrypted = createPrivateKey(client.key).export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'open',
});

test.each([
  { name: 'an authority', settings: { tls: { ca: AUTHORITY } } },
  {
    name: 'a client certificate with its chain',
    settings: { tls: { cert: client.cert + AUTHORITY, key: client.key } },
  },
  { name: 'an encrypted key', settings: { tls: { cert: client.cert, key: encrypted, passphrase: 'open' } } },
  { name: 'a proxy', settings: { proxy: 'http://user:password@proxy.example:3128' } },
  { name: 'a proxy without a scheme', settings: { proxy: 'proxy.example:3128' } },
  { name: 'no proxy', settings: { proxy: 'off' } },
])('settings are taken: $name', ({ settings }) => {
  expect(webhook.settings.safeParse({ url: 'https://example.com', ...settings }).error).toBeUndefined();
});

test.each([
  { name: 'nothing at all', settings: { tls: {} }, path: 'tls', want: 'is empty' },
  { name: 'a path', settings: { tls: { ca: 'ca.pem' } }, path: 'tls.ca', want: 'holds no certificate' },
  {
    name: 'a certificate that was cut',
    settings: { tls: { ca: AUTHORITY.replace(/\n[^\n]+\n/, '\n') } },
    path: 'tls.ca',
    want: 'holds a certificate that cannot be read, as if it was cut',
  },
  {
    name: 'a key as a certificate',
    settings: { tls: { cert: client.key, key: client.key } },
    path: 'tls.cert',
    want: 'holds no certificate',
  },
  {
    name: 'a certificate alone',
    settings: { tls: { cert: client.cert } },
    path: 'tls',
    want: 'needs cert and key, or neither',
  },
  {
    name: 'a key alone',
    settings: { tls: { ca: AUTHORITY, key: client.key } },
    path: 'tls',
    want: 'needs cert and key, or neither',
  },
  {
    name: 'a key that is none',
    settings: { tls: { ...client, key: 'hunter2' } },
    path: 'tls.key',
    want: 'is no private key',
  },
  {
    name: 'the key of another certificate',
    settings: { tls: { ...client, key: other.key } },
    path: 'tls.key',
    want: 'is not the key of cert',
  },
  {
    name: 'an encrypted key alone',
    settings: { tls: { ...client, key: encrypted } },
    path: 'tls.key',
    want: 'is encrypted',
  },
  {
    name: 'the wrong passphrase',
    settings: { tls: { ...client, key: encrypted, passphrase: 'hunter2' } },
    path: 'tls.passphrase',
    want: 'does not open the key',
  },
  {
    name: 'a passphrase of nothing',
    settings: { tls: { ca: AUTHORITY, passphrase: 'hunter2' } },
    path: 'tls.passphrase',
    want: 'is for a key, and there is none',
  },
  {
    name: 'http',
    settings: { url: 'http://example.com', tls: { ca: AUTHORITY } },
    path: 'tls',
    want: 'is for https, and url is http',
  },
  { name: 'a proxy that is none', settings: { proxy: 'socks5://me:hunter2@a' }, path: 'proxy', want: 'is no proxy' },
  {
    ...{ name: 'a proxy whose password has half an escape', settings: { proxy: 'http://u%C3:%A9hunter2@a' } },
    ...{ path: 'proxy', want: 'is no proxy' },
  },
])('settings are refused: $name', ({ settings, path, want }) => {
  const { error } = webhook.settings.safeParse({ url: 'https://example.com', ...settings });
  expect(error?.issues.map((issue) => [issue.path.join('.'), issue.message])).toEqual([[path, want]]);
  expect(JSON.stringify(error?.issues)).not.toMatch(/hunter2|PRIVATE KEY/);
});

test.each([
  { tls: undefined, want: /; if its authority is a private one, give it as tls\.ca$/, name: 'without an authority' },
  { tls: { ca: stranger.cert }, want: /; tls\.ca does not vouch for it$/, name: 'with another authority' },
  {
    tls: { ca: AUTHORITY },
    want: /a certificate of ours is asked for .*; if the receiver wants a client certificate, give tls\.cert and tls\.key$/,
    name: 'without a client certificate',
  },
  { tls: { ca: AUTHORITY, ...client }, want: undefined, name: 'with all of it' },
])('a delivery and a trial say what would do: $name', async ({ tls, want }) => {
  const asking = { ...service, ca: AUTHORITY, requestCert: true, rejectUnauthorized: true };
  const { port, close } = await startZoo(greet, asking);
  const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
  const context = {
    ...{ name: 'hook', progress: null, http, clock: realClock, timeoutMs: 20_000, print: async () => undefined },
    settings: webhook.settings.parse({ url: `https://127.0.0.1:${port}/`, tls }),
    signal: new AbortController().signal,
  };
  const outcome = await webhook.deliver(sampleEvent, context);
  const trial = await webhook.connect?.(context);
  await http.close();
  await close();
  if (want === undefined) {
    expect([outcome, trial]).toEqual([{ kind: 'delivered', receipt: 'HTTP 204' }, undefined]);
  } else {
    expect(outcome).toEqual({ kind: 'failed', reason: 'tls_failed', detail: expect.stringMatching(want) });
    expect(trial).toMatch(want);
  }
});

test.each([
  { name: 'not yet', beforeMs: 15 * 86_400_000, want: [] },
  {
    name: 'soon',
    beforeMs: 3 * 86_400_000,
    want: [expect.stringMatching(/^Its client certificate expires in 3 days, at \S+Z; renew it and reload\.$/)],
  },
  {
    name: 'past',
    beforeMs: -2 * 86_400_000,
    want: [expect.stringMatching(/^Its client certificate expired 2 days ago, at \S+Z; renew it and reload\.$/)],
  },
])('a client certificate that expires is pointed out: $name', ({ beforeMs, want }) => {
  const nowMs = new X509Certificate(client.cert).validToDate.getTime() - beforeMs;
  const written = { url: 'https://example.com', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', tls: client };
  expect(webhook.notices?.(webhook.settings.parse(written), nowMs)).toEqual(want);
});
