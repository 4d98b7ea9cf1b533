import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { timeFromNow } from '../core/time-words.js';
import { parseProxy } from '../http/proxy.js';
import type { HttpFailure, HttpRoute } from '../ports.js';
import { type Flaw, issueOf, secret } from '../settings.js';

/** How a webhook's receiver is reached: whom to trust, what to show, and through which proxy. */

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const WRITE_FILE = 'give the text of a PEM file, as ${file:PATH}';

const certificates = z
  .string()
  .meta({ want: 'the text of a PEM file' })
  .superRefine((text, context) => {
    const flaw = certificateFlaw(text);
    if (flaw !== undefined) context.addIssue(issueOf(flaw));
  });

function certificateFlaw(text: string): Flaw | undefined {
  try {
    if (readCertificates(text).length > 0) return undefined;
    return { problem: 'holds no certificate', hint: WRITE_FILE };
  } catch {
    return { problem: 'holds a certificate that cannot be read, as if it was cut', hint: WRITE_FILE };
  }
}

function readCertificates(text: string): X509Certificate[] {
  return (text.match(CERTIFICATE) ?? []).map((each) => new X509Certificate(each));
}

export const tls = z
  .strictObject({
    ca: certificates
      .optional()
      .describe(
        'PEM of who may vouch for the receiver, in place of the authorities of the system. Each of them is trusted.',
      ),
    cert: certificates
      .optional()
      .describe('PEM of the client certificate, and behind it those between it and its authority.'),
    key: secret().optional().describe('PEM of its private key.'),
    passphrase: secret().optional().describe('Of the key, if it is encrypted.'),
  })
  .superRefine((given, context) => {
    const found = tlsFlaw(given);
    if (found !== undefined) context.addIssue({ ...issueOf({ ...found.flaw, isBare: true }), path: found.path });
  });

type Tls = NonNullable<HttpRoute['tls']>;

interface FoundFlaw {
  readonly path: string[];
  readonly flaw: Flaw;
}

function tlsFlaw({ ca, cert, key, passphrase }: Tls): FoundFlaw | undefined {
  if (key === undefined && passphrase !== undefined) {
    return {
      path: ['passphrase'],
      flaw: { problem: 'is for a key, and there is none', hint: 'add key, or leave it out' },
    };
  }
  if ((cert === undefined) !== (key === undefined)) {
    return { path: [], flaw: { problem: 'needs cert and key, or neither' } };
  }
  if (cert === undefined || key === undefined) {
    return ca === undefined
      ? { path: [], flaw: { problem: 'is empty', hint: 'write ca, or cert and key' } }
      : undefined;
  }
  // It is told already.
  if (certificateFlaw(cert) !== undefined) return undefined;
  const read = readKey(key, passphrase);
  if ('path' in read) return read;
  if (readCertificates(cert)[0]?.checkPrivateKey(read.key)) return undefined;
  return { path: ['key'], flaw: { problem: 'is not the key of cert', hint: 'give the two that were made together' } };
}

function readKey(key: string, passphrase: string | undefined): { readonly key: KeyObject } | FoundFlaw {
  try {
    return { key: createPrivateKey({ key, format: 'pem', ...(passphrase !== undefined && { passphrase }) }) };
  } catch {
    if (!/^(-----BEGIN ENCRYPTED |Proc-Type: 4,ENCRYPTED)/m.test(key)) {
      return { path: ['key'], flaw: { problem: 'is no private key', hint: WRITE_FILE } };
    }
    return passphrase === undefined
      ? { path: ['key'], flaw: { problem: 'is encrypted', hint: 'give its passphrase as well' } }
      : { path: ['passphrase'], flaw: { problem: 'does not open the key' } };
  }
}

export const proxy = z
  .string()
  .meta({ secret: true, want: 'a URL or off' })
  .superRefine((text, context) => {
    if (text === 'off' || parseProxy(text) !== undefined) return;
    context.addIssue(
      issueOf({ problem: 'is no proxy', hint: 'write http://user:password@host:port, https://…, or off' }),
    );
  });

/** What would do about a failure, as far as the route has it. */
export function remedyOf({ wants }: HttpFailure, { tls: given }: HttpRoute): string {
  if (wants === 'ca') {
    return given?.ca === undefined
      ? '; if its authority is a private one, give it as tls.ca'
      : '; tls.ca does not vouch for it';
  }
  if (wants !== 'client_certificate') return '';
  return given?.cert === undefined
    ? '; if the receiver wants a client certificate, give tls.cert and tls.key'
    : '; is tls.cert one that the receiver takes, and not expired?';
}

const SOON_MS = 14 * 86_400_000;

/** That our certificate has expired or soon will. */
export function expiryNotices({ tls: given }: HttpRoute, nowMs: number): readonly string[] {
  const [own] = readCertificates(given?.cert ?? '');
  if (own === undefined || own.validToDate.getTime() - nowMs > SOON_MS) return [];
  const endsAtMs = own.validToDate.getTime();
  const when = `${timeFromNow(endsAtMs, nowMs)}, at ${own.validToDate.toISOString()}`;
  return [`Its client certificate ${endsAtMs <= nowMs ? 'expired' : 'expires'} ${when}; renew it and reload.`];
}
