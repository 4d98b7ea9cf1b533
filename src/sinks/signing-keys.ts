import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import type { Flaw } from '../settings.js';

/**
 * Keys of Standard Webhooks 1.0 as they are written: a prefix and padded base64. `whsec_` is a secret that both sides share, for `v1`;
 * `whsk_` is a private ed25519 key, its 32 bytes of seed and then its 32 of public key, and `whpk_` that public key alone, for `v1a`.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks
 */

const SECRET = 'whsec_';
const PRIVATE_KEY = 'whsk_';
const PUBLIC_KEY = 'whpk_';

const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;
const SEED_BYTES = 32;
const PUBLIC_KEY_BYTES = 32;

const PADDED_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What stands in DER before a seed (PKCS #8) and before a public key (SPKI). @see RFC 8410 */
const PRIVATE_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

const SECRET_HINT = `make one by: echo "whsec_$(openssl rand -base64 32)"`;
const PRIVATE_KEY_HINT = 'the README has a line that makes one, under "Keys and their rotation"';

/** A key that is ready for use. */
export interface Key {
  readonly kind: 'shared' | 'private' | 'public';
  readonly key: KeyObject;
}

/** Keys that are kept ready: to make one again for each signature takes longer than to sign. */
const READY_MAX = 200;
const ready = new Map<string, Key>();

/** What is wrong with a key to sign with, without the key; undefined when it can be used. */
export function signingKeyFlaw(text: string): Flaw | undefined {
  if (text.startsWith(PUBLIC_KEY)) {
    return { problem: 'is a public key, which cannot sign', hint: 'write the whsk_… key that it belongs to' };
  }
  return keyFlaw(text);
}

/** What is wrong with a key of a receiver, which may be a public one. */
export function keyFlaw(text: string): Flaw | undefined {
  if (text.startsWith(PRIVATE_KEY)) return privateKeyFlaw(text.slice(PRIVATE_KEY.length));
  if (text.startsWith(PUBLIC_KEY)) {
    const hint = 'write it as `check` of the sender prints it';
    return bytesFlaw(text, PUBLIC_KEY, PUBLIC_KEY_BYTES, PUBLIC_KEY_BYTES, hint);
  }
  if (!text.startsWith(SECRET)) return { problem: 'is not a signing secret', hint: SECRET_HINT };
  return bytesFlaw(text, SECRET, SECRET_BYTES_MIN, SECRET_BYTES_MAX, SECRET_HINT);
}

function bytesFlaw(text: string, prefix: string, min: number, max: number, hint: string): Flaw | undefined {
  const encoded = text.slice(prefix.length);
  if (!PADDED_BASE64.test(encoded)) {
    return { problem: `is no whole key after ${prefix}, as if it was cut or made up`, hint };
  }
  const { length } = Buffer.from(encoded, 'base64');
  if (length >= min && length <= max) return undefined;
  const wanted = min === max ? String(min) : `${min} to ${max}`;
  return { problem: `holds a key of ${length} bytes in place of ${wanted}`, hint };
}

function privateKeyFlaw(encoded: string): Flaw | undefined {
  const bytes = SEED_BYTES + PUBLIC_KEY_BYTES;
  const flaw = bytesFlaw(PRIVATE_KEY + encoded, PRIVATE_KEY, bytes, bytes, PRIVATE_KEY_HINT);
  if (flaw !== undefined) return flaw;
  const key = Buffer.from(encoded, 'base64');
  if (publicBytesOf(privateKeyOf(key)).equals(key.subarray(SEED_BYTES))) return undefined;
  return { problem: 'has a seed and a public key that do not belong together', hint: PRIVATE_KEY_HINT };
}

/** Of a key without a flaw. */
export function readKey(text: string): Key {
  const known = ready.get(text);
  if (known !== undefined) return known;
  const key = madeKey(text);
  if (ready.size >= READY_MAX) ready.clear();
  ready.set(text, key);
  return key;
}

function madeKey(text: string): Key {
  const bytes = Buffer.from(text.slice(text.indexOf('_') + 1), 'base64');
  if (text.startsWith(PRIVATE_KEY)) return { kind: 'private', key: privateKeyOf(bytes) };
  if (text.startsWith(SECRET)) return { kind: 'shared', key: createSecretKey(bytes) };
  const der = Buffer.concat([PUBLIC_HEAD, bytes]);
  return { kind: 'public', key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

/** `whpk_…`, which a receiver verifies with; undefined for a secret that both sides share. */
export function publicKeyOf(text: string): string | undefined {
  const read = readKey(text);
  return read.kind === 'shared' ? undefined : `${PUBLIC_KEY}${publicBytesOf(read.key).toString('base64')}`;
}

function privateKeyOf(bytes: Buffer): KeyObject {
  const der = Buffer.concat([PRIVATE_HEAD, bytes.subarray(0, SEED_BYTES)]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

function publicBytesOf(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_HEAD.length);
}
