import type { Order, OrderLine } from '../../src/core/order.js';
import { keys } from '../../src/store/keys.js';
import { type Answer, answerRequest, askOwner, type LeftRequest, takeRequests } from '../../src/store/requests.js';
import { createFailingStore } from '../support/failing-store.js';
import { openTestStore } from '../support/open-store.js';
import { createTurningClock, until } from '../support/turn.js';

const ORDER: Order & { readonly kind: 'redeliver' } = {
  kind: 'redeliver',
  ids: ['evt_1'],
  dead: false,
  sink: null,
  to: null,
  sinceMs: null,
};
const LINE = { id: 'dlv_1', eventId: 'evt_1', sink: 'hook', result: 'delivered', detail: 'HTTP 204' } as const;

async function openDesk() {
  const store = createFailingStore(await openTestStore());
  const clock = createTurningClock();
  return {
    store,
    clock,
    take: () => takeRequests(store, clock.nowMs()),
    ask: (nonce: string, order: Order = ORDER, isOwned = async () => true) =>
      askOwner(order, nonce, { store, clock, isOwned }),
    answer: (request: LeftRequest, answer: Answer) => answerRequest(store, request, answer, clock.nowMs()),
    /** Lets a command look for its answer again, until that is so. */
    async lookUntil(condition: () => boolean | Promise<boolean>) {
      await until(async () => {
        clock.advance(100);
        return condition();
      });
    },
  };
}

/** What became of a promise, without waiting for it. */
function watch(promise: Promise<unknown>) {
  const seen: { value?: unknown; error?: Error } = {};
  promise.then(
    (value) => (seen.value = value),
    (error: Error) => (seen.error = error),
  );
  return seen;
}

test('a request is taken once, and its answer goes to whoever asked', async () => {
  const desk = await openDesk();
  const one = watch(desk.ask('one'));
  await until(async () => (await desk.store.getMany([keys.request(0)])).size === 1);
  const second = watch(desk.ask('other', { ...ORDER, dead: true, ids: [], sinceMs: 5 }));
  await until(async () => (await desk.store.getMany([keys.request(1)])).size === 1);
  const taken = await desk.take();
  expect(taken).toMatchObject([
    { slot: 0, nonce: 'one', order: ORDER },
    { slot: 1, nonce: 'other', order: { dead: true, sinceMs: 5 } },
  ]);
  expect(await desk.take()).toEqual([]);
  for (const request of taken) {
    await desk.answer(request, { error: null, lines: [{ ...LINE, id: request.nonce }], more: 0 });
  }
  await desk.lookUntil(() => one.value !== undefined && second.value !== undefined);
  expect(one.value).toMatchObject({ error: null, lines: [{ id: 'one' }], more: 0 });
  expect(second.value).toMatchObject({ lines: [{ id: 'other' }] });
});

test('a failure is an answer, and so is a part of the lines with the number of the rest', async () => {
  const desk = await openDesk();
  const asked = watch(desk.ask('one'));
  await until(async () => (await desk.store.getMany([keys.request(0)])).size === 1);
  const [request] = await desk.take();
  if (request === undefined) throw new Error('it was left');
  const lines = Array.from({ length: 1_200 }, () => LINE);
  await desk.answer(request, { error: 'the disk is full', lines, more: 0 });
  await desk.lookUntil(() => asked.value !== undefined);
  expect(asked.value).toMatchObject({ error: 'the disk is full', more: 200 });
});

test('nobody takes it: said after ten seconds, and the request is taken back', async () => {
  const desk = await openDesk();
  const asked = watch(desk.ask('one'));
  await desk.lookUntil(() => asked.error !== undefined);
  expect(asked.error?.message).toContain('did not take the request within 10 s');
  expect(await desk.take()).toEqual([]);
});

test('taken and not answered: said after ten minutes', async () => {
  const desk = await openDesk();
  const asked = watch(desk.ask('one'));
  await until(async () => (await desk.store.getMany([keys.request(0)])).size === 1);
  await desk.take();
  for (let seconds = 0; seconds < 30; seconds += 1) await desk.lookUntil(() => true);
  expect(asked.error).toBeUndefined();
  desk.clock.advance(611_000);
  await desk.lookUntil(() => asked.error !== undefined);
  expect(asked.error?.message).toContain('has not answered within 10 min');
});

test('an answer that is still waited for keeps its slot', async () => {
  const desk = await openDesk();
  const first = watch(desk.ask('first'));
  await until(async () => (await desk.store.getMany([keys.request(0)])).size === 1);
  const [taken] = await desk.take();
  const second = watch(desk.ask('second'));
  await until(async () => (await desk.store.getMany([keys.request(1)])).size === 1);
  for (const request of [taken, ...(await desk.take())]) {
    if (request !== undefined) await desk.answer(request, { error: request.nonce, lines: [], more: 0 });
  }
  await desk.lookUntil(() => first.value !== undefined && second.value !== undefined);
  expect([first.value, second.value]).toMatchObject([{ error: 'first' }, { error: 'second' }]);
  expect((await desk.store.getMany([0, 1].map(keys.answer))).size).toBe(0);
});

