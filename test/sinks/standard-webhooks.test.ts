import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { secretFlaw, sign, verify } from '../../src/sinks/standard-webhooks.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

const A = {
  secret: SECRET,
  message: { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampSeconds: 1614265330, body: '{"test": 2432232314}' },
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const B = {
  secret: OTHER_SECRET,
  message: {
    id: 'msg_27UH4WbU6Z5A5EzD8u03UvzRbpk',
    timestampSeconds: 1649367553,
    body: '{"email":"test@example.com","username":"test_user"}',
  },
  signature: 'v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=',
};

function headersOf({ message, signature }: typeof A): Record<string, string> {
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestampSeconds),
    'webhook-signature': signature,
  };
}

test.each([A, B])('sign and verify agree with the vector of $message.id', (vector) => {
  expect(sign([vector.secret], vector.message)).toBe(vector.signature);
  const nowMs = vector.message.timestampSeconds * 1_000;
  expect(verify([vector.secret], headersOf(vector), vector.message.body, nowMs)).toBeUndefined();
});

test('several secrets make several signatures, in their order', () => {
  expect(sign([SECRET, OTHER_SECRET], A.message)).toBe(`${A.signature} ${sign([OTHER_SECRET], A.message)}`);
});

test('the package of the specification accepts every signature of a rotation', () => {
  const id = 'evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d';
  const timestampSeconds = Math.floor(Date.now() / 1_000);
  const body = '{"type":"recording.available","room":"é ☃ \\u0000"}';
  const signature = sign([SECRET, OTHER_SECRET], { id, timestampSeconds, body });
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(timestampSeconds), 'webhook-signature': signature };
  for (const secret of [SECRET, OTHER_SECRET]) expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
});

test('what the package signs is accepted, whatever the length of the key', () => {
  for (const bytes of [24, 25, 26, 32, 64]) {
    const secret = `whsec_${randomBytes(bytes).toString('base64')}`;
    expect(secretFlaw(secret)).toBeUndefined();
    const signature = new Webhook(secret).sign('evt_1', new Date(1_700_000_000_000), 'body');
    const headers = { 'webhook-id': 'evt_1', 'webhook-timestamp': '1700000000', 'webhook-signature': signature };
    expect(verify([secret], headers, 'body', 1_700_000_000_000)).toBeUndefined();
  }
});

test.each([
  { name: 'another body', body: '{"test": 2432232315}', want: 'no signature matches' },
  { name: 'another id', headers: { 'webhook-id': 'msg_other' }, want: 'no signature matches' },
  {
    name: 'another time, within the tolerance',
    headers: { 'webhook-timestamp': '1614265331' },
    want: 'no signature matches',
  },
  { name: 'another secret', secrets: [OTHER_SECRET], want: 'no signature matches' },
  {
    name: 'another version',
    headers: { 'webhook-signature': A.signature.replace('v1', 'v2') },
    want: 'no signature matches',
  },
  {
    name: 'no signature',
    headers: { 'webhook-signature': undefined },
    want: 'the header webhook-signature is missing',
  },
  { name: 'no id', headers: { 'webhook-id': undefined }, want: 'the header webhook-id is missing' },
  {
    name: 'no time',
    headers: { 'webhook-timestamp': undefined },
    want: 'the header webhook-timestamp is missing or no number',
  },
  {
    name: 'a time that is no number',
    headers: { 'webhook-timestamp': 'now' },
    want: 'the header webhook-timestamp is missing or no number',
  },
  { name: 'five minutes old', laterMs: 300_000, want: undefined },
  { name: 'older', laterMs: 301_000, want: 'the timestamp is over five minutes off' },
  { name: 'five minutes early', laterMs: -300_000, want: undefined },
  { name: 'earlier', laterMs: -301_000, want: 'the timestamp is over five minutes off' },
  { name: 'one of the secrets', secrets: [OTHER_SECRET, SECRET], want: undefined },
  { name: 'one of the signatures', headers: { 'webhook-signature': `v1a,xx v1,yy ${A.signature}` }, want: undefined },
])('verify: $name', ({ body = A.message.body, headers = {}, secrets = [SECRET], laterMs = 0, want }) => {
  const nowMs = A.message.timestampSeconds * 1_000 + laterMs;
  expect(verify(secrets, { ...headersOf(A), ...headers }, body, nowMs)).toBe(want);
});

test.each([
  { name: '24 bytes', secret: SECRET, want: undefined },
  {
    name: '23 bytes',
    secret: `whsec_${Buffer.alloc(23).toString('base64')}`,
    want: 'holds a key of 23 bytes in place of 24 to 64',
  },
  {
    name: '65 bytes',
    secret: `whsec_${Buffer.alloc(65).toString('base64')}`,
    want: 'holds a key of 65 bytes in place of 24 to 64',
  },
  { name: 'no prefix', secret: SECRET.slice(6), want: 'is not a signing secret' },
  { name: 'nothing behind the prefix', secret: 'whsec_', want: 'holds a key of 0 bytes in place of 24 to 64' },
  {
    name: 'no padding',
    secret: `whsec_${Buffer.alloc(25).toString('base64').replace(/=+$/, '')}`,
    want: 'is no whole key after whsec_, as if it was cut or made up',
  },
  {
    name: 'the alphabet of URLs',
    secret: `${SECRET.slice(0, -4)}-_-_`,
    want: 'is no whole key after whsec_, as if it was cut or made up',
  },
  {
    name: 'a line break behind it',
    secret: `${SECRET}\n`,
    want: 'is no whole key after whsec_, as if it was cut or made up',
  },
  { name: 'a private key', secret: 'whsk_6Xb/', want: 'is a whsk_… key, and ed25519 is not available in this version' },
])('secretFlaw: $name', ({ secret, want }) => {
  const flaw = secretFlaw(secret);
  expect(flaw?.problem).toBe(want);
  if (secret.length > 10) expect(JSON.stringify(flaw) ?? '').not.toContain(secret.slice(6));
});
