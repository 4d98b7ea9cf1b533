import type { ServerAddress } from '../../src/config/store-url.js';
import { OwnedError, OwnershipLostError, StoreMissingError } from '../../src/store/errors.js';
import { keys } from '../../src/store/keys.js';
import { hasOwner, openStore, type StoreMode } from '../../src/store/open.js';
import { systemClock } from '../../src/system.js';
import { collect } from '../support/collect.js';
import { createManualClock } from '../support/manual-clock.js';
import { startRedis } from '../support/redis-process.js';
import { startStoreChild } from '../support/store-child.js';
import {
  addressOf,
  cleanServers,
  describeWith,
  dropConnectionOf,
  lockRecord,
  newAddress,
  settle,
  untilLetGo,
} from '../support/store-servers.js';
import { turn } from '../support/turn.js';

const deps = { clock: systemClock, cwd: '/', host: 'host-a', pid: 17 };

afterAll(cleanServers);

function open(address: ServerAddress, mode: StoreMode = 'own') {
  return openStore(address, mode, deps);
}

for (const kind of ['redis', 'postgres'] as const) {
  describeWith(kind, kind, () => {
    test('the first owner makes the store, and says so once', async () => {
      const address = newAddress(kind);
      const first = await open(address);
      expect(first.created).toBe(true);
      expect(first.store.label).toBe(address.label);
      await first.store.setMany([['a', 1]]);
      await first.store.close();
      const second = await open(address);
      expect(second.created).toBe(false);
      expect((await second.store.getMany(['a'])).get('a')).toBe(1);
      await second.store.close();
    });

    test.each(['read', 'request'] as const)('%s makes no store', async (mode) => {
      const address = newAddress(kind);
      await expect(open(address, mode)).rejects.toThrow(StoreMissingError);
      expect(await hasOwner(address, deps)).toBe(false);
      await expect(open(address, mode)).rejects.toThrow(StoreMissingError);
    });

    test('beside an owner, a reader sees what is committed and a request arrives', async () => {
      const address = newAddress(kind);
      const owner = await open(address);
      const reader = await open(address, 'read');
      const requester = await open(address, 'request');
      await owner.store.setMany([['a', 1]]);
      await requester.store.setMany([[keys.request(0), 'redeliver']]);
      expect((await reader.store.getMany(['a'])).get('a')).toBe(1);
      expect((await owner.store.getMany([keys.request(0)])).get(keys.request(0))).toBe('redeliver');
      await expect(reader.store.setMany([['a', 2]])).rejects.toThrow('read-only');
      for (const { store } of [requester, owner, reader]) await store.close();
    });

    test('two prefixes on one server are two stores', async () => {
      const [one, other] = [await open(newAddress(kind)), await open(newAddress(kind))];
      await one.store.setMany([['a', 1]]);
      expect((await other.store.getMany(['a'])).size).toBe(0);
      await one.store.close();
      await other.store.close();
    });

    test('a prefix that another one begins with is a store of its own', async () => {
      const address = newAddress(kind);
      const [one, other] = [await open(address), await open({ ...address, prefix: `${address.prefix}-a` })];
      await one.store.setMany([['a', 1]]);
      await other.store.setMany([['b', 2]]);
      expect((await collect(one.store.scan(''))).map(([key]) => key).sort()).toEqual(['a', keys.meta, keys.owner]);
      await one.store.close();
      await other.store.close();
    });

    test('of many who want it at once, one becomes the owner', async () => {
      const address = newAddress(kind);
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => open(address)));
      const owners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      expect(owners).toHaveLength(1);
      for (const error of errors) expect(error).toBeInstanceOf(OwnedError);
      await owners[0]?.store.close();
    });

    test('the same process cannot own a store twice', async () => {
      const address = newAddress(kind);
      const { store } = await open(address);
      await expect(open(address)).rejects.toThrow(OwnedError);
      expect(await hasOwner(address, deps)).toBe(true);
      await store.close();
      expect(await hasOwner(address, deps)).toBe(false);
      await (await open(address)).store.close();
    });

    test('another process is told who has it, and gets it when that one ends', async () => {
      const address = newAddress(kind);
      const child = await startStoreChild('hold', address);
      await child.nextLine();
      const error = await open(address).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ name: 'OwnedError', owner: { host: 'child-host', pid: child.pid } });
      await child.end();
      expect(await hasOwner(address, deps)).toBe(false);
      await (await open(address)).store.close();
    });

    test('a killed owner loses it, and what it committed is there', async () => {
      const address = newAddress(kind);
      const child = await startStoreChild('hold', address);
      await child.nextLine();
      await child.kill();
      await untilLetGo(address);
      const { store, created } = await open(address);
      expect(created).toBe(false);
      expect((await store.getMany(['sink/held'])).get('sink/held')).toBe('committed');
      await store.close();
    });
  });
}

