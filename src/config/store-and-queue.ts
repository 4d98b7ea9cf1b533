import type { QueueConfig, StoreConfig } from './config.js';
import { readServerUrl } from './store-url.js';

/** What the texts of `store` and `queue` say, once their schemas have let them pass. */

export function storeOf(text: string): StoreConfig {
  if (text === 'memory') return { kind: 'memory' };
  const address = readServerUrl(text);
  if (address !== undefined && 'kind' in address) return address;
  return { kind: 'sqlite', file: text.slice('sqlite:'.length) };
}

export function queueOf(text: string, store: string): QueueConfig | undefined {
  const [address, beside] = [readServerUrl(text), storeOf(store)];
  if (address === undefined || !('kind' in address) || beside.kind !== 'redis') return undefined;
  const prefix = new URL(text).searchParams.get('prefix') ?? beside.prefix;
  return { ...address, kind: 'redis', prefix };
}

/** What is wrong with a queue for many processes beside a store that elects none of them. */
export function lonelyQueue(queue: string, store: string): string | undefined {
  if (queue === 'embedded' || /^rediss?:/.test(store)) return undefined;
  return 'needs a store on Redis, which says which of the processes leads; set store to redis://host:6379/0, best on the same server';
}
