import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Flaw } from '../settings.js';

/** Standard Webhooks 1.0, signatures `v1`. @see https://github.com/standard-webhooks/standard-webhooks */

const SECRET_PREFIX = 'whsec_';
const PRIVATE_KEY_PREFIX = 'whsk_';
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;
const PADDED_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const TOLERANCE_SECONDS = 5 * 60;
/** A receiver looks at no more signatures than this: each costs a comparison. */
const SIGNATURES_MAX = 20;

export interface SignedMessage {
  readonly id: string;
  readonly timestampSeconds: number;
  /** The exact text that is sent. */
  readonly body: string;
}

/** The value of `webhook-signature`: one signature for each secret, so that a receiver may know any of them while keys rotate. */
export function sign(secrets: readonly string[], message: SignedMessage): string {
  return secrets.map((secret) => signOnce(secret, message)).join(' ');
}

/** What is wrong with a signing secret, without the secret; undefined when it can be used. */
export function secretFlaw(secret: string): Flaw | undefined {
  if (secret.startsWith(PRIVATE_KEY_PREFIX)) {
    return { problem: 'is a whsk_… key, and ed25519 is not available in this version', hint: 'use a whsec_… secret' };
  }
  const hint = `make one by: echo "whsec_$(openssl rand -base64 32)"`;
  if (!secret.startsWith(SECRET_PREFIX)) return { problem: 'is not a signing secret', hint };
  const encoded = secret.slice(SECRET_PREFIX.length);
  if (!PADDED_BASE64.test(encoded))
    return { problem: 'is no whole key after whsec_, as if it was cut or made up', hint };
  const bytes = Buffer.from(encoded, 'base64').length;
  if (bytes >= SECRET_BYTES_MIN && bytes <= SECRET_BYTES_MAX) return undefined;
  return { problem: `holds a key of ${bytes} bytes in place of ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX}`, hint };
}

/**
 * What is wrong with a message that arrived, as a receiver sees it; undefined when it is genuine.
 *
 * @param headers lower-case names
 */
export function verify(
  secrets: readonly string[],
  headers: Readonly<Record<string, string | undefined>>,
  body: string,
  nowMs: number,
): string | undefined {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
  if (!id) return 'the header webhook-id is missing';
  if (timestamp === undefined || !/^\d{1,12}$/.test(timestamp))
    return 'the header webhook-timestamp is missing or no number';
  if (!signature) return 'the header webhook-signature is missing';
  const timestampSeconds = Number(timestamp);
  if (Math.abs(nowMs / 1_000 - timestampSeconds) > TOLERANCE_SECONDS) return 'the timestamp is over five minutes off';
  const expected = secrets.map((secret) => signOnce(secret, { id, timestampSeconds, body }));
  const given = signature.split(' ').slice(0, SIGNATURES_MAX);
  return given.some((one) => expected.some((other) => isSame(one, other))) ? undefined : 'no signature matches';
}

function signOnce(secret: string, { id, timestampSeconds, body }: SignedMessage): string {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestampSeconds}.${body}`).digest('base64')}`;
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
