import { setImmediate } from 'node:timers/promises';
import type { StoreConfig } from '../../src/config/config.js';
import type { Json, Store } from '../../src/ports.js';
import { StoreOutdatedError, StoreVersionError } from '../../src/store/errors.js';
import { STORE_FORMAT, type StoreFormat } from '../../src/store/format.js';
import { keys } from '../../src/store/keys.js';
import { KeyvStore } from '../../src/store/keyv.js';
import { MemoryStorage } from '../../src/store/memory.js';
import { migrate } from '../../src/store/migrate.js';
import { openStore, type StoreMode } from '../../src/store/open.js';
import { decodeMeta, encodeMeta } from '../../src/store/records.js';
import { systemClock } from '../../src/system.js';
import { collect } from '../support/collect.js';
import { createFailingStore, type StoreFault } from '../support/failing-store.js';
import { startStoreChild } from '../support/store-child.js';
import { cleanServers, describeWith, newAddress, untilLetGo } from '../support/store-servers.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const NOW_MS = Date.parse('2026-11-28T12:00:00Z');
const FORMAT_1: StoreFormat = { version: 1, migrations: [] };
/** Changes values, then moves keys to where the scan has yet to come, then forgets some. */
const FORMAT_4: StoreFormat = {
  version: 4,
  migrations: [
    { from: 1, to: 2, change: (key, value) => (isRow(value, 1) ? [[key, [2, `${value[1]}!`]]] : undefined) },
    {
      from: 2,
      to: 3,
      change: (key, value) => (key.startsWith('batch/') ? [[`moved/${key.slice(6)}`, value]] : undefined),
    },
    { from: 3, to: 4, change: (key) => (key.startsWith('forgotten/') ? [] : undefined) },
  ],
};

afterAll(cleanServers);

function isRow(value: Json, version: number): value is readonly [number, Json] {
  return Array.isArray(value) && value[0] === version;
}

function open(config: StoreConfig, format: StoreFormat, mode: StoreMode = 'own') {
  const clock = { ...systemClock, nowMs: () => NOW_MS };
  return openStore(config, mode, { clock, cwd: '/', host: 'here', pid: 1, format });
}

/** What a store of version 1 holds, and what becomes of it. */
function entriesOf(count: number): { before: [string, Json][]; after: [string, Json][] } {
  const numbers = Array.from({ length: count }, (_, index) => index);
  return {
    before: [
      ...numbers.map((index): [string, Json] => [`batch/${index}`, [1, index]]),
      ['forgotten/a', 'x'],
      ['kept/a', 'x'],
    ],
    after: [...numbers.map((index): [string, Json] => [`moved/${index}`, [2, `${index}!`]]), ['kept/a', 'x']],
  };
}

async function fill(store: Store, entries: readonly [string, Json][]): Promise<void> {
  for (let from = 0; from < entries.length; from += 1_000) await store.setMany(entries.slice(from, from + 1_000));
}

async function contents(store: Store): Promise<ReadonlyMap<string, Json>> {
  const entries = await collect(store.scan(''));
  return new Map(entries.filter(([key]) => key !== keys.meta && key !== keys.owner));
}

async function contentsOf(config: StoreConfig, format: StoreFormat): Promise<ReadonlyMap<string, Json>> {
  const { store } = await open(config, format, 'read');
  return contents(store).finally(() => store.close());
}

test('the migrations of this program lead from version 1 to its own', () => {
  expect(STORE_FORMAT.migrations.map(({ from, to }) => [from, to])).toEqual(
    Array.from({ length: STORE_FORMAT.version - 1 }, (_, index) => [index + 1, index + 2]),
  );
});

interface Kind {
  readonly newStore: () => StoreConfig;
  /** The same, with what `migrated.copy` says. */
  readonly copyOf: (config: StoreConfig, copy: string) => StoreConfig;
}

const SQLITE: Kind = {
  newStore: () => ({ kind: 'sqlite', file: `${temporaryFolder()}/store.sqlite` }),
  copyOf: (_, copy) => ({ kind: 'sqlite', file: copy }),
};

function serverKind(kind: 'redis' | 'postgres'): Kind {
  return {
    newStore: () => newAddress(kind),
    copyOf: (config, copy) => ({ ...config, prefix: copy.replace('?prefix=', '') }) as StoreConfig,
  };
}

describe('sqlite', () => migrates(SQLITE));
for (const kind of ['redis', 'postgres'] as const) describeWith(kind, kind, () => migrates(serverKind(kind)));

