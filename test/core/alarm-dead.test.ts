import { afterDeadNews, type DeadAlarm, deadNewsInMs, isDeath, isOver, withDead } from '../../src/core/alarm-dead.js';
import type { DeliveryId } from '../../src/core/id.js';
import { type DeadEvent, operatorEventOf } from '../../src/core/operator-event.js';
import { delivery, NOW_MS, nodeSha256, storedEvent } from './support.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

function dead(number: number, atMs = 0) {
  return delivery({
    id: `dlv_${number}` as DeliveryId,
    state: 'dead',
    lastError: { reason: 'server_error', detail: 'HTTP 500' },
    finishedAtMs: NOW_MS + atMs,
  });
}

function died(count: number): DeadAlarm {
  const deaths = Array.from({ length: count }, (_, number) => dead(number));
  return deaths.reduce<DeadAlarm | null>((alarm, one) => withDead(alarm, one, NOW_MS), null) as DeadAlarm;
}

const operators = operatorEventOf<DeadEvent>(
  nodeSha256,
  { type: 'delivery.dead', source: null, data: { sink: 'a', reason: 'gone', count: 1, deliveries: [] } },
  'a',
  '2024-05-13T17:14:00.941Z',
  1,
);

test.each([
  { name: 'given up', change: {}, want: true },
  { name: 'still pending', change: { state: 'pending' }, want: false },
  { name: 'of an operator event', change: { event: operators }, want: false },
  { name: 'of a failure that nobody noted', change: { lastError: null }, want: true },
  { name: 'discarded by a person', change: { lastError: { reason: 'discarded', detail: '' } }, want: false },
] as const)('worth telling: $name: $want', ({ change, want }) => {
  expect(isDeath({ ...dead(1), ...change })).toBe(want);
});

test('the first twenty are listed, all are counted', () => {
  const alarm = died(25);
  expect(alarm).toMatchObject({ sinceMs: NOW_MS, count: 25, reason: 'server_error', toldAtMs: null });
  expect(alarm.listed).toHaveLength(20);
  expect(alarm.listed[0]).toEqual({
    id: 'dlv_0',
    eventId: storedEvent.id,
    type: 'recording.available',
    uuid: 'r1',
  });
});

test.each([
  { name: 'the first is collected for', alarm: died(1), atMs: 0, hurry: false, want: 5 * SECOND_MS },
  { name: 'collected', alarm: died(1), atMs: 5 * SECOND_MS, hurry: false, want: 0 },
  { name: 'nobody collects', alarm: died(1), atMs: 0, hurry: true, want: 0 },
  { name: 'nothing has died', alarm: afterDeadNews(died(1), NOW_MS), atMs: 0, hurry: true, want: undefined },
  {
    name: 'told a moment ago',
    alarm: withDead(afterDeadNews(died(1), NOW_MS), dead(2, MINUTE_MS), NOW_MS),
    atMs: MINUTE_MS,
    hurry: false,
    want: 9 * MINUTE_MS,
  },
  {
    name: 'told a moment ago, and nobody collects',
    alarm: withDead(afterDeadNews(died(1), NOW_MS), dead(2, MINUTE_MS), NOW_MS),
    atMs: MINUTE_MS,
    hurry: true,
    want: 9 * MINUTE_MS,
  },
  { name: 'the clock went back', alarm: died(1), atMs: -60 * MINUTE_MS, hurry: false, want: 0 },
])('told in: $name', ({ alarm, atMs, hurry, want }) => {
  expect(deadNewsInMs(alarm, NOW_MS + atMs, hurry)).toBe(want);
});

test('two alarms of a sink differ in since when, also when the clock has gone back', () => {
  const told = afterDeadNews(died(3), NOW_MS + MINUTE_MS);
  expect(withDead(told, dead(9, 2 * MINUTE_MS), NOW_MS)).toMatchObject({ sinceMs: NOW_MS + 2 * MINUTE_MS, count: 1 });
  expect(withDead(told, dead(9, -MINUTE_MS), NOW_MS)).toMatchObject({ sinceMs: NOW_MS + 1, count: 1 });
});

test('what was told is neither counted nor listed again', () => {
  const alarm = withDead(afterDeadNews(died(3), NOW_MS), dead(9, MINUTE_MS), NOW_MS + MINUTE_MS);
  expect(alarm.count).toBe(1);
  expect(alarm.listed.map(({ id }) => id)).toEqual(['dlv_9']);
});

test('the reason is that of the latest death, if it is known', () => {
  const gone = { ...dead(2), lastError: { reason: 'gone', detail: 'HTTP 410' } } as const;
  expect(withDead(died(1), gone, NOW_MS).reason).toBe('gone');
  expect(withDead(died(1), { ...dead(2), lastError: null }, NOW_MS).reason).toBe('unknown');
});

test('told and quiet for ten minutes, it is over', () => {
  const told = afterDeadNews(died(3), NOW_MS);
  expect(isOver(died(1), NOW_MS + 60 * MINUTE_MS)).toBe(false);
  expect(isOver(told, NOW_MS + 10 * MINUTE_MS - 1)).toBe(false);
  expect(isOver(told, NOW_MS + 10 * MINUTE_MS)).toBe(true);
});
