import type { FailureReason, Outcome } from '../../src/core/failure.js';
import { createHttpClient } from '../../src/http/client.js';
import { slack } from '../../src/sinks/slack.js';
import { createManualClock } from '../support/manual-clock.js';
import { sampleEvent } from '../support/sample-event.js';
import { answer, type Behaviour, flood, hang, head, resetAtOnce, startZoo, type Zoo } from '../support/zoo.js';
import { describeSink, type Place } from './conformance.js';

const yes = answer(200, {}, 'ok');

/** Gives one answer after the other; the last one again and again. */
function inTurn(...behaviours: readonly Behaviour[]): Behaviour {
  let next = 0;
  return (socket, request) => {
    const behave = behaviours[Math.min(next, behaviours.length - 1)] ?? hang;
    next += 1;
    behave(socket, request);
  };
}

/** Slack's yes, and more of it than anybody reads. */
const okForEver: Behaviour = (socket) => {
  socket.write(`${head(200, { 'transfer-encoding': 'chunked' })}2\r\nok\r\n`);
  const more = () => {
    if (!socket.destroyed) socket.write('4\r\n    \r\n'.repeat(1_000), more);
  };
  more();
};

async function openZoo(behave: Behaviour): Promise<Place> {
  const zoo = await startZoo(behave);
  return {
    settings: { url: `http://127.0.0.1:${zoo.port}/services/team-token/hook-token` },
    arrived: () => zoo.requests,
    reached: () => zoo.arrivals.reach(1),
    close: zoo.close,
  };
}

/** What Slack documents, and what follows from it. */
const WORDS: readonly (readonly [word: string, status: number, want: FailureReason])[] = [
  ['invalid_payload', 400, 'rejected_by_receiver'],
  ['invalid_blocks', 400, 'rejected_by_receiver'],
  ['invalid_blocks_format', 400, 'rejected_by_receiver'],
  ['msg_blocks_too_long', 400, 'rejected_by_receiver'],
  ['no_text', 400, 'rejected_by_receiver'],
  ['too_many_attachments', 400, 'rejected_by_receiver'],
  ['user_not_found', 400, 'destination_refused'],
  ['action_prohibited', 403, 'destination_refused'],
  ['posting_to_general_channel_denied', 403, 'destination_refused'],
  ['invalid_token', 403, 'destination_refused'],
  ['channel_not_found', 404, 'destination_refused'],
  ['no_service', 404, 'destination_refused'],
  ['no_service_id', 404, 'destination_refused'],
  ['no_active_hooks', 404, 'destination_refused'],
  ['no_team', 404, 'destination_refused'],
  ['team_disabled', 403, 'destination_refused'],
  ['channel_is_archived', 410, 'destination_refused'],
  ['rate_limited', 429, 'rate_limited'],
  ['rollup_error', 500, 'server_error'],
];

function answering(status: number, body: string, want: FailureReason) {
  return { name: `${status} ${body}`, want, open: () => openZoo(answer(status, {}, body)) };
}

describeSink({
  definition: slack,
  secrets: ['team-token', 'hook-token', 'answer-body'],
  open: () => openZoo(yes),
  openSilent: () => openZoo(hang),
  openEndless: () => openZoo(okForEver),
  failures: [
    ...WORDS.map(([word, status, want]) => answering(status, word, want)),
    answering(302, 'answer-body', 'redirected'),
    answering(404, 'answer-body', 'client_error'),
    answering(404, 'no_service answer-body', 'client_error'),
    answering(410, 'answer-body', 'gone'),
    answering(429, 'answer-body', 'rate_limited'),
    answering(503, 'answer-body', 'server_error'),
    answering(200, '<html>answer-body</html>', 'bad_answer'),
    {
      name: 'a page that is longer than any word of Slack',
      want: 'bad_answer',
      open: () => openZoo(answer(200, {}, '<p>'.repeat(5_000))),
    },
    answering(200, '', 'bad_answer'),
    { name: 'a page that never ends', want: 'bad_answer', open: () => openZoo(flood(200)) },
    { name: 'a no that never ends', want: 'server_error', open: () => openZoo(flood(500)) },
    { name: 'a reset', want: 'connection_failed', open: () => openZoo(resetAtOnce) },
  ],
});

