import { Webhook } from 'standardwebhooks';
import type { RecordingEvent } from '../../src/core/event.js';
import type { FailureReason, Outcome } from '../../src/core/failure.js';
import { startReceiver } from '../../src/fake/receiver.js';
import { createHttpClient } from '../../src/http/client.js';
import { verify } from '../../src/sinks/standard-webhooks.js';
import { webhook } from '../../src/sinks/webhook.js';
import { createManualClock } from '../support/manual-clock.js';
import { realClock } from '../support/real-clock.js';
import { sampleEvent } from '../support/sample-event.js';
import {
  answer,
  type Behaviour,
  closeAtOnce,
  drip,
  flood,
  gzipBomb,
  hang,
  resetAtOnce,
  resetInBody,
  speakAnotherProtocol,
  startZoo,
} from '../support/zoo.js';
import { describeSink, type Place } from './conformance.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const PRIVATE_KEY = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const PUBLIC_KEY = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';

async function openZoo(behave: Behaviour): Promise<Place> {
  const zoo = await startZoo(behave);
  return {
    settings: {
      url: `http://name:passphrase@127.0.0.1:${zoo.port}/path-token?query-token`,
      secret: SECRET,
      headers: { 'x-gate': 'gate-token' },
    },
    arrived: () => zoo.requests,
    reached: () => zoo.arrivals.reach(1),
    close: zoo.close,
  };
}

async function openNobody(): Promise<Place> {
  const place = await openZoo(hang);
  await place.close();
  return place;
}

function answering(name: string, want: FailureReason, status: number, headers: Record<string, string> = {}) {
  return { name, want, open: () => openZoo(answer(status, headers, 'answer-body')) };
}

describeSink({
  definition: webhook,
  secrets: [SECRET.slice(6), 'passphrase', 'path-token', 'query-token', 'gate-token', 'answer-body'],
  open: () => openZoo(answer(204)),
  openSilent: () => openZoo(hang),
  openEndless: () => openZoo(flood(200)),
  failures: [
    answering('302', 'redirected', 302, { location: 'https://example.com/path-token' }),
    answering('404', 'client_error', 404),
    answering('408', 'server_error', 408),
    answering('410', 'gone', 410),
    answering('413', 'payload_too_large', 413),
    answering('415', 'unsupported_format', 415),
    answering('425', 'server_error', 425),
    answering('429', 'rate_limited', 429, { 'retry-after': '5' }),
    answering('500', 'server_error', 500),
    answering('503 with Retry-After', 'overloaded', 503, { 'retry-after': '5' }),
    answering('webhook-delivery: disable', 'disabled_by_receiver', 400, { 'webhook-delivery': 'disable' }),
    answering('webhook-delivery: abort-message', 'aborted_by_receiver', 400, { 'webhook-delivery': 'abort-message' }),
    { name: '500 with a body that never ends', want: 'server_error', open: () => openZoo(drip(500)) },
    { name: '500 with a gzip bomb', want: 'server_error', open: () => openZoo(gzipBomb(500, 10_000_000)) },
    { name: 'a reset', want: 'connection_failed', open: () => openZoo(resetAtOnce) },
    { name: 'a connection that is closed', want: 'connection_failed', open: () => openZoo(closeAtOnce) },
    { name: 'nobody there', want: 'connection_failed', open: openNobody },
    { name: 'another protocol', want: 'bad_answer', open: () => openZoo(speakAnotherProtocol) },
  ],
});

test('an answer that breaks off after the status line is a yes', async () => {
  await expect(deliverTo(resetInBody(200))).resolves.toEqual({ kind: 'delivered', receipt: 'HTTP 200' });
});

async function deliverTo(behave: Behaviour): Promise<Outcome> {
  const zoo = await startZoo(behave);
  const outcome = await deliver({ url: `http://127.0.0.1:${zoo.port}/` });
  await zoo.close();
  return outcome;
}

