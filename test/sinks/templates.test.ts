import { Webhook } from 'standardwebhooks';
import type { SinkConfig } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { formatProblem } from '../../src/config/problem.js';
import type { NotifierEvent } from '../../src/core/event.js';
import { attemptOnce } from '../../src/engine/attempt.js';
import { type ReceivedMessage, startReceiver } from '../../src/fake/receiver.js';
import { createHttpClient } from '../../src/http/client.js';
import { createMemoryLog } from '../support/memory-log.js';
import { realClock } from '../support/real-clock.js';
import { sampleEvent } from '../support/sample-event.js';
import { startSmtp } from '../support/smtp.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** Made of nothing wrong at the start, and yet without end for the event of the tests. */
const FAILS_LATER = '{% if source == "production" %}{% for i in (1..100000000) %}x{% endfor %}{% endif %}{}';

const failing: NotifierEvent = {
  ...{ id: sampleEvent.id, type: 'sink.failing', timestamp: sampleEvent.timestamp, source: null },
  data: { sink: 'hook', reason: 'gone', message: 'It answered 410.', since: '2024-05-13T17:14:00.000Z', waiting: 3 },
};

function sinkOf(settings: object): SinkConfig {
  const sources = { production: { auth: { clientId: 'a', secret: 'b' } } };
  const events = ['recording.available', 'sink.failing'];
  const text = JSON.stringify({ sources, sinks: { it: { events, timezone: 'Europe/Berlin', ...settings } } });
  const loaded = loadConfig('notifier.yaml', text, { env: {}, readFile: () => '' });
  if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return loaded.config.sinks[0] as SinkConfig;
}

async function deliver(sink: SinkConfig, event: NotifierEvent = sampleEvent) {
  const http = createHttpClient({ privateAddresses: 'allow', clock: realClock, userAgent: 'test' });
  const ports = { http, clock: realClock, log: createMemoryLog(), random: () => 0, print: async () => undefined };
  const outcome = await attemptOnce(sink, event, null, ports, new AbortController().signal);
  await sink.definition.close?.(sink.settings);
  await http.close();
  return outcome;
}

/** What a receiver that says yes has got. */
async function received(
  settings: object,
  event: NotifierEvent = sampleEvent,
): Promise<{ readonly message: ReceivedMessage | undefined; readonly outcome: Awaited<ReturnType<typeof deliver>> }> {
  const receiver = await startReceiver({ clock: realClock, respond: () => ({ status: 200, body: 'ok' }) });
  try {
    const outcome = await deliver(sinkOf({ url: receiver.url, ...settings }), event);
    return { message: receiver.messages[0], outcome };
  } finally {
    await receiver.close();
  }
}

const TEXT = '*{{ title }}*{% if recording %} in {{ recording.roomId }} at {{ timestamp | date: "%H:%M" }}{% endif %}';

test('Slack gets the text, and below it which event it is', async () => {
  const { message, outcome } = await received({ type: 'slack', template: { text: `${TEXT}\n` } });
  const text = '*Recording available* in Lobby “é” &lt;!channel&gt; at 19:19';
  const context = `Event ${sampleEvent.id} · recording 7b0f3e9c`;
  expect(message?.json).toEqual({
    ...{ text, parse: 'none', unfurl_links: false, unfurl_media: false },
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text, verbatim: true } },
      { type: 'context', elements: [{ type: 'mrkdwn', text: context, verbatim: true }] },
    ],
  });
  expect(outcome).toEqual({ kind: 'delivered', receipt: 'HTTP 200' });
  const operator = await received({ type: 'slack', template: { text: TEXT } }, failing);
  expect(operator.message?.json).toMatchObject({ text: '*Sink hook is failing*' });
});

test.each([
  { name: 'fails', text: FAILS_LATER },
  { name: 'makes nothing', text: '{% if source == "test" %}a{% endif %} ' },
  {
    name: 'makes more than Slack takes',
    text: '{% if source == "production" %}{% for i in (1..3001) %}x{% endfor %}{% endif %}',
  },
])('Slack gets our own message when the template $name', async ({ text }) => {
  const { message, outcome } = await received({ type: 'slack', template: { text } });
  expect(message?.json).toMatchObject({ text: 'Recording available: Lobby “é” &lt;!channel&gt;' });
  expect(outcome).toMatchObject({ receipt: 'HTTP 200, without its template, which failed' });
});

test('the words in a date of Slack are in the time zone of the sink', async () => {
  const { message } = await received({ type: 'slack' });
  expect(message?.body).toContain('|13 May 2024, 19:14 CEST>');
  const operator = await received({ type: 'slack' }, failing);
  expect(operator.message?.body).toContain('13 May 2024, 19:14 CEST');
});

