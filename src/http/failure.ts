import type { HttpFailure } from '../ports.js';
import { ForbiddenAddressError } from './address-guard.js';

/** In the order of trial. Only codes are looked at and shown: messages of errors can hold what the receiver or the URL said. */
const REASONS_BY_CODE: readonly (readonly [pattern: RegExp, reason: HttpFailure['reason'], words: string])[] = [
  [/^ENOTFOUND$/, 'dns_failed', 'the name has no address'],
  [/^EAI_/, 'dns_failed', 'the name server did not answer'],
  [/^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/, 'timeout', 'no connection in time'],
  [/^CERT_HAS_EXPIRED$/, 'tls_failed', 'the certificate has expired'],
  [/^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN)$/, 'tls_failed', 'the certificate is self-signed'],
  [/^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/, 'tls_failed', 'the certificate is for another name'],
  [/^(CERT_|CRL_|UNABLE_TO_|INVALID_CA$|INVALID_PURPOSE$)/, 'tls_failed', 'the certificate cannot be trusted'],
  [/^(ERR_TLS_|ERR_SSL_|EPROTO$|UND_ERR_PRX_TLS$)/, 'tls_failed', 'the TLS handshake failed'],
  [/^(HPE_|UND_ERR_HEADERS_OVERFLOW$|HTTPParserError$)/, 'bad_answer', 'the answer is not valid HTTP'],
  [/^ECONNREFUSED$/, 'connection_failed', 'the connection was refused'],
  [/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, 'connection_failed', 'the host cannot be reached'],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'connection_failed', 'the connection broke before an answer came'],
  [/^UND_ERR_(ABORTED|PRX_CONN|INVALID_ARG)$/, 'connection_failed', 'the proxy refused the connection'],
];

/** Why no answer came, in words and with the system's error code, from whatever was thrown. */
export function failureOf(error: unknown, host: string): HttpFailure {
  if (error instanceof ForbiddenAddressError) return failure('address_forbidden', error.message);
  const code = codeOf(error);
  const [, reason, words] = REASONS_BY_CODE.find(([pattern]) => pattern.test(code)) ?? [
    undefined,
    'connection_failed' as const,
    'the connection failed',
  ];
  return failure(reason, code === '' ? `${host}: ${words}` : `${host}: ${words} (${code})`);
}

export function failure(reason: HttpFailure['reason'], detail: string): HttpFailure {
  return { kind: 'failure', reason, detail };
}

/** undici's parser leaves some of its errors without a code; their name says the same. */
function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  if (name === 'HTTPParserError') return name;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,60}$/.test(code) ? code : '';
}
