import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import type { StoreConfig } from '../../src/config/config.js';
import { OwnedError, StoreError, StoreMissingError, StoreVersionError } from '../../src/store/errors.js';
import { STORE_FORMAT } from '../../src/store/format.js';
import { keys } from '../../src/store/keys.js';
import { hasOwner, openStore, type StoreMode } from '../../src/store/open.js';
import { problemOf } from '../../src/store/problem.js';
import { decodeMeta, decodeOwner, encodeMeta } from '../../src/store/records.js';
import { openSqlite } from '../../src/store/sqlite.js';
import { systemClock } from '../../src/system.js';
import { startStoreChild } from '../support/store-child.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const NOW_MS = 1_715_620_500_000;
const MEMORY: StoreConfig = { kind: 'memory' };

let cwd: string;
let sqlite: StoreConfig;
beforeEach(() => {
  cwd = temporaryFolder();
  sqlite = { kind: 'sqlite', file: 'state/notifier.sqlite' };
});

function open(mode: StoreMode, config = sqlite) {
  return openStore(config, mode, deps());
}

function deps() {
  return { clock: { ...systemClock, nowMs: () => NOW_MS }, cwd, host: 'host-a', pid: 17 };
}

test('the first owner makes the store and its folder, and says so once', async () => {
  const first = await open('own');
  expect(first.created).toBe(true);
  expect(first.store.label).toBe(`sqlite:${cwd}/state/notifier.sqlite`);
  const rows = await first.store.getMany([keys.meta, keys.owner]);
  expect(decodeMeta(rows.get(keys.meta) ?? null)).toEqual({ version: STORE_FORMAT.version, createdAtMs: NOW_MS });
  expect(decodeOwner(rows.get(keys.owner) ?? null)).toEqual({ host: 'host-a', pid: 17, sinceMs: NOW_MS });
  await first.store.setMany([['a', 1]]);
  await first.store.close();

  const second = await open('own');
  expect(second.created).toBe(false);
  expect((await second.store.getMany(['a'])).get('a')).toBe(1);
  await second.store.close();
});

test('a memory store is new each time, and there is nothing to see from outside', async () => {
  const { store, created } = await open('own', MEMORY);
  expect({ created, label: store.label }).toEqual({ created: true, label: 'memory' });
  await expect(open('read', MEMORY)).rejects.toThrow('cannot be seen from outside');
  await expect(open('request', MEMORY)).rejects.toThrow(StoreError);
  expect(await hasOwner(MEMORY, deps())).toBe(false);
  await store.close();
});

test.each(['read', 'request'] as const)('%s makes no store', async (mode) => {
  await expect(open(mode)).rejects.toThrow(StoreMissingError);
  await expect(open(mode)).rejects.toThrow(`there is no store at ${cwd}/state/notifier.sqlite yet`);
  expect(await hasOwner(sqlite, deps())).toBe(false);
  expect(readdirSync(cwd)).toEqual([]);
});

test('a file that an owner left before it had made the store is no store', async () => {
  mkdirSync(`${cwd}/state`);
  const storage = await openSqlite(`${cwd}/state/notifier.sqlite`, 'create', systemClock);
  await storage?.disconnect();
  await expect(open('read')).rejects.toThrow(StoreMissingError);
  const { store, created } = await open('own');
  expect(created).toBe(true);
  await store.close();
});

test('beside an owner, a reader sees what is committed and a request arrives', async () => {
  const owner = await open('own');
  const reader = await open('read');
  const requester = await open('request');
  await owner.store.setMany([['a', 1]]);
  await requester.store.setMany([[keys.request(0), 'redeliver']]);
  expect((await reader.store.getMany(['a'])).get('a')).toBe(1);
  expect((await owner.store.getMany([keys.request(0)])).get(keys.request(0))).toBe('redeliver');
  await expect(reader.store.setMany([['a', 2]])).rejects.toThrow('read-only');
  for (const { store } of [requester, owner, reader]) await store.close();
});