async function deliver(settings: unknown, event: RecordingEvent = sampleEvent, clock = realClock): Promise<Outcome> {
  const http = createHttpClient({ privateAddresses: 'allow', clock, userAgent: 'recording-notifier/1' });
  const outcome = await webhook.deliver(event, {
    name: 'hook',
    progress: null,
    settings: webhook.settings.parse(settings),
    http,
    clock,
    timeoutMs: 20_000,
    signal: new AbortController().signal,
    print: async () => undefined,
  });
  await http.close();
  return outcome;
}

describe('what a receiver gets', () => {
  async function receive(settings: object, event?: RecordingEvent, clock = realClock) {
    const receiver = await startReceiver({ clock });
    await deliver({ url: `${receiver.url}in`, ...settings }, event, clock);
    const [message] = await receiver.waitFor(1);
    await receiver.close();
    if (message === undefined) throw new Error('nothing came');
    return message;
  }

  test('the body is that of Standard Webhooks, without the id', async () => {
    const { body, headers, method, path } = await receive({ secret: SECRET });
    const { type, timestamp, source, data } = sampleEvent;
    const { recording, previousStatus, occurrence } = data;
    expect(body).toBe(JSON.stringify({ type, timestamp, data: { source, recording, previousStatus, occurrence } }));
    expect([method, path]).toEqual(['POST', '/in']);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'recording-notifier/1' });
  });

  test.each(['com.example', 'com.example.'])(
    'with format: cloudevents and the prefix %s it is a CloudEvent, signed as it stands',
    async (typePrefix) => {
      const { json, body, headers, id } = await receive({ format: 'cloudevents', typePrefix, secret: SECRET });
      expect(headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
      expect(json).toMatchObject({ specversion: '1.0', id, type: 'com.example.recording.available' });
      expect(() => new Webhook(SECRET).verify(body, headers)).not.toThrow();
    },
  );

  test('the sample says that it is a test', async () => {
    const { json } = await receive({}, { ...sampleEvent, data: { ...sampleEvent.data, test: true } });
    expect(json).toMatchObject({ data: { occurrence: 1, test: true } });
  });

  test('the id is that of the event, the time that of the attempt', async () => {
    const clock = createManualClock(1_700_000_000_999);
    const { headers, id } = await receive({ secret: SECRET }, sampleEvent, clock);
    expect(id).toBe(sampleEvent.id);
    expect(headers['webhook-timestamp']).toBe('1700000000');
  });

  test('each secret signs, and the package of the specification agrees', async () => {
    const { body, headers } = await receive({ secret: [SECRET, OTHER_SECRET] });
    expect(headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
    for (const secret of [SECRET, OTHER_SECRET]) expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
  });

  test('a private key signs beside a secret, and each receiver knows its own', async () => {
    const { body, headers, receivedAtMs } = await receive({ secret: [PRIVATE_KEY, SECRET] });
    expect(headers['webhook-signature']).toMatch(/^v1a,\S+ v1,\S+$/);
    for (const key of [PUBLIC_KEY, SECRET]) expect(verify([key], headers, body, receivedAtMs)).toBeUndefined();
    expect(verify([OTHER_SECRET], headers, body, receivedAtMs)).toBe('no signature matches');
    expect(() => new Webhook(SECRET).verify(body, headers)).not.toThrow();
  });

  test('without a secret nothing is signed', async () => {
    const { headers, id } = await receive({});
    expect(id).toBe(sampleEvent.id);
    expect(headers).not.toHaveProperty('webhook-signature');
  });

  test('extra headers come along', async () => {
    const { headers } = await receive({ headers: { 'X-Gate': 'token', Authorization: 'Bearer t' } });
    expect(headers).toMatchObject({ 'x-gate': 'token', authorization: 'Bearer t' });
  });
});

