import { type OpenedStore, openStore } from '../../src/store/open.js';
import { collect } from '../support/collect.js';
import { realClock } from '../support/real-clock.js';
import { startStoreChild } from '../support/store-child.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** A small batch is killed in its commit, a large one on the way to it. */
const BATCH_SIZES = [1_000, 1_000, 300, 300, 100, 100, 30, 30, 10, 10, 3, 3];

test('a process killed inside the one write tears nothing and loses nothing that it acknowledged', async () => {
  for (const [index, size] of BATCH_SIZES.entries()) {
    const file = `${temporaryFolder()}/store.sqlite`;
    for (const acknowledgements of [1, 2 + (index % 2)]) {
      const { found, acknowledged } = await writeAndKill('write', file, size, acknowledgements);
      expect(found).toHaveLength(size);
      expect(new Set(found).size).toBe(1);
      expect(found[0]).toBeGreaterThanOrEqual(acknowledged);
    }
  }
});

test('the check can fail: entries that are written one by one are torn', async () => {
  const file = `${temporaryFolder()}/store.sqlite`;
  const { found } = await writeAndKill('tear', file, 1_000, 1);
  const { found: foundAgain } = await writeAndKill('tear', file, 1_000, 1);
  expect(new Set(found).size + new Set(foundAgain).size).toBeGreaterThan(2);
});

async function writeAndKill(command: 'write' | 'tear', file: string, size: number, acknowledgements: number) {
  const child = await startStoreChild(command, file, size);
  for (let count = 0; count < acknowledgements; count += 1) await child.nextLine();
  const acknowledged = Number(await child.kill());
  return { acknowledged, found: await numbersIn(file) };
}

/** The number of the write that each entry is from. */
async function numbersIn(file: string): Promise<number[]> {
  const deps = { clock: realClock, cwd: '/', host: 'here', pid: 1 };
  const { store }: OpenedStore = await openStore({ kind: 'sqlite', file }, 'read', deps);
  const entries = await collect(store.scan('batch/'));
  await store.close();
  return entries.map(([, value]) => (value as { number: number }).number);
}
