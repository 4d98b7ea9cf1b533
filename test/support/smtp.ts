import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { Counter } from './zoo.js';

/** What a mail server makes of a connection; everything that is left out is a yes. */
export interface SmtpBehaviour {
  readonly options?: SMTPServerOptions;
  /** A name and a password that it wants to see. */
  readonly login?: { readonly user: string; readonly password: string };
  /** The refusal of a recipient, such as `550 5.1.1 unknown`. */
  recipient?(address: string): string | undefined;
  /** The refusal of a sender. */
  sender?(address: string): string | undefined;
  /** What happens once the whole mail has come; `undefined` is a yes. */
  message?(socket: Socket, count: number): string | 'silence' | undefined;
}

/** A mail server of the `smtp-server` package, over a real socket. */
export interface Smtp {
  readonly port: number;
  /** Mails as they came, the envelope's recipients before them. */
  readonly mails: readonly { readonly to: readonly string[]; readonly raw: string }[];
  /** How each login was tried, such as `PLAIN`. */
  readonly logins: readonly string[];
  readonly arrivals: Counter;
  readonly connections: Counter;
  parsed(index?: number): Promise<ParsedMail>;
  close(): Promise<void>;
}

export async function startSmtp(behaviour: SmtpBehaviour = {}): Promise<Smtp> {
  const mails: { readonly to: readonly string[]; readonly raw: string }[] = [];
  const logins: string[] = [];
  const [arrivals, connections] = [new Counter(), new Counter()];
  const sockets = new Map<number, Socket>();
  const { login, sender, recipient, message } = behaviour;

  const server = new SMTPServer({
    authOptional: login === undefined,
    allowInsecureAuth: true,
    disabledCommands: login === undefined ? ['STARTTLS', 'AUTH'] : ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 1,
    onAuth({ method, username, password, validatePassword }, _session, callback) {
      logins.push(method);
      const isRight = method === 'CRAM-MD5' ? validatePassword(login?.password ?? '') : password === login?.password;
      if (username === login?.user && isRight) return callback(null, { user: username });
      return callback(refusal('535 5.7.8 wrong password-from-the-answer'));
    },
    onMailFrom: ({ address }, _session, callback) => callback(refusal(sender?.(address))),
    onRcptTo: ({ address }, _session, callback) => callback(refusal(recipient?.(address))),
    onData(stream, { envelope, remotePort }, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push({ to: envelope.rcptTo.map(({ address }) => address), raw: Buffer.concat(chunks).toString() });
        const socket = sockets.get(remotePort);
        const said = socket && message?.(socket, mails.length);
        if (said !== 'silence') callback(refusal(said));
        arrivals.increment();
      });
    },
    ...behaviour.options,
  });
  server.on('error', () => undefined);
  server.server.on('connection', (socket: Socket) => {
    const port = socket.remotePort ?? 0;
    sockets.set(port, socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(port));
    connections.increment();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    logins,
    arrivals,
    connections,
    parsed: (index = 0) => simpleParser(mails[index]?.raw ?? ''),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets.values()) socket.destroy();
      }),
  };
}

/** A server that speaks first, as mail servers do, and says what it likes. */
export async function startTalker(say: (socket: Socket) => void): Promise<Pick<Smtp, 'port' | 'close'>> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    say(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** `550 5.1.1 unknown` as the error that makes the server say so. */
function refusal(reply: string | undefined): Error | null {
  if (reply === undefined) return null;
  return Object.assign(new Error(reply.slice(4)), { responseCode: Number(reply.slice(0, 3)) });
}