test.each([
  { name: 'a secret that is none', settings: { secret: 'hunter2' }, path: 'secret', want: 'is not a signing secret' },
  {
    name: 'one of several',
    settings: { secret: [SECRET, 'hunter2'] },
    path: 'secret.1',
    want: 'is not a signing secret',
  },
  {
    name: 'a private key that is none',
    settings: { secret: [SECRET, 'whsk_hunter2'] },
    path: 'secret.1',
    want: 'is no whole key after whsk_',
  },
  { name: 'a format that is none', settings: { format: 'xml' }, path: 'format', want: '' },
  {
    name: 'a prefix without CloudEvents',
    settings: { typePrefix: 'com.example' },
    path: 'typePrefix',
    want: 'is for CloudEvents alone',
  },
  {
    name: 'a prefix that is none',
    settings: { format: 'cloudevents', typePrefix: 'com..example' },
    path: 'typePrefix',
    want: 'is not a prefix for types',
  },
  {
    name: 'our own header',
    settings: { headers: { 'Webhook-Id': '1' } },
    path: 'headers.Webhook-Id',
    want: /notifier sets$/,
  },
  { name: 'host', settings: { headers: { Host: 'a' } }, path: 'headers.Host', want: /notifier sets$/ },
  {
    name: 'content-type',
    settings: { headers: { 'content-type': 'a' } },
    path: 'headers.content-type',
    want: /notifier sets$/,
  },
  {
    name: 'hop by hop',
    settings: { headers: { 'Transfer-Encoding': 'a' } },
    path: 'headers.Transfer-Encoding',
    want: /sets$/,
  },
  {
    name: 'a name with a space',
    settings: { headers: { 'x a': '1' } },
    path: 'headers.x a',
    want: 'is not the name of a header',
  },
  {
    name: 'a line break',
    settings: { headers: { 'x-a': 'hunter2\r\nx-b: 1' } },
    path: 'headers.x-a',
    want: /line break/,
  },
  {
    name: 'the same name twice',
    settings: { headers: { 'x-a': '1', 'X-A': '2' } },
    path: 'headers.X-A',
    want: 'is given twice',
  },
])('settings are refused: $name', ({ settings, path, want }) => {
  const { error } = webhook.settings.safeParse({ url: 'https://example.com', ...settings });
  expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  expect(error?.issues[0]?.message).toMatch(want);
  expect(JSON.stringify(error?.issues)).not.toContain('hunter2');
});

test.each([
  { name: 'one secret', settings: { secret: SECRET }, want: [] },
  { name: 'no secret', settings: {}, want: ['It has no secret, so nothing is signed.'] },
  {
    name: 'a template of a type that nothing is escaped for',
    settings: { secret: SECRET, template: { body: 'a,{{ recording.roomId }}', contentType: 'text/csv' } },
    want: [expect.stringContaining('template of text/csv as they are')],
  },
  {
    name: 'a template of plain text',
    settings: { secret: SECRET, template: { body: '{{ recording.roomId }}', contentType: 'text/plain' } },
    want: [],
  },
  {
    name: 'no secret, for a service that cannot verify',
    settings: { url: 'https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t' },
    want: [],
  },
  {
    name: 'no secret, for a host that looks like one',
    settings: { url: 'https://chat.googleapis.com.example/v1/spaces/A/messages' },
    want: ['It has no secret, so nothing is signed.'],
  },
])('notices: $name', ({ settings, want }) => {
  expect(webhook.notices?.(webhook.settings.parse({ url: 'https://example.com', ...settings }), 0)).toEqual(want);
});

test.each([
  {
    name: 'the public key of each private one',
    secret: [SECRET, PRIVATE_KEY],
    want: [expect.stringContaining(PUBLIC_KEY)],
  },
  { name: 'nothing of a shared secret', secret: SECRET, want: [] },
  { name: 'nothing where nothing is signed', secret: undefined, want: [] },
])('facts: $name', ({ secret, want }) => {
  const facts = webhook.facts?.(webhook.settings.parse({ url: 'https://example.com', secret }));
  expect(facts).toEqual(want);
  expect(JSON.stringify(facts)).not.toContain(PRIVATE_KEY.slice(5, 45));
});
