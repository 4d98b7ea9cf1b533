import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { z } from 'zod';
import { type Flaw, integer, issueOf, secret } from '../settings.js';
import { liquid } from '../template/use.js';
import { oneLine } from './text.js';

/** Who writes or gets mail. The address is ASCII, so that what a server says of it can be compared. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

/** A server as it stands in the config; what is not said is undefined. */
export interface SmtpServer {
  readonly host: string;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: TlsMode | undefined;
  /** `smtps`: TLS from the first byte. */
  readonly isSmtps?: true;
}

const TLS_MODES = ['required', 'optional', 'off'] as const;
type TlsMode = (typeof TLS_MODES)[number];

const RECIPIENTS_MAX = 100;
const ADDRESS_CHARACTERS_MAX = 254;
const NAME_CHARACTERS_MAX = 100;

const MAILBOX = /^(?:(?<name>[^<>]*)<(?<inside>[^<>]*)>|(?<bare>[^<>]*))$/;
const LOCAL_PART = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
const DOMAIN = /^[a-z\d-]+(?:\.[a-z\d-]+)*$/;

const mailbox = z
  .string()
  .meta({ want: 'an e-mail address' })
  .transform((text, context): Mailbox => {
    const read = readMailbox(text);
    if ('address' in read) return read;
    context.addIssue(issueOf(read));
    return z.NEVER;
  });

function readMailbox(text: string): Mailbox | Flaw {
  const hint = 'write ops@example.com or Name <ops@example.com>';
  const { name = '', inside, bare } = MAILBOX.exec(text.trim())?.groups ?? {};
  const address = (inside ?? bare ?? '').trim();
  const at = address.lastIndexOf('@');
  const domain = domainToASCII(address.slice(at + 1));
  if (!LOCAL_PART.test(address.slice(0, Math.max(at, 0))) || !DOMAIN.test(domain)) {
    return { problem: 'is not an e-mail address', hint };
  }
  if (address.length > ADDRESS_CHARACTERS_MAX) return { problem: 'is too long for an e-mail address', hint };
  const plainName = name.trim().replace(/^"(.*)"$/, '$1');
  return { name: oneLine(plainName, NAME_CHARACTERS_MAX), address: `${address.slice(0, at)}@${domain}` };
}

const tlsMode = z.enum(TLS_MODES);

const smtpUrl = z
  .string()
  .meta({ secret: true, want: 'a URL, or host, port, user and password' })
  .transform((text, context): SmtpServer => {
    const read = readSmtpUrl(text);
    if ('host' in read) return read;
    context.addIssue(issueOf(read));
    return z.NEVER;
  });

function readSmtpUrl(text: string): SmtpServer | Flaw {
  const hint = 'write smtp://user:password@host:587, with what is special in the password percent-encoded';
  const url = URL.parse(text);
  if (url === null || !['smtp:', 'smtps:'].includes(url.protocol)) return { problem: 'is not an SMTP URL', hint };
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    return { problem: 'has something after the host', hint };
  }
  const [host, user, password] = [asciiHost(url.hostname), decoded(url.username), decoded(url.password)];
  if (host === undefined || url.port === '0') return { problem: 'does not name a host', hint };
  if (user === undefined || password === undefined) return { problem: 'has a broken percent-encoding', hint };
  if ((user === '') !== (password === ''))
    return { problem: 'needs user and password, or neither', hint, isBare: true };
  return {
    host,
    ...(url.port !== '' && { port: Number(url.port) }),
    ...(user !== '' && { user, password }),
    ...(url.protocol === 'smtps:' && { isSmtps: true }),
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function asciiHost(text: string): string | undefined {
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) > 0 ? bare : domainToASCII(bare) || undefined;
}

const hostName = z
  .string()
  .meta({ want: 'the name of a host' })
  .transform((text, context): string => {
    const host = asciiHost(text.trim());
    if (host !== undefined) return host;
    context.addIssue(issueOf({ problem: 'is not the name of a host', hint: 'write one such as smtp.example.com' }));
    return z.NEVER;
  });

