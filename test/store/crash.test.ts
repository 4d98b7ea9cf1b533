import { setImmediate } from 'node:timers/promises';
import type { StoreConfig } from '../../src/config/config.js';
import { openStore } from '../../src/store/open.js';
import { systemClock } from '../../src/system.js';
import { collect } from '../support/collect.js';
import { startStoreChild } from '../support/store-child.js';
import { cleanServers, describeWith, newAddress, untilLetGo } from '../support/store-servers.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** A large batch is killed on its way, a small one in its commit; the turns that the event loop makes first spread the moments. */
const KILLS = [
  { size: 1_000, turns: 0 },
  { size: 1_000, turns: 2_000 },
  { size: 1_000, turns: 8_000 },
  { size: 1_000, turns: 32_000 },
  { size: 300, turns: 500 },
  { size: 300, turns: 2_000 },
  { size: 300, turns: 8_000 },
  { size: 100, turns: 10 },
  { size: 100, turns: 100 },
  { size: 30, turns: 10 },
  { size: 10, turns: 10 },
  { size: 3, turns: 1 },
];

afterAll(cleanServers);

const newFile = (): StoreConfig => ({ kind: 'sqlite', file: `${temporaryFolder()}/store.sqlite` });

describe('sqlite', () => heldToIt(newFile, KILLS));
for (const kind of ['redis', 'postgres'] as const) {
  describeWith(kind, kind, () =>
    heldToIt(
      () => newAddress(kind),
      KILLS.filter(({ turns }) => turns >= 100 || turns === 1),
    ),
  );
}

function heldToIt(newStore: () => StoreConfig, kills: typeof KILLS): void {
  test.each(kills)(
    'a write of $size, killed after $turns turns, is not torn, and nothing acknowledged is lost',
    async (kill) => {
      const config = newStore();
      for (const acknowledgements of [1, 2]) {
        const child = await startStoreChild('write', config, kill.size);
        for (let count = 0; count < acknowledgements; count += 1) await child.nextLine();
        for (let turn = 0; turn < kill.turns; turn += 1) await setImmediate();
        const acknowledged = Number(await child.kill());
        // A server may commit the last write after its client has died, between two pages of a scan.
        await untilLetGo(config);
        const found = await numbersIn(config);
        expect(found).toHaveLength(kill.size);
        expect(new Set(found).size).toBe(1);
        expect(found[0]).toBeGreaterThanOrEqual(acknowledged);
      }
    },
  );

  test('the check can fail: entries that are written one by one are torn', async () => {
    const config = newStore();
    const child = await startStoreChild('tear', config, 100);
    await child.nextLine();
    expect(await child.nextLine()).toBe('torn');
    await child.kill();
    expect(new Set(await numbersIn(config)).size).toBe(2);
  });
}

/** The number of the write that each entry is from. */
async function numbersIn(config: StoreConfig): Promise<number[]> {
  const deps = { clock: systemClock, cwd: '/', host: 'here', pid: 1 };
  const { store } = await openStore(config, 'read', deps);
  const entries = await collect(store.scan('batch/'));
  await store.close();
  return entries.map(([, value]) => (value as { number: number }).number);
}
