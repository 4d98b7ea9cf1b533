import { z } from 'zod';
import { createConfiguredHttp } from '../assemble.js';
import type { Config, ServerConfig } from '../config/config.js';
import { timeFromNow } from '../core/time-words.js';
import type { HttpAnswer, HttpFailure } from '../ports.js';
import { systemClock } from '../system.js';
import { type Check, fail, looked, ok, warn } from './doctor-report.js';

const REQUEST_MS_MAX = 5_000;
/** As /readyz has it. */
const OVERDUE_SECONDS = 300;
const BODY_BYTES_MAX = 1_000_000;

const ready = z.looseObject({
  ready: z.boolean(),
  reasons: z.array(z.string()),
  notices: z.array(z.string()).default([]),
});

/** Of `/api/status`, by whatever version it is answered. */
const status = z.looseObject({
  sources: z.array(
    z.looseObject({
      name: z.string(),
      state: z.string(),
      words: z.string(),
      since: z.string().nullable().default(null),
      lastPollAt: z.string().nullable(),
      nextPollAt: z.string().nullable().default(null),
      overdueSeconds: z.number(),
      overdue: z.boolean().optional(),
    }),
  ),
  sinks: z
    .array(
      z.looseObject({
        name: z.string(),
        state: z.string(),
        words: z.string(),
        since: z.string().nullable(),
        lastError: z.string().nullable(),
      }),
    )
    .optional(),
});

type Told = z.output<typeof status>;

export interface ServerLook {
  readonly checks: readonly Check[];
  /** The last polls, as the running program tells of them; by the name of the source. */
  readonly polls: ReadonlyMap<string, Check>;
  /** That attempts fail, as the running program tells of them; by the name of the sink. Undefined where it tells nothing. */
  readonly failingSinks: ReadonlyMap<string, Check> | undefined;
}

/** Asks the server of a running program. */
export async function lookAtServer(config: Config, isOwned: () => Promise<boolean>): Promise<ServerLook> {
  const polls = new Map<string, Check>();
  let failingSinks: ReadonlyMap<string, Check> | undefined;
  const { listen } = config.server;
  if (listen === undefined) return { checks: [ok('server', 'server.listen is off')], polls, failingSinks };
  if (listen.port === 0)
    return { checks: [ok('server', 'listens at a free port, which its log tells')], polls, failingSinks };
  // What listens everywhere is asked here.
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[listen.host] ?? listen.host;
  const base = `http://${host.includes(':') ? `[${host}]` : host}:${listen.port}`;
  // The proxies of the environment are for what is elsewhere.
  const http = createConfiguredHttp({ ...config, privateAddresses: 'allow' }, { environment: {} });
  const get = (path: string) => http.request(getRequest(`${base}${path}`, config.server));
  const checks = await looked('server', async () => {
    // Without the token, which is nobody's but our own server's.
    const answer = await http.request(getRequest(`${base}/readyz`, { ...config.server, token: undefined }));
    const parsed = answer.kind === 'answer' ? ready.safeParse(jsonOf(answer)).data : undefined;
    if (parsed === undefined) return [silence(base, answer, await isOwned())];
    const told = status.safeParse(jsonOf(await get('/api/status'))).data;
    for (const source of told?.sources ?? []) polls.set(source.name, pollCheck(source));
    if (told?.sinks !== undefined) failingSinks = failingOf(told.sinks);
    const hint = told === undefined ? '; it does not tell of its polls' : '';
    return [
      parsed.ready
        ? ok('server', `${base} answers, and is ready${hint}`)
        : fail('server', `${base} answers, and is not ready: ${parsed.reasons.join('; ')}`),
      ...parsed.notices.map((notice) => warn('server', `${notice} The file is valid by now: SIGHUP reloads it.`)),
    ];
  });
  await http.close();
  return { checks, polls, failingSinks };
}

function getRequest(url: string, { token }: ServerConfig) {
  return {
    ...({ method: 'GET', url, timeoutMs: REQUEST_MS_MAX, bodyBytesMax: BODY_BYTES_MAX } as const),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    signal: new AbortController().signal,
  };
}

function silence(base: string, answer: HttpAnswer | HttpFailure, isOwned: boolean): Check {
  if (answer.kind === 'answer')
    return warn(
      'server',
      `something else answers at ${base} (status ${answer.status}); set server.listen to another address`,
    );
  if (isOwned)
    return warn('server', `a program runs, and nothing answers at ${base}: ${answer.detail}; look at its log`);
  return ok('server', `nothing answers at ${base}, since nothing runs`);
}

function pollCheck(source: Told['sources'][number]): Check {
  const { name, state, words, since, lastPollAt, nextPollAt, overdueSeconds, overdue } = source;
  const what = `sources.${name}`;
  const when = lastPollAt === null ? 'no poll yet' : `last poll ${fromNow(lastPollAt)}`;
  const next = state === 'failing' && nextPollAt !== null ? `, the next ${fromNow(nextPollAt)}` : '';
  const detail = `${when}${next}: ${sentence(words, since)}`;
  // One of an earlier version does not say it.
  if (overdue ?? overdueSeconds >= OVERDUE_SECONDS)
    return fail(what, `${detail} No poll was complete for ${overdueSeconds} s; look at the log of "run".`);
  return state === 'failing' ? warn(what, detail) : ok(what, detail);
}

function failingOf(sinks: NonNullable<Told['sinks']>): ReadonlyMap<string, Check> {
  const failing = sinks.filter(({ state }) => state === 'failing');
  return new Map(
    failing.map(({ name, words, since, lastError }) => {
      const error = lastError === null || words.includes(lastError) ? '' : ` ${lastError}`;
      return [name, warn(`sinks.${name}`, sentence(`${words}${error}`, since))];
    }),
  );
}

/** @param since ISO 8601; null where it is not known, or does not matter */
function sentence(words: string, since: string | null): string {
  const told = since === null ? '' : ` (since ${timeFromNow(Date.parse(since), systemClock.nowMs())})`;
  const [, text = words, end = '.'] = /^(.*?)([.!?])$/s.exec(words) ?? [];
  return `${text}${told}${end}`;
}

function jsonOf(answer: HttpAnswer | HttpFailure): unknown {
  if (answer.kind === 'failure') return undefined;
  try {
    return JSON.parse(answer.body.toString());
  } catch {
    return undefined;
  }
}

function fromNow(time: string): string {
  return timeFromNow(Date.parse(time), systemClock.nowMs());
}
