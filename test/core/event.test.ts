import type { Change } from '../../src/core/diff.js';
import { EVENT_TYPES, eventOf, NO_URL, withUrl } from '../../src/core/event.js';
import { eventIdOf } from '../../src/core/id.js';
import { NOW_MS, nodeSha256, seen, storedEvent } from './support.js';

const recording = seen('available');
const change: Change = { type: 'recording.available', recording, previousStatus: 'processing', occurrence: 3 };

test('EVENT_TYPES: those of recordings first, as the reference lists them', () => {
  expect(Object.keys(EVENT_TYPES)).toEqual([
    'recording.available',
    'recording.processing',
    'recording.stuck',
    'recording.archived',
    'source.failing',
    'source.recovered',
    'source.expiring',
    'sink.failing',
    'sink.recovered',
    'delivery.dead',
  ]);
});

test('eventOf: what is stored has the fields of the contract in their order, and no URL', () => {
  const event = eventOf(nodeSha256, 'production', change, NOW_MS);
  expect(JSON.stringify(event)).toBe(
    JSON.stringify({
      id: eventIdOf(nodeSha256, 'recording.available', 'production', recording.uuid, 3),
      type: 'recording.available',
      timestamp: '2024-05-13T17:19:04.120Z',
      source: 'production',
      data: {
        recording: {
          uuid: 'r1',
          roomId: 'lobby',
          meetingId: 'm1',
          status: 'available',
          createdAt: '2024-05-13T17:14:00.941Z',
        },
        previousStatus: 'processing',
        occurrence: 3,
      },
    }),
  );
});

test('eventOf: the same fact seen at another time and with another URL has the same id', () => {
  const before = eventOf(nodeSha256, 'production', change, NOW_MS);
  const later = { ...change, recording: seen('available', { url: 'https://files.example/other', roomId: null }) };
  const after = eventOf(nodeSha256, 'production', { ...later, previousStatus: null }, NOW_MS + 1);
  expect(after.id).toBe(before.id);
  expect(after.timestamp).not.toBe(before.timestamp);
});

test('eventOf: what the row does not say is null', () => {
  const bare = seen('available', { roomId: null, meetingId: null, createdAt: null, url: null });
  const { data } = eventOf(nodeSha256, 'production', { ...change, recording: bare, previousStatus: null }, NOW_MS);
  expect(data).toEqual({
    recording: { uuid: 'r1', roomId: null, meetingId: null, status: 'available', createdAt: null },
    previousStatus: null,
    occurrence: 3,
  });
});

test.each([
  {
    name: 'URL and expiry',
    fresh: { url: 'https://files.example/r1', expiresAtMs: Date.parse('2024-05-14T17:00:00.000Z') },
    want: { url: 'https://files.example/r1', urlExpiresAt: '2024-05-14T17:00:00.000Z' },
  },
  {
    name: 'unknown expiry',
    fresh: { url: 'https://files.example/r1', expiresAtMs: null },
    want: { url: 'https://files.example/r1', urlExpiresAt: null },
  },
  {
    name: 'expiry at the beginning of time',
    fresh: { url: 'https://files.example/r1', expiresAtMs: 0 },
    want: { url: 'https://files.example/r1', urlExpiresAt: '1970-01-01T00:00:00.000Z' },
  },
  { name: 'no URL', fresh: NO_URL, want: { url: null, urlExpiresAt: null } },
])('withUrl: $name', ({ fresh, want }) => {
  const { data, ...rest } = storedEvent;
  const recorded = { ...data.recording, ...want };
  expect(JSON.stringify(withUrl(storedEvent, fresh))).toBe(
    JSON.stringify({ ...rest, data: { ...data, recording: recorded } }),
  );
});

test('withUrl: what is stored stays without a URL', () => {
  withUrl(storedEvent, { url: 'https://files.example/r1', expiresAtMs: null });
  expect(storedEvent.data.recording).not.toHaveProperty('url');
});
