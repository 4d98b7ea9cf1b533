import fc from 'fast-check';
import type { RecordingEvent } from '../../src/core/event.js';
import { ntfyMessage, plainNtfyMessage } from '../../src/sinks/ntfy-message.js';
import { ntfyProblem } from '../support/fake-ntfy.js';
import { hostileEvent } from '../support/hostile-event.js';
import { sampleEvent } from '../support/sample-event.js';

const { data } = sampleEvent;
const ROOM = 'Room: Lobby “é” <!channel>';
const LINES = [
  'Recorded: 13 May 2024, 17:14 UTC',
  'Available after: 5 minutes 3 seconds',
  'Source: production',
  'The link works until 14 May 2024, 17:00 UTC',
  'Event evt_4f1c0f6f2f0e4f0c9a3b7d5e6a1b2c3d · recording 7b0f3e9c',
];
const LINK = 'https://files.example/7b0f3e9c?signature=presigned';

function eventWith(url: string | null): RecordingEvent {
  return { ...sampleEvent, data: { ...data, recording: { ...data.recording, url } } };
}

test('a message says what, where, when, how to watch it, and until when', () => {
  const { message, ...rest } = ntfyMessage(sampleEvent, { priority: 2, tags: ['movie_camera'] });
  expect(message.split('\n')).toEqual(LINES);
  expect(rest).toEqual({
    title: 'Recording available: Lobby “é” <!channel>',
    priority: 2,
    tags: ['movie_camera'],
    click: LINK,
    actions: [{ action: 'view', label: 'Watch', url: LINK }],
  });
});

test('the plain text says the same', () => {
  expect(plainNtfyMessage(sampleEvent)).toEqual({ message: ['Recording available', ROOM, ...LINES, LINK].join('\n') });
});

test.each([
  { name: 'a room is said once, in the title', roomId: 'Lobby', title: 'Recording available: Lobby', want: [] },
  {
    name: 'a room that the title cuts is whole in the message',
    roomId: 'L'.repeat(150),
    title: `Recording available: ${'L'.repeat(98)}…`,
    want: [`Room: ${'L'.repeat(150)}`],
  },
  { name: 'without a room the title has the recording', roomId: ' ', title: 'Recording available: 7b0f3e9c', want: [] },
])('$name', ({ roomId, title, want }) => {
  const made = ntfyMessage({ ...sampleEvent, data: { ...data, recording: { ...data.recording, roomId } } }, {});
  expect(made.title).toBe(title);
  expect(made.message.split('\n').filter((line) => line.startsWith('Room'))).toEqual(want);
});

test('without a link there is no word about it', () => {
  const event = eventWith(null);
  const made = [ntfyMessage(event, {}), plainNtfyMessage(event)];
  expect(JSON.stringify(made)).not.toMatch(/click|actions|link works|https/);
});

test('a long link has no button beside it', () => {
  const url = `https://files.example/${'a'.repeat(2_000)}`;
  expect(ntfyMessage(eventWith(url), {})).toMatchObject({ click: url });
  expect(ntfyMessage(eventWith(url), {})).not.toHaveProperty('actions');
});

test.each([
  { type: 'sink.failing', priority: undefined, want: 4 },
  { type: 'sink.failing', priority: 1, want: 1 },
  { type: 'sink.recovered', priority: undefined, want: undefined },
] as const)('$type with priority $priority has $want', ({ type, priority, want }) => {
  const { id, timestamp } = sampleEvent;
  const about = { sink: 'hook', reason: 'gone', message: 'HTTP 410', since: timestamp, waiting: 3 };
  const made = ntfyMessage({ id, timestamp, type, source: null, data: about }, { priority });
  expect(made.priority).toBe(want);
  expect(made.message.split('\n')).toEqual([
    'HTTP 410',
    'Reason: gone',
    `${type === 'sink.failing' ? 'Since' : 'Failed since'}: 13 May 2024, 17:19 UTC`,
    'Waiting: 3',
    `Event ${id}`,
  ]);
});

test('dates are in the time zone of the sink', () => {
  expect(ntfyMessage(sampleEvent, {}, 'Europe/Berlin').message).toContain('Recorded: 13 May 2024, 19:14 CEST');
});

test('every limit of ntfy holds for any event', () => {
  const look = { priority: 5, tags: Array.from({ length: 10 }, () => 't'.repeat(50)) };
  fc.assert(
    fc.property(hostileEvent, (event) => {
      for (const message of [ntfyMessage(event, look), plainNtfyMessage(event)]) {
        expect(ntfyProblem({ topic: 't'.repeat(64), ...message })).toBeUndefined();
      }
    }),
  );
});
