import type { FailureReason } from '../../src/core/failure.js';
import type { ReceiverAnswer } from '../../src/fake/receiver.js';
import { telegram } from '../../src/sinks/telegram.js';
import { CHAT, fakeTelegram, TOKEN } from '../support/fake-telegram.js';
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

const settingsOf = (baseUrl: string) => ({ token: TOKEN, chatId: CHAT, baseUrl });
const open = (respond: FakeService = fakeTelegram) => openService(respond, settingsOf);
const openZoo = (behave: Parameters<typeof openMisbehaving>[0]) => openMisbehaving(behave, settingsOf);

const no = (status: number, description: string, parameters?: object): ReceiverAnswer =>
  json(status, { ok: false, error_code: status, description, parameters });

function answering(answer: ReceiverAnswer, want: FailureReason) {
  return { name: `${answer.status} ${answer.body}`, want, open: () => open(() => answer) };
}

describeSink({
  definition: telegram,
  secrets: [TOKEN, TOKEN.split(':')[1] ?? '', 'answer-body'],
  open: () => open(),
  openSilent: () => openZoo(hang),
  openEndless: () => openZoo(endless(200, '{"ok":true')),
  failures: [
    answering(no(401, 'Unauthorized'), 'destination_refused'),
    answering(no(404, 'Not Found'), 'destination_refused'),
    answering(no(400, 'Bad Request: chat not found'), 'destination_refused'),
    answering(no(400, 'Bad Request: message thread not found'), 'destination_refused'),
    answering(no(400, 'Bad Request: TOPIC_CLOSED'), 'destination_refused'),
    answering(no(400, 'Bad Request: not enough rights to send text messages to the chat'), 'destination_refused'),
    answering(no(403, 'Forbidden: bot was blocked by the user'), 'destination_refused'),
    answering(no(403, 'Forbidden: bot was kicked from the supergroup chat'), 'destination_refused'),
    answering(no(403, 'Forbidden: answer-body'), 'destination_refused'),
    answering(no(400, "Bad Request: can't parse entities: answer-body"), 'rejected_by_receiver'),
    answering(no(400, 'Bad Request: message is too long'), 'rejected_by_receiver'),
    answering(no(400, 'Bad Request: answer-body'), 'client_error'),
    answering(no(429, 'Too Many Requests: retry after 5', { retry_after: 5 }), 'rate_limited'),
    answering(no(500, 'Internal Server Error: answer-body'), 'server_error'),
    answering({ status: 404, body: 'answer-body' }, 'client_error'),
    answering({ status: 403, body: '<html>answer-body' }, 'client_error'),
    answering({ status: 401, body: '{"error":"answer-body"}' }, 'client_error'),
    answering({ status: 302, body: 'answer-body' }, 'redirected'),
    answering({ status: 502, body: 'answer-body' }, 'server_error'),
    answering({ status: 200, body: '<html>answer-body' }, 'bad_answer'),
    answering(json(200, { ok: false, description: 'answer-body' }), 'bad_answer'),
    answering({ status: 204 }, 'bad_answer'),
    { name: 'a page that never ends', want: 'bad_answer', open: () => openZoo(flood(200)) },
    { name: 'a reset', want: 'connection_failed', open: () => openZoo(resetAtOnce) },
  ],
});

test.each([
  { name: 'a part of a path', path: '/telegram', thread: undefined },
  { name: 'with a slash at its end', path: '/telegram/', thread: 7 },
])('it goes to a server of its own: $name', async ({ path, thread }) => {
  const place = await openService(
    (message) => fakeTelegram({ ...message, path: message.path.replace(/^\/telegram/, '') }),
    (origin) => ({ ...settingsOf(`${origin}${path}`), threadId: thread }),
  );
  expect(await deliverTo(place, telegram, sampleEvent)).toEqual({ kind: 'delivered', receipt: 'HTTP 200' });
  expect(place.requests.map((request) => request.path)).toEqual([`/telegram/bot${TOKEN}/sendMessage`]);
  expect(place.requests[0]?.json).toMatchObject({ chat_id: CHAT, ...(thread && { message_thread_id: thread }) });
});

test('a topic that is not there is told', async () => {
  const place = await openService(fakeTelegram, (origin) => ({ ...settingsOf(origin), threadId: 8 }));
  expect(await deliverTo(place, telegram, sampleEvent)).toMatchObject({
    reason: 'destination_refused',
    detail: 'HTTP 400: message thread not found',
  });
});

test.each([
  { name: 'seconds', parameters: { retry_after: 37 }, waitMs: 37_000 },
  { name: 'more than a day', parameters: { retry_after: 999_999 }, waitMs: 86_400_000 },
  { name: 'nothing', parameters: undefined, waitMs: undefined },
  { name: 'no number', parameters: { retry_after: '37' }, waitMs: undefined },
])('a limit says how long to wait: $name', async ({ parameters, waitMs }) => {
  const place = await open(() => no(429, 'Too Many Requests', parameters));
  const outcome = await deliverTo(place, telegram, sampleEvent);
  expect(outcome).toEqual({
    kind: 'failed',
    reason: 'rate_limited',
    detail: 'HTTP 429',
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
  });
});

test.each([
  { id: -1_001_201_784_679, want: 'HTTP 400: the group became a supergroup: write chatId: -1001201784679' },
  { id: 'answer-body', want: 'HTTP 400: group chat was upgraded to a supergroup chat' },
])('a group that became a supergroup is told with its new id: $id', async ({ id, want }) => {
  const parameters = { migrate_to_chat_id: id };
  const place = await open(() => no(400, 'Bad Request: group chat was upgraded to a supergroup chat', parameters));
  const outcome = await deliverTo(place, telegram, sampleEvent);
  expect(outcome).toMatchObject({ kind: 'failed', reason: 'destination_refused', detail: want });
});

test('what it refuses to parse goes once more without markup', async () => {
  const place = await open((message) =>
    message.body.includes('parse_mode') ? no(400, "Bad Request: can't parse entities: x") : fakeTelegram(message),
  );
  const outcome = await deliverTo(place, telegram, sampleEvent);
  expect(outcome).toEqual({ kind: 'delivered', receipt: 'HTTP 200 as plain text' });
});

test.each([
  { name: 'a wrong token', settings: { token: `${TOKEN}x` }, want: 'HTTP 401: the bot token is not valid' },
  { name: 'half a token', settings: { token: '1:a' }, want: 'HTTP 404: the bot token is not valid' },
  { name: 'a chat that is not there', settings: { chatId: '@other' }, want: 'HTTP 400: chat not found' },
])('check --connect finds $name', async ({ settings, want }) => {
  const place = await openService(fakeTelegram, (origin) => ({ ...settingsOf(origin), ...settings }));
  expect(await connectTo(place, telegram)).toBe(want);
});

test.each([
  { key: 'token', value: 'abc', want: 'is not a bot token' },
  { key: 'token', value: '123:a/../b', want: 'is not a bot token' },
  { key: 'chatId', value: 'channel', want: 'is not the id of a chat' },
  { key: 'chatId', value: 1.5, want: 'is not the id of a chat' },
  { key: 'threadId', value: 1, want: 'is too small' },
])('$key: $value $want', ({ key, value, want }) => {
  const parsed = telegram.settings.safeParse({ token: TOKEN, chatId: CHAT, [key]: value });
  expect(parsed.error?.issues).toMatchObject([{ path: [key], message: want }]);
});

test('an id of a chat is kept digit by digit', () => {
  expect(telegram.settings.parse({ token: TOKEN, chatId: -1_001_234_567_890 })).toMatchObject({ chatId: CHAT });
});
