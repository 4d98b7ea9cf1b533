import { createPrivateKey, createPublicKey } from 'node:crypto';
import { findUnavailable } from '../../src/config/unavailable.js';
import { EVENT_TYPES } from '../../src/core/event.js';
import type { FakeApi } from '../../src/fake/api.js';
import type { ReceivedMessage, Receiver, ReceiverAnswer } from '../../src/fake/receiver.js';
import { issuedCertificate } from './certificate.js';
import { planted, spiced } from './planted.js';
import { type Smtp, startSmtp } from './smtp.js';

/** A config with a secret in every key that can hold one, and a world that says back what it is told. */

const CLIENT = issuedCertificate('client');

/** One for each key that can hold one, by the names of {@link secretKeysOf}. A source's base URL is stored, and may hold none. */
export const BY_KEY = {
  heartbeat: planted('heartbeat'),
  queue: spiced('queue'),
  'server.token': spiced('server token'),
  'sinks.archive.s3.accessKeyId': planted('access key'),
  'sinks.archive.s3.endpoint': planted('endpoint'),
  'sinks.archive.s3.secretAccessKey': spiced('secret access key'),
  'sinks.discord.url': planted('discord'),
  'sinks.exec.env.*': spiced('variable'),
  'sinks.email.smtp': spiced('smtp'),
  'sinks.email.smtp.password': spiced('password'),
  'sinks.ntfy.password': spiced('ntfy password'),
  'sinks.ntfy.token': spiced('ntfy token'),
  'sinks.ntfy.topic': planted('topic'),
  'sinks.ntfy.url': spiced('ntfy server'),
  'sinks.slack.url': planted('slack'),
  'sinks.teams.url': planted('teams'),
  'sinks.telegram.baseUrl': planted('bot server'),
  'sinks.telegram.token': `123456:${planted('bot token')}`,
  'sinks.webhook.headers.*': spiced('header'),
  'sinks.webhook.proxy': planted('proxy'),
  'sinks.webhook.secret': spiced('signing'),
  'sinks.webhook.secret.*': spiced('signing too'),
  // The half of the number that makes the key which stands on its second line.
  'sinks.webhook.tls.key': CLIENT.key.split('\n')[2]?.slice(0, 24) ?? '',
  'sinks.webhook.tls.passphrase': spiced('passphrase'),
  'sinks.webhook.url': planted('webhook path'),
  'sources.http-json.auth.clientSecret': spiced('oauth secret'),
  'sources.http-json.auth.headers.*': spiced('header of a key'),
  'sources.http-json.auth.params.*': spiced('oauth parameter'),
  'sources.http-json.auth.password': spiced('basic password'),
  'sources.http-json.auth.secret': spiced('jwt secret'),
  'sources.http-json.auth.token': planted('bearer token'),
  'sources.http-json.headers.*': spiced('list header'),
  'sources.http-json.hookToken': spiced('other hook token'),
  'sources.http-json.link.query.*': spiced('link query'),
  'sources.http-json.query.*': spiced('list query'),
  'sources.superviz.auth.apiKey': spiced('api key'),
  'sources.superviz.auth.clientId': spiced('client id'),
  'sources.superviz.auth.secret': spiced('client secret'),
  'sources.superviz.auth.token': spiced('token'),
  'sources.superviz.hookToken': spiced('hook token'),
  store: spiced('store'),
} as const;

export const ELSEWHERE = {
  'the query of a URL': planted('query'),
  'the user of a URL': planted('url user'),
  'the password of a URL': spiced('url password'),
  'the signature of a recording': planted('signature'),
} as const;

/** What is never sent anywhere: of a signing key, the seed of ed25519. */
export const KEPT = {
  'a private signing key': `${planted('seed')}${planted('the rest of the seed').slice(0, 12)}`,
} as const;

export const SECRETS = { ...BY_KEY, ...ELSEWHERE, ...KEPT };

export const RECORDING_URL = `https://files.example/r.mp4?X-Amz-Signature=${ELSEWHERE['the signature of a recording']}`;

/** Says back everything that it was told, in every place that an answer has. */
export function echo(message: ReceivedMessage): ReceiverAnswer {
  // As a proxy it is asked for a whole URL.
  const [, status = '500', word] = (URL.parse(message.path)?.pathname ?? message.path).split('/');
  const told = JSON.stringify({ ...message.headers, path: message.path });
  return {
    status: Number(status) || 401,
    headers: {
      location: `http://elsewhere.example${message.path}`,
      'www-authenticate': told,
      'x-echo': told,
      ...(status === '410' && { 'webhook-delivery': 'disable' }),
    },
    body: word?.startsWith('word-') ? word.slice('word-'.length) : `${told}\n${message.body}`,
  };
}

