import type { HttpClient } from '../ports.js';
import type { DrainPorts } from './drain.js';
import type { ArchivePlace } from './place.js';

/** Brings recordings into an archive for a drain: what no other recording would fare better with ends all of it. */
export function createCarrier(place: ArchivePlace, http: HttpClient): DrainPorts['carry'] {
  return async (recording, link, signal, received) => {
    let here: number | undefined;
    const result = await place.carry(recording, link, {
      http,
      signal,
      received: (bytes) => {
        // At first it tells what an earlier attempt has left; after a restart it is less than before.
        if (here !== undefined) received(Math.max(0, bytes - here));
        here = bytes;
      },
    });
    if (result.kind === 'archived') return result;
    if (result.cause?.isForAll) throw result.cause;
    return { kind: 'failed', detail: result.detail };
  };
}
