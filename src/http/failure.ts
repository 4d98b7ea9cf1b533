import type { HttpFailure } from '../ports.js';
import { ForbiddenAddressError } from './address-guard.js';

/** In the order of trial. Only codes are looked at and shown: messages of errors can hold what the receiver or the URL said. */
const REASONS_BY_CODE: readonly (readonly [
  pattern: RegExp,
  reason: HttpFailure['reason'],
  words: string,
  wants?: HttpFailure['wants'],
])[] = [
  [/^ENOTFOUND$/, 'dns_failed', 'the name has no address'],
  [/^EAI_/, 'dns_failed', 'the name server did not answer'],
  [/^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/, 'timeout', 'no connection in time'],
  [/^CERT_HAS_EXPIRED$/, 'tls_failed', 'the certificate has expired'],
  [/^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN)$/, 'tls_failed', 'the certificate is self-signed', 'ca'],
  [/^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/, 'tls_failed', 'the certificate is for another name'],
  [/^(CERT_UNTRUSTED|UNABLE_TO_\w+|INVALID_CA)$/, 'tls_failed', 'the certificate cannot be trusted', 'ca'],
  [/^(CERT_|CRL_|INVALID_PURPOSE$)/, 'tls_failed', 'the certificate cannot be trusted'],
  [/_ALERT_CERTIFICATE_REQUIRED$/, 'tls_failed', 'a certificate of ours is asked for', 'client_certificate'],
  [
    /_ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA|ACCESS_DENIED)$/,
    'tls_failed',
    'our certificate is not taken',
    'client_certificate',
  ],
  // What a server with TLS 1.2 says where our certificate is missing, and not then alone.
  [/_ALERT_HANDSHAKE_FAILURE$/, 'tls_failed', 'the TLS handshake was refused', 'client_certificate'],
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
  const [, reason, words, wants] = REASONS_BY_CODE.find(([pattern]) => pattern.test(code)) ?? [
    undefined,
    'connection_failed' as const,
    'the connection failed',
  ];
  const detail = code === '' ? `${host}: ${words}` : `${host}: ${words} (${code})`;
  return { ...failure(reason, detail), ...(wants !== undefined && { wants }) };
}

export function failure(reason: HttpFailure['reason'], detail: string): HttpFailure {
  return { kind: 'failure', reason, detail };
}

/** OpenSSL has codes with a slash. undici's parser leaves some of its errors without a code; their name says the same. */
function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  if (name === 'HTTPParserError') return name;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_/]{0,60}$/.test(code) ? code : '';
}
