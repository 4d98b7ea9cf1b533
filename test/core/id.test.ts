import { createHash } from 'node:crypto';
import { deliveryIdOf, type EventId, eventIdOf, type RecordingUuid } from '../../src/core/id.js';
import { nodeSha256 } from './support.js';

/** As SPEC says it: the first 32 hex digits of SHA-256 over the UTF-8 of the JSON. */
function expected(prefix: string, json: string): string {
  return prefix + createHash('sha256').update(Buffer.from(json, 'utf8')).digest('hex').slice(0, 32);
}

test.each([
  {
    name: 'an ordinary one',
    source: 'production',
    uuid: '7b0f3e9c',
    occurrence: 1,
    json: '["recording.available","production","7b0f3e9c",1]',
  },
  {
    name: 'the second time',
    source: 'production',
    uuid: '7b0f3e9c',
    occurrence: 2,
    json: '["recording.available","production","7b0f3e9c",2]',
  },
  {
    name: 'letters of many bytes',
    source: 'p',
    uuid: 'é🎥',
    occurrence: 1,
    json: '["recording.available","p","é🎥",1]',
  },
  {
    name: 'quotes and control characters',
    source: 'p',
    uuid: '"\\\n',
    occurrence: 1,
    json: '["recording.available","p","\\"\\\\\\n",1]',
  },
  {
    name: 'half an emoji',
    source: 'p',
    uuid: '\ud83c',
    occurrence: 1,
    json: '["recording.available","p","\\ud83c",1]',
  },
])('eventIdOf: $name', ({ source, uuid, occurrence, json }) => {
  const id = eventIdOf(nodeSha256, 'recording.available', source, uuid as RecordingUuid, occurrence);
  expect(id).toBe(expected('evt_', json));
});

test('eventIdOf: the value that other programs have noted', () => {
  const id = eventIdOf(nodeSha256, 'recording.available', 'production', '7b0f3e9c' as RecordingUuid, 1);
  expect(id).toBe('evt_994e25fdc499d0c20aa0d243ef819f96');
});

test.each([
  { name: 'type', other: eventIdOf(nodeSha256, 'recording.processing', 'a', 'r' as RecordingUuid, 1) },
  { name: 'source', other: eventIdOf(nodeSha256, 'recording.available', 'b', 'r' as RecordingUuid, 1) },
  { name: 'uuid', other: eventIdOf(nodeSha256, 'recording.available', 'a', 's' as RecordingUuid, 1) },
  { name: 'occurrence', other: eventIdOf(nodeSha256, 'recording.available', 'a', 'r' as RecordingUuid, 2) },
])('eventIdOf: another $name is another event', ({ other }) => {
  expect(eventIdOf(nodeSha256, 'recording.available', 'a', 'r' as RecordingUuid, 1)).not.toBe(other);
});

test('deliveryIdOf: the event and the sink', () => {
  const id = deliveryIdOf(nodeSha256, 'evt_4f1c' as EventId, 'team-slack');
  expect(id).toBe(expected('dlv_', '["evt_4f1c","team-slack"]'));
  expect(deliveryIdOf(nodeSha256, 'evt_4f1c' as EventId, 'ops-mail')).not.toBe(id);
});
