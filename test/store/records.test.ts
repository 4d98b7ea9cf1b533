import fc from 'fast-check';
import type { RecordingState } from '../../src/core/recording.js';
import type { Json } from '../../src/ports.js';
import { StoreError } from '../../src/store/errors.js';
import {
  decodeMeta,
  decodeOwner,
  decodePause,
  decodeRecording,
  encodeMeta,
  encodeOwner,
  encodePause,
  encodeRecording,
} from '../../src/store/records.js';

const STATE: RecordingState = {
  status: 'available',
  roomId: 'lobby',
  meetingId: '3f2b8c1e-7a52-4c0d-9a5e-1b2c3d4e5f60',
  createdAt: '2024-05-13T17:14:00.941Z',
  firstSeenAtMs: 1_715_620_500_000,
  availableCount: 1,
  availableAtMs: 1_715_620_744_120,
  processingCount: 1,
  processingSinceMs: 1_715_620_640_000,
  stuckTold: false,
  awaitsAnnouncement: true,
};

const text = fc.string({ unit: 'binary' });
const count = fc.maxSafeNat();
const time = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom('', '2024-05-13', '2024-05-13T17:14:00Z', '2024-05-13T17:14:00.941+02:00', 'yesterday', '17'),
  text,
);
const state: fc.Arbitrary<RecordingState> = fc.record({
  status: text,
  roomId: fc.option(text),
  meetingId: fc.option(text),
  createdAt: fc.option(time),
  firstSeenAtMs: count,
  availableCount: count,
  availableAtMs: fc.option(count),
  processingCount: count,
  processingSinceMs: fc.option(count),
  stuckTold: fc.boolean(),
  awaitsAnnouncement: fc.boolean(),
});

const KEY = 'rec/production/a';
const stored = (value: Json): Json => JSON.parse(JSON.stringify(value));
const fields = encodeRecording(STATE) as Json[];

test('a recording is read as it was written', () => {
  fc.assert(fc.property(state, (given) => expect(decodeRecording(KEY, stored(encodeRecording(given)))).toEqual(given)));
});

test('a recording takes about a hundred bytes', () => {
  const ids = `${STATE.roomId}${STATE.meetingId}`;
  expect(JSON.stringify(encodeRecording(STATE)).length - ids.length).toBeLessThanOrEqual(90);
});

test('an owner and the store’s own record are read as they were written', () => {
  const owner = { host: 'höst', pid: 17, sinceMs: 1_715_620_500_000 };
  expect(decodeOwner(stored(encodeOwner(owner)))).toEqual(owner);
  const ended = { ...owner, endedAtMs: 1_715_620_600_000 };
  expect(decodeOwner(stored(encodeOwner(ended)))).toEqual(ended);
  const meta = { version: 1, createdAtMs: 1_715_620_500_000 };
  expect(decodeMeta(stored(encodeMeta(meta)))).toEqual(meta);
});

test.each<{ name: string; value: Json }>([
  { name: 'no list', value: { status: 'available' } },
  { name: 'null', value: null },
  { name: 'an empty list', value: [] },
  { name: 'of another version', value: fields.with(0, 2) },
  { name: 'too short', value: fields.slice(0, -1) },
  { name: 'too long', value: [...fields, 0] },
  { name: 'without a status', value: fields.with(1, null) },
  { name: 'with a number for a room', value: fields.with(2, 7) },
  { name: 'with a time that no date can hold', value: fields.with(4, 9e15) },
  { name: 'with a flag for a time', value: fields.with(4, true) },
  { name: 'never seen', value: fields.with(5, null) },
  { name: 'with a negative count', value: fields.with(6, -1) },
  { name: 'with half a count', value: fields.with(6, 0.5) },
  { name: 'with a text for a count', value: fields.with(6, '1') },
  { name: 'with a flag that is true', value: fields.with(10, true) },
  { name: 'with a flag that is 2', value: fields.with(11, 2) },
])('a recording that is $name is an error that names its key', ({ value }) => {
  expect(() => decodeRecording(KEY, value)).toThrow(StoreError);
  expect(() => decodeRecording(KEY, value)).toThrow(KEY);
});

test.each<{ name: string; value: Json }>([
  { name: 'null', value: null },
  { name: 'a list', value: [1, 2] },
  { name: 'without a version', value: { createdAtMs: 1 } },
  { name: 'of version 0', value: { version: 0, createdAtMs: 1 } },
  { name: 'of version "1"', value: { version: '1', createdAtMs: 1 } },
  { name: 'without a date', value: { version: 1 } },
])('a store’s own record that is $name is an error', ({ value }) => {
  expect(() => decodeMeta(value)).toThrow(StoreError);
});

test('an owner that is no owner is an error', () => {
  expect(() => decodeOwner([1, 'host', 'pid', 0])).toThrow(StoreError);
});

test('a pause is read as it was written', () => {
  const pause = { kind: 'source', name: 'production', sinceMs: 1_715_620_500_000 } as const;
  expect(decodePause('pause/source/production', stored(encodePause(pause)))).toEqual(pause);
});

test.each<{ name: string; key?: string; value: Json }>([
  { name: 'another version', value: [2, 1] },
  { name: 'more than it has', value: [1, 1, 1] },
  { name: 'no time', value: [1, 'today'] },
  { name: 'the key of nothing that can be paused', key: 'pause/room/a', value: [1, 1] },
])('a pause that cannot be read is an error that names the key: $name', ({ key = 'pause/sink/hook', value }) => {
  expect(() => decodePause(key, value)).toThrow(StoreError);
  expect(() => decodePause(key, value)).toThrow(key);
});
