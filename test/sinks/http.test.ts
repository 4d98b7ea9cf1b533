import type { Outcome } from '../../src/core/failure.js';
import type { HttpAnswer, HttpFailure } from '../../src/ports.js';
import { outcomeOf } from '../../src/sinks/http.js';

const URL_SENT_TO = 'https://me:secret@hooks.example/secret?token=secret';
const NOW_MS = Date.parse('2024-05-13T17:19:04.000Z');

function outcome(status: number, headers: Record<string, string> = {}): Outcome {
  const answer: HttpAnswer = { kind: 'answer', status, headers, body: Buffer.from('secret body') };
  return outcomeOf(answer, URL_SENT_TO, NOW_MS);
}

test.each([
  { status: 200, headers: {}, name: 'fine' },
  { status: 204, headers: {}, name: 'fine without a body' },
  { status: 299, headers: {}, name: 'any 2xx' },
  { status: 200, headers: { 'webhook-delivery': 'disable' }, name: 'accepted is accepted' },
])('$status is delivered: $name', ({ status, headers }) => {
  expect(outcome(status, headers)).toEqual({ kind: 'delivered', receipt: `HTTP ${status}` });
});

test.each([
  { status: 300, headers: {}, want: 'redirected', name: 'without a place' },
  { status: 302, headers: { location: 'https://new.example/x' }, want: 'redirected', name: 'with one' },
  { status: 304, headers: {}, want: 'redirected', name: 'an answer that nobody asked for' },
  { status: 400, headers: {}, want: 'client_error', name: '' },
  { status: 401, headers: {}, want: 'client_error', name: 'a deployment that is not ready' },
  { status: 404, headers: {}, want: 'client_error', name: 'a deployment that is not there yet' },
  { status: 408, headers: {}, want: 'server_error', name: '' },
  { status: 410, headers: {}, want: 'gone', name: '' },
  { status: 413, headers: {}, want: 'payload_too_large', name: '' },
  { status: 415, headers: {}, want: 'unsupported_format', name: '' },
  { status: 425, headers: {}, want: 'server_error', name: '' },
  { status: 429, headers: {}, want: 'rate_limited', name: 'without a wait' },
  { status: 500, headers: {}, want: 'server_error', name: '' },
  { status: 502, headers: {}, want: 'server_error', name: '' },
  { status: 503, headers: {}, want: 'server_error', name: 'without a wait' },
  { status: 503, headers: { 'retry-after': 'soon' }, want: 'server_error', name: 'with a wait that is none' },
  { status: 504, headers: {}, want: 'server_error', name: '' },
  { status: 999, headers: {}, want: 'bad_answer', name: 'no class of HTTP' },
  { status: 400, headers: { 'webhook-delivery': 'disable' }, want: 'disabled_by_receiver', name: 'disable' },
  {
    status: 500,
    headers: { 'webhook-delivery': ' Abort-Message ' },
    want: 'aborted_by_receiver',
    name: 'abort-message',
  },
  { status: 410, headers: { 'webhook-delivery': 'constructor' }, want: 'gone', name: 'a word that means nothing' },
])('$status is $want: $name', ({ status, headers, want }) => {
  const got = outcome(status, headers);
  expect(got).toMatchObject({ kind: 'failed', reason: want, detail: expect.stringContaining(`HTTP ${status}`) });
  expect(got).not.toHaveProperty('retryAfterMs');
  expect(JSON.stringify(got)).not.toContain('secret');
});

test.each([
  { status: 429, value: '120', want: 'rate_limited', waitMs: 120_000, name: 'seconds' },
  { status: 429, value: 'Mon, 13 May 2024 17:20:04 GMT', want: 'rate_limited', waitMs: 60_000, name: 'a date' },
  { status: 503, value: '7', want: 'overloaded', waitMs: 7_000, name: 'the whole sink waits' },
  { status: 500, value: '7', want: 'server_error', waitMs: 7_000, name: 'this delivery waits' },
  { status: 404, value: '7', want: 'client_error', waitMs: 7_000, name: 'this delivery waits, too' },
  { status: 429, value: '999999', want: 'rate_limited', waitMs: 86_400_000, name: 'more than a day' },
  { status: 429, value: '1.5', want: 'rate_limited', waitMs: undefined, name: 'a fraction' },
  { status: 429, value: '-1', want: 'rate_limited', waitMs: undefined, name: 'the past' },
  { status: 429, value: '', want: 'rate_limited', waitMs: undefined, name: 'nothing' },
  { status: 429, value: '1, 2', want: 'rate_limited', waitMs: undefined, name: 'given twice' },
])('$status with Retry-After $value: $name', ({ status, value, want, waitMs }) => {
  const got = outcome(status, { 'retry-after': value });
  expect(got).toMatchObject({ kind: 'failed', reason: want });
  expect('retryAfterMs' in got ? got.retryAfterMs : undefined).toBe(waitMs);
});

test.each([
  { location: 'https://new.example:8443/secret?secret#secret', want: 'https://new.example:8443;', name: 'absolute' },
  { location: 'http://u:secret@new.example/', want: 'http://new.example;', name: 'with credentials' },
  { location: '/secret', want: 'https://hooks.example;', name: 'relative' },
  { location: '//new.example/secret', want: 'https://new.example;', name: 'without a scheme' },
  { location: 'mailto:secret@example.com', want: 'points nowhere', name: 'no host' },
  { location: 'https://', want: 'points nowhere', name: 'no URL' },
  { location: `https://${'a'.repeat(5_000)}.example/`, want: 'points to https://aaa', name: 'very long' },
])('a redirect says where to, and no more: $name', ({ location, want }) => {
  const got = outcome(301, { location });
  const detail = got.kind === 'failed' ? got.detail : '';
  expect(detail).toContain(want);
  expect(detail).toContain('configure the final URL');
  expect(detail).not.toContain('secret');
  expect(detail.length).toBeLessThan(250);
});

test.each([
  { reason: 'timeout', want: 'timeout' },
  { reason: 'dns_failed', want: 'dns_failed' },
  { reason: 'connection_failed', want: 'connection_failed' },
  { reason: 'tls_failed', want: 'tls_failed' },
  { reason: 'address_forbidden', want: 'address_forbidden' },
  { reason: 'bad_answer', want: 'bad_answer' },
  { reason: 'aborted', want: 'stopped' },
] as const satisfies readonly { reason: HttpFailure['reason']; want: string }[])(
  'without an answer, $reason is $want',
  ({ reason, want }) => {
    const got = outcomeOf({ kind: 'failure', reason, detail: 'in words' }, URL_SENT_TO, NOW_MS);
    expect(got).toEqual({ kind: 'failed', reason: want, detail: 'in words' });
  },
);
