import { type ParsedMail, simpleParser } from 'mailparser';
import { createTransport } from 'nodemailer';
import type { NotifierEvent, RecordingEvent } from '../../src/core/event.js';
import type { DeliveryId, EventId, RecordingUuid } from '../../src/core/id.js';
import { messageOf } from '../../src/sinks/email-message.js';
import { sampleEvent } from '../support/sample-event.js';

const NOW_MS = Date.parse('2024-05-13T18:00:00Z');
const MAILBOXES = {
  from: { name: 'Recordings', address: 'rec@example.com' },
  to: [
    { name: '', address: 'ann@example.com' },
    { name: 'Bob', address: 'bob@example.com' },
  ],
};
const HOSTILE = '<!channel> & <b>"\r\nBcc: x';

type Recording = RecordingEvent['data']['recording'];

function eventWith(recording: Partial<Recording>, rest: Partial<RecordingEvent> = {}): RecordingEvent {
  const { data } = { ...sampleEvent, ...rest };
  return { ...sampleEvent, ...rest, data: { ...data, recording: { ...data.recording, ...recording } } };
}

/** As a mailbox gets it: written by nodemailer, read by mailparser. */
async function read(event: NotifierEvent): Promise<ParsedMail & { readonly raw: string }> {
  const transport = createTransport({ streamTransport: true, buffer: true });
  const { message } = await transport.sendMail(messageOf(event, 'ops-mail', MAILBOXES, NOW_MS));
  return { ...(await simpleParser(message as Buffer)), raw: String(message) };
}

test('the headers', async () => {
  const mail = await read(sampleEvent);
  expect(mail.subject).toBe('Recording available: Lobby “é” <!channel>');
  expect(mail.from?.text).toBe('"Recordings" <rec@example.com>');
  expect([mail.to].flat().map((to) => to?.text)).toEqual(['ann@example.com, "Bob" <bob@example.com>']);
  expect(mail.date).toEqual(new Date(NOW_MS));
  expect(mail.messageId).toBe(`<${sampleEvent.id}.ops-mail@example.com>`);
  expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
  expect(mail.raw).toMatch(/^List-ID: <ops-mail\.recording-notifier\.example\.com>\r$/im);
});

test('the text', async () => {
  const { text } = await read(sampleEvent);
  expect(text).toBe(`Recording available

Room: Lobby “é” <!channel>
Recorded: 13 May 2024, 17:14 UTC
Available after: 5 minutes 3 seconds
Recording: 7b0f3e9c
Source: production

Watch it: https://files.example/7b0f3e9c?signature=presigned
The link works until 14 May 2024, 17:00 UTC.

-- 
Sent by recording-notifier. Event evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d
`);
});

