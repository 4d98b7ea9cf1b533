import fc from 'fast-check';
import type { Delivery } from '../../src/core/delivery.js';
import { DueQueue } from '../../src/engine/due-queue.js';
import { deliveryOf } from './sinks.js';

const MAX = 8;

function due(uuid: string | number, atMs: number): Delivery {
  return deliveryOf('hook', String(uuid), 0, atMs);
}

function takeAll(queue: DueQueue): Delivery[] {
  return Array.from({ length: queue.size }, () => queue.take()).filter((delivery) => delivery !== undefined);
}

/** The same in the plainest words: sorted by time, of equals the first that came; what does not fit is the latest, or the last that came. */
class SortedList {
  items: Delivery[] = [];
  leftOut: Delivery[] = [];

  add(delivery: Delivery): void {
    if (this.items.some(({ id }) => id === delivery.id)) return;
    const before = this.items.filter(
      ({ nextAttemptAtMs }) => (nextAttemptAtMs ?? 0) <= (delivery.nextAttemptAtMs ?? 0),
    );
    this.items = [...before, delivery, ...this.items.filter((item) => !before.includes(item))];
    this.leftOut.push(...this.items.splice(MAX));
  }

  remove(index: number): Delivery | undefined {
    return this.items.splice(index, 1)[0];
  }

  cutTo(latestMs: number): void {
    this.items = this.items.map((item) =>
      (item.nextAttemptAtMs ?? 0) > latestMs ? { ...item, nextAttemptAtMs: latestMs } : item,
    );
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('add'), uuid: fc.nat(30), atMs: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('take') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove'), index: fc.nat(MAX - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut'), atMs: fc.nat(20) }) },
);

test('is a sorted list with a bound, whatever is done to it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new DueQueue(MAX);
      const list = new SortedList();
      for (const { kind, ...change } of steps) {
        if ('uuid' in change && 'atMs' in change) {
          const delivery = due(change.uuid, change.atMs);
          queue.add(delivery);
          list.add(delivery);
        } else if ('index' in change) {
          const removed = list.remove(change.index);
          if (removed !== undefined) queue.remove(removed.id);
        } else if ('atMs' in change) {
          queue.cutTo(change.atMs);
          list.cutTo(change.atMs);
        } else if (kind === 'take') {
          expect(queue.take()).toEqual(list.items.shift());
        }
        expect(queue.size).toBe(list.items.length);
        expect(queue.peek()).toEqual(list.items[0]);
      }
      expect(takeAll(queue)).toEqual(list.items);
    }),
  );
});

describe('wants a refill', () => {
  function filled(times: readonly number[]): DueQueue {
    const queue = new DueQueue(MAX);
    for (const [uuid, atMs] of times.entries()) queue.add(due(uuid, atMs));
    return queue;
  }

  test('not while everything fits', () => {
    const queue = filled([1, 2, 3]);
    takeAll(queue);
    expect(queue.wantsRefill).toBe(false);
  });

  test('when a quarter is left', () => {
    const queue = filled([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (let taken = 0; taken < 5; taken += 1) queue.take();
    expect(queue.wantsRefill).toBe(false);
    queue.take();
    expect(queue.wantsRefill).toBe(true);
  });

  test('when what was left out is due before all that is there', () => {
    const queue = filled([1, 1, 1, 1, 1, 1, 1, 1, 2]);
    for (let retried = 0; retried < 8; retried += 1) {
      expect(queue.wantsRefill).toBe(false);
      queue.take();
      queue.add(due(`retry-${retried}`, 100));
    }
    expect(queue.size).toBe(8);
    expect(queue.wantsRefill).toBe(true);
  });

  test('not again while one is under way', () => {
    const queue = filled([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    takeAll(queue);
    queue.beginRefill();
    expect(queue.wantsRefill).toBe(false);
  });

  test('once more when that left something out as well', () => {
    const queue = filled([1, 2, 3, 4, 5, 6, 7, 8]);
    queue.beginRefill();
    queue.add(due('early', 0));
    takeAll(queue);
    expect(queue.wantsRefill).toBe(true);
  });
});
