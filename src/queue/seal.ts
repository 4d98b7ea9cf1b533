import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { Config } from '../config/config.js';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const FINGERPRINT_BYTES = 8;

/**
 * What goes through the queue holds URLs of recordings, which are credentials and never stored. So it is locked with a key that is
 * made of the config: who has that has the platform's own credentials, and could ask it for the URLs.
 */
export interface Seal {
  /** Names the version and what of the config makes a difference to an attempt. Hex; says nothing of the secrets in it. */
  readonly fingerprint: string;
  lock(value: unknown): string;
  /** Throws where another config, or nobody's, has locked it. */
  unlock(text: string): unknown;
}

/** @param nonce bytes of 24 hex digits or more, others at each call */
export function createSeal(
  { sources, sinks, privateAddresses }: Pick<Config, 'sources' | 'sinks' | 'privateAddresses'>,
  version: string,
  nonce: () => string,
): Seal {
  const facts = JSON.stringify([
    version,
    privateAddresses,
    sources.map(({ name, definition, settings }) => [name, definition.type, settings]),
    sinks.map(({ name, definition, settings, enabled, timeoutMs, timezone }) => [
      ...[name, definition.type, settings],
      ...[enabled, timeoutMs, timezone],
    ]),
  ]);
  const derived = (what: string, bytes: number) => Buffer.from(hkdfSync('sha256', facts, '', what, bytes));
  const key = derived('recording-notifier queue key', KEY_BYTES);
  return {
    fingerprint: derived('recording-notifier queue name', FINGERPRINT_BYTES).toString('hex'),
    lock: (value) => {
      const iv = Buffer.from(nonce(), 'hex').subarray(0, NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, iv);
      const locked = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), locked]).toString('base64');
    },
    unlock: (text) => {
      const bytes = Buffer.from(text, 'base64');
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const opened = [decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()];
      return JSON.parse(Buffer.concat(opened).toString('utf8'));
    },
  };
}
