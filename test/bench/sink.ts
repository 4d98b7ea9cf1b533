/** Both sides send to the same place in the same way. */
export const SIGNING_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const MAIL_FROM = 'Recordings <recordings@example.com>';
export const MAIL_TO = 'ops@example.com';

export type SinkKind = 'webhook' | 'email';

/** Deliveries in flight; of mails what the sink does by itself. */
export const IN_FLIGHT: Readonly<Record<SinkKind, number>> = { webhook: 64, email: 3 };

export function sinkTo(kind: SinkKind, url: string): object {
  const concurrency = IN_FLIGHT[kind];
  if (kind === 'webhook') return { type: 'webhook', url, secret: SIGNING_SECRET, concurrency };
  const { hostname: host, port } = new URL(url);
  return { type: 'email', smtp: { host, port: Number(port), tls: 'off' }, from: MAIL_FROM, to: [MAIL_TO], concurrency };
}
