import type { Outcome, Progress } from '../../src/core/failure.js';
import { email } from '../../src/sinks/email.js';
import { realClock } from '../support/real-clock.js';
import { sampleEvent } from '../support/sample-event.js';
import { type Smtp, type SmtpBehaviour, startSmtp } from '../support/smtp.js';

/** @param login as in a URL, with the `@` */
export function settingsFor({ port }: Pick<Smtp, 'port'>, login = '', rest: object = {}) {
  return {
    smtp: `smtp://${login}127.0.0.1:${port}`,
    from: 'Recordings <rec@example.com>',
    to: ['ann@example.com'],
    ...rest,
  };
}

/** One sink for as long as a test wants it, as the program has it. */
export async function withSink(
  behaviour: SmtpBehaviour,
  rest: object,
  use: (send: (progress?: Progress | null) => Promise<Outcome>, smtp: Smtp) => Promise<void>,
): Promise<void> {
  const smtp = await startSmtp(behaviour);
  const settings = email.settings.parse(settingsFor(smtp, '', rest));
  const context = { name: 'ops-mail', settings, http: {} as never, clock: realClock, timeoutMs: 20_000 };
  const [signal, print] = [new AbortController().signal, async () => undefined];
  try {
    await use((progress = null) => email.deliver(sampleEvent, { ...context, progress, signal, print }), smtp);
  } finally {
    await email.close?.(settings);
    await smtp.close();
  }
}
