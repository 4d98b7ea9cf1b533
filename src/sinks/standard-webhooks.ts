import { createHmac, sign as createSignature, timingSafeEqual, verify as verifySignature } from 'node:crypto';
import { readKey } from './signing-keys.js';

/** Standard Webhooks 1.0: signatures `v1` (HMAC-SHA256) and `v1a` (ed25519). @see https://github.com/standard-webhooks/standard-webhooks */

const TOLERANCE_SECONDS = 5 * 60;
/** A receiver looks at no more signatures than this: each costs a comparison. */
const SIGNATURES_MAX = 20;
/** A signature of ed25519 has 64 bytes. `Buffer.from` would take what only begins like one. */
const V1A = /^v1a,([A-Za-z0-9+/]{86}==)$/;

export interface SignedMessage {
  readonly id: string;
  readonly timestampSeconds: number;
  /** The exact text that is sent. */
  readonly body: string;
}

/**
 * The value of `webhook-signature`: one signature for each key, in their order, so that a receiver may know any of them while keys
 * rotate.
 *
 * @param keys `whsec_…` and `whsk_…`, without a flaw
 */
export function sign(keys: readonly string[], message: SignedMessage): string {
  return keys.map((key) => signOnce(key, contentOf(message))).join(' ');
}

/**
 * What is wrong with a message that arrived, as a receiver sees it; undefined when it is genuine.
 *
 * @param keys    `whsec_…`, `whpk_…` and `whsk_…`, without a flaw
 * @param headers lower-case names
 */
export function verify(
  keys: readonly string[],
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
  const content = contentOf({ id, timestampSeconds, body });
  const given = signature.split(' ').slice(0, SIGNATURES_MAX);
  return keys.some((key) => hasSigned(key, content, given)) ? undefined : 'no signature matches';
}

function contentOf({ id, timestampSeconds, body }: SignedMessage): Buffer {
  return Buffer.from(`${id}.${timestampSeconds}.${body}`);
}

function signOnce(text: string, content: Buffer): string {
  const read = readKey(text);
  if (read.kind !== 'shared') return `v1a,${createSignature(null, content, read.key).toString('base64')}`;
  return `v1,${createHmac('sha256', read.key).update(content).digest('base64')}`;
}

function hasSigned(text: string, content: Buffer, signatures: readonly string[]): boolean {
  const read = readKey(text);
  if (read.kind === 'shared') {
    const expected = signOnce(text, content);
    return signatures.some((signature) => isSame(signature, expected));
  }
  return signatures.some((signature) => {
    const [, encoded] = V1A.exec(signature) ?? [];
    return encoded !== undefined && verifySignature(null, content, read.key, Buffer.from(encoded, 'base64'));
  });
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
