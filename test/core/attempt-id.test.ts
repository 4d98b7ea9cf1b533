import { attemptIdOf } from '../../src/core/attempt-id.js';
import type { Delivery } from '../../src/core/delivery.js';
import type { DeliveryId } from '../../src/core/id.js';
import { delivery, nodeSha256 } from './support.js';

const NOTE = { durationMs: 3, reason: null, detail: 'ok' } as const;
const one = delivery({ id: 'dlv_1' as DeliveryId, round: 2, attempts: 5 });
const other = delivery({ id: 'dlv_2' as DeliveryId });

function idOf(...deliveries: [Delivery, ...Delivery[]]): string {
  return attemptIdOf(nodeSha256, deliveries);
}

test('an attempt is named by what is stored of its delivery', () => {
  expect(idOf(one)).toBe('dlv_1-r2-a5-0');
  const history = [
    { ...NOTE, atMs: 7 },
    { ...NOTE, atMs: 9 },
  ];
  expect(idOf({ ...one, history })).toBe('dlv_1-r2-a5-9');
});

test('one of several together is named by the first, and a hash of all', () => {
  const together = idOf(one, other);
  const hash = nodeSha256('dlv_1-r2-a5-0,dlv_2-r1-a2-0').slice(0, 16);
  expect(together).toBe(`dlv_1-r2-a5-0-${hash}`);
  expect(together).toMatch(/^[\w-]+$/);
});

test.each([
  { name: 'another round', change: { round: 3 } },
  { name: 'another attempt', change: { attempts: 6 } },
  { name: 'an attempt that did not count', change: { history: [{ ...NOTE, atMs: 7 }] } },
])('it is another one after $name', ({ change }) => {
  expect(idOf({ ...one, ...change })).not.toBe(idOf(one));
  expect(idOf({ ...one, ...change }, other)).not.toBe(idOf(one, other));
  expect(idOf(other, { ...one, ...change })).not.toBe(idOf(other, one));
});
