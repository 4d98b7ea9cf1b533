import { type FakeApi, startFakeApi } from '../../src/fake/api.js';
import { systemClock } from '../../src/system.js';
import { serve } from './serve.js';

/** The platform, in a process of its own. */

let api: FakeApi;
const firstMs = Date.UTC(2024, 0, 1);

export const apiDeeds = serve({
  /** @returns its URL */
  async open(count: number): Promise<string> {
    const recordings = Array.from({ length: count }, (_, n) => ({
      status: 'available',
      createdAt: new Date(firstMs + n * 1_000).toISOString(),
    }));
    api = await startFakeApi({ clock: systemClock, recordings });
    return api.url;
  },
  add(count: number): void {
    for (let n = 0; n < count; n += 1) api.recordings.add({ status: 'available' });
  },
});
