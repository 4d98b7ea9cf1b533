import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

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
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    size: MAIL_BYTES_MAX,
    onData(stream, _session, done) {
      simpleParser(stream).then(({ from, to, subject = '', text = '', html, messageId = '' }) => {
        const recipients = [to ?? []].flat().map((each) => each.text);
        onMail({ from: from?.text ?? '', to: recipients.join(', '), subject, text, html: html || '', messageId });
        done();
      }, done);
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return {
    port: (listening.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
