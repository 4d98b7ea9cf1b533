import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import { type Mailbox, type ReceivedMail, startMailbox } from '../../src/fake/mailbox.js';

async function withMailbox(
  use: (mailbox: Mailbox, mails: readonly ReceivedMail[]) => Promise<void>,
  refuse = (_: ReceivedMail): void => undefined,
): Promise<void> {
  const mails: ReceivedMail[] = [];
  const mailbox = await startMailbox((mail) => {
    refuse(mail);
    mails.push(mail);
  });
  try {
    await use(mailbox, mails);
  } finally {
    await mailbox.close();
  }
}

async function send({ port }: Mailbox, text: string, subject = 'Hello é'): Promise<string> {
  const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true });
  const message = { from: 'Ann <ann@example.com>', to: ['bob@example.com', 'cid@example.com'], subject, text };
  return transport.sendMail({ ...message, messageId: '<1@example.com>' }).then(
    ({ response }) => response.slice(0, 3),
    ({ responseCode }: { readonly responseCode?: number }) => String(responseCode),
  );
}

/** Says one line after each answer, and breaks the connection off in place of the last one. */
async function breakOff({ port }: Mailbox, lines: readonly string[]): Promise<void> {
  const socket: Socket = connect(port, '127.0.0.1');
  for (const line of lines) {
    await once(socket, 'data');
    socket.write(line);
  }
  await once(socket, 'data');
  socket.write('Subject: x\r\n\r\nhalf', () => socket.resetAndDestroy());
  await once(socket, 'close');
}

test('a mail is shown as it was written', async () => {
  await withMailbox(async (mailbox, mails) => {
    expect(await send(mailbox, 'Text')).toBe('250');
    expect(mails).toEqual([
      {
        from: '"Ann" <ann@example.com>',
        to: 'bob@example.com, cid@example.com',
        subject: 'Hello é',
        text: 'Text\n',
        html: '',
        messageId: '<1@example.com>',
      },
    ]);
  });
});

test('a mail that is too long is refused, and the next one taken', async () => {
  await withMailbox(async (mailbox, mails) => {
    expect(await send(mailbox, `${'a'.repeat(70)}\n`.repeat(30_000))).toBe('552');
    expect(await send(mailbox, 'short')).toBe('250');
    expect(mails).toHaveLength(1);
  });
});

test('a client that breaks off in the middle of a mail harms nobody', async () => {
  await withMailbox(async (mailbox, mails) => {
    await breakOff(mailbox, ['EHLO x\r\n', 'MAIL FROM:<a@b.c>\r\n', 'RCPT TO:<a@b.c>\r\n', 'DATA\r\n']);
    expect(await send(mailbox, 'whole')).toBe('250');
    expect(mails).toHaveLength(1);
  });
});

test('a mail that cannot be shown is answered all the same', async () => {
  const refuse = () => {
    throw new Error('no room for it');
  };
  await withMailbox(async (mailbox) => expect(await send(mailbox, 'text')).toMatch(/^[45]/), refuse);
});