async function deliverTo(
  behave: Behaviour,
  meanwhile: (zoo: Zoo, advance: (ms: number) => void) => Promise<void> = async () => undefined,
): Promise<{
  readonly outcome: Outcome;
  readonly messages: readonly Record<string, unknown>[];
  readonly head: string;
}> {
  const zoo = await startZoo(behave);
  const clock = createManualClock();
  const http = createHttpClient({ privateAddresses: 'allow', clock, userAgent: 'recording-notifier/1' });
  const pending = slack.deliver(sampleEvent, {
    name: 'team',
    progress: null,
    settings: slack.settings.parse({ url: `http://127.0.0.1:${zoo.port}/services/hook-token` }),
    http,
    clock,
    timeoutMs: 20_000,
    signal: new AbortController().signal,
    print: async () => undefined,
  });
  await meanwhile(zoo, (ms) => clock.advance(ms));
  const outcome = await pending;
  await http.close();
  await zoo.close();
  const parts = zoo.requests.map((request) => request.split('\r\n\r\n'));
  return {
    outcome,
    messages: parts.map(([, body]) => JSON.parse(Buffer.from(body ?? '', 'latin1').toString())),
    head: parts[0]?.[0] ?? '',
  };
}

test('a message is JSON, with blocks and a text, from our own user agent', async () => {
  const { outcome, messages, head } = await deliverTo(yes);
  expect(outcome).toEqual({ kind: 'delivered', receipt: 'HTTP 200' });
  expect(messages).toEqual([expect.objectContaining({ text: expect.any(String), blocks: expect.any(Array) })]);
  expect(head).toMatch(/^POST \/services\/hook-token HTTP\/1\.1\r\n/);
  expect(head).toMatch(/\r\ncontent-type: application\/json(\r\n|$)/);
  expect(head).toMatch(/\r\nuser-agent: recording-notifier\/1(\r\n|$)/);
});

describe('once more as plain text', () => {
  const no = answer(400, {}, 'invalid_blocks');

  test('is delivered when Slack takes that', async () => {
    const { outcome, messages } = await deliverTo(inTurn(no, yes));
    expect(outcome).toEqual({ kind: 'delivered', receipt: 'HTTP 200 as plain text' });
    expect(messages).toHaveLength(2);
    expect(messages[1]).not.toHaveProperty('blocks');
  });

  test.each([
    {
      name: 'refused again',
      second: answer(400, {}, 'invalid_payload'),
      want: {
        reason: 'rejected_by_receiver',
        detail: 'HTTP 400: invalid_payload, as plain text after HTTP 400: invalid_blocks',
      },
    },
    {
      name: 'met by a limit',
      second: answer(429, { 'retry-after': '30' }, 'rate_limited'),
      want: { reason: 'rate_limited', retryAfterMs: 30_000 },
    },
    { name: 'met by a dead webhook', second: answer(404, {}, 'no_service'), want: { reason: 'destination_refused' } },
    { name: 'met by a reset', second: resetAtOnce, want: { reason: 'connection_failed' } },
  ])('is what counts when it is $name', async ({ second, want }) => {
    const { outcome, messages } = await deliverTo(inTurn(no, second));
    expect(outcome).toMatchObject({ kind: 'failed', ...want });
    expect(messages).toHaveLength(2);
  });

  test('has the time that is left of the attempt', async () => {
    let answerAtLast: () => void = () => undefined;
    const late: Behaviour = (socket, request) => {
      answerAtLast = () => no(socket, request);
    };
    const { outcome } = await deliverTo(inTurn(late, hang), async (zoo, advance) => {
      await zoo.arrivals.reach(1);
      advance(15_000);
      answerAtLast();
      await zoo.arrivals.reach(2);
      advance(5_000);
    });
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'timeout' });
  });

  test('is not tried on other answers', async () => {
    for (const behave of [answer(404, {}, 'no_service'), answer(500, {}, 'rollup_error'), answer(400, {}, 'no')]) {
      expect((await deliverTo(behave)).messages).toHaveLength(1);
    }
  });
});

test.each([
  { name: 'seconds', value: '7', want: 7_000 },
  { name: 'more than a day', value: '999999', want: 86_400_000 },
])('Retry-After is honoured: $name', async ({ value, want }) => {
  const { outcome } = await deliverTo(answer(429, { 'retry-after': value }, 'rate_limited'));
  expect(outcome).toEqual({
    kind: 'failed',
    reason: 'rate_limited',
    detail: 'HTTP 429: rate_limited',
    retryAfterMs: want,
  });
});

function breakingOff(body: string): Behaviour {
  return (socket) => {
    socket.write(`${head(200, { 'content-length': '1000' })}${body}`, () => socket.resetAndDestroy());
  };
}

test.each(['', 'o', 'ok'])('a yes that breaks off is a yes: "%s"', async (body) => {
  expect((await deliverTo(breakingOff(body))).outcome).toEqual({ kind: 'delivered', receipt: 'HTTP 200' });
});

test('something else that breaks off is none', async () => {
  expect((await deliverTo(breakingOff('<html>'))).outcome).toMatchObject({ kind: 'failed', reason: 'bad_answer' });
});
