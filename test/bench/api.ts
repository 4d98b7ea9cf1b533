import { type FakeApi, startFakeApi } from '../../src/fake/api.js';
import { systemClock } from '../../src/system.js';
import { serve } from './serve.js';

/** The platform, in a process of its own. */

let api: FakeApi;
/** Of the first request since {@link apiDeeds.watch}, of the wall clock; undefined: none came. */
let firstMs: number | undefined;
const oldestMs = Date.UTC(2024, 0, 1);

export const apiDeeds = serve({
  /** @returns its URL */
  async open(count: number): Promise<string> {
    const recordings = Array.from({ length: count }, (_, n) => ({
      status: 'available',
      createdAt: new Date(oldestMs + n * 1_000).toISOString(),
    }));
    const onRequest = () => {
      firstMs ??= performance.timeOrigin + performance.now();
    };
    api = await startFakeApi({ clock: systemClock, recordings, onRequest });
    return api.url;
  },
  watch(): void {
    firstMs = undefined;
  },
  firstAtMs(): number {
    if (firstMs === undefined) throw new Error('no request came');
    return firstMs;
  },
  add(count: number): void {
    for (let n = 0; n < count; n += 1) api.recordings.add({ status: 'available' });
    // It is put in order now, and not at the cost of whoever asks first.
    api.recordings.rows();
  },
});
