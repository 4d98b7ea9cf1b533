import fc from 'fast-check';
import { simpleParser } from 'mailparser';
import { createTransport } from 'nodemailer';
import type { RecordingEvent, RecordingEventType } from '../../src/core/event.js';
import type { DigestId, EventId, RecordingUuid } from '../../src/core/id.js';
import type { Digest } from '../../src/sinks/define.js';
import { digestMessageOf } from '../../src/sinks/email-digest.js';
import { plainSlackDigest, slackDigest } from '../../src/sinks/slack-digest.js';
import { sampleDigest, sampleEvent } from '../support/sample-event.js';

type Recording = RecordingEvent['data']['recording'];

const id = 'dig_0d4b7c1e9f2a4c6b8d0e1f2a3b4c5d6e' as DigestId;
const UNTIL = '<!date^1715706000^{date_short_pretty} at {time}|14 May 2024, 17:00 UTC>';
const RECORDED = '<!date^1715620440^{date_short_pretty} at {time}|13 May 2024, 17:14 UTC>';

function eventWith(recording: Partial<Recording>, type: RecordingEventType = 'recording.available'): RecordingEvent {
  const { data } = sampleEvent;
  return { ...sampleEvent, type, data: { ...data, recording: { ...data.recording, ...recording } } };
}

function digestOf(count: number, recording: Partial<Recording> = {}): Digest {
  const events = Array.from({ length: count }, (_, n) => ({
    ...eventWith({ uuid: `r${n}` as RecordingUuid, roomId: `room ${n}`, ...recording }),
    id: `evt_${String(n).padStart(32, '0')}` as EventId,
  }));
  return { id, events };
}

async function mailOf(digest: Digest) {
  const mailboxes = { from: { name: '', address: 'rec@example.com' }, to: [{ name: '', address: 'ann@example.com' }] };
  const mail = digestMessageOf(digest, 'ops-mail', mailboxes, Date.parse('2024-05-13T18:00:00Z'));
  const { message } = await createTransport({ streamTransport: true, buffer: true }).sendMail(mail);
  return simpleParser(message as Buffer);
}

test('Slack: an entry for each event, with its own button, and what tells a repeat', () => {
  const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } });
  const button = { type: 'button', text: { type: 'plain_text', text: 'Watch' }, url: sampleEvent.data.recording.url };
  const note = (text: string) => ({ type: 'mrkdwn', text, verbatim: true });
  const { text, blocks } = slackDigest(sampleDigest);
  const [lobby, standup, bare] = sampleDigest.events;
  expect(text).toBe('3 recordings are available');
  expect(blocks).toEqual([
    { type: 'header', text: { type: 'plain_text', text } },
    {
      ...section(`*Lobby “é” &lt;!channel&gt;*\nRecorded ${RECORDED}\n${lobby?.id} · 7b0f3e9c`),
      accessory: button,
    },
    section(`*standup*\nRecorded ${RECORDED}\n${standup?.id} · c41d22aa`),
    section(`*e07b9d15*\nRecorded ${RECORDED}\n${bare?.id}`),
    { type: 'context', elements: [note(`The first link works until ${UNTIL}`), note(`Digest ${id}`)] },
  ]);
  expect(plainSlackDigest(sampleDigest).text).toContain(
    `*3 recordings are available*\n\n*Lobby “é” &lt;!channel&gt;*\nRecorded ${RECORDED}\n${lobby?.id} · 7b0f3e9c\n<${sampleEvent.data.recording.url}|Watch>\n`,
  );
});

test.each([
  { name: 'of one kind', types: ['recording.stuck', 'recording.stuck'], want: '2 recordings are stuck in processing' },
  {
    name: 'of several kinds',
    types: ['recording.available', 'recording.archived', 'recording.available'],
    want: '3 events of recordings: 2 available, 1 archived',
  },
] as const)('the title of events $name', async ({ types, want }) => {
  const digest = { id, events: types.map((type) => eventWith({ roomId: 'lobby' }, type)) };
  const isMixed = new Set(types).size > 1;
  expect(slackDigest(digest).text).toBe(want);
  expect(JSON.stringify(slackDigest(digest)).includes('*lobby* · Recording archived')).toBe(isMixed);
  const { subject, text } = await mailOf(digest);
  expect(subject).toBe(want);
  expect(text?.includes('2. lobby: Recording archived')).toBe(isMixed);
});

test.each([48, 49, 50])(
  'Slack: %i events fit into fifty blocks, the title and the id of the digest with them',
  (count) => {
    const message = slackDigest(digestOf(count));
    expect(message.blocks?.length).toBeLessThanOrEqual(50);
    const said = JSON.stringify(message);
    expect(said).toContain(`Digest ${id}`);
    expect(said.match(/"Watch"/g)).toHaveLength(count);
    for (let n = 0; n < count; n += 1) expect(said).toContain(`*room ${n}*`);
  },
);

test.each([
  { name: 'that fits is whole', roomId: 'R&D planning, Thursday', want: 'R&amp;D planning, Thursday' },
  {
    name: 'that fits but for its escapes loses what is too much',
    roomId: 'R&D planning meeting, Thursday in Berlin',
    want: 'R&amp;D planning meeting, Thursday in B…',
  },
  { name: 'of nothing but escapes keeps seven and says so', roomId: '&'.repeat(40), want: `${'&amp;'.repeat(7)}…` },
])('Slack: a room $name', ({ roomId, want }) => {
  const { blocks } = slackDigest(digestOf(2, { roomId }));
  expect(JSON.stringify(blocks)).toContain(`*${want}*`);
});

