import type { Failed, FailureReason, Outcome } from '../core/failure.js';
import { RETRY_AFTER_MS_MAX } from '../core/retry-after.js';
import type { HttpAnswer } from '../ports.js';
import type { SinkContext } from './define.js';
import { outcomeOf } from './http.js';

/** For sinks that hand a message to somebody's service as JSON, and judge its answers by what the service documents. */

/** A service may send back the whole message. */
const BODY_BYTES_MAX = 64 * 1_024;

export type Said = Readonly<Record<string, unknown>>;

export interface ServiceAnswer {
  readonly text: string;
  /** False: the body broke off, is too long or never ended. */
  readonly isWhole: boolean;
  /** Undefined unless the body is one JSON object. */
  readonly said: Said | undefined;
}

export interface Refusal {
  readonly reason: FailureReason;
  /** From a fixed list, or a number: what the service says in its own words is not repeated. */
  readonly words: string;
}

export interface Service {
  readonly name: string;
  /** Whether an answer of 2xx is from the service, and not from a proxy or a login page before it. */
  isYes(answer: ServiceAnswer): boolean;
  /** What its no means; undefined: the status says it all. */
  refusalOf(status: number, said: Said): Refusal | undefined;
  /** Seconds to wait, out of the body of a 429, for a service that says them there. */
  retryAfterOf?(said: Said): unknown;
}

export interface ServiceRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** POSTed as JSON; without it, it is a GET. */
  readonly body?: unknown;
  readonly timeoutMs: number;
}

type Context = Pick<SinkContext<unknown>, 'http' | 'clock' | 'signal' | 'timeoutMs'>;

/** One request, and what came of it. Of the body of an answer nothing gets into the outcome but the words of a {@link Refusal}. */
export async function ask(
  service: Service,
  request: ServiceRequest,
  { http, clock, signal }: Context,
): Promise<Outcome> {
  const { url, headers, body, timeoutMs } = request;
  const limits = { timeoutMs, bodyBytesMax: BODY_BYTES_MAX, signal };
  const result = await http.request(
    body === undefined
      ? { method: 'GET', url, headers: { ...headers }, ...limits }
      : {
          method: 'POST',
          url,
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(body),
          ...limits,
        },
  );
  const outcome = outcomeOf(result, url, clock.nowMs());
  if (result.kind === 'failure') return outcome;
  const answer = read(result);
  if (outcome.kind === 'failed') return refine(outcome, service, result.status, answer.said);
  if (service.isYes(answer)) return outcome;
  return { kind: 'failed', reason: 'bad_answer', detail: `${outcome.receipt} that is not from ${service.name}` };
}

/**
 * A message as it should look, and, where the service refuses it, once more in plain words: in the time that is left of the attempt.
 *
 * @param post one request with this body
 */
export async function askTwice<Body>(
  { timeoutMs, clock }: Context,
  post: (body: Body, timeoutMs: number) => Promise<Outcome>,
  body: Body,
  plainBody: () => Body,
): Promise<Outcome> {
  const startedAtMs = clock.monotonicMs();
  const first = await post(body, timeoutMs);
  if (first.kind === 'delivered' || first.reason !== 'rejected_by_receiver') return first;
  const leftMs = timeoutMs - (clock.monotonicMs() - startedAtMs);
  const second = await post(plainBody(), Math.max(leftMs, 1));
  if (second.kind === 'delivered') return { ...second, receipt: `${second.receipt} as plain text` };
  return { ...second, detail: `${second.detail}, as plain text after ${first.detail}` };
}

/** For `connect`: what is wrong in words. */
export function wrongOf(outcome: Outcome): string | undefined {
  return outcome.kind === 'failed' ? outcome.detail : undefined;
}

/** For services whose yes is a JSON object: one that did not come whole is a yes, unless what came of it is something else already. */
export function isObject({ text, isWhole, said }: ServiceAnswer, isRight: (said: Said) => boolean): boolean {
  return said === undefined ? !isWhole && /^\s*(?:\{|$)/.test(text) : isRight(said);
}

function read({ body, bodyProblem }: HttpAnswer): ServiceAnswer {
  const text = body.toString();
  const isWhole = bodyProblem === undefined;
  return { text, isWhole, said: isWhole ? parse(text) : undefined };
}

function parse(text: string): Said | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function objectOf(value: unknown): Said | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Said) : undefined;
}

function refine(outcome: Failed, service: Service, status: number, said: Said | undefined): Failed {
  if (said === undefined || status < 400) return outcome;
  const refusal = service.refusalOf(status, said);
  const waitMs = status === 429 ? millisecondsOf(service.retryAfterOf?.(said)) : undefined;
  const retryAfterMs = Math.max(waitMs ?? 0, outcome.retryAfterMs ?? 0);
  return {
    ...outcome,
    ...(refusal !== undefined && { reason: refusal.reason, detail: `${outcome.detail}: ${refusal.words}` }),
    ...(waitMs !== undefined && { retryAfterMs }),
  };
}

function millisecondsOf(seconds: unknown): number | undefined {
  if (typeof seconds !== 'number' || !(seconds >= 0)) return undefined;
  return Math.min(Math.ceil(seconds * 1_000), RETRY_AFTER_MS_MAX);
}