describeWith('postgres', 'a connection to PostgreSQL that drops', () => {
  test('is made again, and the store goes on as its owner', async () => {
    const address = newAddress('postgres');
    const { store } = await open(address);
    await store.setMany([['a', 1]]);
    await dropConnectionOf(address);
    await settle(() => store.setMany([['a', 2]]));
    expect((await store.getMany(['a'])).get('a')).toBe(2);
    await expect(open(address)).rejects.toThrow(OwnedError);
    await store.close();
  });

  test('ends the owner when another process had the store meanwhile', async () => {
    const address = newAddress('postgres');
    const { store, lost } = await open(address);
    await dropConnectionOf(address);
    const other = await open(address);
    await settle(() => expect(store.setMany([['a', 2]])).rejects.toThrow('taken the store over'));
    expect(await lost).toBeInstanceOf(OwnershipLostError);
    await other.store.close();
    await expect(store.setMany([['a', 2]])).rejects.toThrow('taken the store over');
    await store.close();
  });
});

describeWith('postgres', 'an owner whose connection dropped', () => {
  test('is not one again when another process has come and gone meanwhile', async () => {
    const address = newAddress('postgres');
    const { store, lost } = await open(address);
    await dropConnectionOf(address);
    const other = await open(address);
    await other.store.setMany([['a', 'of the other']]);
    await other.store.close();
    await settle(() => expect(store.setMany([['a', 2]])).rejects.toThrow('taken the store over'));
    expect(await lost).toBeInstanceOf(OwnershipLostError);
    await store.close();
    const third = await open(address);
    expect((await third.store.getMany(['a'])).get('a')).toBe('of the other');
    await third.store.close();
  });
});

describeWith('postgres', 'a PostgreSQL that hangs', () => {
  test('fails the write in time, and the store goes on when it does', async () => {
    const clock = createManualClock();
    const address = newAddress('postgres');
    const { store } = await openStore(address, 'own', { ...deps, clock });
    await store.setMany([['a', 1]]);
    const unlock = await lockRecord(address, 'a');
    const writes = [store.setMany([['a', 2]]), store.setMany([['b', 2]])];
    const results = Promise.allSettled(writes);
    await turn();
    clock.advance(10_000);
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(writes[0]).rejects.toThrow('did not answer within 10 s');
    await unlock();
    await settle(() => store.setMany([['a', 3]]));
    expect(Object.fromEntries(await store.getMany(['a', 'b']))).toEqual({ a: 3 });
    await store.close();
  });
});

describeWith('redis', 'a lease in Redis', () => {
  test('that could not be renewed in time stops writing, until it is renewed', async () => {
    const clock = createManualClock();
    const address = newAddress('redis');
    const { store } = await openStore(address, 'own', { ...deps, clock });
    clock.advance(4_999);
    await store.setMany([['a', 1]]);
    clock.advance(5_001);
    await expect(store.setMany([['a', 2]])).rejects.toThrow('nothing is written until it is');
    await settle(() => store.getMany(['a']));
    await settle(() => {
      clock.advance(1_000);
      return store.setMany([['a', 3]]);
    });
    expect((await store.getMany(['a'])).get('a')).toBe(3);
    await store.close();
  });

  test('that another process has taken ends its owner', async () => {
    const clock = createManualClock();
    const address = newAddress('redis');
    const { store, lost } = await openStore(address, 'own', { ...deps, clock });
    await untilLetGo(address);
    const other = await openStore(address, 'own', { ...deps, host: 'host-b' });
    clock.advance(5_000);
    const error = await lost;
    expect(error).toBeInstanceOf(OwnershipLostError);
    expect(String(error)).toContain('process 17 on host-b since');
    await expect(store.setMany([['a', 2]])).rejects.toThrow('taken the store over');
    await store.close();
    expect(await hasOwner(address, deps)).toBe(true);
    await other.store.close();
  });
});

