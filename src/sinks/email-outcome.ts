import type { Failed, FailureReason, Outcome, Progress } from '../core/failure.js';
import { failureOf } from '../http/failure.js';
import { NO_LOGIN } from './email-login.js';
import { cutText } from './text.js';

/** What is read of nodemailer's errors. Their messages hold what the server said, and go nowhere. */
interface SmtpError {
  readonly code?: string;
  /** The system's code, where `code` is nodemailer's. */
  readonly originalCode?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly recipient?: string;
  readonly rejectedErrors?: readonly SmtpError[];
}

/** What came of handing a message to the server for some recipients. */
export interface Handed {
  readonly accepted: readonly string[];
  readonly rejectedErrors?: readonly SmtpError[];
}

const CONFIGURATION: Readonly<Record<string, FailureReason>> = {
  EAUTH: 'login_refused',
  ENOAUTH: 'login_refused',
  EOAUTH2: 'login_refused',
  ETLS: 'tls_unavailable',
  EREQUIRETLS: 'tls_unavailable',
};

const IN_PASSING: Readonly<Record<string, readonly [reason: FailureReason, words: string]>> = {
  ECONNECTION: ['connection_failed', 'the connection broke before the server took the mail'],
  EDNS: ['dns_failed', 'the name has no address, or the name server did not answer'],
  EMAXLIMIT: ['connection_failed', 'the connection has sent as much as it may'],
  EPROTOCOL: ['bad_answer', 'the answer is not valid SMTP'],
  ETIMEDOUT: ['timeout', 'no answer in time'],
};

/** The server wants a login, a better one, or encryption before it. */
const LOGIN_REPLIES: readonly number[] = [530, 534, 535, 538];

const NO_LOGIN_WORDS =
  'the server offers no login; take user and password out of smtp, or set tls to required if it wants TLS before a login';

/** Said of the session and not of the message: the commands came in the wrong order. */
const BAD_SEQUENCE = 503;

const DETAIL_CHARACTERS_MAX = 300;
const NAMED_RECIPIENTS_MAX = 3;

/** Which of the configured recipients have it, and which were refused for good in this round. */
export function ledgerOf(progress: Progress | null, recipients: readonly string[]): Progress {
  const known = (list: readonly string[]) => list.filter((address) => recipients.includes(address));
  return { accepted: known(progress?.accepted ?? []), refused: known(progress?.refused ?? []) };
}

export function waitingOf({ accepted, refused }: Progress, recipients: readonly string[]): string[] {
  return recipients.filter((address) => !accepted.includes(address) && !refused.includes(address));
}

/** Delivered when every recipient is accepted, dead when one was refused for good and none waits. */
export function outcomeOfHanded({ accepted, rejectedErrors = [] }: Handed, before: Progress): Outcome {
  const refused = rejectedErrors.filter(isForGood);
  const deferred = rejectedErrors.filter((error) => !isForGood(error));
  const progress: Progress = {
    accepted: [...before.accepted, ...accepted],
    refused: [...before.refused, ...refused.map(({ recipient = '' }) => recipient)],
  };
  const earlier = before.refused.map((recipient) => ({ recipient }));
  const all = progress.accepted.length + progress.refused.length + deferred.length;
  const detail = [
    `accepted for ${progress.accepted.length} of ${all}`,
    ...named('refused for good', [...refused, ...earlier]),
    ...named('put off', deferred),
  ].join('; ');
  if (deferred.length > 0) return failed('mail_deferred', detail, progress);
  if (progress.refused.length > 0) return failed('mail_refused', detail, progress);
  return { kind: 'delivered', receipt: `accepted for ${all} of ${all}` };
}

function named(what: string, errors: readonly SmtpError[]): string[] {
  if (errors.length === 0) return [];
  const shown = errors.slice(0, NAMED_RECIPIENTS_MAX).map((error) => {
    const reply = replyOf(error);
    return reply === '' ? error.recipient : `${error.recipient} (${reply})`;
  });
  const rest = errors.length - shown.length;
  return [`${what}: ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`];
}

/**
 * What an error of nodemailer means.
 *
 * @param tried the recipients that the message was for
 * @throws the error itself where it says nothing of the server or the way to it: a bug of ours
 */
export function outcomeOfError(thrown: unknown, host: string, tried: readonly string[], before: Progress): Outcome {
  const error = readable(thrown);
  const whole = failureOfSession(thrown, host);
  if (whole !== undefined) return whole;
  if (error.responseCode === undefined) throw thrown;
  const { responseCode, response = '' } = error;
  const rejectedErrors = error.rejectedErrors ?? tried.map((recipient) => ({ responseCode, response, recipient }));
  return outcomeOfHanded({ accepted: [], rejectedErrors }, before);
}

function readable(thrown: unknown): SmtpError {
  return typeof thrown === 'object' && thrown !== null ? thrown : {};
}

/** Of the connection, the encryption or the login; undefined for what the server said of the message. */
export function failureOfSession(thrown: unknown, host: string): Failed | undefined {
  const error = readable(thrown);
  const { code = '', originalCode = '', responseCode = 0 } = error;
  if (originalCode === NO_LOGIN) return failed('login_refused', `${host}: ${NO_LOGIN_WORDS}`);
  const configuration = LOGIN_REPLIES.includes(responseCode) ? 'login_refused' : CONFIGURATION[code];
  if (configuration !== undefined) {
    const reason = isTransient(responseCode) ? 'mail_deferred' : configuration;
    const words = configuration === 'login_refused' ? 'the login was refused' : 'TLS cannot be had';
    return failed(reason, withReply(`${host}: ${words}`, error));
  }
  if (code === 'ESOCKET') {
    const { reason, detail } = failureOf({ code: originalCode }, host);
    return failed(reason === 'aborted' ? 'connection_failed' : reason, detail);
  }
  const inPassing = IN_PASSING[code];
  return inPassing && failed(inPassing[0], withReply(`${host}: ${inPassing[1]}`, error));
}

function isTransient(responseCode: number): boolean {
  return responseCode >= 400 && responseCode < 500;
}

function isForGood({ responseCode = 0 }: SmtpError): boolean {
  return responseCode >= 500 && responseCode < 600 && responseCode !== BAD_SEQUENCE;
}

/** The codes of a reply and none of its words: `SMTP 550 5.1.1`. */
function replyOf({ responseCode, response = '' }: SmtpError): string {
  if (responseCode === undefined) return '';
  const [, enhanced] = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})(?!\S)/.exec(response) ?? [];
  return enhanced === undefined ? `SMTP ${responseCode}` : `SMTP ${responseCode} ${enhanced}`;
}

function withReply(words: string, error: SmtpError): string {
  const reply = replyOf(error);
  return reply === '' ? words : `${words} (${reply})`;
}

function failed(reason: FailureReason, detail: string, progress?: Progress): Failed {
  return {
    kind: 'failed',
    reason,
    detail: cutText(detail, DETAIL_CHARACTERS_MAX),
    ...(progress !== undefined && { progress }),
  };
}
