import fc from 'fast-check';
import type { RecordingEvent } from '../../src/core/event.js';
import type { DeliveryId, EventId } from '../../src/core/id.js';
import type { OperatorEvent } from '../../src/core/operator-event.js';
import { plainSlackMessage, type SlackMessage, slackMessage } from '../../src/sinks/slack-message.js';
import { hostileEvent } from '../support/hostile-event.js';
import { sampleEvent } from '../support/sample-event.js';

type Recording = RecordingEvent['data']['recording'];

function eventWith(recording: Partial<Recording>, rest: Partial<RecordingEvent> = {}, test = false): RecordingEvent {
  const { data } = sampleEvent;
  return {
    ...sampleEvent,
    ...rest,
    data: { ...data, ...(test && { test: true }), recording: { ...data.recording, ...recording } },
  };
}

const ordinary = eventWith({ roomId: 'lobby', meetingId: 'standup' });
const RECORDED = '<!date^1715620440^{date_short_pretty} at {time}|13 May 2024, 17:14 UTC>';
const UNTIL = '<!date^1715706000^{date_short_pretty} at {time}|14 May 2024, 17:00 UTC>';

test('a message says what, where, when, how to watch it, and until when', () => {
  const field = (label: string, value: string) => ({ type: 'mrkdwn', text: `*${label}*\n${value}`, verbatim: true });
  const note = (text: string) => ({ type: 'mrkdwn', text, verbatim: true });
  expect(slackMessage(ordinary)).toEqual({
    text: 'Recording available: lobby',
    parse: 'none',
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: 'Recording available' } },
      {
        type: 'section',
        fields: [
          field('Room', 'lobby'),
          field('Meeting', 'standup'),
          field('Recorded', RECORDED),
          field('Available after', '5 minutes 3 seconds'),
          field('Source', 'production'),
        ],
      },
      {
        type: 'actions',
        elements: [
          {
            type: 'button',
            text: { type: 'plain_text', text: 'Watch' },
            url: 'https://files.example/7b0f3e9c?signature=presigned',
            style: 'primary',
          },
        ],
      },
      {
        type: 'context',
        elements: [
          note(`The link works until ${UNTIL}`),
          note('Event evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d · recording 7b0f3e9c'),
        ],
      },
    ],
  });
});

test('the plain text says the same', () => {
  expect(plainSlackMessage(ordinary).text.split('\n')).toEqual([
    '*Recording available*',
    'Room: lobby',
    'Meeting: standup',
    `Recorded: ${RECORDED}`,
    'Available after: 5 minutes 3 seconds',
    'Source: production',
    '<https://files.example/7b0f3e9c?signature=presigned|Watch>',
    `The link works until ${UNTIL}`,
    'Event evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d · recording 7b0f3e9c',
  ]);
});

test.each([
  { name: 'in processing', event: { ...ordinary, type: 'recording.processing' }, want: /^Recording in processing: / },
  { name: 'stuck', event: { ...ordinary, type: 'recording.stuck' }, want: /^Recording stuck in processing: lobby$/ },
  { name: 'a sample', event: eventWith({ roomId: 'lobby' }, {}, true), want: /^TEST: Recording available: lobby$/ },
  { name: 'a room that nobody sees', event: eventWith({ roomId: '\u3164' }), want: /^Recording available: 7b0f3e9c$/ },
  { name: 'no room', event: eventWith({ roomId: null }), want: /^Recording available: 7b0f3e9c$/ },
  { name: 'a hostile room', event: sampleEvent, want: /^Recording available: Lobby “é” &lt;!channel&gt;$/ },
] as const)('the headline: $name', ({ event, want }) => {
  expect(slackMessage(event).text).toMatch(want);
});

test('one that is stuck says for how long', () => {
  expect(plainSlackMessage({ ...ordinary, type: 'recording.stuck' }).text).toContain('Not available after: 5 minutes');
});

test.each([
  { name: 'none', url: null },
  { name: 'one that is too long', url: `https://files.example/${'a'.repeat(3_000)}` },
  { name: 'no web address', url: 'javascript:alert(1)' },
])('without a link there is no button and no word about it: $name', ({ url }) => {
  const event = eventWith({ url });
  const { blocks = [] } = slackMessage(event);
  expect(blocks.map(({ type }) => type)).toEqual(['header', 'section', 'context']);
  expect(JSON.stringify([blocks, plainSlackMessage(event)])).not.toMatch(/link works|Watch/);
});

test('a link whose life is unknown is a button alone', () => {
  const event = eventWith({ urlExpiresAt: null });
  expect(JSON.stringify(slackMessage(event))).toMatch(/"Watch"/);
  expect(JSON.stringify(slackMessage(event))).not.toMatch(/link works/);
});

