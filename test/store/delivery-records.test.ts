import { FAILURE_REASONS, type FailureReason } from '../../src/core/failure.js';
import type { DigestId } from '../../src/core/id.js';
import { SINK_WORKS, suspend } from '../../src/core/suspension.js';
import type { Json } from '../../src/ports.js';
import {
  decodeDelivery,
  decodeSinkState,
  decodeSourceMark,
  encodeDelivery,
  encodeSinkState,
  encodeSourceMark,
} from '../../src/store/delivery-records.js';
import { StoreError } from '../../src/store/errors.js';
import { deliveryOf } from '../engine/sinks.js';

const FRESH = deliveryOf('hook', 'r "é" 🎬', 1_715_620_440_941);
const TRIED = {
  ...FRESH,
  state: 'dead' as const,
  round: 2,
  attempts: 13,
  roundAttempts: 11,
  nextAttemptAtMs: null,
  urlWaitSinceMs: 5,
  finishedAtMs: 1_715_620_440_942,
  lastError: { reason: 'timeout' as const, detail: 'no answer within 20000 ms' },
  history: [
    { atMs: 1, durationMs: 20_000, reason: 'timeout' as const, detail: 'no answer' },
    { atMs: 2, durationMs: 3, reason: null, detail: 'HTTP 204' },
  ],
};

/** Through JSON, as the store does. */
function stored(value: Json): Json {
  return JSON.parse(JSON.stringify(value));
}

test.each([
  { name: 'one just made', delivery: FRESH },
  { name: 'one with a history', delivery: TRIED },
  {
    name: 'one that went in a digest',
    delivery: {
      ...TRIED,
      history: TRIED.history.map((each) => ({ ...each, digest: { id: 'dig_0d' as DigestId, events: 2 } })),
    },
  },
  { name: 'one of a batch', delivery: { ...FRESH, batch: [FRESH.id, TRIED.id] } },
  {
    name: 'one that was moved by hand',
    delivery: {
      ...{ ...FRESH, madeBy: 'redeliver' as const, uncounted: 2 },
      movedFrom: [
        { sink: 'old', atMs: 3, attempts: 2, uncounted: 1, lastError: TRIED.lastError, history: TRIED.history },
      ],
    },
  },
])('a delivery is read as it was written: $name', ({ delivery }) => {
  expect(decodeDelivery('out/x', stored(encodeDelivery(delivery)))).toEqual(delivery);
});

test.each(Object.keys(FAILURE_REASONS) as FailureReason[])('every reason can be stored: %s', (reason) => {
  const delivery = { ...TRIED, lastError: { reason, detail: '' } };
  expect(decodeDelivery('out/x', stored(encodeDelivery(delivery)))).toEqual(delivery);
});

test.each([
  { name: 'that works', state: SINK_WORKS },
  { name: 'that is suspended for good', state: { ...SINK_WORKS, suspension: suspend(null, 'gone', 'HTTP 410', 1) } },
  { name: 'that is tried by time', state: { ...SINK_WORKS, suspension: suspend(null, 'client_error', '', 1) } },
  { name: 'that is paused', state: { ...SINK_WORKS, pausedUntilMs: 7 } },
  { name: 'that is removed', state: { ...SINK_WORKS, inactive: { why: 'removed' as const, sinceMs: 7 } } },
])('a sink $name is read as it was written', ({ state }) => {
  expect(decodeSinkState('sink/x', stored(encodeSinkState(state)))).toEqual(state);
});

test.each([
  { name: 'as it is', listed: { listed: 120 } },
  { name: 'from before the length of the list was kept', listed: {} },
])('the mark of a source is read as it was written: $name', ({ listed }) => {
  const mark = { scope: '["superviz"]', firstPollDoneAtMs: 3, ...listed };
  expect(decodeSourceMark('src/x', stored(encodeSourceMark(mark)))).toEqual(mark);
});

test.each([
  { name: 'no list', value: 'text', problem: 'it is not of version 1' },
  { name: 'null', value: null, problem: 'it is not of version 1' },
  { name: 'another version', value: [2, {}], problem: 'it is not of version 1' },
  { name: 'nothing beside the version', value: [1], problem: 'its field (all) is not what it has to be' },
  { name: 'a field too many', value: changed({ surprise: 1 }), problem: 'its field (all) is not what it has to be' },
  { name: 'a field too few', value: changed({ attempts: undefined }), problem: 'its field attempts is' },
  { name: 'a negative count', value: changed({ attempts: -1 }), problem: 'its field attempts is' },
  { name: 'an unknown state', value: changed({ state: 'lost' }), problem: 'its field state is' },
  {
    name: 'an unknown reason',
    value: changed({ lastError: { reason: 'fate', detail: '' } }),
    problem: 'its field lastError.reason is',
  },
] as { name: string; value: Json; problem: string }[])(
  'what cannot be read is an error that names its key and no value: $name',
  ({ value, problem }) => {
    const read = () => decodeDelivery('out/dlv_1', value);
    expect(read).toThrow(StoreError);
    expect(read).toThrow(`out/dlv_1: the record cannot be read: ${problem}`);
  },
);

function changed(change: object): Json {
  return stored([1, { ...FRESH, ...change } as unknown as Json]);
}
