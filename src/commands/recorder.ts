import { lowerCaseNames } from '../http/headers.js';
import { basicAuthorization, parseTarget } from '../http/target.js';
import type { HttpClient } from '../ports.js';
import { USER_AGENT } from '../version.js';

/** A request that was not sent. */
export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface Recorder {
  readonly http: HttpClient;
  readonly requests: readonly RecordedRequest[];
}

/** A sink that asks again and again is no use to look at. */
const REQUESTS_MAX = 20;

/** A client that sends nothing and notes what it was asked for. It answers `200 ok`, which most services mean by a yes. */
export function createRecorder(): Recorder {
  const requests: RecordedRequest[] = [];

  function note(method: string, url: string, headers: Readonly<Record<string, string>>, body?: string): boolean {
    if (requests.length >= REQUESTS_MAX) return false;
    const target = parseTarget(url);
    const added = { ...(target && basicAuthorization(target)), 'user-agent': USER_AGENT };
    requests.push({ method, url, headers: { ...added, ...lowerCaseNames(headers) }, body });
    return true;
  }

  const refused = { kind: 'failure', reason: 'aborted', detail: 'nothing is sent' } as const;
  return {
    requests,
    http: {
      async request({ method, url, headers, body }) {
        if (!note(method, url, headers, body)) return refused;
        return { kind: 'answer', status: 200, headers: {}, body: Buffer.from('ok') };
      },
      async open({ url, headers }) {
        note('GET', url, headers);
        return refused;
      },
      connect: async () => undefined,
      close: async () => undefined,
    },
  };
}
