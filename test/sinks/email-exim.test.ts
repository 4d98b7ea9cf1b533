import { simpleParser } from 'mailparser';
import type { Progress } from '../../src/core/failure.js';
import { email } from '../../src/sinks/email.js';
import { systemClock } from '../../src/system.js';
import { type Exim, hasExim, startExim } from '../support/exim.js';
import { sampleEvent } from '../support/sample-event.js';
import { settingsFor } from './email-support.js';

const isDue = hasExim || process.env['CI'] === 'true';
if (!isDue) process.stderr.write('SKIPPED: mail through exim4, since it is not here or this is not root\n');

(isDue ? describe : describe.skip)('through exim4', () => {
  let exim: Exim;

  beforeAll(async () => {
    exim = await startExim();
  });

  afterAll(() => exim.close());

  async function send(to: readonly string[], progress: Progress | null = null) {
    const settings = email.settings.parse(settingsFor(exim, '', { to }));
    const context = { name: 'ops-mail', settings, http: {} as never, clock: systemClock, timeoutMs: 20_000 };
    const rest = { progress, signal: new AbortController().signal, print: async () => undefined };
    const outcome = await email.deliver(sampleEvent, { ...context, ...rest });
    await email.close?.(settings);
    return outcome;
  }

  test('a mail lies in the mailbox as it was meant', async () => {
    expect(await send(['ann@example.com'])).toMatchObject({ kind: 'delivered' });
    const mailbox = await exim.mailbox(sampleEvent.id);
    const mail = await simpleParser(mailbox.replace(/^From .*\n/, ''));
    expect(mail.messageId).toContain(sampleEvent.id);
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail.text).toContain('Room: Lobby “é” <!channel>');
    expect(mail.html).toContain('<!DOCTYPE html>');
  });

  test('who is refused and who is put off is told apart, and the rest have it', async () => {
    const to = ['ann@example.com', 'later@example.com', 'nobody@example.com'];
    expect(await send(to)).toMatchObject({
      kind: 'failed',
      reason: 'mail_deferred',
      progress: { accepted: ['ann@example.com'], refused: ['nobody@example.com'] },
    });
  });

  test('a server that relays for nobody refuses for good', async () => {
    expect(await send(['ann@example.net'])).toMatchObject({ kind: 'failed', reason: 'mail_refused' });
  });
});