function migrates({ newStore, copyOf }: Kind): void {
  test('an owner migrates an older store and keeps a copy, which an older program can be pointed at', async () => {
    const config = newStore();
    const { before, after } = entriesOf(2_500);
    const old = await open(config, FORMAT_1);
    await fill(old.store, before);
    await old.store.close();
    for (const mode of ['read', 'request'] as const)
      await expect(open(config, FORMAT_4, mode)).rejects.toThrow(StoreOutdatedError);
    const { store, migrated, created } = await open(config, FORMAT_4);
    expect(await contents(store)).toEqual(new Map(after));
    await store.close();
    expect({ created, migrated }).toEqual({ created: false, migrated: { from: 1, to: 4, copy: expect.any(String) } });
    expect(migrated?.copy).toMatch(/[.-]v1-2026-11-28$/);
    await expect(open(config, FORMAT_1)).rejects.toThrow(StoreVersionError);
    expect(await contentsOf(copyOf(config, migrated?.copy ?? ''), FORMAT_1)).toEqual(new Map(before));
    const again = await open(config, FORMAT_4);
    expect(again.migrated).toBeUndefined();
    await again.store.close();
  });

  test('a copy of the same day is not written over', async () => {
    const config = newStore();
    const copies: string[] = [];
    for (const value of ['first', 'second']) {
      const { store } = await open(config, { ...FORMAT_4, version: 1 }).catch(() => open(config, FORMAT_4));
      await store.setMany([
        [keys.meta, encodeMeta({ version: 1, createdAtMs: 0 })],
        ['kept/a', value],
      ]);
      await store.close();
      const opened = await open(config, FORMAT_4);
      copies.push(opened.migrated?.copy ?? '');
      await opened.store.close();
    }
    const kept = await Promise.all(copies.map((copy) => contentsOf(copyOf(config, copy), FORMAT_1)));
    expect(kept.map((entries) => entries.get('kept/a'))).toEqual(['first', 'second']);
  });

  test.each([0, 100, 1_000, 3_000, 10_000])(
    'a process killed %s turns into a migration loses nothing',
    async (turns) => {
      const config = newStore();
      const { before, after } = entriesOf(3_000);
      const old = await open(config, FORMAT_1);
      await fill(old.store, before);
      await old.store.close();
      const child = await startStoreChild('migrate', config);
      await child.nextLine();
      for (let turn = 0; turn < turns; turn += 1) await setImmediate();
      await child.kill();
      await untilLetGo(config);
      const { store } = await open(config, FORMAT_4);
      expect(await contents(store)).toEqual(new Map(after));
      await store.close();
    },
  );
}

describe('a process that dies at any step of a migration', () => {
  test.each<StoreFault>(['before', 'after'])('loses nothing, be it %s the step is done', async (fault) => {
    const { before, after } = entriesOf(1_500);
    let deaths = 0;
    for (let step = 1; ; step += 1) {
      const storage = new KeyvStore(new MemoryStorage(), 'memory');
      await storage.setMany([[keys.meta, encodeMeta({ version: 1, createdAtMs: 0 })]]);
      await fill(storage, before);
      const store = createFailingStore(storage);
      const copies: ReadonlyMap<string, Json>[] = [];
      const run = async () =>
        migrate(store, decodeMeta((await storage.readMeta()) ?? null), FORMAT_4, async () => {
          copies.push(await contents(storage));
          return 'copy';
        });
      store.die(step, fault);
      const isDone = await run().then(
        () => true,
        () => false,
      );
      store.heal();
      await run();
      expect(await contents(storage)).toEqual(new Map(after));
      expect(decodeMeta((await storage.readMeta()) ?? null)).toEqual({ version: 4, createdAtMs: 0 });
      for (const copy of copies) expect(copy).toEqual(new Map(before));
      if (isDone) break;
      deaths += 1;
    }
    expect(deaths).toBeGreaterThan(10);
  });

  test('leaves a store that no program reads before an owner has gone on', async () => {
    const config = SQLITE.newStore();
    const { store } = await open(config, FORMAT_1);
    const meta = { version: 4, createdAtMs: 0, migration: { from: 2, copy: 'copy' } };
    await store.setMany([[keys.meta, encodeMeta(meta)]]);
    await store.close();
    await expect(open(config, FORMAT_1, 'read')).rejects.toThrow(/version 4.* up to 1/);
    await expect(open(config, FORMAT_4, 'read')).rejects.toThrow(
      'it has version 2, and this recording-notifier needs 4',
    );
    const again = await open(config, FORMAT_4);
    expect(again.migrated).toEqual({ from: 2, to: 4, copy: 'copy' });
    await again.store.close();
  });
});

test('a migration that changes its own entries once more is a mistake that is noticed', async () => {
  const store = new KeyvStore(new MemoryStorage(), 'memory');
  await store.setMany([
    [keys.meta, encodeMeta({ version: 1, createdAtMs: 0 })],
    ['a', 1],
  ]);
  const endless: StoreFormat = {
    version: 2,
    migrations: [{ from: 1, to: 2, change: (key, value) => [[key, `${value}!`]] }],
  };
  const meta = { version: 1, createdAtMs: 0 };
  await expect(migrate(store, meta, endless, async () => 'copy')).rejects.toThrow('leaves alone what it has made');
  expect((await store.getMany(['a'])).get('a')).toBe(1);
});

describeWith('redis', 'a copy on a server', () => {
  test('that a crash left half is made anew', async () => {
    const config = newAddress('redis');
    const { store } = await open(config, FORMAT_1);
    await store.setMany([['kept/a', 'x']]);
    await store.close();
    const half = { ...config, prefix: `${config.prefix}-v1-2026-11-28` };
    const left = await open(half, FORMAT_1);
    await left.store.setMany([['stale', 'x']]);
    await left.store.deleteMany([keys.meta]);
    await left.store.close();
    const { store: migrated } = await open(config, FORMAT_4);
    await migrated.close();
    expect(await contentsOf(half, FORMAT_1)).toEqual(new Map([['kept/a', 'x']]));
  });
});
