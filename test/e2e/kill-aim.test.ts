import { createDice } from '../sim/dice.js';
import { createStage } from '../support/stage.js';
import { cleanServers, describeWith } from '../support/store-servers.js';
import { NEW_DELIVERIES } from './kill-moments.js';
import { openScene } from './kill-scene.js';
import { openStagedStore } from './kill-stores.js';

/** That a kill in mid-write is one: the story of the kills would hold as well if it missed. */

const stage = createStage();

afterAll(cleanServers);

for (const kind of ['redis', 'postgres'] as const) {
  describeWith(kind, kind, () => {
    test.each([
      { name: 'before the server has it, is not stored', stop: 'request', isStored: false },
      { name: 'before its answer is passed on, is stored', stop: 'answer', isStored: true },
    ] as const)('a write that is stopped $name', async ({ stop, isStored }) => {
      const store = await openStagedStore(stage, kind);
      try {
        const scene = await openScene(stage, store.url, createDice(kind));
        const program = await scene.start();
        await stage.untilLog(program, /^first poll complete/);
        store.wire?.stopAt(stop, NEW_DELIVERIES);
        const id = scene.change();
        await stage.until('the write is stopped', () => store.wire?.hasStopped === true);
        program.kill('SIGKILL');
        await program.ended;
        await store.letGo();
        const { stdout } = await stage.run(['deliveries', '--json']);
        expect(stdout.some((line) => line.includes(id))).toBe(isStored);
        expect(scene.journal.arrivals).toEqual([]);
      } finally {
        await store.close();
      }
    });
  });
}
