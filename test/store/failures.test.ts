import { EventEmitter } from 'node:events';
import { STORE_BATCH_MAX } from '../../src/ports.js';
import { StoreError } from '../../src/store/errors.js';
import { keys } from '../../src/store/keys.js';
import { KeyvStore } from '../../src/store/keyv.js';
import { MemoryStorage } from '../../src/store/memory.js';
import { openSqlite } from '../../src/store/sqlite.js';
import type { Storage } from '../../src/store/storage.js';
import { systemClock } from '../../src/system.js';
import { collect } from '../support/collect.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const SECRET = 'a value that no message may hold';

/** One method goes wrong, in the way of some adapter that exists. */
type Fault = Partial<Record<keyof Storage, (...args: never[]) => unknown>>;

const broken = () => {
  throw new Error('the disk is on fire');
};
const rejects = async () => broken();
const gives = (answer: unknown) => async () => answer;

const READ_FAULTS: { name: string; getMany: (...args: never[]) => unknown }[] = [
  { name: 'throws', getMany: broken },
  { name: 'rejects', getMany: rejects },
  { name: 'gives undefined', getMany: gives(undefined) },
  { name: 'gives false', getMany: gives(false) },
  { name: 'gives no rows', getMany: gives([]) },
  { name: 'knows of nothing', getMany: async (asked: string[]) => asked.map(() => undefined) },
  { name: 'gives a row too few', getMany: async (asked: string[]) => asked.slice(1).map(() => '{"value":1}') },
  { name: 'gives a row too many', getMany: async (asked: string[]) => [...asked, ''].map(() => '{"value":1}') },
  { name: 'gives false for each row', getMany: async (asked: string[]) => asked.map(() => false) },
  { name: 'gives text that is not JSON', getMany: async (asked: string[]) => asked.map(() => '{"val') },
  { name: 'gives a text that begins with the value', getMany: async (asked: string[]) => asked.map(() => SECRET) },
  { name: 'gives JSON that is no entry', getMany: async (asked: string[]) => asked.map(() => 'null') },
];

const WRITE_FAULTS: { name: string; write: (...args: never[]) => unknown }[] = [
  { name: 'throws', write: broken },
  { name: 'rejects', write: rejects },
  { name: 'gives undefined', write: gives(undefined) },
  { name: 'gives false', write: gives(false) },
  { name: 'gives a false among the true', write: gives([true, false]) },
  { name: 'gives fewer answers than entries', write: gives([true]) },
];

const SCAN_FAULTS: { name: string; iterator: (...args: never[]) => unknown }[] = [
  { name: 'throws', iterator: broken },
  { name: 'gives undefined', iterator: () => undefined },
  { name: 'breaks off', iterator: () => brokenOff() },
  { name: 'gives an entry that is no text', iterator: () => rows([keys.pending('a' as never), undefined]) },
  { name: 'gives an entry that is damaged', iterator: () => rows([keys.pending('a' as never), '{"valu']) },
];

test('a damaged entry is named, and nothing of it is told', async () => {
  const storage = new MemoryStorage();
  const store = new KeyvStore(storage, 'faulty');
  await store.setMany([
    [keys.meta, 1],
    ['rec/a/good', 1],
  ]);
  await storage.set('rec/a/bad', SECRET);
  const problem = 'the entry "rec/a/bad" is damaged';
  await expect(store.getMany(['rec/a/good', 'rec/a/bad'])).rejects.toThrow(problem);
  await expect(collect(store.scan('rec/'))).rejects.toThrow(problem);
  await expectFailure(store.getMany(['rec/a/bad']));
  expect((await store.getMany(['rec/a/good'])).get('rec/a/good')).toBe(1);
});

async function* rows(...entries: [string, unknown][]) {
  yield* entries;
}

async function* brokenOff() {
  yield ['out/a', '{"value":1}'];
  broken();
}

