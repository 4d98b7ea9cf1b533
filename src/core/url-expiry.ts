const MINUTE_MS = 60_000;

/** A URL must live this long to be worth sending; one of unknown life must have been seen within it. */
const WORTH_SENDING_MS = 10 * MINUTE_MS;

/** The last moment whose year has the four digits of ISO 8601. */
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

export interface SeenUrl {
  readonly url: string;
  readonly expiresAtMs: number | null;
  readonly seenAtMs: number;
}

export function isFresh({ expiresAtMs, seenAtMs }: SeenUrl, nowMs: number): boolean {
  if (expiresAtMs !== null) return expiresAtMs - nowMs >= WORTH_SENDING_MS;
  return nowMs - seenAtMs <= WORTH_SENDING_MS;
}

/**
 * When a presigned URL dies, milliseconds since 1970, or null for a form that is not known.
 *
 * Reads `Expires` (unix seconds, SigV2 and CloudFront) and `X-Amz-Date` with `X-Amz-Expires` (SigV4).
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function urlExpiryMs(url: string): number | null {
  const query = URL.parse(url)?.searchParams;
  if (query === undefined) return null;
  const expires = wholeSeconds(query.get('Expires'));
  if (expires !== null) return validTime(expires * 1_000);
  const signedAtMs = amzDateMs(query.get('X-Amz-Date'));
  const lifeSeconds = wholeSeconds(query.get('X-Amz-Expires'));
  return signedAtMs === null || lifeSeconds === null ? null : validTime(signedAtMs + lifeSeconds * 1_000);
}

function wholeSeconds(text: string | null): number | null {
  return /^\d+$/.test(text ?? '') ? Number(text) : null;
}

function amzDateMs(text: string | null): number | null {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '');
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts;
  return validTime(Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`));
}

/** null for a date that is none, and for what no receiver could read: `Expires=999999999999` is a text of digits too. */
function validTime(ms: number): number | null {
  return ms <= LAST_MS ? ms : null;
}
