import type { HttpAnswer, HttpFailure } from '../../src/ports.js';
import { type AnswerContext, type Problem, readAnswer } from '../../src/source/answer.js';
import { readList } from '../../src/source/superviz-list.js';

const CONTEXT: AnswerContext = {
  keyName: (key) => `sources.production.${key}`,
  urlKey: 'baseUrl',
  credentialKey: 'auth.secret',
  sizeKey: 'paging.size',
  secrets: ['id-7c1', 'secret-9f2'],
  nowMs: 0,
};

function answer(status: number, body: unknown, contentType?: string): HttpAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = contentType === undefined ? {} : { 'content-type': contentType };
  return { kind: 'answer', status, headers, body: Buffer.from(text) };
}

function readerOfLists(json: unknown) {
  return readList(json) ?? { lacks: 'a list', advice: 'check the address' };
}

function found(read: HttpAnswer | HttpFailure): string {
  return (readAnswer(read, CONTEXT, readerOfLists) as Problem).found;
}

test.each([
  {
    name: 'an error with status 200',
    came: answer(200, { statusCode: 401, message: 'Unauthorized' }),
    want: 'status 200 with an object without a list (statusCode 401, message "Unauthorized")',
  },
  { name: 'null', came: answer(200, null), want: 'status 200 with null without a list' },
  { name: 'a number', came: answer(200, 5), want: 'status 200 with a number without a list' },
  { name: 'a string', came: answer(200, '"list"'), want: 'status 200 with a string without a list' },
  {
    name: 'HTML',
    came: answer(200, '\n <!doctype html>', 'text/html; charset=utf-8'),
    want: 'status 200 with HTML instead of JSON (text/html; charset=utf-8)',
  },
  { name: 'text', came: answer(200, 'Hello', 'text/plain'), want: 'status 200 with text instead of JSON (text/plain)' },
  { name: 'no type', came: answer(200, 'Hello'), want: 'status 200 with text instead of JSON (no content type)' },
  { name: 'nothing', came: answer(204, ''), want: 'status 204 with an empty body' },
  {
    name: 'half an array',
    came: answer(200, '[{"uuid":"secret-9f2"},'),
    want: 'status 200 with JSON cut off or damaged after 23 bytes',
  },
  {
    name: 'several messages',
    came: answer(400, { statusCode: 400, message: ['take must be less', 'page must be more', 7] }),
    want: 'status 400 (message "take must be less; page must be more")',
  },
  {
    name: 'a path with its query',
    came: answer(404, { statusCode: 404, message: 'Cannot GET /recording?roomId=lobby&page=1 here' }),
    want: 'status 404 (message "Cannot GET /recording?… here")',
  },
  {
    name: 'a message with a credential',
    came: answer(401, { statusCode: 401, message: 'secret secret-9f2 is unknown' }),
    want: 'status 401',
  },
  {
    name: 'a credential beyond what is shown',
    came: answer(401, { message: `${'x'.repeat(95)} secret-9f2` }),
    want: 'status 401',
  },
  {
    name: 'a long message with line breaks',
    came: answer(500, { message: `a\r\n\u001b[31m${'x'.repeat(200)}` }),
    want: `status 500 (message "a [31m${'x'.repeat(93)}…")`,
  },
  { name: 'an error in HTML', came: answer(502, '<html>Bad Gateway</html>'), want: 'status 502' },
  { name: 'an error that is long', came: answer(500, { message: 'x'.repeat(70_000) }), want: 'status 500' },
  {
    name: 'a body that broke off',
    came: { ...answer(200, '[]'), bodyProblem: 'broken' as const },
    want: 'status 200 with a body that broke off after 2 bytes',
  },
  {
    name: 'a refusal whose body broke off',
    came: { ...answer(401, '{"st'), bodyProblem: 'broken' as const },
    want: 'status 401',
  },
  {
    name: 'a failure',
    came: { kind: 'failure' as const, reason: 'tls_failed' as const, detail: 'host: the certificate has expired' },
    want: 'host: the certificate has expired',
  },
])('what came: $name', ({ came, want }) => {
  expect(found(came)).toBe(want);
});

test.each([
  { reason: 'timeout', kind: 'timeout', isPassing: false },
  { reason: 'dns_failed', kind: 'unreachable', isPassing: true },
  { reason: 'connection_failed', kind: 'unreachable', isPassing: true },
  { reason: 'tls_failed', kind: 'unreachable', isPassing: false },
  { reason: 'address_forbidden', kind: 'unreachable', isPassing: false },
  { reason: 'bad_answer', kind: 'bad_answer', isPassing: true },
  { reason: 'aborted', kind: 'aborted', isPassing: false },
] as const)('no answer: $reason', ({ reason, kind, isPassing }) => {
  expect(readAnswer({ kind: 'failure', reason, detail: 'host: why' }, CONTEXT, readerOfLists)).toMatchObject({
    kind,
    isPassing,
  });
});

test.each([
  { name: 'a byte order mark', came: answer(200, '\ufeff[]') },
  { name: 'JSON of another type', came: answer(200, '[]', 'text/html') },
])('a list all the same: $name', ({ came }) => {
  expect(readAnswer(came, CONTEXT, readerOfLists)).toEqual({ read: { rows: [], pagination: undefined } });
});
