import type { FailureReason } from '../../src/core/failure.js';
import type { ReceiverAnswer } from '../../src/fake/receiver.js';
import { discord } from '../../src/sinks/discord.js';
import { fakeDiscord, WEBHOOK } from '../support/fake-discord.js';
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

const settingsOf = (origin: string) => ({ url: `${origin}${WEBHOOK}` });
const open = (respond: FakeService = fakeDiscord) => openService(respond, settingsOf);
const openZoo = (behave: Parameters<typeof openMisbehaving>[0]) => openMisbehaving(behave, settingsOf);

/** What Discord documents, and what follows from it. */
const ERRORS: readonly (readonly [status: number, code: number, want: FailureReason])[] = [
  [404, 10003, 'destination_refused'],
  [404, 10015, 'destination_refused'],
  [401, 50027, 'destination_refused'],
  [403, 50001, 'destination_refused'],
  [403, 50013, 'destination_refused'],
  [400, 50006, 'rejected_by_receiver'],
  [400, 50035, 'rejected_by_receiver'],
  [400, 50109, 'rejected_by_receiver'],
  [400, 50083, 'destination_refused'],
  [400, 220001, 'destination_refused'],
  [400, 240000, 'rejected_by_receiver'],
  [503, 130000, 'overloaded'],
  [403, 40333, 'server_error'],
  [400, 0, 'rejected_by_receiver'],
  [401, 0, 'destination_refused'],
  [403, 0, 'destination_refused'],
  [404, 0, 'destination_refused'],
  [405, 0, 'client_error'],
  [500, 0, 'server_error'],
];

function answering(answer: ReceiverAnswer, want: FailureReason, name = `${answer.status} ${answer.body}`) {
  return { name, want, open: () => open(() => answer) };
}

const text = (status: number, body: string): ReceiverAnswer => ({ status, body });

describeSink({
  definition: discord,
  secrets: ['hook-token', 'answer-body'],
  open: () => open(),
  openSilent: () => openZoo(hang),
  openEndless: () => openZoo(endless(200, '{"id":"1"')),
  failures: [
    ...ERRORS.map(([status, code, want]) => answering(json(status, { code, message: 'answer-body' }), want)),
    answering(json(429, { message: 'answer-body', retry_after: 0.5, global: false }), 'rate_limited'),
    answering(text(429, '<html>error code: 1015 answer-body'), 'rate_limited'),
    answering(text(403, '<html>answer-body'), 'client_error'),
    answering(text(404, 'answer-body'), 'client_error'),
    answering(text(404, '["answer-body"]'), 'client_error'),
    answering(text(302, 'answer-body'), 'redirected'),
    answering(text(410, 'answer-body'), 'gone'),
    answering(text(413, 'answer-body'), 'payload_too_large'),
    answering(text(502, 'answer-body'), 'server_error'),
    answering(text(200, '<html>answer-body'), 'bad_answer'),
    answering(json(200, { message: 'answer-body' }), 'bad_answer'),
    answering({ status: 204 }, 'bad_answer', 'a yes without the message that we wait for'),
    { name: 'a page that never ends', want: 'bad_answer', open: () => openZoo(flood(200)) },
    { name: 'a reset', want: 'connection_failed', open: () => openZoo(resetAtOnce) },
  ],
});

test('it waits for what becomes of the message, in the thread that the URL names', async () => {
  const place = await openService(fakeDiscord, (origin) => ({ url: `${origin}${WEBHOOK}?thread_id=7` }));
  expect(await deliverTo(place, discord, sampleEvent)).toEqual({ kind: 'delivered', receipt: 'HTTP 200' });
  expect(place.requests.map(({ path }) => path)).toEqual([`${WEBHOOK}?thread_id=7&wait=true`]);
});

test.each([
  { name: 'a part of a second', body: { retry_after: 64.57, global: false }, after: '64', waitMs: 64_570 },
  { name: 'all of it', body: { retry_after: 1.2, global: true }, after: '1', waitMs: 1_200 },
  { name: 'the longer of two', body: { retry_after: 1.2, global: false }, after: '2', waitMs: 2_000 },
  { name: 'a week', body: { retry_after: 604_800, global: false }, after: '1', waitMs: 86_400_000 },
  { name: 'the header, where the body is not from Discord', body: { retry_after: '7' }, after: '9', waitMs: 9_000 },
  {
    name: 'the header, where the body asks for less than nothing',
    body: { retry_after: -1 },
    after: '9',
    waitMs: 9_000,
  },
])('a rate limit says how long to wait: $name', async ({ body, after, waitMs }) => {
  const place = await open(() => json(429, body, { 'retry-after': after }));
  const outcome = await deliverTo(place, discord, sampleEvent);
  expect(outcome).toMatchObject({ kind: 'failed', reason: 'rate_limited', retryAfterMs: waitMs });
});

test('what went wrong is told in our words and its number', async () => {
  const told = await deliverTo(await open(() => json(404, { code: 10015, message: 'x' })), discord, sampleEvent);
  expect(told).toMatchObject({ detail: 'HTTP 404: unknown webhook (10015)' });
  const limit = await deliverTo(await open(() => json(429, { retry_after: 1, global: true })), discord, sampleEvent);
  expect(limit).toMatchObject({ detail: 'HTTP 429: the global limit' });
});

describe('once more as plain text', () => {
  const refusesEmbeds: FakeService = (message) =>
    message.body.includes('"embeds"') ? json(400, { code: 50035, message: 'Invalid Form Body' }) : fakeDiscord(message);

  test('is delivered when Discord takes that', async () => {
    const outcome = await deliverTo(await open(refusesEmbeds), discord, sampleEvent);
    expect(outcome).toEqual({ kind: 'delivered', receipt: 'HTTP 200 as plain text' });
  });

  test('is what counts when it is refused again', async () => {
    const outcome = await deliverTo(await open(() => json(400, { code: 50035 })), discord, sampleEvent);
    expect(outcome).toEqual({
      kind: 'failed',
      reason: 'rejected_by_receiver',
      detail: 'HTTP 400: invalid form body (50035), as plain text after HTTP 400: invalid form body (50035)',
    });
  });

  test('has the time that is left of the attempt', async () => {
    let moveOn: (ms: number) => void = () => undefined;
    const place = await open((message) => {
      if (message.number === 1) moveOn(15_000);
      // By then five seconds are left of the second request; the answer to it comes too late.
      else moveOn(5_000);
      return refusesEmbeds(message);
    });
    const outcome = await deliverTo(place, discord, sampleEvent, async (clock) => {
      moveOn = (ms) => clock.advance(ms);
    });
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'timeout' });
  });
});

test.each(['slack', 'github/'])('a URL for messages of another kind is refused: %s', (suffix) => {
  const parsed = discord.settings.safeParse({ url: `https://discord.com${WEBHOOK}/${suffix}` });
  expect(parsed.error?.issues).toMatchObject([{ message: 'is for messages of another kind' }]);
});

test('check --connect hears of a webhook that is gone', async () => {
  const place = await openService(fakeDiscord, (origin) => ({ url: `${origin}/api/webhooks/1/other` }));
  expect(await connectTo(place, discord)).toBe('HTTP 404: unknown webhook (10015)');
});