test('Slack: links that do not fit into a plain text are left out, the entries are not', () => {
  const { text } = plainSlackDigest(digestOf(50, { url: `https://files.example/${'a'.repeat(2_000)}` }));
  expect(text.length).toBeLessThanOrEqual(40_000);
  expect(text.match(/\|Watch>/g)?.length).toBeGreaterThan(10);
  expect(text.match(/\*room \d+\*/g)).toHaveLength(50);
});

test('e-mail: one Message-ID for the digest, and every event with what there is of it', async () => {
  const mail = await mailOf(sampleDigest);
  expect(mail.messageId).toBe(`<${id}.ops-mail@example.com>`);
  expect(mail.subject).toBe('3 recordings are available');
  expect(mail.text).toBe(`3 recordings are available

1. Lobby “é” <!channel>
   Recorded: 13 May 2024, 17:14 UTC
   Available after: 5 minutes 3 seconds
   Recording: 7b0f3e9c
   Source: production
   Watch it: https://files.example/7b0f3e9c?signature=presigned
   The link works until 14 May 2024, 17:00 UTC.
   Event evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d

2. standup
   Recorded: 13 May 2024, 17:14 UTC
   Available after: 5 minutes 3 seconds
   Recording: c41d22aa
   Source: production
   Event evt_a1b2c3d4e5f60718293a4b5c6d7e8f90

3. e07b9d15
   Recorded: 13 May 2024, 17:14 UTC
   Available after: 5 minutes 3 seconds
   Source: production
   Event evt_0f1e2d3c4b5a69788796a5b4c3d2e1f0

-- 
Sent by recording-notifier. Digest ${id}
`);
  expect(mail.html).toContain('>Lobby “é” &lt;!channel&gt;</h2>');
  expect(String(mail.html).match(/class="button" href="https:/g)).toHaveLength(1);
  expect(mail.html).not.toMatch(/<img|src=|@import|url\(|<link|<script/i);
});

test('e-mail: one card for all, and a rule between entries, none at either end', async () => {
  const { html } = await mailOf(sampleDigest);
  expect(String(html).match(/class="card"/g)).toHaveLength(1);
  const entries = String(html).match(/<div class="entry" style="[^"]*"/g) ?? [];
  expect(entries.map((entry) => entry.includes('border-top'))).toEqual([false, true, true]);
});

const nasty = fc.constantFrom(
  '<!channel>',
  '<b>',
  '&',
  '*',
  '\r\nBcc: x',
  '\u202e',
  '|',
  '🎥'.repeat(200),
  '<'.repeat(500),
);
const hostile = fc
  .array(fc.oneof(nasty, fc.string({ unit: 'binary' })), { maxLength: 6 })
  .map((parts) => parts.join(''));
const maybe = fc.option(hostile, { nil: null });
const hostileDigest = fc
  .array(
    fc
      .record({
        uuid: hostile.map((uuid) => uuid as RecordingUuid),
        roomId: maybe,
        createdAt: maybe,
        urlExpiresAt: maybe,
      })
      .chain((recording) =>
        fc
          .tuple(fc.constantFrom<RecordingEventType>('recording.available', 'recording.stuck'), maybe)
          .map(([type, tail]) => eventWith({ ...recording, url: tail && `https://a.example/${tail}` }, type)),
      ),
    { minLength: 2, maxLength: 50, size: 'max' },
  )
  .map((events): Digest => ({ id, events }));

const OUR_OWN = /<!date\^\d+\^\{date_short_pretty\} at \{time\}\|[\w ,:]+ UTC>|<https?:[^<>|\s]+\|Watch>/g;

test('every limit of Slack holds for any digest, and nothing in it is markup but our own', () => {
  fc.assert(
    fc.property(hostileDigest, (digest) => {
      const { text, blocks = [] } = slackDigest(digest);
      const plain = plainSlackDigest(digest).text;
      const texts = [...JSON.stringify(blocks).matchAll(/"text":("(?:[^"\\]|\\.)*")/g)].map(([, said]) =>
        JSON.parse(said ?? ''),
      );
      expect(blocks.length).toBeLessThanOrEqual(50);
      expect(texts.join('').length).toBeLessThanOrEqual(13_000);
      expect(plain.length).toBeLessThanOrEqual(40_000);
      for (const said of texts) expect(said.length > 0 && said.length <= 3_000).toBe(true);
      for (const said of [text, plain, ...texts]) {
        expect(said.replaceAll(OUR_OWN, '')).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
        expect(said.isWellFormed()).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});

test('a hostile room breaks out of no mail', async () => {
  const room = '<script>"\r\nBcc: x';
  const mail = await mailOf(digestOf(2, { roomId: room, urlExpiresAt: room, meetingId: room }));
  expect(mail.bcc).toBeUndefined();
  expect(mail.html).not.toMatch(/<script|^Bcc/m);
  expect(mail.text).not.toMatch(/^Bcc/m);
});
