import { jwtExpiresAtMs } from '../../src/source/credential-expiry.js';
import { openSource } from './support.js';

const EXP_S = 1_900_000_000;

function part(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

function jwt(payload: unknown): string {
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part(payload)}.c2lnbmF0dXJl`;
}

test.each([
  { name: 'a JWT says when', token: jwt({ sub: 'a', exp: EXP_S }), want: EXP_S * 1_000 },
  { name: 'a fraction of a second', token: jwt({ exp: 1.5 }), want: 1_500 },
  { name: 'a JWT does not say', token: jwt({ sub: 'a' }), want: null },
  { name: 'exp is a text', token: jwt({ exp: '1900000000' }), want: null },
  { name: 'exp is below zero', token: jwt({ exp: -1 }), want: null },
  { name: 'exp is beyond every calendar', token: jwt({ exp: 1e300 }), want: null },
  { name: 'the payload is null', token: jwt(null), want: null },
  { name: 'the payload is a list', token: jwt([]), want: null },
  { name: 'the payload is no JSON', token: jwt('{"exp":'), want: null },
  { name: 'a text that is no JWT', token: 'token-7c1', want: null },
  { name: 'two parts', token: `${part({})}.${part({ exp: EXP_S })}`, want: null },
  { name: 'no text at all', token: '', want: null },
  { name: 'longer than any header', token: jwt({ exp: EXP_S, pad: 'x'.repeat(20_000) }), want: null },
])('jwtExpiresAtMs: $name', ({ token, want }) => {
  expect(jwtExpiresAtMs(token)).toBe(want);
});

test.each([
  { name: 'client id and secret that do not say', auth: { clientId: 'a', secret: 'b' }, want: null },
  {
    name: 'client id and secret, by expiresAt',
    auth: { clientId: 'a', secret: 'b', expiresAt: '2030-03-17' },
    want: Date.UTC(2030, 2, 17),
  },
  { name: 'a token, by its exp', auth: { token: jwt({ exp: EXP_S }), apiKey: 'b' }, want: EXP_S * 1_000 },
  {
    name: 'a token, by expiresAt before its exp',
    auth: { token: jwt({ exp: EXP_S }), apiKey: 'b', expiresAt: '2030-03-17T17:46:40Z' },
    want: EXP_S * 1_000,
  },
  { name: 'a token that does not say', auth: { token: 'a', apiKey: 'b' }, want: null },
])('when the credential of a source dies: $name', async ({ auth, want }) => {
  await using opened = openSource('https://api.example', { auth });
  expect(opened.source.credentialExpiresAtMs).toBe(want);
});
