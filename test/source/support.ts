import type { Recording } from '../../src/core/recording.js';
import type { NewRecording } from '../../src/fake/api-schema.js';
import { createHttpClient } from '../../src/http/client.js';
import type { Clock } from '../../src/ports.js';
import type { Page, Source, SourceError, WalkEnd } from '../../src/source/define.js';
import { superviz } from '../../src/source/superviz.js';
import { USER_AGENT } from '../../src/version.js';
import { createMemoryLog, type MemoryLog } from '../support/memory-log.js';
import { realClock } from '../support/real-clock.js';

export interface OpenedSource extends AsyncDisposable {
  readonly source: Source;
  readonly log: MemoryLog;
}

/**
 * The real source on the real client, with quick retries that do not make a test wait.
 *
 * @param written settings as they are written in YAML
 * @param requestClock of what a single request may take
 */
export function openSource(
  baseUrl: string,
  written: object = {},
  clock: Clock = realClock,
  requestClock: Clock = realClock,
): OpenedSource {
  const log = createMemoryLog();
  const http = createHttpClient({ privateAddresses: 'allow', clock: requestClock, userAgent: USER_AGENT });
  const settings = superviz.settings.parse({ baseUrl, auth: { clientId: 'id-7c1', secret: 'secret-9f2' }, ...written });
  const source = superviz.open({
    name: 'production',
    settings,
    http,
    clock,
    random: () => 0,
    log,
    quickRetryDelayMs: 1,
  });
  return { source, log, [Symbol.asyncDispose]: () => http.close() };
}

/** `r1` to the last, oldest first, each of a meeting of its own. */
export function many(count: number): NewRecording[] {
  return Array.from({ length: count }, (_, index) => ({ uuid: `r${index + 1}`, meetingId: `m${index + 1}` }));
}

export interface Walked {
  readonly recordings: readonly Recording[];
  readonly rejected: number;
  readonly end: WalkEnd;
}

export async function walkAll(source: Source, signal = new AbortController().signal): Promise<Walked> {
  const pages: Page[] = [];
  const walk = source.walk(signal);
  let step = await walk.next();
  for (; !step.done; step = await walk.next()) pages.push(step.value);
  return {
    recordings: pages.flatMap(({ recordings }) => recordings),
    rejected: pages.reduce((count, { rejected }) => count + rejected.count, 0),
    end: step.value,
  };
}

/** What a walk throws; with the recordings that it had shown before. */
export async function walkToError(source: Source, signal = new AbortController().signal) {
  const shown: Recording[] = [];
  try {
    for await (const { recordings } of source.walk(signal)) shown.push(...recordings);
  } catch (error) {
    return { error: error as SourceError, shown };
  }
  throw new Error('the walk came to its end');
}