/** Refuses every login, and says with what it was tried. */
export function startRefusingMailServer(): Promise<Smtp> {
  return startSmtp({
    options: {
      authOptional: false,
      disabledCommands: ['STARTTLS'],
      onAuth: ({ username, password }, _session, callback) =>
        callback(Object.assign(new Error(`no ${username} with ${password}`), { responseCode: 535 })),
    },
  });
}

function signingKey(text: string): string {
  return `whsec_${Buffer.from(text).toString('base64')}`;
}

function privateKey(): string {
  const seed = Buffer.from(KEPT['a private signing key']);
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const publicKey = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  const bytes = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return `whsk_${Buffer.concat([seed, bytes]).toString('base64')}`;
}

function encryptedClient(): object {
  const passphrase = BY_KEY['sinks.webhook.tls.passphrase'];
  const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const;
  return { cert: CLIENT.cert, key: createPrivateKey(CLIENT.key).export(options), passphrase };
}

function urlOf(scheme: string, host: string, word: string): string {
  const password = encodeURIComponent(ELSEWHERE['the password of a URL']);
  const user = `${ELSEWHERE['the user of a URL']}:${password}`;
  return `${scheme}://${user}@${host}/${word}/${BY_KEY['sinks.webhook.url']}?key=${ELSEWHERE['the query of a URL']}`;
}

/** All that the config takes. */
const EVENTS = Object.keys(EVENT_TYPES).filter(
  (type) => findUnavailable({ sinks: { one: { events: [type] } } }).length === 0,
);

const REFUSALS = [302, 400, 401, 404, 410, 413, 429, 500, 503] as const;

function bucketAt(endpoint: string): object {
  const accessKeyId = BY_KEY['sinks.archive.s3.accessKeyId'];
  const secretAccessKey = BY_KEY['sinks.archive.s3.secretAccessKey'];
  const s3 = { endpoint, region: 'nowhere', forcePathStyle: true, accessKeyId, secretAccessKey };
  return { type: 'archive', to: 's3://bucket/prefix', s3, retries: ['0ms'] };
}

function sinksAt(receiver: Receiver, mail: Smtp): object {
  const host = `127.0.0.1:${receiver.port}`;
  const common = { retries: ['0ms', '0ms'], events: EVENTS };
  const hook = (url: string) => ({
    type: 'webhook',
    url,
    secret: [signingKey(BY_KEY['sinks.webhook.secret']), signingKey(BY_KEY['sinks.webhook.secret.*']), privateKey()],
    headers: { 'x-gate': BY_KEY['sinks.webhook.headers.*'] },
    ...common,
  });
  const slack = (word: string) => ({
    type: 'slack',
    url: `http://${host}/${word}/${BY_KEY['sinks.slack.url']}`,
    rate: '100/s',
    ...common,
  });
  const mailTo = (smtp: unknown) => ({ type: 'email', smtp, from: 'a@example.com', to: ['b@example.com'], ...common });
  const { port } = mail;
  return {
    ...Object.fromEntries(REFUSALS.map((status) => [`hook-${status}`, hook(urlOf('http', host, String(status)))])),
    'hook-one-key': { ...hook(urlOf('http', host, '500')), secret: signingKey(BY_KEY['sinks.webhook.secret']) },
    'hook-tls': { ...hook(urlOf('https', host, '200')), tls: { ...CLIENT } },
    'hook-passphrase': { ...hook(urlOf('https', host, '200')), tls: encryptedClient() },
    'hook-proxy': { ...hook(urlOf('http', host, '500')), proxy: `http://me:${BY_KEY['sinks.webhook.proxy']}@${host}` },
    'hook-dns': hook(urlOf('https', 'nowhere.invalid', '200')),
    'hook-refused': hook(urlOf('http', '127.0.0.1:1', '200')),
    'slack-gone': slack('404/word-no_service'),
    'slack-blocks': slack('400/word-invalid_blocks'),
    'slack-echo': slack('500/x'),
    'discord-gone': {
      type: 'discord',
      url: `http://${host}/404/x/${BY_KEY['sinks.discord.url']}`,
      rate: '100/s',
      ...common,
    },
    'ntfy-token': {
      type: 'ntfy',
      url: `http://me:${encodeURIComponent(BY_KEY['sinks.ntfy.url'])}@${host}`,
      topic: BY_KEY['sinks.ntfy.topic'],
      token: BY_KEY['sinks.ntfy.token'],
      rate: '100/s',
      ...common,
    },
    'ntfy-login': {
      type: 'ntfy',
      url: `http://${host}`,
      topic: BY_KEY['sinks.ntfy.topic'],
      user: 'me',
      password: BY_KEY['sinks.ntfy.password'],
      rate: '100/s',
      ...common,
    },
    'teams-gone': {
      type: 'teams',
      url: `http://${host}/404/x/${BY_KEY['sinks.teams.url']}`,
      rate: '100/s',
      ...common,
    },
    'telegram-refused': {
      type: 'telegram',
      token: BY_KEY['sinks.telegram.token'],
      chatId: '@channel',
      baseUrl: `http://${host}/401/x/${BY_KEY['sinks.telegram.baseUrl']}`,
      rate: '100/s',
      ...common,
    },
    program: {
      type: 'exec',
      command: ['sh', '-c', 'env; env >&2; cat; exit 1'],
      env: { TOKEN: BY_KEY['sinks.exec.env.*'] },
      ...common,
    },
    bucket: bucketAt(`http://${host}/403/${BY_KEY['sinks.archive.s3.endpoint']}`),
    'mail-url': mailTo(`smtp://me:${encodeURIComponent(BY_KEY['sinks.email.smtp'])}@127.0.0.1:${port}`),
    'mail-keys': mailTo({ host: '127.0.0.1', port, user: 'me', password: BY_KEY['sinks.email.smtp.password'] }),
  };
}

