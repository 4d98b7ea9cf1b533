import type { Delivery } from '../../src/core/delivery.js';
import { createOutbox } from '../../src/engine/outbox.js';
import type { Ledger } from '../../src/ports.js';
import { createLedger } from '../../src/store/ledger.js';
import { createFailingStore } from '../support/failing-store.js';
import { createMemoryLog } from '../support/memory-log.js';
import { openTestStore } from '../support/open-store.js';
import { createTurningClock, until } from '../support/turn.js';
import { deliveryOf } from './sinks.js';

async function openOutbox(count: number) {
  const store = createFailingStore(await openTestStore());
  const clock = createTurningClock();
  const log = createMemoryLog();
  const ledger = createLedger(store);
  const deliveries = Array.from({ length: count }, (_, n) => deliveryOf('hook', `r${n}`, 0));
  await ledger.commit(deliveries, []);
  const taken: Delivery[] = [];
  const passedOver: string[] = [];
  let ends = 0;
  let onTake: (delivery: Delivery) => void = () => undefined;

  function outboxOn(from: Ledger) {
    return createOutbox({
      ledger: from,
      clock,
      log,
      begin: () => void taken.splice(0),
      take: (delivery) => {
        taken.push(delivery);
        onTake(delivery);
      },
      passOver: (held) => void passedOver.push(held.id),
      end: () => {
        ends += 1;
      },
    });
  }

  return {
    store,
    clock,
    log,
    ledger,
    deliveries,
    taken,
    passedOver,
    ends: () => ends,
    outbox: outboxOn(ledger),
    onTake: (listener: typeof onTake) => {
      onTake = listener;
    },
  };
}

test('hands over what is pending, whole', async () => {
  const stage = await openOutbox(3);
  await stage.ledger.commit([{ ...deliveryOf('hook', 'held', 0), state: 'held' }], []);
  await stage.outbox.read();
  expect(stage.taken.map(({ id }) => id).sort()).toEqual(stage.deliveries.map(({ id }) => id).sort());
  expect(stage.outbox.reading).toBe(false);
});

test('leaves out what was touched while it was being read: what it has of that is old', async () => {
  const stage = await openOutbox(3);
  const [first, second, third] = stage.deliveries;
  stage.onTake(({ id }) => {
    if (id === first?.id && third !== undefined) stage.outbox.touch(third.id);
  });
  await stage.outbox.read();
  expect(stage.taken).toEqual([first, second]);
  stage.onTake(() => undefined);
  await stage.outbox.read();
  expect(stage.taken).toHaveLength(3);
});

test('reads one after the other, however often it is asked, and once more for what asked meanwhile', async () => {
  const stage = await openOutbox(2);
  let asked = false;
  stage.onTake(() => {
    if (!asked) for (let times = 0; times < 5; times += 1) stage.outbox.readAgain();
    asked = true;
  });
  await Promise.all([stage.outbox.read(), stage.outbox.read()]);
  await until(() => !stage.outbox.reading);
  expect(stage.ends()).toBe(3);
});

test.each(['before', 'after'] as const)(
  'a reading that fails %s its end throws, and in the background is repeated',
  async (fault) => {
    const stage = await openOutbox(2);
    stage.store.failAlways(fault, 'scan');
    await expect(stage.outbox.read()).rejects.toMatchObject({ name: 'StoreError' });
    stage.outbox.readAgain();
    await until(() => stage.log.lines.length === 1 && !stage.outbox.reading);
    stage.store.heal();
    expect(stage.clock.timers()).toBe(1);
    stage.clock.advance(5_000);
    await until(() => !stage.outbox.reading);
    expect(stage.taken).toHaveLength(2);
    expect(stage.clock.timers()).toBe(0);
  },
);

test('stop ends a reading that is under way, and one that is planned', async () => {
  const stage = await openOutbox(3);
  let stopped: Promise<void> = Promise.resolve();
  stage.onTake(() => {
    stopped = stage.outbox.stop();
  });
  await stage.outbox.read();
  await stopped;
  expect(stage.taken).toHaveLength(1);
  stage.outbox.readAgain();
  expect(stage.outbox.reading).toBe(false);

  const failing = await openOutbox(1);
  failing.store.failAlways('before', 'scan');
  failing.outbox.readAgain();
  await until(() => failing.clock.timers() === 1);
  await failing.outbox.stop();
  expect(failing.clock.timers()).toBe(0);
});
