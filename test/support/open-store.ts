import type { Store } from '../../src/ports.js';
import { openStore } from '../../src/store/open.js';
import { realClock } from './real-clock.js';
import { temporaryFolder } from './temporary-folder.js';

/** The stores that there are; what is true on one has to be true on all. */
export const STORE_KINDS = ['memory', 'sqlite'] as const;
export type StoreKind = (typeof STORE_KINDS)[number];

/** A real store, empty and owned. */
export async function openTestStore(kind: StoreKind = 'memory', folder = temporaryFolder()): Promise<Store> {
  const config = kind === 'memory' ? { kind } : { kind, file: 'store.sqlite' };
  return (await openStore(config, 'own', { clock: realClock, cwd: folder, host: 'test', pid: 1 })).store;
}