test('a webhook gets the body, signed, with the headers of the format', async () => {
  const body = '{"text": "{{ title }}{% if recording %}: {{ recording.roomId }}{% endif %}", "id": {{ id }}}';
  const { message } = await received({ type: 'webhook', secret: SECRET, template: { body } });
  expect(message?.json).toEqual({ text: 'Recording available: Lobby “é” <!channel> \u0000', id: sampleEvent.id });
  expect(message?.headers['content-type']).toBe('application/json');
  expect(message?.id).toBe(sampleEvent.id);
  expect(new Webhook(SECRET).verify(message?.body ?? '', message?.headers ?? {})).toEqual(message?.json);
});

test.each([
  {
    contentType: 'application/x-www-form-urlencoded',
    body: 'type={{ type }}&at={{ timestamp }}',
    want: 'type=recording.available&at=2024-05-13T17%3A19%3A04.120Z',
  },
  {
    contentType: 'text/plain; charset=utf-8',
    body: '{{ type }} {{ timestamp | date }}',
    want: 'recording.available 13 May 2024, 19:19 CEST',
  },
  {
    contentType: 'application/xml',
    body: '<a b="{{ id }}">{% if recording %}{{ recording.roomId }}{% endif %}</a>',
    want: `<a b="${sampleEvent.id}">Lobby “é” &lt;!channel&gt;</a>`,
  },
])('a webhook of $contentType', async ({ contentType, body, want }) => {
  const { message } = await received({ type: 'webhook', template: { body, contentType } });
  expect(message?.headers['content-type']).toBe(contentType);
  expect(message?.body).toBe(want);
});

test('a webhook gets nothing that it does not understand: the delivery waits for a better template', async () => {
  const { message, outcome } = await received({ type: 'webhook', template: { body: FAILS_LATER } });
  expect(message).toBeUndefined();
  expect(outcome).toEqual({
    ...{ kind: 'failed', reason: 'template_failed' },
    detail: 'template.body, line 1, column 32 makes more than a template may',
  });
});

async function mailed(settings: object, event: NotifierEvent = sampleEvent) {
  const smtp = await startSmtp();
  try {
    const common = { type: 'email', smtp: `smtp://127.0.0.1:${smtp.port}`, from: 'a@example.com', to: 'b@example.com' };
    const outcome = await deliver(sinkOf({ ...common, ...settings }), event);
    const mail = await smtp.parsed();
    return { outcome, subject: mail.subject, text: mail.text, html: mail.html, raw: smtp.mails[0]?.raw ?? '' };
  } finally {
    await smtp.close();
  }
}

const ROOM = '{% if recording %}{{ recording.roomId }}{% endif %}';

test.each([
  {
    name: 'subject',
    template: { subject: `New:\n ${ROOM}` },
    want: { subject: 'New: Lobby “é” <!channel>', text: /^Recording available\n/, html: /<!DOCTYPE html>/ },
  },
  {
    name: 'text, which is then the only part',
    template: { text: `New: ${ROOM}\n` },
    want: { subject: /^Recording available: /, text: 'New: Lobby “é” <!channel>\n', html: false },
  },
  {
    name: 'HTML, beside our text',
    template: { html: `<p>${ROOM}</p>` },
    want: {
      subject: /^Recording available: /,
      text: /^Recording available\n/,
      html: '<p>Lobby “é” &lt;!channel&gt;</p>',
    },
  },
  {
    name: 'all',
    template: { subject: 'a', text: 'b', html: '<p>c</p>' },
    want: { subject: 'a', text: 'b', html: '<p>c</p>' },
  },
])('a mail of its own $name', async ({ template, want: { subject, text, html } }) => {
  const mail = await mailed({ template });
  const like = (wanted: string | RegExp | boolean) =>
    wanted instanceof RegExp ? expect.stringMatching(wanted) : wanted;
  expect([
    mail.subject,
    mail.text?.replace(/\n$/, ''),
    typeof mail.html === 'string' ? mail.html.trim() : mail.html,
  ]).toEqual([like(subject), typeof text === 'string' ? text.replace(/\n$/, '') : like(text), like(html)]);
  expect(mail.raw).toContain(`Message-ID: <${sampleEvent.id}.it@example.com>`);
});

test.each([
  { name: 'a part fails', template: { subject: 'mine', text: FAILS_LATER } },
  { name: 'the subject is empty', template: { subject: '{% if source == "test" %}a{% endif %} ' } },
])('a mail is ours, all of it, when $name', async ({ template }) => {
  const { subject, outcome } = await mailed({ template });
  expect(subject).toBe('Recording available: Lobby “é” <!channel>');
  expect(outcome).toMatchObject({
    kind: 'delivered',
    receipt: expect.stringMatching(/, without its template, which failed$/),
  });
});

test('the dates of a mail are in the time zone of the sink', async () => {
  const { text, html } = await mailed({});
  for (const part of [text, html]) expect(part).toContain('13 May 2024, 19:14 CEST');
  expect((await mailed({}, failing)).text).toContain('Since: 13 May 2024, 19:14 CEST');
});