test('an address cannot end its link early', () => {
  const { text } = plainSlackMessage(eventWith({ url: 'https://files.example/a|b>c<d?e=1&f=2' }));
  expect(text).toContain('<https://files.example/a%7Cb%3Ec%3Cd?e=1&amp;f=2|Watch>');
});

const refusing: OperatorEvent = {
  id: 'evt_0b5c' as EventId,
  type: 'sink.failing',
  timestamp: '2024-05-13T17:19:04.120Z',
  source: null,
  data: {
    sink: 'hook',
    reason: 'gone',
    message: 'HTTP 410 from <hooks.example>',
    since: '2024-05-13T17:19:04.120Z',
    waiting: 3,
  },
};

test('an event for operators has a look of its own', () => {
  const message = slackMessage(refusing);
  expect(message.text).toBe('🔴 Sink hook is failing');
  expect((message.blocks ?? []).map(({ type }) => type)).toEqual(['header', 'section', 'section', 'context']);
  expect(plainSlackMessage(refusing).text.split('\n')).toEqual([
    '*🔴 Sink hook is failing*',
    'HTTP 410 from &lt;hooks.example&gt;',
    'Reason: gone',
    'Since: 13 May 2024, 17:19 UTC',
    'Waiting: 3',
    'Event evt_0b5c',
  ]);
});

test('deliveries that were given up are counted, however long the ids of their recordings', () => {
  const deliveries = Array.from({ length: 20 }, (_, index) => ({
    id: 'dlv_1' as DeliveryId,
    eventId: 'evt_1' as EventId,
    type: 'recording.available',
    uuid: `${index}`.repeat(200).slice(0, 200),
  }));
  const { id, timestamp } = refusing;
  const data = { sink: 'hook', reason: 'gone', count: 40, deliveries };
  const event: OperatorEvent = { id, timestamp, type: 'delivery.dead', source: null, data };
  expect(plainSlackMessage(event).text).toMatch(/^Recordings: 0{30,}….*4{30,}…, and 35 more$/m);
});

interface Part {
  readonly type: string;
  readonly text?: string | Part;
  readonly url?: string;
  readonly fields?: readonly Part[];
  readonly elements?: readonly Part[];
}

function lengthOf({ text: inner }: Part): number {
  return typeof inner === 'string' ? inner.length : inner === undefined ? 0 : lengthOf(inner);
}

function expectWithinLimits(part: Part): void {
  const { type, fields = [], elements = [] } = part;
  expect(fields.length).toBeLessThanOrEqual(10);
  expect(elements.length).toBeLessThanOrEqual(type === 'context' ? 10 : 25);
  for (const field of fields) expectLength(lengthOf(field), 2_000);
  for (const element of elements) expectLength(lengthOf(element), type === 'actions' ? 75 : 3_000);
  for (const element of elements) expect(element.url?.length ?? 0).toBeLessThanOrEqual(3_000);
  if (type === 'header') expectLength(lengthOf(part), 150);
  if (type === 'section' && fields.length === 0) expectLength(lengthOf(part), 3_000);
}

function expectLength(length: number, max: number): void {
  expect(length).toBeGreaterThan(0);
  expect(length).toBeLessThanOrEqual(max);
}

/** Everything in it that Slack reads as markup. */
function textsOf(message: SlackMessage): string[] {
  const blocks = (message.blocks ?? []) as readonly Part[];
  const sections = blocks.flatMap((block) =>
    block.type === 'section' && typeof block.text === 'object' ? [block.text] : [],
  );
  const parts = blocks.flatMap(({ fields = [], elements = [] }) => [...fields, ...elements]);
  return [message.text, ...[...sections, ...parts].map((part) => part.text).filter((each) => typeof each === 'string')];
}

const OUR_OWN = /<!date\^\d+\^\{date_short_pretty\} at \{time\}\|[\w ,:]+ UTC>|<https?:[^<>|\s]+\|Watch>/g;

test('an event that says nothing has no section of nothing, which Slack refuses', () => {
  const data = { reason: '', message: '', since: '' };
  const event: OperatorEvent = { id: 'evt_1' as EventId, timestamp: '', type: 'source.failing', source: 'main', data };
  expect((slackMessage(event).blocks ?? []).map(({ type }) => type)).toEqual(['header', 'context']);
});

test('every limit of Slack holds for any event, and nothing in it is markup but our own', () => {
  fc.assert(
    fc.property(hostileEvent, (event) => {
      for (const message of [slackMessage(event), plainSlackMessage(event)]) {
        const blocks = (message.blocks ?? []) as readonly Part[];
        expect(blocks.length).toBeLessThanOrEqual(50);
        blocks.forEach(expectWithinLimits);
        expectLength(message.text.length, 13_000);
        expect(JSON.stringify(message).length).toBeLessThanOrEqual(13_000);
        for (const said of textsOf(message)) {
          expect(said.replaceAll(OUR_OWN, '')).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
          expect(said.isWellFormed()).toBe(true);
        }
      }
    }),
  );
});
