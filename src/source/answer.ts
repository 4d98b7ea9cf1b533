import { parseRetryAfter } from '../core/retry-after.js';
import type { HttpAnswer, HttpFailure } from '../ports.js';
import type { SourceFailureKind } from './define.js';
import { isObject, parsed } from './schema.js';

/** Bodies of errors are short; a longer one is not worth its time. */
const ERROR_BODY_BYTES_MAX = 65_536;
const QUOTE_LENGTH_MAX = 100;

/** Why an answer is not the list, in words for an operator at three in the morning. */
export interface Problem {
  readonly kind: SourceFailureKind;
  /** What came. */
  readonly found: string;
  /** What would do. */
  readonly advice: string;
  /** A second request a moment later has a fair chance. */
  readonly isPassing: boolean;
  readonly retryAfterMs?: number | undefined;
}

/** JSON that is something else than what was asked for. */
export interface NotWanted {
  /** What is not in it, such as `a list`. */
  readonly lacks: string;
  /** What would do. */
  readonly advice: string;
}

/** Takes from the JSON of an answer what it was asked for. Must not throw. */
export type Reader<Read> = (json: unknown) => Read | NotWanted;

export interface AnswerContext {
  /** How advice names a key of the source's settings. */
  readonly keyName: (key: string) => string;
  /** The key that says where the platform is. */
  readonly urlKey: string;
  /** The key that holds what expires. */
  readonly credentialKey: string;
  /** The key that says how many rows a page has, where there is one. */
  readonly sizeKey?: string | undefined;
  /** Texts that must not be shown, even if the platform sends them back. */
  readonly secrets: readonly string[];
  readonly nowMs: number;
}

export function readAnswer<Read>(
  answer: HttpAnswer | HttpFailure,
  context: AnswerContext,
  read: Reader<Read>,
): { readonly read: Read } | Problem {
  if (answer.kind === 'failure') return failureProblem(answer, context);
  if (answer.status < 200 || answer.status > 299) return statusProblem(answer, context);
  if (answer.bodyProblem !== undefined) return bodyProblem(answer, answer.bodyProblem, context);
  return readBody(answer, context, read);
}

function failureProblem({ reason, detail }: HttpFailure, { keyName, urlKey }: AnswerContext): Problem {
  const url = keyName(urlKey);
  const checkHost = `check the network and ${url}`;
  switch (reason) {
    case 'timeout':
      return problem('timeout', detail, `if the platform is only slow, raise ${keyName('timeout')}`);
    case 'aborted':
      return problem('aborted', detail, 'nothing needs to be done');
    case 'tls_failed':
      return problem('unreachable', detail, tlsAdvice(url));
    case 'address_forbidden':
      return problem('unreachable', detail, `check ${url} and network.privateAddresses`);
    case 'bad_answer':
      return passing('bad_answer', detail, checkHost);
    case 'dns_failed':
      return passing('unreachable', detail, `check the name in ${url}, and the name server of this machine`);
    case 'connection_failed':
      return passing('unreachable', detail, checkHost);
  }
}

/** Nobody is asked to trust what cannot be trusted. */
function tlsAdvice(url: string): string {
  return (
    `no credential was sent; check the host in ${url} and the clock of this machine. Else its operator has to renew the certificate, ` +
    'or a proxy in between shows one of its own: then name the file with its CA in NODE_EXTRA_CA_CERTS'
  );
}

function statusProblem(answer: HttpAnswer, context: AnswerContext): Problem {
  const { status } = answer;
  const { keyName, urlKey, credentialKey, nowMs } = context;
  const found = `status ${status}${vendorWords(errorJson(answer), status, context)}`;
  const checkUrl = `check ${keyName(urlKey)}`;
  if (status === 401 || status === 403) {
    const advice = `the credential is refused and may have expired; renew ${keyName(credentialKey)}`;
    return problem('unauthorized', found, advice);
  }
  if (status === 404) return problem('not_found', found, `there is no list at this address; ${checkUrl}`);
  if (status === 410)
    return problem(
      'gone',
      found,
      `the platform says that its list is gone for good; ask it where the API is now, and ${checkUrl}`,
    );
  if (status >= 300 && status < 400) {
    const advice = `a redirect is not followed, since it may lead to a login page or to somebody else; ${checkUrl}`;
    return problem('server_error', `${found}${targetWords(answer)}`, advice);
  }
  if (status === 429) {
    const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], nowMs);
    return { ...problem('rate_limited', found, 'the platform asks to be polled less often'), retryAfterMs };
  }
  const retryAfterMs = status === 503 ? parseRetryAfter(answer.headers['retry-after'], nowMs) : undefined;
  const isPassing = retryAfterMs === undefined && (status === 408 || status === 425 || status >= 500);
  const advice = status >= 500 ? 'the platform has trouble; it is polled again by itself' : checkUrl;
  return { kind: 'server_error', found, advice, isPassing, retryAfterMs };
}

