import fc from 'fast-check';
import type { DeliveryId, RecordingUuid } from '../../src/core/id.js';
import { keys, parseRecordingKey, prefixes } from '../../src/store/keys.js';

const uuid = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'grapheme', minLength: 1 }));
const source = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/);

test('a recording’s key tells its source and its uuid', () => {
  fc.assert(
    fc.property(source, uuid, (name, id) => {
      const key = keys.recording(name, id as RecordingUuid);
      expect(key).toMatch(/^[ -~]+$/);
      expect(key.startsWith(prefixes.recordingsOf(name))).toBe(true);
      expect(parseRecordingKey(key)).toEqual({ source: name, uuid: id });
    }),
  );
});

test.each([
  { name: 'a common uuid as it is', id: '3f2b8c1e-7a52', want: 'rec/s/3f2b8c1e-7a52' },
  { name: 'a slash as it is', id: 'a/b', want: 'rec/s/a/b' },
  { name: 'a percent sign', id: '%0041', want: 'rec/s/%00250041' },
  { name: 'NUL', id: 'a\0', want: 'rec/s/a%0000' },
  { name: 'half of a surrogate pair', id: '\ud83d', want: 'rec/s/%d83d' },
  { name: 'an emoji', id: '😀', want: 'rec/s/%d83d%de00' },
])('a key holds $name', ({ id, want }) => {
  expect(keys.recording('s', id as RecordingUuid)).toBe(want);
});

test.each(['meta', 'owner', 'src/a', 'rec/a/', 'rec/a', 'out/rec/a/b'])('%s is not the key of a recording', (key) => {
  expect(parseRecordingKey(key)).toBeUndefined();
});

test('no prefix takes in the keys of another kind', () => {
  const id = 'dlv_1' as DeliveryId;
  const made = [
    keys.meta,
    keys.owner,
    keys.recording('a', 'b' as RecordingUuid),
    keys.source('a'),
    keys.walk('a'),
    keys.pending(id),
  ].concat([
    ...[keys.finished(id), keys.sink('a'), keys.alarm('sink', 'a'), keys.paused({ kind: 'sink', name: 'a' })],
    ...[keys.request(0), keys.answer(0)],
  ]);
  const scanned = Object.values(prefixes).filter((prefix) => typeof prefix === 'string');
  for (const prefix of scanned) expect(made.filter((key) => key.startsWith(prefix))).toHaveLength(1);
  expect(scanned).toHaveLength(made.length - 2);
});
