import type { Order, OrderLine } from '../../src/core/order.js';
import { createRequestLoop, type OpenRequest } from '../../src/engine/requests.js';
import { createMemoryLog } from '../support/memory-log.js';
import { createTurningClock, until } from '../support/turn.js';

const ORDER: Order = { kind: 'redeliver', ids: ['evt_1'], dead: false, sink: null, to: null, sinceMs: null };
const LINE: OrderLine = { id: 'dlv_1', eventId: 'evt_1', sink: 'hook', result: 'delivered', detail: '' };

function stageOf(carryOut: (order: Order) => AsyncIterable<OrderLine>) {
  const clock = createTurningClock();
  const log = createMemoryLog();
  const answers: (readonly [readonly OrderLine[], string | null])[] = [];
  let take: () => Promise<readonly OpenRequest[]> = async () => [];
  let looks = 0;
  const takeCounted = () => {
    looks += 1;
    return take();
  };
  const loop = createRequestLoop({ take: takeCounted, carryOut, clock, log });
  const request: OpenRequest = {
    order: ORDER,
    answer: async (lines, _more, error) => void answers.push([lines, error]),
  };
  return {
    clock,
    log,
    answers,
    loop,
    /** The next look finds these requests, or fails. */
    leave(requests: number | Error) {
      take = async () => {
        take = async () => [];
        if (requests instanceof Error) throw requests;
        return Array.from({ length: requests }, () => request);
      };
    },
    look: async () => {
      const before = looks;
      await until(() => {
        if (looks === before) clock.advance(500);
        return looks > before;
      });
    },
  };
}

test('a request is carried out within half a second, and answered', async () => {
  const stage = stageOf(async function* () {
    yield LINE;
  });
  stage.loop.start();
  stage.leave(2);
  await stage.look();
  await until(() => stage.answers.length === 2);
  expect(stage.answers).toEqual([
    [[LINE], null],
    [[LINE], null],
  ]);
  await stage.loop.stop();
});

test('one that fails is answered with what was done and why the rest was not', async () => {
  const stage = stageOf(async function* () {
    yield LINE;
    throw new Error('the disk is full');
  });
  stage.loop.start();
  stage.leave(1);
  await stage.look();
  await until(() => stage.answers.length === 1);
  expect(stage.answers).toEqual([[[LINE], 'the disk is full']]);
  await stage.loop.stop();
});

test('a store that cannot be read is said once, and looked at again', async () => {
  const stage = stageOf(async function* () {
    yield LINE;
  });
  stage.loop.start();
  for (let times = 0; times < 3; times += 1) {
    stage.leave(new Error('the disk is on fire'));
    await stage.look();
  }
  stage.leave(1);
  await stage.look();
  await until(() => stage.answers.length === 1);
  await stage.loop.stop();
  expect(stage.log.lines.map(({ level, fields }) => [level, fields['failedReadings']])).toEqual([
    ['error', undefined],
    ['debug', undefined],
    ['debug', undefined],
    ['info', 3],
  ]);
});

test('stop takes no more, and waits for what was taken to be answered', async () => {
  let go: () => void = () => undefined;
  const stage = stageOf(async function* () {
    await new Promise<void>((resolve) => {
      go = resolve;
    });
    yield LINE;
  });
  stage.loop.start();
  stage.leave(1);
  await stage.look();
  await until(() => stage.clock.timers() === 1);
  const stopped = stage.loop.stop();
  go();
  await stopped;
  expect(stage.answers).toHaveLength(1);
  expect(stage.clock.timers()).toBe(0);
});
