import { parseRetryAfter } from '../core/retry-after.js';
import type { HttpFailure, HttpStream } from '../ports.js';
import type { RemoteFile } from './define.js';

/** Why a download came to nothing, with what it means. */
const DOWNLOAD_PROBLEMS = {
  timeout: 'Nothing came, or too little, for too long.',
  dns_failed: 'The host name has no address, or the name server did not answer.',
  connection_failed: 'The connection was refused or broke, again and again.',
  tls_failed: 'The TLS handshake failed.',
  address_forbidden: 'The URL leads to an address that a URL from an API must not lead to.',
  aborted: 'It was stopped by ourselves.',
  no_url: 'The platform gives no URL.',
  url_refused: 'The platform refuses its own fresh URL.',
  bad_redirect: 'The URL leads on too often, nowhere, or from https to http.',
  rate_limited: 'The server said 429.',
  server_error: 'The server said 408, 425 or 5xx, again and again.',
  bad_answer: 'The answer is not what was asked for.',
  not_a_recording: 'What came is empty or no video or sound, such as an error page.',
  wrong_length: 'The file is longer or shorter than the server says, or nobody can tell.',
  changed: 'The file changed again and again while it came.',
  not_stored: 'The archive does not take it.',
} as const satisfies Record<string, string>;

export type DownloadProblem = keyof typeof DOWNLOAD_PROBLEMS;

/** What an answer means for a file of which some bytes may be here. */
export type Verdict =
  /** The body goes on behind the bytes that are here. */
  | { readonly kind: 'go_on'; readonly endBytes: number /** Of the whole file. */; readonly bytes: number }
  /** The body is the file from its beginning. */
  | { readonly kind: 'begin'; readonly remote: RemoteFile }
  /** What is here is of another file, or cannot be gone on with. */
  | { readonly kind: 'restart'; readonly detail: string }
  /** The URL is dead; another may live. */
  | { readonly kind: 'refused'; readonly detail: string }
  | Setback;

/** It may go well `again`, or has `failed`. */
export interface Setback {
  readonly kind: 'again' | 'failed';
  readonly reason: DownloadProblem;
  /** In words, with the host; no path and no query of a URL. */
  readonly detail: string;
  /** What the server asked for, milliseconds. */
  readonly retryAfterMs?: number;
}

type Head = Pick<HttpStream, 'status' | 'headers'>;

/** What expired and unknown URLs are answered with; an expired token of S3 is a 400. */
const REFUSALS = [400, 401, 403, 404, 410];
const MEDIA_TYPE = /^(video\/.*|audio\/.*|(application|binary)\/octet-stream|application\/mp4|)$/;
/** What can be handed on as it is. */
const PLAIN_TYPE = /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/;

/**
 * @param here  bytes that are here already, and were asked to be left out
 * @param known of which file they are; null for nothing
 */
export function judge(head: Head, host: string, here: number, known: RemoteFile | null, nowMs: number): Verdict {
  const { status, headers } = head;
  const says = `${host}: the server says ${status}`;
  if (REFUSALS.includes(status)) return { kind: 'refused', detail: says };
  if (status === 429 || status === 408 || status === 425 || status >= 500) {
    const reason = status === 429 ? 'rate_limited' : 'server_error';
    const retryAfterMs = parseRetryAfter(headers['retry-after'], nowMs);
    return { kind: 'again', reason, detail: says, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
  if (here > 0 && status === 416) return { kind: 'restart', detail: `${host}: the file has another length now` };
  if (here > 0 && status === 206) return judgePart(head, host, here, known);
  // A cache in between that keeps the part and not its status.
  if (status === 200 && headers['content-range'] !== undefined)
    return { kind: 'restart', detail: `${host}: the server calls a part the whole file` };
  if (status === 200) return judgeWhole(head, host);
  return { kind: 'failed', reason: 'bad_answer', detail: says };
}

function judgePart({ headers }: Head, host: string, here: number, known: RemoteFile | null): Verdict {
  const [, from, to, of] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(headers['content-range'] ?? '') ?? [];
  if (Number(from) !== here || Number(to) < here) {
    return { kind: 'restart', detail: `${host}: the server sends another part than it was asked for` };
  }
  // A server may send less than it was asked for: without the length of the whole nobody can tell.
  if (of === '*') return { kind: 'restart', detail: `${host}: the server does not say how long the file is` };
  const endBytes = Number(to) + 1;
  const bytes = Number(of);
  const length = lengthOf(headers);
  if (bytes !== (known?.bytes ?? bytes) || endBytes > bytes || isOtherThan(known, headers)) {
    return { kind: 'restart', detail: `${host}: the file has changed meanwhile` };
  }
  if (length !== null && length !== endBytes - here) {
    return { kind: 'restart', detail: `${host}: the server sends a part of another length than it says` };
  }
  return { kind: 'go_on', endBytes, bytes };
}

function isOtherThan(known: RemoteFile | null, headers: Head['headers']): boolean {
  const validator = validatorOf(headers);
  return validator !== null && validator.startsWith('"') === known?.validator?.startsWith('"')
    ? validator !== known?.validator
    : false;
}

function judgeWhole({ headers }: Head, host: string): Verdict {
  const type = mediaTypeOf(headers);
  const bytes = lengthOf(headers);
  if (!MEDIA_TYPE.test(type)) {
    const detail = `${host}: it is of type ${type.replaceAll(/[^\w/+.-]/g, '_').slice(0, 60)}`;
    return { kind: 'failed', reason: 'not_a_recording', detail };
  }
  if (bytes === 0) return { kind: 'failed', reason: 'not_a_recording', detail: `${host}: the file is empty` };
  if (bytes === null && !/\bchunked\b/i.test(headers['transfer-encoding'] ?? '')) {
    const detail = `${host}: the server does not say how long the file is, so that nobody can tell when it is whole`;
    return { kind: 'failed', reason: 'wrong_length', detail };
  }
  const contentType = PLAIN_TYPE.test(type) ? type : null;
  return { kind: 'begin', remote: { bytes, validator: validatorOf(headers), contentType } };
}

function mediaTypeOf(headers: Head['headers']): string {
  return (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function lengthOf(headers: Head['headers']): number | null {
  const text = headers['content-length'] ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** A weak ETag does not say that bytes are the same, and If-Range takes none. */
function validatorOf(headers: Head['headers']): string | null {
  const etag = headers['etag'] ?? '';
  if (/^"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag)) return etag;
  const modified = headers['last-modified'] ?? '';
  return /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(modified) ? modified : null;
}

/** Of a request without an answer, or a body that broke off. */
export function setbackOf({ reason, detail }: Pick<HttpFailure, 'reason' | 'detail'>): Setback {
  return { kind: reason === 'aborted' || reason === 'address_forbidden' ? 'failed' : 'again', reason, detail };
}
