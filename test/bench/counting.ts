import type { HttpClient, Store } from '../../src/ports.js';

export interface Counts {
  requests: number;
  bytes: number;
  reads: number;
  writes: number;
}

export function noCounts(): Counts {
  return { requests: 0, bytes: 0, reads: 0, writes: 0 };
}

export function countingHttp(http: HttpClient, counts: Counts): HttpClient {
  return {
    ...http,
    async request(request) {
      const answer = await http.request(request);
      counts.requests += 1;
      if (answer.kind === 'answer') counts.bytes += answer.body.length;
      return answer;
    },
  };
}

export function countingStore(store: Store, counts: Counts): Store {
  return {
    label: store.label,
    getMany(keys) {
      counts.reads += 1;
      return store.getMany(keys);
    },
    getUnlike(keys, like) {
      counts.reads += 1;
      return store.getUnlike(keys, like);
    },
    setMany(entries) {
      counts.writes += 1;
      return store.setMany(entries);
    },
    deleteMany(keys) {
      counts.writes += 1;
      return store.deleteMany(keys);
    },
    replaceMany(entries, gone) {
      counts.writes += 1;
      return store.replaceMany(entries, gone);
    },
    scan(prefix) {
      counts.reads += 1;
      return store.scan(prefix);
    },
    close: () => store.close(),
  };
}
