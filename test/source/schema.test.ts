import fc from 'fast-check';
import { readRecording, readRows } from '../../src/source/schema.js';
import { readList } from '../../src/source/superviz-list.js';

const ROW = {
  uuid: 'u',
  url: 'https://example.com/u.mp4',
  roomId: 'lobby',
  status: 'available',
  meetingId: 'm',
  createdAt: '2024-05-13T17:14:00.941Z',
};
const NO_UUID = 'has no uuid of 1 to 200 characters';
const NO_STATUS = 'has no status of 1 to 100 characters';

test.each([
  { name: 'whole', row: ROW, want: ROW },
  { name: 'unknown fields are left out', row: { ...ROW, size: 12 }, want: ROW },
  {
    name: 'uuid and status are enough',
    row: { uuid: 'u', status: 'done' },
    want: { uuid: 'u', status: 'done', roomId: null, meetingId: null, createdAt: null, url: null },
  },
  {
    name: 'wrong types are null',
    row: { ...ROW, roomId: 7, meetingId: {}, createdAt: 1_715_620_440_941, url: ['x'] },
    want: { ...ROW, roomId: null, meetingId: null, createdAt: null, url: null },
  },
  { name: 'an empty url is none', row: { ...ROW, url: '' }, want: { ...ROW, url: null } },
  { name: 'an empty room is one', row: { ...ROW, roomId: '' }, want: { ...ROW, roomId: '' } },
  {
    name: 'odd characters stay',
    row: { ...ROW, roomId: ' <é> \u0000 🎬\n' },
    want: { ...ROW, roomId: ' <é> \u0000 🎬\n' },
  },
  {
    name: 'half a surrogate pair is replaced',
    row: { ...ROW, roomId: 'a\ud83c' },
    want: { ...ROW, roomId: 'a\ufffd' },
  },
  { name: 'longest uuid', row: { ...ROW, uuid: 'u'.repeat(200) }, want: { ...ROW, uuid: 'u'.repeat(200) } },
  { name: 'longest room', row: { ...ROW, roomId: 'r'.repeat(1_000) }, want: { ...ROW, roomId: 'r'.repeat(1_000) } },
  {
    name: 'what is longer is null',
    row: { ...ROW, roomId: 'r'.repeat(1_001), url: 'h'.repeat(8_193), createdAt: '2'.repeat(101) },
    want: { ...ROW, roomId: null, url: null, createdAt: null },
  },
  { name: 'uuid too long', row: { ...ROW, uuid: 'u'.repeat(201) }, want: NO_UUID },
  { name: 'uuid empty', row: { ...ROW, uuid: '' }, want: NO_UUID },
  { name: 'uuid a number', row: { ...ROW, uuid: 5 }, want: NO_UUID },
  { name: 'uuid missing', row: { status: 'available' }, want: NO_UUID },
  { name: 'status missing', row: { uuid: 'u' }, want: NO_STATUS },
  { name: 'status empty', row: { ...ROW, status: '' }, want: NO_STATUS },
  { name: 'status too long', row: { ...ROW, status: 's'.repeat(101) }, want: NO_STATUS },
  { name: 'null', row: null, want: 'is not an object' },
  { name: 'an array', row: [ROW], want: 'is not an object' },
  { name: 'a string', row: 'u', want: 'is not an object' },
])('readRecording: $name', ({ row, want }) => {
  expect(readRecording(row)).toEqual(want);
});

test('readRows sets bad rows aside, says which, and keeps twenty reasons without their values', () => {
  const { recordings, rejected } = readRows([ROW, { secret: 'x' }, ...Array.from({ length: 30 }, () => 'secret'), ROW]);
  expect(recordings).toEqual([ROW, ROW]);
  expect(rejected.count).toBe(31);
  expect(rejected.reasons).toHaveLength(20);
  expect(rejected.reasons.slice(0, 2)).toEqual([`row 2 of the page ${NO_UUID}`, 'row 3 of the page is not an object']);
});

test.each([
  { name: 'bare array', json: [ROW], want: { rows: [ROW], pagination: undefined } },
  {
    name: 'envelope',
    json: { pagination: { page: 1, totalPages: 10, limit: 10, total: 100 }, data: [] },
    want: { rows: [], pagination: { page: 1, totalPages: 10, total: 100 } },
  },
  {
    name: 'what is no whole number counts as absent',
    json: { data: [], pagination: { page: '1', totalPages: 1.5, total: -1 } },
    want: { rows: [], pagination: { page: undefined, totalPages: undefined, total: undefined } },
  },
  {
    name: 'no pages says nothing',
    json: { data: [], pagination: { page: 0, totalPages: 0, total: 0 } },
    want: { rows: [], pagination: { page: 0, totalPages: undefined, total: 0 } },
  },
  {
    name: 'envelope without pagination',
    json: { data: [ROW] },
    want: { rows: [ROW], pagination: { page: undefined, totalPages: undefined, total: undefined } },
  },
  { name: 'an error', json: { statusCode: 500, message: 'Internal server error' }, want: undefined },
  { name: 'data that is no array', json: { data: { 0: ROW } }, want: undefined },
  { name: 'null', json: null, want: undefined },
  { name: 'a string', json: 'list', want: undefined },
])('readList: $name', ({ json, want }) => {
  expect(readList(json)).toEqual(want);
});

test('any JSON is read without an exception, and what comes out is sane', () => {
  const rowLike = fc.record(
    { uuid: fc.jsonValue(), status: fc.jsonValue(), roomId: fc.string({ unit: 'binary' }), url: fc.jsonValue() },
    { requiredKeys: [] },
  );
  const listLike = fc.oneof(
    fc.jsonValue(),
    fc.array(fc.oneof(rowLike, fc.jsonValue())),
    fc.record({ data: fc.array(rowLike), pagination: fc.jsonValue() }),
  );
  fc.assert(
    fc.property(listLike, (json) => {
      const rows = readList(json)?.rows ?? [];
      const { recordings, rejected } = readRows(rows);
      expect(recordings.length + rejected.count).toBe(rows.length);
      for (const { uuid, status, roomId } of recordings) {
        expect(uuid.length > 0 && uuid.length <= 200 && uuid.isWellFormed()).toBe(true);
        expect(status.length > 0 && status.isWellFormed()).toBe(true);
        expect(roomId?.isWellFormed() ?? true).toBe(true);
      }
    }),
  );
});
