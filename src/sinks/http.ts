import type { Failed, FailureReason, Outcome } from '../core/failure.js';
import { parseRetryAfter } from '../core/retry-after.js';
import type { HttpAnswer, HttpFailure } from '../ports.js';

const REASON_BY_STATUS: Readonly<Record<number, FailureReason>> = {
  408: 'server_error',
  410: 'gone',
  413: 'payload_too_large',
  415: 'unsupported_format',
  425: 'server_error',
  429: 'rate_limited',
};

/** `webhook-delivery`, proposed for Standard Webhooks: what a receiver that failed a message wants to happen. */
const REASON_BY_DELIVERY_CONTROL: Readonly<Record<string, FailureReason>> = {
  disable: 'disabled_by_receiver',
  'abort-message': 'aborted_by_receiver',
};

const HOST_CHARACTERS_MAX = 100;

/**
 * What a request to a receiver came to.
 *
 * A 2xx is delivered whatever the body or the headers then say: a `webhook-delivery: disable` beside it would otherwise leave an
 * accepted message pending, and it would be sent twice. Nothing of the answer gets into the text but its status and, for a redirect,
 * scheme and host of where it points.
 *
 * @param url where the request went
 */
export function outcomeOf(result: HttpAnswer | HttpFailure, url: string, nowMs: number): Outcome {
  if (result.kind === 'failure') {
    return { kind: 'failed', reason: result.reason === 'aborted' ? 'stopped' : result.reason, detail: result.detail };
  }
  const { status, headers } = result;
  if (status >= 200 && status < 300) return { kind: 'delivered', receipt: `HTTP ${status}` };
  const retryAfterMs = parseRetryAfter(headers['retry-after'], nowMs);
  return {
    ...failedAnswer(result, url, retryAfterMs),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function failedAnswer({ status, headers }: HttpAnswer, url: string, retryAfterMs: number | undefined): Failed {
  const control = headers['webhook-delivery']?.trim().toLowerCase() ?? '';
  const controlled = Object.hasOwn(REASON_BY_DELIVERY_CONTROL, control)
    ? REASON_BY_DELIVERY_CONTROL[control]
    : undefined;
  if (controlled !== undefined) return failed(controlled, `HTTP ${status} with webhook-delivery: ${control}`);
  if (status >= 300 && status < 400) return failed('redirected', redirection(status, headers['location'], url));
  if (status === 503 && retryAfterMs !== undefined) return failed('overloaded', 'HTTP 503 with Retry-After');
  return failed(REASON_BY_STATUS[status] ?? reasonByClass(status), `HTTP ${status}`);
}

function reasonByClass(status: number): FailureReason {
  if (status >= 500 && status < 600) return 'server_error';
  return status >= 400 && status < 500 ? 'client_error' : 'bad_answer';
}

function redirection(status: number, location: string | undefined, url: string): string {
  const target = location === undefined ? null : URL.parse(location, url);
  if (target === null || target.host === '') return `HTTP ${status} that points nowhere; configure the final URL`;
  const where = `${target.protocol}//${target.host}`.slice(0, HOST_CHARACTERS_MAX);
  return `HTTP ${status} points to ${where}; redirects are not followed, so configure the final URL`;
}

function failed(reason: FailureReason, detail: string): Failed {
  return { kind: 'failed', reason, detail };
}
