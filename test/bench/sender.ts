import { assemble } from '../../src/assemble.js';
import type { Notifier } from '../../src/notifier.js';
import { type Cost, costOf } from './measure.js';
import { openParts, silentLog } from './program.js';
import { serve } from './serve.js';
import { type SinkKind, sinkTo } from './sink.js';

/** Delivers as the program does, with its outbox on SQLite. */

let notifier: Notifier;
/** When the latest answers came, of the list and of receivers. */
const answeredAtMs = { list: 0, receiver: 0 };

export const senderDeeds = serve({
  /** Past its first poll, and sending nothing. @param deadUrl of a second sink, where nobody answers */
  async open(apiUrl: string, kind: SinkKind, url: string, deadUrl?: string): Promise<void> {
    const dead = deadUrl === undefined ? {} : { dead: sinkTo('webhook', deadUrl) };
    const { config, store, http } = await openParts(apiUrl, { out: sinkTo(kind, url), ...dead });
    const timed: typeof http = {
      ...http,
      async request(request) {
        const answer = await http.request(request);
        answeredAtMs[request.method === 'GET' ? 'list' : 'receiver'] = performance.now();
        return answer;
      },
    };
    notifier = assemble(config, { store, http: timed, log: silentLog, print: async () => undefined });
    await notifier.load();
    await notifier.pollAll();
  },
  /** Sends what is new as it comes. */
  async poll(): Promise<void> {
    notifier.dispatcher.open(Number.POSITIVE_INFINITY);
    await notifier.pollAll();
    await notifier.attemptDue();
  },
  /** Polls what is new into the outbox, and only then sends it: the cost of sending, to the last note of it in the store. */
  async drain(count: number): Promise<Cost> {
    await notifier.pollAll();
    const before = notifier.dispatcher.ends.count('delivered');
    const cost = await costOf(() => notifier.attemptDue());
    const delivered = notifier.dispatcher.ends.count('delivered') - before;
    if (delivered !== count) throw new Error(`${delivered} of ${count} were delivered`);
    return cost;
  },
  /** @returns from the answer of the list to the last answer of a receiver */
  async tell(count: number): Promise<number> {
    const wanted = notifier.dispatcher.ends.count('delivered') + count;
    notifier.dispatcher.open(Number.POSITIVE_INFINITY);
    await notifier.pollAll();
    const toldMs = answeredAtMs.list;
    await notifier.attemptDue();
    if (notifier.dispatcher.ends.count('delivered') !== wanted) throw new Error(`not all of ${count} were delivered`);
    return answeredAtMs.receiver - toldMs;
  },
});
