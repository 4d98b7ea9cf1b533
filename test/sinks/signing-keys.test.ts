import { keyFlaw, publicKeyOf, signingKeyFlaw } from '../../src/sinks/signing-keys.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const PRIVATE_KEY = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
const PUBLIC_KEY = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';
/** Seed and public key. */
const HALVES = Buffer.from(PRIVATE_KEY.slice('whsk_'.length), 'base64');

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
  { name: 'a private key', secret: PRIVATE_KEY, want: undefined },
  {
    name: 'the seed of a private key alone',
    secret: `whsk_${HALVES.subarray(0, 32).toString('base64')}`,
    want: 'holds a key of 32 bytes in place of 64',
  },
  {
    name: 'a private key that was cut',
    secret: PRIVATE_KEY.slice(0, -3),
    want: 'is no whole key after whsk_, as if it was cut or made up',
  },
  {
    name: 'a private key with the public one of another',
    secret: `whsk_${Buffer.concat([HALVES.subarray(0, 32), Buffer.alloc(32, 1)]).toString('base64')}`,
    want: 'has a seed and a public key that do not belong together',
  },
  { name: 'a public key', secret: PUBLIC_KEY, want: undefined },
  {
    name: 'a private key as a public one',
    secret: `whpk_${HALVES.toString('base64')}`,
    want: 'holds a key of 64 bytes in place of 32',
  },
])('keyFlaw: $name', ({ secret, want }) => {
  const flaw = keyFlaw(secret);
  expect(flaw?.problem).toBe(want);
  if (secret.length > 10) expect(JSON.stringify(flaw) ?? '').not.toContain(secret.slice(6));
  if (flaw !== undefined) expect(flaw.hint).toMatch(/^(make one by: |the README has a line |write it as )/);
});

test('a public key can verify, and cannot sign', () => {
  expect(signingKeyFlaw(PUBLIC_KEY)).toEqual({
    problem: 'is a public key, which cannot sign',
    hint: 'write the whsk_… key that it belongs to',
  });
  for (const key of [SECRET, PRIVATE_KEY]) expect(signingKeyFlaw(key)).toBeUndefined();
});

test.each([
  { key: PRIVATE_KEY, want: PUBLIC_KEY, name: 'of a private key' },
  { key: PUBLIC_KEY, want: PUBLIC_KEY, name: 'of itself' },
  { key: SECRET, want: undefined, name: 'of a shared secret there is none' },
])('the public key $name', ({ key, want }) => {
  expect(publicKeyOf(key)).toBe(want);
});
