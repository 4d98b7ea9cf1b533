import type { apiDeeds } from './api.js';
import type { Child } from './child.js';
import type { receiverDeeds } from './receiver.js';

/** A process that polls when it is told to, and sends what is new. */
export interface Contender {
  readonly name: string;
  poll(): Promise<void>;
}

export interface Race {
  readonly api: Child<typeof apiDeeds>;
  readonly receiver: Child<typeof receiverDeeds>;
  readonly contenders: readonly Contender[];
  /** New recordings in each round. */
  readonly news: number;
  readonly rounds: number;
  /** Not counted: code is compiled while they run. */
  readonly roundsBefore: number;
}

/** From a poll's first request to the last webhook, in ms: for each contender, in each round. Another one begins each time. */
export async function race({ api, receiver, contenders, news, rounds, roundsBefore }: Race): Promise<number[][]> {
  const tookMs: number[][] = contenders.map(() => []);
  for (let round = 0; round < roundsBefore + rounds; round += 1) {
    await api.add(news);
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const index = (round + turn) % contenders.length;
      await api.watch();
      const last = receiver.nth(news);
      await contenders[index]?.poll();
      const ms = (await last) - (await api.firstAtMs());
      if (round >= roundsBefore) tookMs[index]?.push(ms);
    }
  }
  return tookMs;
}