test('the HTML is for narrow windows and for the dark, and loads nothing', async () => {
  const { html } = await read(sampleEvent);
  expect(html).toContain('<meta name="color-scheme" content="light dark">');
  expect(html).toContain('@media (prefers-color-scheme: dark)');
  expect(html).toContain('width=device-width');
  expect(html).toContain('<a class="button" href="https://files.example/7b0f3e9c?signature=presigned"');
  expect(html).not.toMatch(/<img|src=|@import|url\(|<link|<script/i);
});

test.each([
  { name: 'room', recording: { roomId: HOSTILE } },
  { name: 'meeting', recording: { meetingId: HOSTILE } },
  { name: 'uuid', recording: { roomId: null, uuid: HOSTILE as RecordingUuid } },
  { name: 'date', recording: { createdAt: HOSTILE } },
  { name: 'date of expiry', recording: { urlExpiresAt: HOSTILE } },
  { name: 'URL', recording: { url: `https://files.example/"><b>${HOSTILE}` } },
])('a hostile $name harms nobody', async ({ recording }) => {
  const mail = await read(eventWith(recording));
  expect(mail.bcc).toBeUndefined();
  expect(mail.raw.split('\r\n\r\n')[0]).not.toMatch(/^bcc:/im);
  expect(mail.text).not.toMatch(/^Bcc/m);
  expect(mail.html).not.toMatch(/<b>|<!channel|^Bcc/m);
  expect(mail.subject).not.toMatch(/[\r\n]/);
});

test('a hostile room is shown as it is called', async () => {
  const { subject, text, html } = await read(eventWith({ roomId: HOSTILE }));
  expect(subject).toBe('Recording available: <!channel> & <b>" Bcc: x');
  expect(text).toContain('Room: <!channel> & <b>" Bcc: x\n');
  expect(html).toContain('&lt;!channel&gt; &amp; &lt;b&gt;&quot; Bcc: x');
});

test.each([
  { name: 'a script', url: 'javascript:alert(1)' },
  { name: 'a file', url: 'file:///etc/passwd' },
  { name: 'no URL', url: null },
  { name: 'a URL that is too long', url: `https://files.example/${'a'.repeat(10_000)}` },
])('no button for $name', async ({ url }) => {
  const mail = await read(eventWith({ url }));
  expect(mail.html).not.toContain('href');
  expect(mail.text).not.toContain('Watch it');
});

test('everything that may be missing may be missing, and a name may be long', async () => {
  const bare = { roomId: null, meetingId: null, createdAt: null, url: null, urlExpiresAt: null };
  const mail = await read(eventWith({ ...bare, uuid: 'u'.repeat(200) as RecordingUuid }));
  expect(mail.subject).toHaveLength(150);
  expect(mail.text).toContain(`Recording: ${'u'.repeat(200)}`);
  expect(mail.text).not.toMatch(/null|undefined|NaN/);
});

test.each([
  { name: 'processing', event: eventWith({}, { type: 'recording.processing' }), want: 'Recording in processing: ' },
  { name: 'stuck', event: eventWith({}, { type: 'recording.stuck' }), want: 'Recording stuck in processing: ' },
  {
    name: 'a sample',
    event: eventWith({}, { data: { ...sampleEvent.data, test: true } }),
    want: 'TEST: Recording available: ',
  },
])('the subject of $name', async ({ event, want }) => {
  const { subject, html } = await read(event);
  expect(subject?.startsWith(want)).toBe(true);
  expect(html).toContain(`<h1 class="title"`);
  expect(html).toContain(`>${want.slice(0, -2)}</h1>`);
});

test('a thread for each recording of each source, whatever its uuid', async () => {
  const threadOf = async (event: RecordingEvent) => [(await read(event)).references].flat()[0];
  const thread = await threadOf(sampleEvent);
  expect(thread).toMatch(/^<recording\.[0-9a-f]{32}\.ops-mail@example\.com>$/);
  expect((await read(sampleEvent)).inReplyTo).toBe(thread);
  expect(await threadOf(eventWith({ status: 'x' }, { type: 'recording.processing' }))).toBe(thread);
  expect(await threadOf(eventWith({ uuid: '> <' as RecordingUuid }))).not.toBe(thread);
  expect(await threadOf(eventWith({}, { source: 'other' }))).not.toBe(thread);
});

test('an event for operators: hostile uuids harm nobody, and what is not listed is counted', async () => {
  const uuid = `${HOSTILE}${'9b2e'.repeat(40)}`;
  const deliveries = Array.from({ length: 20 }, () => ({
    id: 'dlv_1' as DeliveryId,
    eventId: 'evt_1' as EventId,
    type: 'recording.available',
    uuid,
  }));
  const { subject, text, html, raw } = await read({
    id: 'evt_0b5c' as EventId,
    type: 'delivery.dead',
    timestamp: '2024-05-13T17:19:04.120Z',
    source: null,
    data: { sink: 'hook', reason: 'mail_refused', count: 40, deliveries },
  });
  expect(subject).toBe('🔴 40 deliveries to hook were given up');
  expect(text).toMatch(/^Recordings: <!channel> & <b>" Bcc: x9b2e.*…, and 35 more$/m);
  expect(html).not.toMatch(/<b>|<!channel|^Bcc/m);
  expect(raw.split('\r\n\r\n')[0]).not.toMatch(/^bcc:/im);
});