/** The host alone: paths and queries of redirects hold tokens. */
function targetWords({ headers }: HttpAnswer): string {
  const host = URL.parse(headers['location'] ?? '')?.host ?? '';
  return host === '' ? '' : `, a redirect to ${shortened(host)}`;
}

function bodyProblem(
  { status, body }: HttpAnswer,
  reason: NonNullable<HttpAnswer['bodyProblem']>,
  { keyName, sizeKey }: AnswerContext,
): Problem {
  const cut = `status ${status} with a body that`;
  const lowerSize = sizeKey === undefined ? undefined : `lower ${keyName(sizeKey)}`;
  const raiseTimeout = `if the platform is only slow, raise ${keyName('timeout')}`;
  switch (reason) {
    case 'timeout':
      return problem(
        'timeout',
        `${cut} was not whole in time, after ${body.length} bytes`,
        lowerSize === undefined ? raiseTimeout : `${raiseTimeout} or ${lowerSize}`,
      );
    case 'too_large':
      return problem(
        'too_large',
        `${cut} is longer than ${body.length} bytes`,
        lowerSize ?? 'ask for fewer rows at once',
      );
    case 'broken':
      return passing('bad_answer', `${cut} broke off after ${body.length} bytes`, 'it is polled again by itself');
    case 'aborted':
      return problem('aborted', `${cut} was not waited for`, 'nothing needs to be done');
  }
}

function readBody<Read>(
  answer: HttpAnswer,
  context: AnswerContext,
  read: Reader<Read>,
): { readonly read: Read } | Problem {
  const json = parsed(answer.body);
  if (json === undefined) return notJson(answer, new TextDecoder().decode(answer.body).trimStart(), context);
  const taken = read(json);
  if (!isNotWanted(taken)) return { read: taken };
  const found = `status ${answer.status} with ${nameOf(json)} without ${taken.lacks}${vendorWords(json, answer.status, context)}`;
  return problem('bad_answer', found, taken.advice);
}

function isNotWanted<Read>(taken: Read | NotWanted): taken is NotWanted {
  return typeof taken === 'object' && taken !== null && 'lacks' in taken && 'advice' in taken;
}

function notJson({ status, headers, body }: HttpAnswer, text: string, { keyName, urlKey }: AnswerContext): Problem {
  const type = headers['content-type'];
  const typeWords = type === undefined ? 'no content type' : shortened(type);
  const inPlace = `something else answers in place of the API, such as a login page; check ${keyName(urlKey)} and any proxy`;
  if (text === '') return problem('bad_answer', `status ${status} with an empty body`, inPlace);
  if (text.startsWith('<')) {
    return problem('bad_answer', `status ${status} with HTML instead of JSON (${typeWords})`, inPlace);
  }
  if (text.startsWith('[') || text.startsWith('{')) {
    const found = `status ${status} with JSON cut off or damaged after ${body.length} bytes`;
    return passing('bad_answer', found, 'it is polled again by itself');
  }
  return problem('bad_answer', `status ${status} with text instead of JSON (${typeWords})`, inPlace);
}

function problem(kind: SourceFailureKind, found: string, advice: string): Problem {
  return { kind, found, advice, isPassing: false };
}

function passing(kind: SourceFailureKind, found: string, advice: string): Problem {
  return { kind, found, advice, isPassing: true };
}

/** Where platforms put the words of an error, the most telling first. */
const MESSAGE_KEYS = ['message', 'msg', 'error_description', 'reason', 'info', 'detail', 'title', 'error'];

/** What the platform says of its error, shortened: no status that was named already, and nothing at all when it repeats a credential. */
function vendorWords(json: unknown, status: number, { secrets }: AnswerContext): string {
  if (!isObject(json)) return '';
  const isNews = Number.isSafeInteger(json['statusCode']) && json['statusCode'] !== status;
  const statusCode = isNews ? [`statusCode ${json['statusCode']}`] : [];
  const text = messageOf(json);
  const isSafe = text.length > 0 && !secrets.some((secret) => text.join('\n').includes(secret));
  const message = isSafe ? [`message "${shortened(withoutQueries(text.join('; ')))}"`] : [];
  const parts = [...statusCode, ...message];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function messageOf(json: Readonly<Record<string, unknown>>): readonly string[] {
  const texts = MESSAGE_KEYS.map((key) => [json[key]].flat().filter((part) => typeof part === 'string'));
  return texts.find((parts) => parts.length > 0) ?? [];
}

/** Frameworks repeat the path that was asked for, query included. */
function withoutQueries(text: string): string {
  return text.replace(/\?\S+/g, '?…');
}

function shortened(text: string): string {
  const printable = text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim();
  return printable.length > QUOTE_LENGTH_MAX
    ? `${printable.slice(0, QUOTE_LENGTH_MAX - 1).toWellFormed()}…`
    : printable;
}

function errorJson({ body }: HttpAnswer): unknown {
  return body.length <= ERROR_BODY_BYTES_MAX ? parsed(body) : undefined;
}

function nameOf(json: unknown): string {
  if (json === null) return 'null';
  return typeof json === 'object' ? 'an object' : `a ${typeof json}`;
}
