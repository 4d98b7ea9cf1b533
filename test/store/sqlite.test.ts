import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import Keyv from 'keyv';
import type { Clock } from '../../src/ports.js';
import { openSqlite, SqliteStorage } from '../../src/store/sqlite.js';
import { systemClock } from '../../src/system.js';
import { collect } from '../support/collect.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let path: string;
let storage: SqliteStorage;
beforeEach(async () => {
  path = `${temporaryFolder()}/a#b?c%20é.sqlite`;
  storage = await make(path);
});
afterEach(() => storage.disconnect());

test('is a storage that keyv can use', async () => {
  const keyv = new Keyv({ store: storage, namespace: 'cache' });
  await keyv.set('a', { value: 1 });
  await keyv.setMany([
    { key: 'b', value: 2 },
    { key: 'c', value: 3 },
  ]);
  expect(await keyv.get('a')).toEqual({ value: 1 });
  expect(await keyv.get(['c', 'missing', 'b'])).toEqual([3, undefined, 2]);
  expect([await keyv.has('a'), await keyv.has('missing')]).toEqual([true, false]);
  expect([await keyv.delete('a'), await keyv.delete('a')]).toEqual([true, false]);
  expect(await collect(keyv.iterator?.({}) as AsyncIterable<unknown>)).toEqual([
    ['b', 2],
    ['c', 3],
  ]);
  await keyv.clear();
  expect(await keyv.get('b')).toBeUndefined();
  await keyv.disconnect();
});

test('keeps texts with NUL, in keys and in values', async () => {
  const entries = ['\0', 'a\0', 'a\0b', 'a\0c', 'a'].map((key) => ({ key, value: `value\0of ${key}` }));
  await storage.setMany(entries);
  expect(await storage.getMany(entries.map(({ key }) => key))).toEqual(entries.map(({ value }) => value));
  expect((await collect(storage.iterator('a\0'))).map(([key]) => key)).toEqual(['a\0', 'a\0b', 'a\0c']);
  await storage.deleteMany(['a\0b']);
  expect(await storage.has('a\0b')).toBe(false);
  expect(await storage.has('a')).toBe(true);
});

test('writes ahead to a log, so that readers and the writer are not in each other’s way', async () => {
  await storage.disconnect();
  const database = new DatabaseSync(path);
  expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
  database.close();
});

test('scans in pages, giving way between them', async () => {
  let pauses = 0;
  const clock: Clock = {
    ...systemClock,
    after(delayMs, callback) {
      pauses += 1;
      return systemClock.after(delayMs, callback);
    },
  };
  await storage.disconnect();
  storage = await make(path, clock);
  await storage.setMany(Array.from({ length: 1_700 }, (_, index) => ({ key: `k${10_000 + index}`, value: '' })));
  const keys = (await collect(storage.iterator('k'))).map(([key]) => key);
  expect(keys).toHaveLength(1_700);
  expect(keys).toEqual([...new Set(keys)].sort());
  expect(pauses).toBe(3);
});

describe('beside another connection that holds the lock', () => {
  let other: DatabaseSync;
  beforeEach(() => {
    other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
  });
  afterEach(() => other.close());

  test('a write waits without stopping the loop, and then happens', async () => {
    let pauses = 0;
    const waiting = await make(
      path,
      lockFreedAfter(
        3,
        () => other.exec('COMMIT'),
        () => pauses++,
      ),
      'write',
    );
    await waiting.set('a', '1');
    expect(pauses).toBe(3);
    expect(await storage.get('a')).toBe('1');
    await waiting.disconnect();
  });

  test('a write gives up in the end', async () => {
    let pauses = 0;
    const waiting = await make(
      path,
      lockFreedAfter(
        Number.POSITIVE_INFINITY,
        () => {},
        () => pauses++,
      ),
      'write',
    );
    await expect(waiting.set('a', '1')).rejects.toThrow('locked');
    expect(pauses).toBe(500);
    await waiting.disconnect();
  });

  test('a read does not wait', async () => {
    expect(await storage.get('a')).toBeUndefined();
  });
});

test('a batch that fails in the middle leaves nothing behind', async () => {
  const entries = [
    { key: 'a', value: '1' },
    { key: 'b', value: null as unknown as string },
  ];
  await expect(storage.setMany(entries)).rejects.toThrow('NOT NULL');
  expect(await storage.get('a')).toBeUndefined();
  await storage.set('a', '2');
  expect(await storage.get('a')).toBe('2');
});

test('a full disk fails the batch and harms nothing', async () => {
  await storage.set('a', '1');
  await storage.disconnect();
  const database = new DatabaseSync(path);
  database.exec('PRAGMA max_page_count = 10');
  storage = new SqliteStorage(path, database, systemClock);
  const value = 'x'.repeat(100_000);
  await expect(
    storage.setMany([
      { key: 'a', value: '2' },
      { key: 'b', value },
    ]),
  ).rejects.toMatchObject({ errcode: 13 });
  expect(await storage.get('a')).toBe('1');
});

test.each(['read', 'write'] as const)('opening to %s never makes a file', async (access) => {
  const folder = temporaryFolder();
  expect(await openSqlite(`${folder}/none.sqlite`, access, systemClock)).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
  writeFileSync(`${folder}/empty.sqlite`, '');
  expect(await openSqlite(`${folder}/empty.sqlite`, access, systemClock)).toBeUndefined();
  expect(readdirSync(folder)).toEqual(['empty.sqlite']);
  expect(statSync(`${folder}/empty.sqlite`).size).toBe(0);
});

test('a reader cannot write, and leaves no file behind', async () => {
  await storage.set('a', '1');
  const reader = await make(path, systemClock, 'read');
  expect(await reader.get('a')).toBe('1');
  await expect(reader.set('a', '2')).rejects.toMatchObject({ errcode: 8 });
  await storage.disconnect();
  expect(await reader.get('a')).toBe('1');
  await reader.disconnect();
  expect(readdirSync(path.slice(0, path.lastIndexOf('/')))).toEqual(['a#b?c%20é.sqlite']);
});

test('the database of another program is left alone', async () => {
  const foreign = `${temporaryFolder()}/foreign.sqlite`;
  const database = new DatabaseSync(foreign);
  database.exec('CREATE TABLE entries (key TEXT, value TEXT)');
  await expect(openSqlite(foreign, 'create', systemClock)).rejects.toThrow('another program');
  expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
  database.close();
});

async function make(file: string, clock = systemClock, access: 'create' | 'read' | 'write' = 'create') {
  const opened = await openSqlite(file, access, clock);
  if (opened === undefined) throw new Error('there is no store');
  return opened;
}

/** A clock that waits for nothing; at the given pause something happens. */
function lockFreedAfter(pausesMax: number, free: () => void, count: () => void): Clock {
  let pauses = 0;
  return {
    ...systemClock,
    after(_delayMs, callback) {
      pauses += 1;
      count();
      if (pauses === pausesMax) free();
      queueMicrotask(callback);
      return { cancel: () => {} };
    },
  };
}
