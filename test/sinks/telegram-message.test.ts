import fc from 'fast-check';
import type { NotifierEvent } from '../../src/core/event.js';
import type { EventId } from '../../src/core/id.js';
import { plainTelegramMessage, telegramMessage } from '../../src/sinks/telegram-message.js';
import { telegramProblem } from '../support/fake-telegram.js';
import { hostileEvent } from '../support/hostile-event.js';
import { sampleEvent } from '../support/sample-event.js';

const { data } = sampleEvent;

test('a message says what, where, when, how to watch it, and until when', () => {
  const { text, ...rest } = telegramMessage(sampleEvent);
  expect(rest).toEqual({ parse_mode: 'HTML', link_preview_options: { is_disabled: true } });
  expect(text.split('\n')).toEqual([
    '<b>Recording available</b>',
    'Room: <code>Lobby “é” &lt;!channel&gt;</code>',
    'Recorded: 13 May 2024, 17:14 UTC',
    'Available after: 5 minutes 3 seconds',
    'Source: production',
    '<a href="https://files.example/7b0f3e9c?signature=presigned">Watch</a>',
    'The link works until 14 May 2024, 17:00 UTC',
    '<code>Event evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d · recording 7b0f3e9c</code>',
  ]);
});

test('the plain text says the same, and none of it is anything but code', () => {
  const { text, ...rest } = plainTelegramMessage(sampleEvent);
  expect(rest).toEqual({
    entities: [{ type: 'code', offset: 0, length: text.length }],
    link_preview_options: { is_disabled: true },
  });
  expect(text.split('\n')).toEqual([
    'Recording available',
    'Event evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d · recording 7b0f3e9c',
    'Room: Lobby “é” <!channel>',
    'Recorded: 13 May 2024, 17:14 UTC',
    'Available after: 5 minutes 3 seconds',
    'Source: production',
    'https://files.example/7b0f3e9c?signature=presigned',
    'The link works until 14 May 2024, 17:00 UTC',
  ]);
});

test('dates are in the time zone of the sink', () => {
  for (const { text } of [
    telegramMessage(sampleEvent, 'Europe/Berlin'),
    plainTelegramMessage(sampleEvent, 'Europe/Berlin'),
  ]) {
    expect(text).toContain('Recorded: 13 May 2024, 19:14 CEST');
    expect(text).toContain('The link works until 14 May 2024, 19:00 CEST');
  }
});

test.each([
  { room: 'Lobby', want: 'Lobby' },
  { room: 'Sales & Ops – Q3', want: 'Sales &amp; Ops – Q3' },
  { room: `Ana's "big" room (2), Köln_1`, want: 'Ana&#39;s &quot;big&quot; room (2), Köln_1' },
  { room: 'Really? Yes!', want: 'Really? Yes!' },
  { room: 'at 17:19', want: 'at 17:19' },
  { room: 'evil.example', want: '<code>evil.example</code>' },
  { room: 'tg:resolve', want: '<code>tg:resolve</code>' },
  { room: 'me@evil', want: '<code>me@evil</code>' },
  { room: '@durov', want: '<code>@durov</code>' },
  { room: 'say /start', want: '<code>say /start</code>' },
  { room: '#news', want: '<code>#news</code>' },
  { room: '$TON', want: '<code>$TON</code>' },
  { room: '4111 1111 1111 1111', want: '<code>4111 1111 1111 1111</code>' },
  { room: '555-0100-22', want: '<code>555-0100-22</code>' },
  { room: '+49 30', want: '<code>+49 30</code>' },
  { room: '7b0f3e9c-9d1b-4d6e-8a51-2f7f0c3f1d11', want: '<code>7b0f3e9c-9d1b-4d6e-8a51-2f7f0c3f1d11</code>' },
  { room: '<b>', want: '<code>&lt;b&gt;</code>' },
])('code is what Telegram might make something of: $room', ({ room, want }) => {
  const { text } = telegramMessage({
    ...sampleEvent,
    data: { ...data, recording: { ...data.recording, roomId: room } },
  });
  expect(text.split('\n')[1]).toBe(`Room: ${want}`);
});

test('without a link there is no word about it', () => {
  const event = { ...sampleEvent, data: { ...data, recording: { ...data.recording, url: null } } };
  expect(telegramMessage(event).text + plainTelegramMessage(event).text).not.toMatch(/Watch|https|link works/);
});

test('an address cannot end its link early', () => {
  const url = 'https://files.example/a"b>c?e=1&f=2';
  const { text } = telegramMessage({ ...sampleEvent, data: { ...data, recording: { ...data.recording, url } } });
  expect(text).toContain('<a href="https://files.example/a%22b%3Ec?e=1&amp;f=2">Watch</a>');
});

test('an event for operators has a look of its own', () => {
  const event: NotifierEvent = {
    id: 'evt_0b5c' as EventId,
    type: 'sink.failing',
    timestamp: '2024-05-13T17:19:04.120Z',
    source: null,
    data: { sink: 'hook', reason: 'gone', message: 'HTTP 410', since: '2024-05-13T17:19:04.120Z', waiting: 3 },
  };
  expect(telegramMessage(event).text.split('\n')).toEqual([
    '<b>🔴 Sink hook is failing</b>',
    'HTTP 410',
    'Reason: gone',
    'Since: 13 May 2024, 17:19 UTC',
    'Waiting: 3',
    '<code>Event evt_0b5c</code>',
  ]);
});

test('every limit of Telegram holds for any event, and nothing in it is markup, mention or link but our own', () => {
  fc.assert(
    fc.property(hostileEvent, (event) => {
      for (const message of [telegramMessage(event), plainTelegramMessage(event)]) {
        expect(telegramProblem({ chat_id: 1, ...message })).toBeUndefined();
      }
      const ours = telegramMessage(event)
        .text.replaceAll(/<code>[^<]*<\/code>/g, '')
        .replaceAll(/<a href="[^"]*">Watch<\/a>/g, '')
        .replace(/^<b>.*<\/b>$/m, '')
        .replaceAll(/&(?:quot|amp|#39);/g, "'");
      expect(ours).toMatch(/^[\p{L}\p{M}\p{N}\p{Pd}\s“”’'(),.:;!?_]*$/u);
      expect(ours).not.toMatch(/\S\.\S|[^\s\d]:\S|:[^\s\d]|\d{6}/);
    }),
  );
});