describe('ownership', () => {
  test('the same process cannot own a store twice, by another path neither', async () => {
    const { store } = await open('own');
    symlinkSync(`${cwd}/state`, `${cwd}/link`);
    symlinkSync(`${cwd}/state/notifier.sqlite`, `${cwd}/link.sqlite`);
    for (const file of ['state/notifier.sqlite', 'link/notifier.sqlite', 'link.sqlite']) {
      await expect(open('own', { kind: 'sqlite', file })).rejects.toThrow(OwnedError);
      expect(await hasOwner({ kind: 'sqlite', file }, deps())).toBe(true);
    }
    await store.close();
    expect(await hasOwner(sqlite, deps())).toBe(false);
    await (await open('own')).store.close();
  });

  test('another process is told who has it, and gets it when that one ends', async () => {
    const child = await startStoreChild('hold', { kind: 'sqlite', file: `${cwd}/state/notifier.sqlite` });
    await child.nextLine();
    const error = await open('own').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OwnedError);
    expect(error).toMatchObject({ owner: { host: 'child-host', pid: child.pid, sinceMs: expect.any(Number) } });
    expect(String(error)).toContain(`it is owned by process ${child.pid} on child-host since 2`);

    const reader = await open('read');
    expect((await reader.store.getMany(['sink/held'])).get('sink/held')).toBe('committed');
    await reader.store.close();
    expect(await hasOwner(sqlite, deps())).toBe(true);

    await child.end();
    expect(await hasOwner(sqlite, deps())).toBe(false);
    await (await open('own')).store.close();
  });

  test('a killed owner has lost it at once, and what it committed is there', async () => {
    const child = await startStoreChild('hold', { kind: 'sqlite', file: `${cwd}/state/notifier.sqlite` });
    await child.nextLine();
    await child.kill();
    expect(await hasOwner(sqlite, deps())).toBe(false);
    const reader = await open('read');
    expect((await reader.store.getMany(['sink/held'])).get('sink/held')).toBe('committed');
    await reader.store.close();
    const { store, created } = await open('own');
    expect(created).toBe(false);
    expect((await store.getMany(['sink/held'])).get('sink/held')).toBe('committed');
    await store.close();
  });

  test('an owner that cannot open the store gives the ownership back', async () => {
    await makeVersion(2);
    await expect(open('own')).rejects.toThrow(StoreVersionError);
    expect(await hasOwner(sqlite, deps())).toBe(false);
  });
});

test.each(['own', 'read', 'request'] as const)('a newer store is refused to %s, both versions named', async (mode) => {
  await makeVersion(7);
  const error = await open(mode).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StoreVersionError);
  expect(error).toMatchObject({ found: 7, understood: 1 });
  expect(String(error)).toMatch(/version 7.* up to 1/);
});

test.each(['own', 'read', 'request'] as const)(
  'a store that has lost its own record is refused to %s',
  async (mode) => {
    const { store } = await open('own');
    await store.deleteMany([keys.meta]);
    await store.close();
    await expect(open(mode)).rejects.toThrow('"meta" is missing');
  },
);

test.each<{ name: string; make: () => void; want: string }>([
  { name: 'is a folder', make: () => mkdirSync(`${cwd}/state/notifier.sqlite`), want: 'see that it is a file' },
  {
    name: 'is no database',
    make: () => writeFileSync(`${cwd}/state/notifier.sqlite`, 'sources: {}\n'.repeat(100)),
    want: 'not an SQLite database',
  },
])('a store that $name is refused in words', async ({ make, want }) => {
  mkdirSync(`${cwd}/state`);
  make();
  await expect(open('own')).rejects.toThrow(StoreError);
  await expect(open('own')).rejects.toThrow(want);
  await expect(open('read')).rejects.toThrow(want);
});

test('a store below a file is refused in words', async () => {
  writeFileSync(`${cwd}/state`, '');
  await expect(open('own')).rejects.toThrow('a part of its path is a file');
  await expect(open('read')).rejects.toThrow(StoreMissingError);
  expect(existsSync(`${cwd}/state.lock`)).toBe(false);
});

test.each([
  { name: 'a full disk', cause: { errcode: 13 }, want: 'disk is full' },
  { name: 'a disk error, in any of its kinds', cause: { errcode: 10 + (3 << 8) }, want: 'input/output error' },
  { name: 'damage', cause: { errcode: 11 }, want: 'damaged' },
  { name: 'a read-only file', cause: { errcode: 8 }, want: 'read-only' },
  { name: 'a lock that stays', cause: { errcode: 5 }, want: 'locked' },
  { name: 'no permission', cause: { code: 'EACCES' }, want: 'may not write' },
  { name: 'a read-only file system', cause: { code: 'EROFS' }, want: 'read-only' },
  { name: 'a quota', cause: { code: 'EDQUOT' }, want: 'disk is full' },
  { name: 'a server that is not there', cause: { code: 'ECONNREFUSED' }, want: 'nothing listens' },
  { name: 'a wrong password', cause: { code: '28P01' }, want: 'refuses the password' },
  { name: 'a missing database', cause: { code: '3D000' }, want: 'no such database' },
  { name: 'something else', cause: { code: 'EWHAT' }, want: 'as it says' },
])('$name is put into words', ({ cause, want }) => {
  expect(problemOf(Object.assign(new Error('as it says'), cause))).toContain(want);
});

async function makeVersion(version: number): Promise<void> {
  const { store } = await open('own');
  await store.setMany([[keys.meta, encodeMeta({ version, createdAtMs: 0 })]]);
  await store.close();
}
