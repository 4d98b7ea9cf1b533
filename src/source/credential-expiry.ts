/** A token that goes into a header is shorter. */
const TOKEN_LENGTH_MAX = 16_384;

/** The year 9999, past which a time cannot be shown as ISO 8601 with four digits. */
const EXPIRY_MS_MAX = Date.UTC(10_000, 0, 1) - 1;

/**
 * The `exp` of a JSON Web Token in milliseconds, or null when the text is none or does not say. Nobody vouches for what it says: the
 * signature is not verified, since only a warning follows from it. Never throws.
 *
 * @see RFC 7519, 4.1.4
 */
export function jwtExpiresAtMs(token: string): number | null {
  const [, payload = '', signature] = token.split('.', 3);
  if (signature === undefined || token.length > TOKEN_LENGTH_MAX) return null;
  const seconds = expOf(payload);
  if (typeof seconds !== 'number' || !(seconds >= 0)) return null;
  const expiresAtMs = Math.round(seconds * 1_000);
  return expiresAtMs <= EXPIRY_MS_MAX ? expiresAtMs : null;
}

function expOf(payload: string): unknown {
  try {
    return (JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { exp?: unknown } | null)?.exp;
  } catch {
    return undefined;
  }
}
