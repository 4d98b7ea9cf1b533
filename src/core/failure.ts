import type { ArchiveNote } from './event.js';

/**
 * Why an attempt failed, and what follows from it. This table feeds the retry decision, the log field and the reference page.
 *
 * `retry`: again on the schedule · `dead`: given up, kept, re-deliverable by hand · `suspend`: nothing is sent to the sink until a
 * trial succeeds, the attempt does not count · `uncounted`: cut off by ourselves, the attempt does not count.
 * `pauses`: the whole lane of the sink waits for the receiver's Retry-After.
 */
export const FAILURE_REASONS = {
  timeout: { fate: 'retry', help: 'No answer within the timeout of an attempt.' },
  dns_failed: { fate: 'retry', help: 'The host name has no address, or the name server did not answer.' },
  connection_failed: { fate: 'retry', help: 'The connection was refused or broke before an answer came.' },
  tls_failed: { fate: 'retry', help: 'The TLS handshake failed: an expired, unknown or wrong certificate.' },
  address_forbidden: {
    fate: 'retry',
    help: 'The address is link-local, cloud metadata, or private while network.privateAddresses is deny.',
  },
  redirected: {
    fate: 'retry',
    help: 'The receiver answered 3xx. Redirects are never followed; configure the final URL.',
  },
  client_error: { fate: 'retry', help: 'The receiver answered 4xx. Retried, since deployments answer so for a while.' },
  server_error: { fate: 'retry', help: 'The receiver answered 408, 425 or 5xx.' },
  rate_limited: {
    fate: 'retry',
    pauses: true,
    help: 'The receiver answered 429; its Retry-After is honoured for the whole sink.',
  },
  overloaded: {
    fate: 'retry',
    pauses: true,
    help: 'The receiver answered 503 with Retry-After, which is honoured for the whole sink.',
  },
  bad_answer: { fate: 'retry', help: 'The answer breaks its protocol.' },
  sink_threw: { fate: 'retry', help: 'A bug in the sink. It is logged with its stack.' },
  gone: {
    fate: 'suspend',
    help: 'The receiver answered 410: it wants no more, and is not tried by time.',
  },
  disabled_by_receiver: {
    fate: 'suspend',
    help: 'The receiver answered webhook-delivery: disable, and is not tried by time.',
  },
  destination_refused: {
    fate: 'suspend',
    help: 'The service has no such webhook, channel, chat or topic any more, forbids to post there, or refuses the credential.',
  },
  aborted_by_receiver: { fate: 'dead', help: 'The receiver answered webhook-delivery: abort-message.' },
  payload_too_large: { fate: 'dead', help: 'The receiver answered 413; the same body is not tried again.' },
  unsupported_format: { fate: 'dead', help: 'The receiver answered 415; the same body is not tried again.' },
  rejected_by_receiver: {
    fate: 'dead',
    help: 'The receiver refused this message, in its plain form too; it is not tried again.',
  },
  template_failed: {
    fate: 'retry',
    help: 'The template of the sink makes nothing of this event that can be sent. Mend it, and reload.',
  },
  mail_deferred: { fate: 'retry', help: 'The mail server answered 4yz, or 503: it may take the mail later.' },
  mail_refused: {
    fate: 'dead',
    help: 'The mail server refused a recipient or the mail for good (5yz), and no other recipient waits.',
  },
  login_refused: {
    fate: 'suspend',
    help: 'The mail server refused the login, wants one (530, 534, 535), or offers none. Nothing is sent until a trial succeeds.',
  },
  tls_unavailable: {
    fate: 'suspend',
    help: 'The mail server has no STARTTLS, and tls is required. Nothing is sent until a trial succeeds.',
  },
  sink_suspended: { fate: 'dead', help: 'It waited 30 days for a suspended sink.' },
  sink_disabled: { fate: 'dead', help: 'It waited 30 days for a sink with enabled: false.' },
  sink_removed: { fate: 'dead', help: 'It waited 30 days for a sink that the config no longer has.' },
  discarded: { fate: 'dead', help: 'It was held, and somebody discarded it.' },
  no_url: {
    fate: 'retry',
    help: 'There is no URL to fetch the recording from: the source does not list it, or does not answer.',
  },
  download_failed: {
    fate: 'retry',
    help: 'The recording did not come whole, or what came is none. What has come is kept, where the server lets it be used.',
  },
  archive_full: {
    fate: 'suspend',
    help: 'The archive has no room for the recording. Nothing is fetched until a trial succeeds, of which there is one every ten minutes: make room.',
  },
  archive_refused: {
    fate: 'suspend',
    help: 'The archive may not be written to. Nothing is fetched until a trial succeeds.',
  },
  archive_failed: { fate: 'retry', help: 'The archive could not be reached, or broke while it was written to.' },
  file_full: {
    fate: 'suspend',
    help: 'The disk has no room for a line. Nothing is written until a trial succeeds, of which there is one every ten minutes: make room.',
  },
  file_refused: {
    fate: 'suspend',
    help: 'The file may not be written to, or its folder is not there. Nothing is written until a trial succeeds.',
  },
  file_failed: { fate: 'retry', help: 'The file could not be written to, or the disk fails.' },
  program_unusable: {
    fate: 'suspend',
    help: 'The program is not there or may not be executed, or says by its exit code (78, 126, 127) that it cannot work at all.',
  },
  program_failed: { fate: 'retry', help: 'The program ended with another exit code than 0, or by a signal.' },
  stopped: { fate: 'uncounted', help: 'The notifier stopped while the attempt was under way.' },
} as const satisfies Record<string, { fate: 'retry' | 'dead' | 'suspend' | 'uncounted'; pauses?: true; help: string }>;

export type FailureReason = keyof typeof FAILURE_REASONS;

/** What became of one attempt. Expected failures are values; an exception out of a sink is a bug (`sink_threw`). */
export type Outcome = Delivered | Failed;

export interface Delivered {
  readonly kind: 'delivered';
  /** What the receiver said, from a fixed vocabulary: `HTTP 204`. Never a body. */
  readonly receipt: string;
  /** Of a sink that stores recordings: `recording.archived` is told, in the same write as that it is delivered. */
  readonly archived?: Omit<ArchiveNote, 'sink'> | undefined;
}

export interface Failed {
  readonly kind: 'failed';
  readonly reason: FailureReason;
  /** For the operator, in words: no secret, no URL, no body of an answer. */
  readonly detail: string;
  readonly retryAfterMs?: number;
  /** What the next attempt of this delivery has to know of this one: which of several recipients have it already. No secret; it is stored. */
  readonly progress?: Progress;
}

/** What a sink with several recipients has reached, by what they are called in its settings. */
export interface Progress {
  /** Have it, and never get it again by this delivery. */
  readonly accepted: readonly string[];
  /** Refused it for good: tried again only when somebody redelivers. */
  readonly refused: readonly string[];
}
