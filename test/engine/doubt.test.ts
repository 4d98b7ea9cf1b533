import { Dispatcher, type Watch } from '../../src/engine/dispatcher.js';
import { createResults } from '../../src/engine/results.js';
import { createUrls } from '../../src/engine/urls.js';
import { until } from '../support/turn.js';
import { openDispatchStage } from './dispatch-stage.js';
import { deliveryOf, sinkThat } from './sinks.js';

/** A watch that wants this stored once, and then never again. */
function wantsOnce(delivery: ReturnType<typeof deliveryOf>): Watch & { readonly tries: () => number } {
  let tries = 0;
  return {
    tries: () => tries,
    prepare: () => {
      tries += 1;
      if (tries > 1) return undefined;
      return { deliveries: [delivery], alarms: [], stored: () => undefined, failed: () => undefined };
    },
    noteState: () => undefined,
    noteAttempt: () => undefined,
    noteWaiting: () => undefined,
  };
}

test('what was stored although its write failed is delivered once it is not written again', async () => {
  await using stage = await openDispatchStage([]);
  const { ledger, clock, log } = stage;
  let arrivals = 0;
  const sink = sinkThat('ops', async () => {
    arrivals += 1;
    return { kind: 'delivered', receipt: 'ok' };
  });
  const watch = wantsOnce(deliveryOf('ops', 'r', clock.nowMs()));
  const urls = createUrls({ source: () => undefined, clock, random: () => 0 });
  const http = {
    request: () => Promise.reject(new Error('no')),
    connect: async () => undefined,
    close: async () => {},
  };
  const ports = { ledger, urls, random: () => 0, http, clock, log, print: async () => undefined, watch };
  const dispatcher = new Dispatcher(ports);
  await dispatcher.load([sink]);
  dispatcher.open(Number.POSITIVE_INFINITY);
  stage.store.fail(1, 'after', 'setMany');
  dispatcher.write();
  await until(() => {
    clock.advance(100);
    return watch.tries() > 1 && arrivals > 0;
  });
  await dispatcher.stop();
  expect(arrivals).toBe(1);
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
