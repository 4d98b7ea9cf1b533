import type { NotifierEvent } from '../core/event.js';
import type { Failed, Outcome } from '../core/failure.js';
import { type Deadline, startDeadline } from '../http/deadline.js';
import { WITHOUT_TEMPLATE } from '../template/use.js';
import { type Digest, defineSink, type SinkContext } from './define.js';
import { digestMessageOf } from './email-digest.js';
import { plainLogin } from './email-login.js';
import { messageOf } from './email-message.js';
import { failureOfSession, ledgerOf, outcomeOfError, outcomeOfHanded, waitingOf } from './email-outcome.js';
import { connectionOf, type EmailSettings, emailSettings, isLoopback } from './email-settings.js';
import { emailTemplates, mailParts, withTemplate } from './email-template.js';

const CONNECTION_TIMEOUT_MS = 10_000;
const GREETING_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 30_000;
/** Shorter than servers wait, so that a connection is not dropped while a message goes into it. */
const IDLE_TIMEOUT_MS = 60_000;
const REPLY_BYTES_MAX = 64 * 1_024;
/** As many as a sink may have deliveries in flight: the sink's lane limits them, and nothing queues in the pool. */
const CONNECTIONS_MAX = 256;

export const email = defineSink({
  type: 'email',
  summary:
    "Sends each event as a mail over SMTP; each recipient is retried alone, and a recording's mails are one thread.",
  settings: emailSettings,
  example: 'smtp: ${SMTP_URL}\nfrom: Recordings <recordings@example.com>\nto: [ops@example.com]\n',
  concurrency: 3,
  notices(settings) {
    const { host, tls, login } = connectionOf(settings);
    if (tls === 'required' || isLoopback(host)) return [];
    const what = login === undefined ? 'its mail' : 'its password and mail';
    return [`TLS is ${tls}, so others on the way may read ${what}.`];
  },
  templates: emailTemplates,
  render(event, context) {
    const { message, hasFailed } = mailOf(event, context);
    return [
      ...mailParts(message, context.settings),
      ...(hasFailed ? [{ name: 'note', content: WITHOUT_TEMPLATE }] : []),
    ];
  },
  renderDigest: (digest, context) => mailParts(digestMailOf(digest, context).message, context.settings),
  deliver: (event, context) => send(() => mailOf(event, context), context),
  deliverDigest: (digest, context) => send(() => digestMailOf(digest, context), context),
  async connect({ settings, clock, timeoutMs, signal }) {
    const { host } = connectionOf(settings);
    const deadline = startDeadline(clock, timeoutMs, signal);
    try {
      const pool = await poolOf(settings);
      await Promise.race([pool.verify(), rejectionBy(deadline.signal)]);
      return undefined;
    } catch (error) {
      const failure = endOf(deadline, host) ?? failureOfSession(error, host);
      return failure?.detail ?? `${host}: the server takes no mail from us`;
    } finally {
      deadline.release();
    }
  },
  async close(settings) {
    const pool = pools.get(settings);
    pools.delete(settings);
    (await pool)?.close();
  },
});

type Context = SinkContext<EmailSettings>;
type Mail = ReturnType<typeof withTemplate>;

function mailOf(event: NotifierEvent, { name, settings, clock, timezone = 'UTC' }: Context): Mail {
  return withTemplate(messageOf(event, name, settings, clock.nowMs(), timezone), settings, event, timezone);
}

function digestMailOf(digest: Digest, { name, settings, clock, timezone = 'UTC' }: Context): Mail {
  return { message: digestMessageOf(digest, name, settings, clock.nowMs(), timezone), hasFailed: false };
}

/** To those who do not have it yet. */
async function send(mail: () => Mail, context: Context): Promise<Outcome> {
  const { settings, progress, clock, timeoutMs, signal } = context;
  const { host } = connectionOf(settings);
  const recipients = settings.to.map(({ address }) => address);
  const ledger = ledgerOf(progress, recipients);
  const to = waitingOf(ledger, recipients);
  if (to.length === 0) return outcomeOfHanded({ accepted: [] }, ledger);
  const deadline = startDeadline(clock, timeoutMs, signal);
  try {
    const { message, hasFailed } = mail();
    const envelope = { from: settings.from.address, to };
    const pool = await poolOf(settings);
    const handed = await pool.sendMail({ ...message, envelope, signal: deadline.signal });
    const outcome = outcomeOfHanded(handed, ledger);
    if (!hasFailed || outcome.kind === 'failed') return outcome;
    return { ...outcome, receipt: `${outcome.receipt}, ${WITHOUT_TEMPLATE}` };
  } catch (error) {
    return endOf(deadline, host) ?? outcomeOfError(error, host, to, ledger);
  } finally {
    deadline.release();
  }
}

function endOf(deadline: Deadline, host: string): Failed | undefined {
  const ended = deadline.failure(host);
  if (ended === undefined) return undefined;
  return { kind: 'failed', reason: ended.reason === 'aborted' ? 'stopped' : ended.reason, detail: ended.detail };
}

function rejectionBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

type Pool = ReturnType<typeof createPool>;

/** One for each settings object: the program keeps that for as long as the sink does not change, and then closes it. */
const pools = new WeakMap<EmailSettings, Pool>();

function poolOf(settings: EmailSettings): Pool {
  const known = pools.get(settings);
  if (known !== undefined) return known;
  const pool = createPool(settings);
  pools.set(settings, pool);
  return pool;
}

/** Nodemailer is loaded where there is mail. */
async function createPool(settings: EmailSettings) {
  const { createTransport } = await import('nodemailer');
  const { host, port, login, tls, isTlsAtOnce } = connectionOf(settings);
  return createTransport({
    pool: true,
    host,
    port,
    ...(login !== undefined && { auth: login, forceAuth: true, customAuth: { PLAIN: plainLogin } }),
    secure: isTlsAtOnce,
    requireTLS: tls === 'required' && !isTlsAtOnce,
    opportunisticTLS: tls === 'optional',
    ignoreTLS: tls === 'off',
    // What may be sent without encryption may as well go to a server that nobody vouches for.
    tls: { rejectUnauthorized: tls !== 'optional' },
    maxConnections: CONNECTIONS_MAX,
    maxRequeues: 0,
    maxResponseSize: REPLY_BYTES_MAX,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    greetingTimeout: GREETING_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    idleTimeout: IDLE_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}