describeWith('redis', 'a Redis of its own', () => {
  test('goes away and comes back under an open store, which goes on', async () => {
    const redis = await startRedis();
    const { store } = await open(addressOf(redis.url));
    await store.setMany([['a', 1]]);
    await redis.kill();
    await expect(store.getMany(['a'])).rejects.toThrow('reading failed');
    await expect(store.setMany([['a', 2]])).rejects.toThrow('writing failed');
    await redis.restart();
    await settle(() => store.getMany(['a']));
    expect((await store.getMany(['a'])).get('a')).toBe(1);
    await store.setMany([['a', 3]]);
    await store.close();
    await redis.kill();
  });

  test('is killed in the middle of writes, and has each of them whole or not at all', async () => {
    const redis = await startRedis();
    const { store } = await open(addressOf(redis.url));
    const names = Array.from({ length: 1_000 }, (_, index) => `batch/${index}`);
    let acknowledged = 0;
    const writing = (async () => {
      for (let number = 1; ; number += 1) {
        await store.setMany(names.map((name) => [name, number]));
        acknowledged = number;
      }
    })();
    const failed = expect(writing).rejects.toThrow('writing failed');
    await settle(async () => expect(acknowledged).toBeGreaterThan(3));
    await redis.kill();
    await failed;
    await redis.restart();
    await settle(() => store.getMany([]));
    const found = new Set((await store.getMany(names)).values());
    expect(found.size).toBe(1);
    expect([acknowledged, acknowledged + 1]).toContain([...found][0]);
    await store.close();
    await redis.kill();
  });

  test('hangs, which fails what is asked in time, and goes on', async () => {
    const redis = await startRedis();
    const clock = createManualClock();
    const { store } = await openStore(addressOf(redis.url), 'own', { ...deps, clock });
    await store.setMany([['a', 1]]);
    redis.pause();
    const reading = store.getMany(['a']);
    await turn();
    clock.advance(5_000);
    await expect(reading).rejects.toThrow('did not answer within 5 s');
    redis.goOn();
    await settle(() => store.getMany(['a']));
    await store.setMany([['a', 2]]);
    await store.close();
    await redis.kill();
  });

  test('warns of what it may lose', async () => {
    const redis = await startRedis('--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru');
    const { store, warnings } = await open(addressOf(redis.url));
    expect(warnings).toEqual([expect.stringContaining('allkeys-lru'), expect.stringContaining('append-only')]);
    await store.close();
    await redis.kill();
    const good = await startRedis();
    const opened = await open(addressOf(good.url));
    expect(opened.warnings).toEqual([]);
    await opened.store.close();
    await good.kill();
  });

  test('that takes the connection and says nothing is not waited for', async () => {
    const redis = await startRedis();
    redis.pause();
    const clock = createManualClock();
    const opening = openStore(addressOf(redis.url), 'own', { ...deps, clock });
    await turn();
    clock.advance(5_000);
    await expect(opening).rejects.toThrow('did not answer within 5 s');
    redis.goOn();
    expect(await hasOwner(addressOf(redis.url), deps)).toBe(false);
    await redis.kill();
  });

  test('that is not there is an error in words', async () => {
    await expect(open(addressOf('redis://:secret@127.0.0.1:1/0'))).rejects.toThrow(
      /^redis:\/\/127\.0\.0\.1:1\/0: the store cannot be opened: nothing listens/,
    );
  });
});
