import { createHmac } from 'node:crypto';
import type { SourceContext } from './define.js';
import type { Credential } from './json-request.js';

/** A token counts from a little before it is made, since clocks differ. */
const SKEW_SECONDS = 30;

interface SignedSettings {
  readonly secret: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Milliseconds. */
  readonly lifetime: number;
}

/** A JSON Web Token of our own, signed by HS256, made anew for each request. @see RFC 7519 */
export function createSigned(
  { clock }: Pick<SourceContext<unknown>, 'clock'>,
  { secret, claims, lifetime }: SignedSettings,
): Credential {
  let last = '';
  return {
    key: 'auth.secret',
    secrets: () => [secret, last],
    async headers() {
      const nowSeconds = Math.floor(clock.nowMs() / 1_000);
      const times = { iat: nowSeconds, nbf: nowSeconds - SKEW_SECONDS, exp: nowSeconds + Math.ceil(lifetime / 1_000) };
      const content = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded({ ...times, ...claims })}`;
      last = `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
      return { authorization: `Bearer ${last}` };
    },
  };
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
