import { describeMessage } from '../../src/commands/messages.js';
import type { ReceivedMessage } from '../../src/fake/receiver.js';

function messageWith(type: string, data: object): ReceivedMessage {
  const json = { type, timestamp: '2024-05-13T17:19:04.120Z', data };
  const body = JSON.stringify(json);
  const request = { number: 1, receivedAtMs: 0, method: 'POST', path: '/', headers: {}, problem: undefined };
  return { ...request, body, json, id: 'evt_1', arrival: 1 };
}

const END = ['event      evt_1', 'signature  genuine'];
const TROUBLE = { reason: 'gone', message: 'It says 410.', since: '2024-05-13T17:00:00.000Z' };
const TROUBLE_LINES = ['reason     gone', 'message    It says 410.', 'since      2024-05-13T17:00:00.000Z'];

test.each([
  {
    name: 'of a source',
    message: messageWith('source.failing', { source: 'production', ...TROUBLE }),
    want: ['source.failing  production', ...TROUBLE_LINES, ...END],
  },
  {
    name: 'of a sink',
    message: messageWith('sink.failing', { source: null, sink: 'hook', ...TROUBLE, waiting: 3 }),
    want: ['sink.failing  hook', ...TROUBLE_LINES, 'waiting    3', ...END],
  },
  {
    name: 'of deliveries',
    message: messageWith('delivery.dead', { source: null, sink: 'hook', reason: 'gone', count: 2, deliveries: [] }),
    want: ['delivery.dead  hook', 'reason     gone', 'count      2', ...END],
  },
  { name: 'of nothing that is known', message: messageWith('other', {}), want: ['other  -', ...END] },
])('an event for operators is shown by what it has: $name', ({ message, want }) => {
  expect(describeMessage(message, true)).toEqual(want);
});

test('a recording is shown by its facts, and its link by host and end', () => {
  const recording = { uuid: 'u', roomId: 'lobby', meetingId: null, createdAt: 'then', status: 'available' };
  const link = { url: 'https://example.com/x?Signature=s', urlExpiresAt: 'later' };
  const data = { source: 'production', recording: { ...recording, ...link }, previousStatus: null };
  expect(describeMessage({ ...messageWith('recording.available', data), arrival: 2 }, false)).toEqual([
    'recording.available  u',
    'room       lobby',
    'meeting    -',
    'recorded   then',
    'status     first seen → available',
    'link       https://example.com/…, works until later',
    'event      evt_1, arrival 2',
    'signature  not checked: no secret was given',
  ]);
});
