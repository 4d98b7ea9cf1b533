import { type FakeApi, startFakeApi } from '../../src/fake/api.js';
import { systemClock } from '../../src/system.js';
import { serve } from './serve.js';

/** The platform, in a process of its own. */

let api: FakeApi;
/** Requests since {@link apiDeeds.watch}, with the first and the last of them, of the wall clock. */
let seen = { count: 0, firstMs: 0, lastMs: 0 };
const oldestMs = Date.UTC(2024, 0, 1);

export const apiDeeds = serve({
  /** @returns its URL */
  async open(count: number): Promise<string> {
    const recordings = Array.from({ length: count }, (_, n) => ({
      status: 'available',
      createdAt: new Date(oldestMs + n * 1_000).toISOString(),
    }));
    const onRequest = () => {
      const nowMs = performance.timeOrigin + performance.now();
      seen = { count: seen.count + 1, firstMs: seen.count === 0 ? nowMs : seen.firstMs, lastMs: nowMs };
    };
    api = await startFakeApi({ clock: systemClock, recordings, onRequest });
    return api.url;
  },
  watch(): void {
    seen = { count: 0, firstMs: 0, lastMs: 0 };
  },
  seen: () => seen,
  firstAtMs(): number {
    if (seen.count === 0) throw new Error('no request came');
    return seen.firstMs;
  },
  add(count: number): void {
    for (let n = 0; n < count; n += 1) api.recordings.add({ status: 'available' });
    // It is put in order now, and not at the cost of whoever asks first.
    api.recordings.rows();
  },
});