const smtpKeys = z
  .strictObject({
    host: hostName.describe('The mail server.'),
    port: integer(1, 65_535).optional().describe('465 is TLS from the first byte. Default: 587.'),
    user: z.string().min(1).optional().describe('Whom to log in as.'),
    password: secret().optional().describe('The password of the user.'),
    tls: tlsMode.optional().describe('As the key `tls` of the sink.'),
  })
  .superRefine(({ user, password }, context) => {
    if ((user === undefined) === (password === undefined)) return;
    context.addIssue(issueOf({ problem: 'needs user and password, or neither', isBare: true }));
  });

const recipientList = z
  .array(mailbox)
  .min(1)
  .max(RECIPIENTS_MAX)
  .superRefine((list, context) => {
    const addresses = list.map(({ address }) => address);
    for (const [index, address] of addresses.entries()) {
      if (addresses.indexOf(address) === index) continue;
      context.addIssue({ ...issueOf({ problem: 'is given twice', hint: 'leave one out' }), path: [index] });
    }
  });

const recipients = z
  .union([mailbox.transform((one) => [one]), recipientList])
  .meta({ want: 'an e-mail address or a list of them' });

export const emailSettings = z
  .strictObject({
    smtp: z
      .union([smtpUrl, smtpKeys])
      .describe(
        'smtp://user:password@host:587, smtps://…, or host, port, user, password and tls. Proxies and network.privateAddresses do not apply.',
      ),
    from: mailbox.describe('Who writes.'),
    to: recipients.describe(`Who gets it, ${RECIPIENTS_MAX} at most. Each recipient is retried alone.`),
    tls: tlsMode
      .optional()
      .meta({ example: 'required' })
      .describe('optional: if the server can, its certificate unchecked. Default: required; on loopback off.'),
    template: z
      .strictObject({
        subject: liquid('The subject, one line.').optional(),
        text: liquid('The mail as plain text; without html, the mail has no other part.').optional(),
        html: liquid('The mail as HTML; without text, the plain part is ours.').optional(),
      })
      .superRefine((parts, context) => {
        if (Object.values(parts).some((part) => part !== undefined)) return;
        context.addIssue(issueOf({ problem: 'is empty', hint: 'write subject, text or html', isBare: true }));
      })
      .optional()
      .meta({ example: { subject: '{{ title }}: {{ recording.roomId }}' } })
      .describe('A mail of your own words, in place of ours.'),
  })
  .superRefine(({ smtp, tls }, context) => {
    const flaw = tlsFlaw(smtp, tls);
    if (flaw !== undefined) context.addIssue({ ...issueOf({ ...flaw, isBare: true }), path: ['tls'] });
  });

export type EmailSettings = z.output<typeof emailSettings>;

function tlsFlaw(smtp: SmtpServer, tls: TlsMode | undefined): Flaw | undefined {
  if (tls !== undefined && smtp.tls !== undefined) return { problem: 'is in smtp as well', hint: 'leave one out' };
  if (tls === 'off' && smtp.isSmtps) return { problem: 'is off, but smtps:// is TLS', hint: 'write smtp://' };
  return undefined;
}

/** How the server is reached. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly login: { readonly user: string; readonly pass: string } | undefined;
  readonly tls: TlsMode;
  /** TLS from the first byte, in place of STARTTLS. */
  readonly isTlsAtOnce: boolean;
}

const SUBMISSION_PORT = 587;
const SMTPS_PORT = 465;

export function connectionOf({ smtp, tls: given }: EmailSettings): Connection {
  const { host, port, user, password, tls: own, isSmtps }: SmtpServer = smtp;
  const isTlsPort = isSmtps === true || port === SMTPS_PORT;
  const tls = given ?? own ?? (isLoopback(host) && !isTlsPort ? 'off' : 'required');
  return {
    host,
    port: port ?? (isSmtps ? SMTPS_PORT : SUBMISSION_PORT),
    login: user === undefined || password === undefined ? undefined : { user, pass: password },
    tls,
    isTlsAtOnce: isTlsPort && tls !== 'off',
  };
}

export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  if (isIP(name) === 4) return name.startsWith('127.');
  return name === '::1' || name === 'localhost' || name.endsWith('.localhost');
}