/** A source of either generation. */
function authOf(one: keyof typeof BY_KEY, other: keyof typeof BY_KEY): object {
  const nameOf = (key: string) => key.split('.').at(-1) ?? '';
  return { [nameOf(one)]: BY_KEY[one], [nameOf(other)]: BY_KEY[other] };
}

const NEWER = authOf('sources.superviz.auth.clientId', 'sources.superviz.auth.secret');
const OLDER = authOf('sources.superviz.auth.token', 'sources.superviz.auth.apiKey');

export function sourceAt(baseUrl: string, index: number): readonly [name: string, source: object] {
  const hookToken = BY_KEY['sources.superviz.hookToken'];
  return [`source-${index}`, { baseUrl, auth: index % 2 === 0 ? NEWER : OLDER, hookToken }];
}

/** Lists that say back what they were asked with, whatever lets requests in. */
function othersAt({ port }: Receiver): object {
  const host = `http://127.0.0.1:${port}`;
  const auths = {
    bearer: { token: BY_KEY['sources.http-json.auth.token'] },
    basic: { username: 'me', password: BY_KEY['sources.http-json.auth.password'] },
    headers: { headers: { 'x-key': BY_KEY['sources.http-json.auth.headers.*'] } },
    jwt: { secret: BY_KEY['sources.http-json.auth.secret'], claims: { iss: 'me' } },
    oauth2ClientCredentials: {
      ...{ tokenUrl: `${host}/400/token`, clientId: 'me' },
      clientSecret: BY_KEY['sources.http-json.auth.clientSecret'],
      params: { audience: BY_KEY['sources.http-json.auth.params.*'] },
    },
  };
  const entries = Object.entries(auths).map(([type, auth], index) => [
    `other-${index}`,
    {
      ...{ type: 'http-json', url: `${host}/${[401, 404, 200, 403, 400][index]}/list`, paging: { type: 'none' } },
      ...{ auth: { type, ...auth }, items: '@', fields: { uuid: 'id', status: 'state' } },
      ...{
        headers: { 'x-gate': BY_KEY['sources.http-json.headers.*'] },
        hookToken: BY_KEY['sources.http-json.hookToken'],
      },
      query: { key: BY_KEY['sources.http-json.query.*'] },
      link: { url: `${host}/401/{uuid}`, path: 'url', query: { key: BY_KEY['sources.http-json.link.query.*'] } },
    },
  ]);
  return Object.fromEntries(entries);
}

export function configWith(api: FakeApi, receiver: Receiver, mail: Smtp, more: object = {}) {
  return {
    sources: { ...Object.fromEntries([api.url, api.url].map(sourceAt)), ...othersAt(receiver) },
    sinks: sinksAt(receiver, mail),
    heartbeat: `${receiver.url}500/${BY_KEY.heartbeat}`,
    server: { listen: '127.0.0.1:0', token: BY_KEY['server.token'] },
    log: { level: 'debug' },
    ...more,
  };
}

/** Says back what the platform was sent. */
export function troubles(): readonly Parameters<FakeApi['fault']>[0][] {
  const told = Object.values(SECRETS).join(' ');
  const ascii = { 'www-authenticate': told, location: `https://elsewhere.example/?${encodeURIComponent(told)}` };
  const answers = [302, 400, 401, 403, 404, 410, 429, 500, 502].map((status) => ({
    kind: 'answer' as const,
    status,
    headers: { ...ascii, 'retry-after': told },
    body: { statusCode: status, message: told, error: RECORDING_URL },
  }));
  const html = `<html><title>${told}</title>${told} ${RECORDING_URL}</html>`;
  return [
    ...answers,
    { kind: 'answer', status: 200, body: html, headers: { 'content-type': 'text/html', ...ascii } },
    { kind: 'answer', status: 500, body: html, headers: { 'content-type': 'text/html' } },
    { kind: 'answer', status: 200, body: { statusCode: 401, message: told } },
    { kind: 'answer', status: 200, body: [{ uuid: 7, status: told, url: RECORDING_URL }, told] },
    { kind: 'truncated' },
    { kind: 'reset' },
  ];
}
