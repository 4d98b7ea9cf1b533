import { openStore } from '../../src/store/open.js';
import { systemClock } from '../../src/system.js';
import { cleanServers, describeWith, newAddress } from '../support/store-servers.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { describeStore } from './conformance.js';

const deps = { clock: systemClock, cwd: '/', host: 'here', pid: 1 };

afterAll(cleanServers);

describeStore('memory', async () => (await openStore({ kind: 'memory' }, 'own', deps)).store);

describeStore('sqlite', async () => {
  const cwd = temporaryFolder();
  return (await openStore({ kind: 'sqlite', file: 'store.sqlite' }, 'own', { ...deps, cwd })).store;
});

for (const kind of ['redis', 'postgres'] as const) {
  describeWith(kind, `on a server: ${kind}`, () => {
    describeStore(kind, async () => (await openStore(newAddress(kind), 'own', deps)).store);
  });
}
