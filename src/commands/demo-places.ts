import { startMailbox } from '../fake/mailbox.js';
import { type ReceivedMessage, startReceiver } from '../fake/receiver.js';
import { type SlackPayload, slackHtml, slackLines } from '../fake/slack-preview.js';
import { systemClock } from '../system.js';
import { describeMessage } from './messages.js';

/** A place that the demo's config names: what stands there is real, and on this machine. */
export interface Place {
  /** As in `config/demo.yaml`, and in the name of its variable. */
  readonly name: string;
  readonly about: string;
  readonly url: string;
  close(): Promise<void>;
}

/** A message that came, as the place shows it. */
export interface Arrival {
  readonly place: string;
  readonly lines: readonly string[];
  /** It tells that a recording is available. */
  readonly isAvailable: boolean;
  /** As a page to look at. */
  readonly html?: string;
  /** It was refused, and will come again. */
  readonly refusedWith?: number;
}

type OnArrival = (arrival: Arrival) => void;

/** Two webhooks, one of which fails at first, a Slack channel and a mailbox. */
export function startPlaces(secret: string, onArrival: OnArrival): Promise<readonly Place[]> {
  return Promise.all([
    webhookPlace(
      'pipeline',
      'a webhook; wants recording.processing and recording.available',
      secret,
      onArrival,
      () => 204,
    ),
    webhookPlace(
      'flaky',
      'a webhook that answers 500 to the first attempt of each event',
      secret,
      onArrival,
      (message) => (message.arrival === 1 ? 500 : 204),
    ),
    slackPlace(onArrival),
    mailPlace(onArrival),
  ]);
}

async function webhookPlace(
  name: string,
  about: string,
  secret: string,
  onArrival: OnArrival,
  statusOf: (message: ReceivedMessage) => number,
): Promise<Place> {
  const receiver = await startReceiver({
    clock: systemClock,
    secrets: [secret],
    respond: (message) => {
      const status = message.problem === undefined ? statusOf(message) : 401;
      const { type } = (message.json ?? {}) as { readonly type?: unknown };
      const arrival = {
        place: name,
        lines: describeMessage(message, true),
        isAvailable: type === 'recording.available',
      };
      onArrival(status < 300 ? arrival : { ...arrival, refusedWith: status });
      return { status };
    },
  });
  return { name, about, url: receiver.url, close: receiver.close };
}

async function slackPlace(onArrival: OnArrival): Promise<Place> {
  const name = 'team_slack';
  const receiver = await startReceiver({
    clock: systemClock,
    respond: ({ json }) => {
      const payload = json as SlackPayload;
      onArrival({ place: name, lines: slackLines(payload), isAvailable: true, html: slackHtml(payload) });
      return { status: 200, body: 'ok' };
    },
  });
  return { name, about: 'a Slack channel', url: receiver.url, close: receiver.close };
}

async function mailPlace(onArrival: OnArrival): Promise<Place> {
  const name = 'ops_mail';
  const mailbox = await startMailbox(({ from, to, subject, text, html }) => {
    // The link is a credential, and long: the page has it.
    const body = text
      .trim()
      .split('\n')
      .map((line) => line.replace(/\?\S+/, '?…'));
    const lines = [`Subject: ${subject}`, `From: ${from}`, `To: ${to}`, '', ...body];
    onArrival({ place: name, lines, isAvailable: true, html });
  });
  return { name, about: 'a mailbox', url: `smtp://127.0.0.1:${mailbox.port}`, close: mailbox.close };
}