test('a request that another command has written over is left again', async () => {
  const desk = await openDesk();
  const asked = watch(desk.ask('one'));
  await until(async () => (await desk.store.getMany([keys.request(0)])).size === 1);
  const expiresAtMs = desk.clock.nowMs() + 10_000;
  await desk.store.setMany([[keys.request(0), { nonce: 'other', expiresAtMs, order: { ...ORDER, ids: [] } }]]);
  await desk.lookUntil(async () => (await desk.store.getMany([keys.request(1)])).size === 1);
  expect(await desk.take()).toMatchObject([{ nonce: 'other' }, { nonce: 'one' }]);
  expect(asked).toEqual({});
});

test('an owner that ends before it has answered is not waited for', async () => {
  const desk = await openDesk();
  const asked = watch(desk.ask('one', ORDER, async () => false));
  await until(async () => (await desk.store.getMany([keys.request(0)])).size === 1);
  await desk.take();
  desk.clock.advance(5_000);
  await desk.lookUntil(() => asked.error !== undefined);
  expect(asked.error?.message).toContain('ended before it answered');
});

test('an answer that nobody takes frees its slot after ten minutes, and sixteen that wait are a refusal', async () => {
  const desk = await openDesk();
  const slots = Array.from({ length: 16 }, (_, slot) => slot);
  for (const slot of slots)
    await desk.answer({ slot, nonce: 'gone', order: ORDER }, { error: null, lines: [], more: 0 });
  await expect(desk.ask('one')).rejects.toThrow('16 other commands wait');
  desk.clock.advance(600_001);
  await desk.take();
  expect((await desk.store.getMany(slots.map(keys.answer))).size).toBe(0);
});

test('what is too old, and what cannot be read, is taken away and not carried out', async () => {
  const desk = await openDesk();
  const expiresAtMs = desk.clock.nowMs();
  await desk.store.setMany([
    [keys.request(0), { nonce: 'old', expiresAtMs, order: { ...ORDER, ids: [] } }],
    [keys.request(1), 'nonsense'],
    [keys.request(15), { nonce: 'good', expiresAtMs: expiresAtMs + 1, order: { ...ORDER, ids: [] } }],
  ]);
  expect(await desk.take()).toMatchObject([{ nonce: 'good' }]);
  expect((await desk.store.getMany([0, 1, 15].map(keys.request))).size).toBe(0);
});

test.each([
  { name: 'an order of a newer version', left: { order: { kind: 'levitate', sink: 'hook' } } },
  {
    name: 'an order that a newer version has made more of',
    left: { order: { kind: 'release', source: null, max: 5 } },
  },
  { name: 'what an older version left', left: { redeliver: { ids: [], dead: true } } },
])('$name is answered, not carried out, and not waited for', async ({ left }) => {
  const desk = await openDesk();
  const asked = watch(desk.ask('one'));
  await until(async () => (await desk.store.getMany([keys.request(0)])).size === 1);
  await desk.store.setMany([[keys.request(0), { nonce: 'one', expiresAtMs: desk.clock.nowMs() + 10_000, ...left }]]);
  expect(await desk.take()).toEqual([]);
  await desk.lookUntil(() => asked.value !== undefined);
  expect(asked.value).toMatchObject({ error: expect.stringContaining('of another version'), lines: [] });
});

const COUNT = { source: 'production', sink: 'hook', result: 'released', count: 3 } as const;

test.each<[Order, OrderLine]>([
  [ORDER, LINE],
  [{ kind: 'announce', uuids: ['r'], sink: 'hook' }, LINE],
  [{ kind: 'release', source: null }, COUNT],
  [
    { kind: 'discard', source: 'production' },
    { ...COUNT, result: 'discarded' },
  ],
])('an order and its answer arrive as they were sent: %j', async (order, line) => {
  const desk = await openDesk();
  const asked = watch(desk.ask('one', order));
  await until(async () => (await desk.store.getMany([keys.request(0)])).size === 1);
  const [request] = await desk.take();
  expect(request?.order).toEqual(order);
  if (request !== undefined) await desk.answer(request, { error: null, lines: [line], more: 0 });
  await desk.lookUntil(() => asked.value !== undefined);
  expect(asked.value).toMatchObject({ lines: [line] });
});

test.each(['setMany', 'deleteMany'] as const)(
  'a store that fails at %s when requests are taken carries out none twice',
  async (method) => {
    const desk = await openDesk();
    const asked = watch(desk.ask('one'));
    await until(async () => (await desk.store.getMany([keys.request(0)])).size === 1);
    desk.store.fail(1, 'before', method);
    await expect(desk.take()).rejects.toMatchObject({ name: 'StoreError' });
    desk.store.heal();
    expect(await desk.take()).toHaveLength(1);
    expect(await desk.take()).toHaveLength(0);
    expect(asked.error).toBeUndefined();
  },
);