describe.each([
  { storage: 'memory', make: async () => new MemoryStorage() },
  { storage: 'sqlite', make: makeSqlite },
])('over a faulty $storage storage', ({ make }) => {
  test.each(READ_FAULTS)('a read fails when getMany $name', async ({ getMany }) => {
    const store = await storeWith({ getMany });
    await expectFailure(store.getMany(['a', 'b']));
    await expectFailure(collect(store.scan('')));
  });

  test.each(WRITE_FAULTS)('a write fails when setMany $name', async ({ write }) => {
    const store = await storeWith({ setMany: write });
    await expectFailure(
      store.setMany([
        ['b', SECRET],
        ['c', SECRET],
      ]),
    );
  });

  test.each(WRITE_FAULTS)('a deletion fails when deleteMany $name', async ({ write }) => {
    const store = await storeWith({ deleteMany: write });
    await expectFailure(store.deleteMany(['a', 'b']));
  });

  test.each([
    { name: 'throws', unlike: broken },
    { name: 'rejects', unlike: rejects },
    { name: 'gives undefined', unlike: gives(undefined) },
    { name: 'gives false', unlike: gives(false) },
    { name: 'names another key', unlike: gives(['c']) },
  ])('a comparison fails when getUnlike $name', async ({ unlike }) => {
    const store = await storeWith({ getUnlike: unlike });
    await expectFailure(store.getUnlike(['a', 'b'], { first: [1], last: 0 }));
  });

  test.each([
    { name: 'throws', write: broken },
    { name: 'rejects', write: rejects },
  ])('a replacement fails when replaceMany $name', async ({ write }) => {
    const store = await storeWith({ replaceMany: write });
    await expectFailure(store.replaceMany([['b', SECRET]], ['a']));
  });

  test.each(SCAN_FAULTS)('a scan fails when the iterator $name', async ({ iterator }) => {
    const store = await storeWith({ iterator });
    await expectFailure(collect(store.scan('')));
  });

  test.each(['getMany', 'setMany', 'deleteMany'] as const)('a quiet %s with an error event fails', async (method) => {
    const events = new EventEmitter();
    const store = await storeWith({
      on: events.on.bind(events) as never,
      [method]: async (asked: string[]) => {
        events.emit('error', new Error('the connection broke'));
        return method === 'deleteMany' ? true : asked.map(() => (method === 'setMany' ? true : '{"value":1}'));
      },
    });
    const operations = {
      getMany: () => store.getMany(['a']),
      setMany: () => store.setMany([['a', SECRET]]),
      deleteMany: () => store.deleteMany(['a']),
    };
    await expectFailure(operations[method]());
  });

  test('a scan that ends with an error event fails', async () => {
    const events = new EventEmitter();
    const store = await storeWith({
      on: events.on.bind(events) as never,
      iterator: async function* () {
        yield ['out/a', '{"value":1}'];
        events.emit('error', new Error('the connection broke'));
      },
    });
    await expectFailure(collect(store.scan('out/')));
  });

  test('closing fails when the storage cannot be closed, and gives the ownership back all the same', async () => {
    let releases = 0;
    const storage = withFault(await make(), { disconnect: rejects });
    const store = new KeyvStore(storage, 'faulty', () => {
      releases += 1;
    });
    await expectFailure(store.close());
    expect(releases).toBe(1);
  });

  test('a failure passes: what is right afterwards is taken for right', async () => {
    let failures = 1;
    const storage = await filled();
    const read = storage.getMany.bind(storage);
    const store = new KeyvStore(
      withFault(storage, { getMany: async (asked: string[]) => (failures-- > 0 ? broken() : read(asked)) }),
      'faulty',
    );
    await expectFailure(store.getMany(['a']));
    expect((await store.getMany(['a'])).get('a')).toBe(SECRET);
  });

  test('a store with entries but without its own record is broken, not new', async () => {
    const storage = await make();
    const store = new KeyvStore(storage, 'faulty');
    expect(await store.readMeta()).toBeUndefined();
    await store.setMany([['a', SECRET]]);
    await expectFailure(store.readMeta());
  });

  async function filled(): Promise<Storage> {
    const storage = await make();
    await new KeyvStore(storage, 'faulty').setMany([
      [keys.meta, 1],
      ['a', SECRET],
    ]);
    return storage;
  }

  async function storeWith(fault: Fault): Promise<KeyvStore> {
    return new KeyvStore(withFault(await filled(), fault), 'faulty');
  }
});

async function makeSqlite(): Promise<Storage> {
  const storage = await openSqlite(`${temporaryFolder()}/store.sqlite`, 'create', systemClock);
  if (storage === undefined) throw new Error('it was to be made');
  return storage;
}

function withFault(storage: Storage, fault: Fault): Storage {
  return new Proxy(storage, {
    get(target, name) {
      const member: unknown = fault[name as keyof Storage] ?? Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  });
}

async function expectFailure(operation: Promise<unknown>): Promise<void> {
  const error = await operation.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ label: 'faulty', message: expect.stringMatching(/^faulty: /) });
  expect(String(error)).not.toContain(SECRET);
}

test('the largest batch leaves room for the sentinel', async () => {
  const storage = await makeSqlite();
  const store = new KeyvStore(storage, 'sqlite');
  await store.setMany([[keys.meta, 1]]);
  expect((await store.getMany(Array.from({ length: STORE_BATCH_MAX }, (_, index) => `${index}`))).size).toBe(0);
  await store.close();
});
