import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { signingKeyFlaw } from '../../src/sinks/signing-keys.js';
import { sign, verify } from '../../src/sinks/standard-webhooks.js';

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
/** The message of A, signed by the private key of the vectors. */
const C = {
  secret: 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==',
  message: A.message,
  signature: 'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
};
const PRIVATE_KEY = C.secret;
const PUBLIC_KEY = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';

const BY_C = { 'webhook-signature': C.signature };

function headersOf({ message, signature }: typeof A): Record<string, string> {
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestampSeconds),
    'webhook-signature': signature,
  };
}

test.each([
  { name: 'A', ...A },
  { name: 'B', ...B },
  { name: 'C', ...C },
])('sign and verify agree with vector $name', (vector) => {
  expect(sign([vector.secret], vector.message)).toBe(vector.signature);
  const nowMs = vector.message.timestampSeconds * 1_000;
  expect(verify([vector.secret], headersOf(vector), vector.message.body, nowMs)).toBeUndefined();
});

test('several keys of both kinds make a signature each, in their order', () => {
  const other = sign([OTHER_SECRET], A.message);
  expect(sign([SECRET, OTHER_SECRET], A.message)).toBe(`${A.signature} ${other}`);
  expect(sign([PRIVATE_KEY, SECRET], A.message)).toBe(`${C.signature} ${A.signature}`);
  expect(sign([SECRET, PRIVATE_KEY, OTHER_SECRET], A.message)).toBe(`${A.signature} ${C.signature} ${other}`);
});

test('the cryptography of browsers verifies what a private key signed', async () => {
  const bytes = (base64: string) => Buffer.from(base64, 'base64');
  const publicKey = bytes(PUBLIC_KEY.slice('whpk_'.length));
  const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
  const message = { id: 'evt_1', timestampSeconds: 1_700_000_000, body: '{"room":"é ☃ \\u0000"}' };
  const signature = bytes(sign([PRIVATE_KEY], message).slice('v1a,'.length));
  const content = Buffer.from(`evt_1.1700000000.${message.body}`);
  await expect(crypto.subtle.verify('Ed25519', key, signature, content)).resolves.toBe(true);
});

test('the package of the specification accepts the v1 signatures of a rotation', () => {
  const id = 'evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d';
  const timestampSeconds = Math.floor(Date.now() / 1_000);
  const body = '{"type":"recording.available","room":"é ☃ \\u0000"}';
  const signature = sign([PRIVATE_KEY, SECRET, OTHER_SECRET], { id, timestampSeconds, body });
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(timestampSeconds), 'webhook-signature': signature };
  for (const secret of [SECRET, OTHER_SECRET]) {
    expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
  }
});

test('what the package signs is accepted, whatever the length of the key', () => {
  for (const bytes of [24, 25, 26, 32, 64]) {
    const secret = `whsec_${randomBytes(bytes).toString('base64')}`;
    expect(signingKeyFlaw(secret)).toBeUndefined();
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
  {
    name: 'the public key of a signature of both kinds',
    secrets: [PUBLIC_KEY],
    headers: { 'webhook-signature': `${A.signature} ${C.signature}` },
    want: undefined,
  },
  { name: 'the private key itself', secrets: [PRIVATE_KEY], headers: BY_C, want: undefined },
  { name: 'the public key beside a secret', secrets: [OTHER_SECRET, PUBLIC_KEY], headers: BY_C, want: undefined },
  { name: 'a public key, of what a secret signed', secrets: [PUBLIC_KEY], want: 'no signature matches' },
  { name: 'a secret, of what a private key signed', headers: BY_C, want: 'no signature matches' },
  {
    name: 'another public key',
    secrets: [`whpk_${Buffer.alloc(32, 1).toString('base64')}`],
    headers: BY_C,
    want: 'no signature matches',
  },
  {
    name: 'another body under a private key',
    body: '{"test": 2432232315}',
    secrets: [PUBLIC_KEY],
    headers: BY_C,
    want: 'no signature matches',
  },
  {
    name: 'the signature of a private key with something behind it',
    secrets: [PUBLIC_KEY],
    headers: { 'webhook-signature': `${C.signature}x` },
    want: 'no signature matches',
  },
  {
    name: 'a signature beyond the twentieth',
    headers: { 'webhook-signature': `${'v1,x '.repeat(20)}${A.signature}` },
    want: 'no signature matches',
  },
])('verify: $name', ({ body = A.message.body, headers = {}, secrets = [SECRET], laterMs = 0, want }) => {
  const nowMs = A.message.timestampSeconds * 1_000 + laterMs;
  expect(verify(secrets, { ...headersOf(A), ...headers }, body, nowMs)).toBe(want);
});
