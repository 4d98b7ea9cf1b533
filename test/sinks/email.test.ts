import type { Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { SMTPServerOptions } from 'smtp-server';
import { email } from '../../src/sinks/email.js';
import { selfSignedCertificate } from '../support/certificate.js';
import { realClock } from '../support/real-clock.js';
import { sampleEvent } from '../support/sample-event.js';
import { type SmtpBehaviour, startSmtp, startTalker } from '../support/smtp.js';
import { speakAnotherProtocol } from '../support/zoo.js';
import { describeSink, type Place } from './conformance.js';
import { settingsFor, withSink } from './email-support.js';

const LOGIN = { user: 'mailer', password: 'p@ss/phrase' };
/** Offers TLS with a certificate that nobody vouches for. */
const UNKNOWN = { ...selfSignedCertificate('stranger'), disabledCommands: ['AUTH'] };
const SILENCE: SmtpBehaviour = { message: () => 'silence' };

async function openSmtp(behaviour: SmtpBehaviour = {}): Promise<Place> {
  const smtp = await startSmtp({ login: LOGIN, ...behaviour });
  return {
    settings: settingsFor(smtp, 'mailer:p%40ss%2Fphrase@'),
    arrived: () => smtp.mails.map(({ raw }) => raw),
    reached: () => smtp.arrivals.reach(1),
    close: smtp.close,
  };
}

async function openNobody(): Promise<Place> {
  const place = await openSmtp();
  await place.close();
  return place;
}

/** Speaks from the first byte, as mail servers do. */
async function openTalker(say: (socket: Socket) => void): Promise<Place> {
  const talker = await startTalker(say);
  return { settings: settingsFor(talker), arrived: () => [], close: talker.close };
}

function withSettings(place: Promise<Place>, rest: object): Promise<Place> {
  return place.then((given) => ({ ...given, settings: { ...(given.settings as object), ...rest } }));
}

/** A line after line, for as long as somebody listens. */
function flood(line: string) {
  const lines = `${line}\r\n`.repeat(1_000);
  return (socket: Socket) => {
    const more = () => {
      if (!socket.destroyed) socket.write(lines, more);
    };
    more();
  };
}

function dropped(socket: Socket): 'silence' {
  socket.destroy();
  return 'silence';
}

function reset(socket: Socket): 'silence' {
  socket.resetAndDestroy();
  return 'silence';
}

describeSink({
  definition: email,
  secrets: [LOGIN.password, 'p%40ss', 'from-the-answer'],
  open: () => openSmtp(),
  openSilent: () => openSmtp(SILENCE),
  openEndless: () =>
    openSmtp({
      message: (socket) => {
        socket.write('250 2.0.0 taken\r\n', () => flood('220 and more')(socket));
        return 'silence';
      },
    }),
  failures: [
    {
      name: 'a recipient put off',
      want: 'mail_deferred',
      open: () => openSmtp({ recipient: () => '451 4.7.1 from-the-answer' }),
    },
    {
      name: 'a recipient refused',
      want: 'mail_refused',
      open: () => openSmtp({ recipient: () => '550 5.1.1 from-the-answer' }),
    },
    {
      name: 'a sender put off',
      want: 'mail_deferred',
      open: () => openSmtp({ sender: () => '450 4.7.1 from-the-answer' }),
    },
    {
      name: 'a sender refused',
      want: 'mail_refused',
      open: () => openSmtp({ sender: () => '553 5.7.1 from-the-answer' }),
    },
    {
      name: 'a mail put off',
      want: 'mail_deferred',
      open: () => openSmtp({ message: () => '452 4.3.1 from-the-answer' }),
    },
    {
      name: 'a mail refused',
      want: 'mail_refused',
      open: () => openSmtp({ message: () => '554 5.7.1 from-the-answer' }),
    },
    {
      name: 'commands in the wrong order',
      want: 'mail_deferred',
      open: () => openSmtp({ sender: () => '503 5.5.1 from-the-answer' }),
    },
    {
      name: 'a server that is closing',
      want: 'mail_deferred',
      open: () => openSmtp({ sender: () => '421 4.3.2 from-the-answer' }),
    },
    { name: 'a login refused', want: 'login_refused', open: () => openSmtp({ login: { user: 'x', password: 'y' } }) },
    {
      name: 'a login that is wanted',
      want: 'login_refused',
      open: () => openSmtp({ sender: () => '530 5.7.0 from-the-answer' }),
    },
    {
      name: 'a login that is not offered',
      want: 'login_refused',
      open: () => openSmtp({ options: { disabledCommands: ['STARTTLS', 'AUTH'], authOptional: true } }),
    },
    {
      name: 'no STARTTLS while it is required',
      want: 'tls_unavailable',
      open: () => withSettings(openSmtp(), { tls: 'required' }),
    },
    {
      name: 'a certificate that nobody vouches for',
      want: 'tls_failed',
      open: () => withSettings(openSmtp({ options: UNKNOWN }), { tls: 'required' }),
    },
    { name: 'a drop after the mail', want: 'connection_failed', open: () => openSmtp({ message: dropped }) },
    { name: 'a reset after the mail', want: 'connection_failed', open: () => openSmtp({ message: reset }) },
    { name: 'nobody there', want: 'connection_failed', open: openNobody },
    {
      name: 'a connection that is closed',
      want: 'connection_failed',
      open: () => openTalker((socket) => socket.end()),
    },
    {
      name: 'another protocol',
      want: 'bad_answer',
      open: () => openTalker((socket) => speakAnotherProtocol(socket, '')),
    },
    { name: 'a greeting without end', want: 'bad_answer', open: () => openTalker(flood('220-from-the-answer')) },
  ],
});

test('a mail that was taken before the connection broke is known again by its id', async () => {
  const message = (socket: Socket, count: number) => (count === 1 ? dropped(socket) : undefined);
  await withSink({ message }, {}, async (send, smtp) => {
    expect(await send()).toMatchObject({ kind: 'failed', reason: 'connection_failed' });
    expect(await send()).toMatchObject({ kind: 'delivered' });
    const ids = [(await smtp.parsed(0)).messageId, (await smtp.parsed(1)).messageId];
    expect(ids).toEqual([0, 1].map(() => `<${sampleEvent.id}.ops-mail@example.com>`));
  });
});

/** Tries to reach the server and then to send a mail, with a login. */
async function loggingIn(options: SMTPServerOptions) {
  const smtp = await startSmtp({ login: LOGIN, options });
  const settings = email.settings.parse(settingsFor(smtp, 'mailer:p%40ss%2Fphrase@'));
  const context = {
    ...{ name: 'ops-mail', settings, http: {} as never, clock: realClock, timeoutMs: 20_000, progress: null },
    ...{ signal: new AbortController().signal, print: async () => undefined },
  };
  try {
    const [problem, outcome] = [await email.connect?.(context), await email.deliver(sampleEvent, context)];
    return { problem, outcome, logins: smtp.logins, mails: smtp.mails.length };
  } finally {
    await email.close?.(settings);
    await smtp.close();
  }
}

test.each([
  { name: 'none', options: { disabledCommands: ['STARTTLS', 'AUTH'], authOptional: true } },
  { name: 'none that we can', options: { authMethods: ['XOAUTH2'], authOptional: true } },
])('a server that offers no login gets neither mail nor password: $name', async ({ options }) => {
  const words = expect.stringMatching(/^127\.0\.0\.1: the server offers no login; take user and password out/);
  expect(await loggingIn(options)).toEqual({
    problem: words,
    outcome: { kind: 'failed', reason: 'login_refused', detail: words },
    logins: [],
    mails: 0,
  });
});

test.each(['PLAIN', 'LOGIN', 'CRAM-MD5'])('it logs in by %s', async (method) => {
  expect(await loggingIn({ authMethods: [method] })).toMatchObject({
    problem: undefined,
    outcome: { kind: 'delivered' },
    logins: [method, method],
  });
});

test('mails go over one connection, one after the other', async () => {
  await withSink({}, {}, async (send, { connections }) => {
    for (const _ of [1, 2, 3]) expect(await send()).toMatchObject({ kind: 'delivered' });
    expect(connections.count).toBe(1);
  });
});

describe('TLS', () => {
  const systemCertificates = getCACertificates('default');
  const certificate = selfSignedCertificate('here');
  const options = { ...certificate, disabledCommands: ['AUTH'] };

  beforeAll(() => setDefaultCACertificates([...systemCertificates, certificate.cert]));
  afterAll(() => setDefaultCACertificates(systemCertificates));

  async function isEncrypted(tls: string, serverOptions: object): Promise<boolean> {
    let secure = false;
    const onMailFrom = (_: unknown, session: { secure: boolean }, callback: (error?: Error) => void) => {
      secure = session.secure;
      callback();
    };
    await withSink({ options: { ...serverOptions, onMailFrom } }, { tls }, async (send) => {
      expect(await send()).toMatchObject({ kind: 'delivered' });
    });
    return secure;
  }

  test.each([
    { name: 'required', tls: 'required', options, want: true },
    { name: 'optional, offered', tls: 'optional', options, want: true },
    {
      name: 'optional, not offered',
      tls: 'optional',
      options: { disabledCommands: ['STARTTLS', 'AUTH'] },
      want: false,
    },
    {
      name: 'optional, with a certificate of the unknown',
      tls: 'optional',
      options: UNKNOWN,
      want: true,
    },
    { name: 'off, offered', tls: 'off', options, want: false },
  ])('$name', async ({ tls, options: serverOptions, want }) => {
    expect(await isEncrypted(tls, serverOptions)).toBe(want);
  });

  test('smtps is TLS from the first byte', async () => {
    const smtp = await startSmtp({ options: { ...options, secure: true } });
    const settings = email.settings.parse({ ...settingsFor(smtp), smtp: `smtps://127.0.0.1:${smtp.port}` });
    const context = { name: 'ops-mail', progress: null, http: {} as never, clock: realClock, timeoutMs: 20_000 };
    const [signal, print] = [new AbortController().signal, async () => undefined];
    expect(await email.deliver(sampleEvent, { ...context, settings, signal, print })).toMatchObject({
      kind: 'delivered',
    });
    await email.close?.(settings);
    await smtp.close();
  });
});
