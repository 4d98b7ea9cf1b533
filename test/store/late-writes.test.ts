import { openStore } from '../../src/store/open.js';
import { systemClock } from '../../src/system.js';
import { createManualClock } from '../support/manual-clock.js';
import { type SlowNetwork, startSlowNetwork } from '../support/slow-network.js';
import { startStoreChild } from '../support/store-child.js';
import { addressOf, cleanServers, describeWith, newAddress, settle, untilLetGo } from '../support/store-servers.js';
import { turn } from '../support/turn.js';

/** A write that was reported as failed, or whose process was stopped, may still arrive: it must not undo what came after it. */

const PORTS = { redis: 6379, postgres: 5432 } as const;
const CALL_TIMEOUT_MS = { redis: 5_000, postgres: 10_000 } as const;

afterAll(cleanServers);

for (const kind of ['redis', 'postgres'] as const) {
  describeWith(kind, `a write to ${kind} that the network holds up`, () => {
    let network: SlowNetwork;
    beforeEach(async () => {
      network = await startSlowNetwork(PORTS[kind]);
    });
    afterEach(() => network.close());

    /** The same store, over the slow network and directly. */
    function addresses() {
      const direct = newAddress(kind);
      const slow = new URL(direct.url);
      slow.port = String(network.port);
      slow.searchParams.set('prefix', direct.prefix);
      return { direct, slow: addressOf(slow.href) };
    }

    test.each([
      { name: 'the next write', deleted: [] },
      { name: 'the next deletion', deleted: ['a'] },
    ])('does not come after $name', async ({ deleted }) => {
      const clock = createManualClock();
      const { direct, slow } = addresses();
      const { store, lost } = await openStore(slow, 'own', { clock, cwd: '/', host: 'slow', pid: 1 });
      await store.setMany([['a', 'before']]);
      network.hold();
      const writing = store.setMany([['a', 'late']]);
      await network.held;
      await turn();
      clock.advance(CALL_TIMEOUT_MS[kind]);
      await expect(writing).rejects.toThrow('did not answer within');
      if (kind === 'postgres') await network.release(); // Until then the server holds the lock of the old connection.
      await settle(() => store.setMany([['a', 'after']]));
      await store.deleteMany(deleted);
      if (kind === 'redis') await network.release();
      const reader = await openStore(direct, 'read', { clock: systemClock, cwd: '/', host: 'reader', pid: 2 });
      expect((await reader.store.getMany(['a'])).get('a')).toBe(deleted.length === 0 ? 'after' : undefined);
      await reader.store.close();
      expect(await Promise.race([lost, 'still the owner'])).toBe('still the owner');
      await store.close();
    });

    test('does not come after another owner’s', async () => {
      const clock = createManualClock();
      const { direct, slow } = addresses();
      const { store } = await openStore(slow, 'own', { clock, cwd: '/', host: 'slow', pid: 1 });
      await store.setMany([['a', 'before']]);
      network.hold();
      const writing = store.setMany([['a', 'late']]).catch((error: unknown) => error);
      await network.held;
      if (kind === 'postgres') await network.release();
      await untilLetGo(direct);
      const other = await openStore(direct, 'own', { clock: systemClock, cwd: '/', host: 'other', pid: 2 });
      await other.store.setMany([['a', 'of the other']]);
      if (kind === 'redis') await network.release();
      expect(await writing).toEqual(kind === 'redis' ? expect.any(Error) : undefined);
      expect((await other.store.getMany(['a'])).get('a')).toBe('of the other');
      await other.store.close();
      await store.close();
    });
  });
}

describeWith('redis', 'a process that was stopped for longer than its lease in Redis', () => {
  test('writes nothing when it goes on', async () => {
    const address = newAddress('redis');
    const child = await startStoreChild('write', address, 3);
    await child.nextLine();
    child.pause();
    await untilLetGo(address);
    const { store } = await openStore(address, 'own', { clock: systemClock, cwd: '/', host: 'other', pid: 2 });
    const keys = [0, 1, 2].map((index) => `batch/${index}`);
    await store.setMany(keys.map((key) => [key, 'of the other']));
    child.goOn();
    expect(await child.failed()).toContain('another process has taken the store over');
    expect([...(await store.getMany(keys)).values()]).toEqual(['of the other', 'of the other', 'of the other']);
    await store.close();
  });
});
