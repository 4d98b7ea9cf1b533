import type { Delivery } from '../../src/core/delivery.js';
import { Dispatcher, type Watch } from '../../src/engine/dispatcher.js';
import { createResults } from '../../src/engine/results.js';
import { createUrls } from '../../src/engine/urls.js';
import { sha256 } from '../../src/system.js';
import { until } from '../support/turn.js';
import { type DispatchStage, openDispatchStage } from './dispatch-stage.js';
import { deliveryOf, sinkThat } from './sinks.js';

type Wanted = readonly Delivery[] | undefined;

/** A watch that wants this stored, try by try, and then nothing more. */
function wantsInTurn(
  tries: readonly Wanted[],
  offer: (made: readonly Delivery[]) => void,
): Watch & { readonly tries: () => number } {
  let done = 0;
  return {
    tries: () => done,
    prepare: () => {
      const deliveries = tries[done];
      done += 1;
      if (deliveries === undefined) return undefined;
      return { deliveries, alarms: [], stored: offer, failed: () => undefined };
    },
    noteState: () => undefined,
    noteAttempt: () => undefined,
    noteWaiting: () => undefined,
  };
}

/** A dispatcher under a watch, and a sink that keeps what arrives. */
async function openWatched(stage: DispatchStage, tries: readonly Wanted[]) {
  const { ledger, clock, log } = stage;
  const arrivals: string[] = [];
  const sink = sinkThat('ops', async ({ timestamp }) => {
    arrivals.push(timestamp);
    return { kind: 'delivered', receipt: 'ok' };
  });
  const watch = wantsInTurn(tries, (made) => dispatcher.offer(made));
  const urls = createUrls({ source: () => undefined, clock, random: () => 0 });
  const http = {
    request: () => Promise.reject(new Error('no')),
    open: () => Promise.reject(new Error('no')),
    connect: async () => undefined,
    close: async () => {},
  };
  const ports = {
    ledger,
    urls,
    random: () => 0,
    sha256,
    http,
    clock,
    log,
    print: async () => undefined,
    watch,
    pausedSinceMs: () => undefined,
  };
  const dispatcher: Dispatcher = new Dispatcher(ports);
  await dispatcher.load([sink]);
  dispatcher.open(Number.POSITIVE_INFINITY);
  /** Time goes on until so many tries have been made. */
  async function tried(count: number): Promise<void> {
    dispatcher.write();
    await until(() => {
      clock.advance(100);
      return watch.tries() >= count;
    });
    await dispatcher.written();
  }
  return { dispatcher, arrivals, tried };
}

test('what was stored although its write failed is delivered once it is not written again', async () => {
  await using stage = await openDispatchStage([]);
  const delivery = deliveryOf('ops', 'r', stage.clock.nowMs());
  const { dispatcher, arrivals, tried } = await openWatched(stage, [[delivery], undefined]);
  stage.store.fail(1, 'after', 'setMany');
  await tried(2);
  await until(() => arrivals.length > 0);
  await dispatcher.stop();
  expect(arrivals).toHaveLength(1);
});

test('an alarm that is told again, after a failed write stored its delivery and it arrived, makes no second one of it', async () => {
  await using stage = await openDispatchStage([]);
  const delivery = deliveryOf('ops', 'r', stage.clock.nowMs());
  // In between there is nothing to tell, and what the failed write left is looked for; the last try is the one of the result.
  const { dispatcher, arrivals, tried } = await openWatched(stage, [[delivery], undefined, undefined, [delivery]]);
  stage.store.fail(1, 'after', 'setMany');
  await tried(2);
  await until(() => arrivals.length > 0);
  await tried(4);
  await until(async () => (await Array.fromAsync(stage.ledger.finished())).length > 0);
  await dispatcher.stop();
  expect(arrivals).toHaveLength(1);
  expect(await stage.delivery(delivery.id)).toMatchObject({ state: 'delivered', attempts: 1 });
  expect(await Array.fromAsync(stage.ledger.pending())).toEqual([]);
});

test('what nobody has taken since its write failed is written as it is by then', async () => {
  await using stage = await openDispatchStage([]);
  const delivery = deliveryOf('ops', 'r', stage.clock.nowMs());
  const later = { ...delivery, event: { ...delivery.event, timestamp: 'later' } };
  const { dispatcher, arrivals, tried } = await openWatched(stage, [[delivery], [later]]);
  stage.store.fail(1, 'after', 'setMany');
  await tried(2);
  await until(() => arrivals.length > 0);
  await dispatcher.stop();
  expect(arrivals).toEqual(['later']);
});

test('a write that never came to the store takes nothing that is there for its own', async () => {
  await using stage = await openDispatchStage([]);
  const delivery = deliveryOf('ops', 'r', stage.clock.nowMs());
  await stage.ledger.save([{ ...delivery, state: 'dead', nextAttemptAtMs: null, attempts: 3, finishedAtMs: 1 }]);
  const { dispatcher, arrivals, tried } = await openWatched(stage, [[delivery], [delivery]]);
  stage.store.fail(1, 'before', 'getMany');
  await tried(2);
  await dispatcher.stop();
  expect(arrivals).toEqual([]);
  expect(await stage.delivery(delivery.id)).toMatchObject({ state: 'dead', attempts: 3 });
});

test('a delivery that is made again while its result is stored does not stop all results', async () => {
  await using stage = await openDispatchStage([]);
  const delivery = deliveryOf('ops', 'r', stage.clock.nowMs());
  const nothing = () => undefined;
  let isNew = true;
  const prepare = () => {
    if (!isNew) return undefined;
    isNew = false;
    return { deliveries: [delivery], alarms: [], stored: nothing, failed: nothing };
  };
  const results = createResults({ ...stage, prepare });
  await results.saveDelivery({ ...delivery, attempts: 1 });
  expect(await stage.delivery(delivery.id)).toMatchObject({ state: 'pending', attempts: 1 });
});
