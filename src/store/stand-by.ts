import type { ServerAddress } from '../config/store-url.js';
import { withTimeout } from './deadline.js';
import { OwnedError, StoreVersionError } from './errors.js';
import { type OpenedStore, openStore, originOf, type StoreDependencies } from './open.js';
import { openServer, type ServerStore } from './open-server.js';
import type { Owner } from './records.js';

const LOOK_MS = 500;

export interface StandByPorts extends StoreDependencies {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Somebody owns the store; undefined: it is not known who. Called at every look. */
  readonly owned: (owner: Owner | undefined) => void;
  /** The store could not be looked at; it is tried on. */
  readonly trouble: (error: unknown) => void;
}

/**
 * Owns the store as soon as nobody else does, however long that takes; undefined when it was told to end before.
 *
 * Throws what keeps it from a first try, as `openStore` does, and a {@link StoreVersionError} at any time.
 */
export async function standBy(address: ServerAddress, ports: StandByPorts): Promise<OpenedStore | undefined> {
  const { clock, signal, owned, trouble } = ports;
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  let server: ServerStore | undefined;
  let isFirst = true;

  /** One connection stays, and is asked whether the owner lives. */
  async function look(): Promise<OpenedStore | undefined> {
    if (!isFirst) server ??= await openServer(address, 'read', ports);
    if (server === undefined || !(await server.isOwned())) return openStore(address, 'own', ports);
    // Who is just making it has not signed it yet.
    const { owner } = await originOf(server.store).catch(() => ({ owner: undefined }));
    owned(owner);
    return undefined;
  }

  try {
    while (!signal.aborted) {
      try {
        const opened = await look();
        if (opened !== undefined) return opened;
      } catch (error) {
        if (error instanceof OwnedError) owned(error.owner);
        else if (isFirst || error instanceof StoreVersionError) throw error;
        else trouble(error);
      }
      isFirst = false;
      await withTimeout(clock, LOOK_MS, stopped).catch(() => undefined);
    }
    return undefined;
  } finally {
    await server?.store.close().catch(() => undefined); // Nothing was written by it.
  }
}
