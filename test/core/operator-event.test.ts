import { isRecordingEvent, uuidOf } from '../../src/core/event.js';
import { DEAD_LISTED_MAX, operatorEventOf, type SourceEvent } from '../../src/core/operator-event.js';
import { sha256 } from '../../src/system.js';
import { storedEvent } from './support.js';

const SINCE = '2024-05-13T17:14:00.941Z';

function failing(name: string, since: string) {
  const data = { reason: 'unauthorized', message: 'status 401', since };
  return operatorEventOf<SourceEvent>(sha256, { type: 'source.failing', source: name, data }, name, since, 1_000);
}

test('an operator event hashes its type, the name and since when', () => {
  const hash = sha256(JSON.stringify(['source.failing', 'production', SINCE])).slice(0, 32);
  expect(failing('production', SINCE)).toEqual({
    id: `evt_${hash}`,
    type: 'source.failing',
    timestamp: '1970-01-01T00:00:01.000Z',
    source: 'production',
    data: { reason: 'unauthorized', message: 'status 401', since: SINCE },
  });
});

test('the same name failing again is another event', () => {
  const ids = [failing('a', SINCE), failing('b', SINCE), failing('a', '2024-05-13T17:15:00.000Z')].map(({ id }) => id);
  expect(new Set(ids).size).toBe(3);
});

test('it is about no recording', () => {
  expect(isRecordingEvent(failing('a', SINCE))).toBe(false);
  expect(uuidOf(failing('a', SINCE))).toBeNull();
  expect(isRecordingEvent(storedEvent)).toBe(true);
  expect(uuidOf(storedEvent)).toBe(storedEvent.data.recording.uuid);
  expect(DEAD_LISTED_MAX).toBe(20);
});
