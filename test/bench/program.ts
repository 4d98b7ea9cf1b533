import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { createConfiguredHttp, openStoreOf } from '../../src/assemble.js';
import type { Config } from '../../src/config/config.js';
import { loadTree } from '../../src/config/load.js';
import { objectTree } from '../../src/config/object.js';
import { formatProblem } from '../../src/config/problem.js';
import type { HttpClient, Log, Store } from '../../src/ports.js';
import { thisProcess } from '../../src/system.js';

/** Once a year: polls are made by hand. */
const NEVER = '0 0 0 1 1 *';

export const silentLog: Log = { debug() {}, info() {}, warn: complain, error: complain };

export interface Parts {
  readonly config: Config;
  /** On SQLite, in a new file, unless `STORE` has the URL of another one. */
  readonly store: Store;
  readonly http: HttpClient;
}

/** What the program is made of, as its command line makes it. */
export async function openParts(apiUrl: string, sinks: object): Promise<Parts> {
  const folder = mkdtempSync(join(import.meta.dirname, '../../store-'));
  const auth = { clientId: 'client', secret: 'secret' };
  const paging = { size: 100, maxPages: 20_000 };
  const config = configOf({
    sources: { main: { baseUrl: apiUrl, auth, paging, schedule: NEVER, whileProcessing: 'off', fullWalk: NEVER } },
    sinks,
    store: process.env['STORE'] ?? `sqlite:${join(folder, 'notifier.sqlite')}`,
    delivery: { floodLimit: 1_000_000 },
    server: { listen: 'off' },
  });
  const ours = thisProcess({ isOurs: false });
  const { store } = await openStoreOf(config, 'own', ours);
  return { config, store, http: createConfiguredHttp(config, ours) };
}

function configOf(written: object): Config {
  const loaded = loadTree(objectTree(written, 'bench'));
  if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return loaded.config;
}

/** What is measured goes well, or is not worth measuring. */
function complain(fields: object, message: string): void {
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
}
