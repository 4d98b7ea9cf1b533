import { z } from 'zod';
import { isHeaderName, isHeaderValue } from '../http/headers.js';
import { duration, instant, issueOf, plainHttpUrl, secret } from '../settings.js';
import { jwtExpiresAtMs } from './credential-expiry.js';
import type { SourceContext } from './define.js';
import { type Credential, fixedCredential } from './json-request.js';
import { createSigned } from './jwt.js';
import { createOauth2 } from './oauth2.js';

/** Ways to be let in by a platform, as settings and as what they come to. */

const CLAIMS_MAX = 50;

/** Extra headers of requests. Any of them may be a credential. */
export function requestHeaders() {
  return z.record(z.string(), secret()).superRefine((headers, context) => {
    for (const [name, value] of Object.entries(headers)) {
      const problem = headerProblem(name, value);
      if (problem !== undefined) context.addIssue({ ...issueOf({ problem, isBare: true }), path: [name] });
    }
  });
}

function headerProblem(name: string, value: string): string | undefined {
  if (!isHeaderName(name)) return 'is no name of a header; write letters, digits and hyphens';
  if (['host', 'content-length', 'accept', 'if-none-match'].includes(name.toLowerCase())) return 'is set by itself';
  return isHeaderValue(value) ? undefined : 'has a value with a line break or another character that no header has';
}

export function authSettings() {
  return z.union([
    z.strictObject({ type: z.literal('bearer'), token: credential(), expiresAt: expiresAt() }),
    z.strictObject({
      type: z.literal('basic'),
      username: z.string().min(1),
      password: secret(),
      expiresAt: expiresAt(),
    }),
    z.strictObject({ type: z.literal('headers'), headers: requestHeaders(), expiresAt: expiresAt() }),
    z.strictObject({
      type: z.literal('oauth2ClientCredentials'),
      tokenUrl: plainHttpUrl().describe('Where tokens are made.'),
      clientId: z.string().min(1),
      clientSecret: secret(),
      scope: z.string().min(1).optional().meta({ example: 'recordings.read' }).describe('What the token is for.'),
      params: z
        .record(z.string(), secret())
        .default({})
        .meta({ example: { audience: 'https://api.example.com' } })
        .describe('Further parameters of the request for a token; they go before ours, grant_type too.'),
      sendAs: z
        .enum(['basic', 'body'])
        .default('basic')
        .describe('Where the client id and secret go: HTTP Basic, or the body.'),
      expiresAt: expiresAt(),
    }),
    z.strictObject({
      type: z.literal('jwt'),
      secret: secret().describe('Signs a token for each request: HS256.'),
      claims: z
        .record(z.string(), z.unknown())
        .refine((claims) => Object.keys(claims).length <= CLAIMS_MAX, { message: `has more than ${CLAIMS_MAX} keys` })
        .default({})
        .meta({ example: { iss: '${API_KEY}' } })
        .describe('What the token says, beside `iat`, `nbf` and `exp`.'),
      lifetime: duration({ minMs: 10_000, maxMs: 86_400_000 }).prefault('10m').describe('How long a token lives.'),
      expiresAt: expiresAt(),
    }),
  ]);
}

export type AuthSettings = z.output<ReturnType<typeof authSettings>>;

/** @param auth undefined: the platform lets in whoever comes */
export function credentialFor(
  context: SourceContext<unknown>,
  auth: AuthSettings | undefined,
  timeoutMs: number,
): Credential {
  switch (auth?.type) {
    case undefined:
      return fixedCredential({ key: 'auth', headers: {}, secrets: [] });
    case 'bearer':
      return fixedCredential({
        key: 'auth.token',
        headers: { authorization: `Bearer ${auth.token}` },
        secrets: [auth.token],
      });
    case 'basic': {
      const pair = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
      const headers = { authorization: `Basic ${pair}` };
      return fixedCredential({ key: 'auth.password', headers, secrets: [auth.password, pair] });
    }
    case 'headers':
      return fixedCredential({ key: 'auth.headers', headers: auth.headers, secrets: Object.values(auth.headers) });
    case 'oauth2ClientCredentials':
      return createOauth2(context, auth, timeoutMs);
    case 'jwt':
      return createSigned(context, auth);
  }
}

/** What the operator says goes before what a token says. */
export function credentialExpiryOf(auth: AuthSettings | undefined): number | null {
  if (auth?.expiresAt !== undefined) return auth.expiresAt;
  return auth?.type === 'bearer' ? jwtExpiresAtMs(auth.token) : null;
}

export function expiresAt() {
  return instant()
    .optional()
    .meta({ example: '2027-06-30' })
    .describe(
      'When the credential dies, to be warned a week and a day before. Default: the `exp` of a token that is a JWT.',
    );
}

/** A secret that a header can carry. */
export function credential() {
  return secret().regex(/^[\x21-\x7e]+$/, {
    message: 'has a space, a line break or another character that no credential has',
  });
}
