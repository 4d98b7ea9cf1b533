import type { FailureReason } from '../../src/core/failure.js';
import type { ReceiverAnswer } from '../../src/fake/receiver.js';
import { ntfy } from '../../src/sinks/ntfy.js';
import { ACCESS_TOKEN, fakeNtfy, LOGIN, TOPIC } from '../support/fake-ntfy.js';
import { sampleEvent } from '../support/sample-event.js';
import {
  connectTo,
  deliverTo,
  endless,
  type FakeService,
  json,
  openMisbehaving,
  openService,
} from '../support/service-place.js';
import { flood, hang, resetAtOnce } from '../support/zoo.js';
import { describeSink } from './conformance.js';

const settingsOf = (url: string) => ({ url, topic: TOPIC, token: ACCESS_TOKEN });
const open = (respond: FakeService = fakeNtfy) => openService(respond, settingsOf);
const openZoo = (behave: Parameters<typeof openMisbehaving>[0]) => openMisbehaving(behave, settingsOf);

function answering(answer: ReceiverAnswer, want: FailureReason) {
  return { name: `${answer.status} ${answer.body}`, want, open: () => open(() => answer) };
}

/** What the server's source lists, and what follows from it. */
const ERRORS: readonly (readonly [code: number, want: FailureReason])[] = [
  [40009, 'destination_refused'],
  [40010, 'destination_refused'],
  [40017, 'rejected_by_receiver'],
  [40018, 'rejected_by_receiver'],
  [40099, 'rejected_by_receiver'],
  [40101, 'destination_refused'],
  [40301, 'destination_refused'],
  [40401, 'client_error'],
  [41301, 'payload_too_large'],
  [41303, 'payload_too_large'],
  [42901, 'rate_limited'],
  [42908, 'rate_limited'],
  [42999, 'rate_limited'],
  [50001, 'server_error'],
  [50701, 'server_error'],
];

describeSink({
  definition: ntfy,
  secrets: [ACCESS_TOKEN, TOPIC, 'answer-body'],
  open: () => open(),
  openSilent: () => openZoo(hang),
  openEndless: () => openZoo(endless(200, '{"id":"sPs71M8A2T"')),
  failures: [
    ...ERRORS.map(([code, want]) =>
      answering(json(Math.floor(code / 100), { code, http: Math.floor(code / 100), error: 'answer-body' }), want),
    ),
    answering({ status: 400, body: 'answer-body' }, 'client_error'),
    answering({ status: 401, body: '<html>answer-body' }, 'client_error'),
    answering({ status: 302, body: 'answer-body' }, 'redirected'),
    answering({ status: 502, body: 'answer-body' }, 'server_error'),
    answering({ status: 507, body: 'answer-body' }, 'server_error'),
    answering({ status: 200, body: '<html>answer-body' }, 'bad_answer'),
    answering(json(200, { id: 'answer-body', event: 'open' }), 'bad_answer'),
    answering({ status: 204 }, 'bad_answer'),
    { name: 'a page that never ends', want: 'bad_answer', open: () => openZoo(flood(200)) },
    { name: 'a reset', want: 'connection_failed', open: () => openZoo(resetAtOnce) },
  ],
});

test.each([
  { name: 'a token', given: { token: ACCESS_TOKEN }, want: { kind: 'delivered' } },
  { name: 'user and password', given: LOGIN, want: { kind: 'delivered' } },
  {
    name: 'a wrong token',
    given: { token: 'tk_other' },
    want: { detail: 'HTTP 401: the token or password is not valid (40101)' },
  },
  { name: 'nothing', given: {}, want: { detail: 'HTTP 403: no right to publish to the topic (40301)' } },
])('it logs in with $name', async ({ given, want }) => {
  const place = await openService(fakeNtfy, (url) => ({ url, topic: TOPIC, ...given }));
  expect(await deliverTo(place, ntfy, sampleEvent)).toMatchObject(want);
});

test('what it refuses to show goes once more as text alone', async () => {
  const place = await open((message) =>
    message.body.includes('"click"') ? json(400, { code: 40018, error: 'actions invalid' }) : fakeNtfy(message),
  );
  const outcome = await deliverTo(place, ntfy, sampleEvent);
  expect(outcome).toEqual({ kind: 'delivered', receipt: 'HTTP 200 as plain text' });
});

test('a Retry-After is honoured', async () => {
  const place = await open(() => json(429, { code: 42901 }, { 'retry-after': '7' }));
  const outcome = await deliverTo(place, ntfy, sampleEvent);
  expect(outcome).toMatchObject({ detail: 'HTTP 429: too many requests (42901)', retryAfterMs: 7_000 });
});

test('check --connect finds a wrong token, and a server that is none', async () => {
  const place = await openService(fakeNtfy, (url) => ({ url, topic: TOPIC, token: 'tk_other' }));
  expect(await connectTo(place, ntfy)).toBe('HTTP 401: the token or password is not valid (40101)');
  const other = await open(() => ({ status: 200, body: '<html>' }));
  expect(await connectTo(other, ntfy)).toBe('HTTP 200 that is not from ntfy');
});

test.each([
  { given: { url: 'https://ntfy.sh/mytopic' }, path: ['url'], want: 'has a path' },
  { given: { topic: 'a/b' }, path: ['topic'], want: 'is not a topic' },
  { given: { topic: 'a'.repeat(65) }, path: ['topic'], want: 'is not a topic' },
  { given: { token: 'tk_a b' }, path: ['token'], want: 'is not an access token' },
  { given: { user: 'phil' }, path: [], want: 'needs user and password, or neither' },
  { given: { ...LOGIN, token: 'tk_a' }, path: [], want: 'has token and user' },
  { given: { priority: 6 }, path: ['priority'], want: 'is too large' },
  { given: { tags: ['a,b'] }, path: ['tags', 0], want: 'is not a tag' },
])('$given is refused: $want', ({ given, path, want }) => {
  const parsed = ntfy.settings.safeParse({ topic: TOPIC, ...given });
  expect(parsed.error?.issues).toMatchObject([{ path, message: want }]);
});
