import { openPolledSource, type PolledSource } from '../../src/engine/polled-source.js';
import { type PollerPorts, poll } from '../../src/engine/poller.js';
import { createUrls } from '../../src/engine/urls.js';
import { createLedger } from '../../src/store/ledger.js';
import { sha256, systemClock, systemRandom } from '../../src/system.js';
import { type Counts, countingHttp, countingStore, noCounts } from './counting.js';
import { type Cost, costOf, memoryNow } from './measure.js';
import { openParts, silentLog } from './program.js';
import { serve } from './serve.js';

/** Polls as the program does, on SQLite. */

let polled: PolledSource;
let ports: PollerPorts;
const counts = noCounts();

/** Of one poll. */
export interface WalkCost extends Cost, Counts {}

export const walkerDeeds = serve({
  async open(apiUrl: string): Promise<void> {
    const { config, store, http } = await openParts(apiUrl, { out: { type: 'stdout' } });
    const ledger = createLedger(countingStore(store, counts));
    const own = { clock: systemClock, random: systemRandom, http: countingHttp(http, counts), log: silentLog };
    const [source] = config.sources;
    if (source === undefined) throw new Error('the config has no source');
    polled = openPolledSource(source, own);
    ports = {
      ...own,
      ledger,
      sha256,
      urls: createUrls({ source: () => polled, clock: systemClock, random: systemRandom }),
      sinks: () => config.sinks,
      floodLimit: () => config.floodLimit,
      expect: () => () => undefined,
      offer: () => undefined,
      doubt: () => undefined,
      tell: () => undefined,
    };
  },
  /** @param times polls in a row, where one alone is too short to be measured */
  async walk(isFull: boolean, times = 1): Promise<WalkCost> {
    Object.assign(counts, noCounts());
    const { wallMs, cpuMs } = await costOf(async () => {
      for (let n = 0; n < times; n += 1) await pollOnce(isFull);
    });
    const each = Object.entries(counts).map(([name, count]) => [name, count / times]);
    return { wallMs: wallMs / times, cpuMs: cpuMs / times, ...(Object.fromEntries(each) as Counts) };
  },
  memory: memoryNow,
});

async function pollOnce(isFull: boolean): Promise<void> {
  polled.walks.isFullDue = isFull;
  const { result, reason } = await poll(polled, ports, new AbortController().signal);
  if (result !== 'complete') throw new Error(`the poll is ${result}: ${reason}`);
}
