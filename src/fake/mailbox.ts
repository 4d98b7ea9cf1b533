import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';

/** A mail as a mailbox shows it. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The same at every attempt. */
  readonly messageId: string;
}

export interface Mailbox {
  readonly port: number;
  close(): Promise<void>;
}

const MAIL_BYTES_MAX = 1024 * 1024;

/** A mail server on this machine that takes everything, over plain SMTP. */
export async function startMailbox(onMail: (mail: ReceivedMail) => void): Promise<Mailbox> {
  // Loaded here, since only the demo needs them.
  const [{ SMTPServer }, { simpleParser }] = await Promise.all([import('smtp-server'), import('mailparser')]);

  async function readMail(stream: Readable): Promise<ReceivedMail> {
    const { from, to, subject = '', text = '', html, messageId = '' } = await simpleParser(await wholeOf(stream));
    const recipients = [to ?? []].flat().map((each) => each.text);
    return { from: from?.text ?? '', to: recipients.join(', '), subject, text, html: html || '', messageId };
  }

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    size: MAIL_BYTES_MAX,
    onData(stream, _session, done) {
      readMail(stream)
        .then(onMail)
        .then(() => done(), done);
    },
  });
  // Of a connection: a client that breaks off harms nobody else.
  server.on('error', () => undefined);
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return {
    port: (listening.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Reads to the end, as SMTP wants it, but holds {@link MAIL_BYTES_MAX} at most and refuses what is longer. */
async function wholeOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAIL_BYTES_MAX) chunks.push(chunk);
  }
  if (bytes > MAIL_BYTES_MAX) throw Object.assign(new Error('the mail is too long'), { responseCode: 552 });
  return Buffer.concat(chunks);
}
