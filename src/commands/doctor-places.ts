import type { Config, QueueConfig, SinkConfig, SourceConfig } from '../config/config.js';
import { timeFromNow } from '../core/time-words.js';
import type { HttpClient } from '../ports.js';
import { systemClock } from '../system.js';
import type { CommandContext } from './command.js';
import { type Check, checkOf, fail, looked, ok, type Section, warn } from './doctor-report.js';
import { lookAtServer } from './doctor-server.js';
import { lookAtStore, type StoreLook } from './doctor-store.js';
import { httpOf } from './session.js';
import { credentialLife, openForTrial, tryConnection, tryHeartbeat, tryList, tryQueue } from './trials.js';
import { type Exchange, watchedHttp } from './watched-http.js';

interface PlaceLook {
  readonly sections: readonly Section[];
  /** Ends what still waits for an answer. */
  close(): Promise<void>;
}

/** All of a config that has to answer, asked at once. */
export function lookAtPlaces(config: Config, context: CommandContext): PlaceLook {
  const store = lookAtStore(config, context);
  const server = lookAtServer(config, async () => (await store).isOwned);
  const { http, problem } = httpOrProblem(config, context);
  const sources =
    http === undefined
      ? []
      : config.sources.map((source) => ({ source, look: lookAtSource(source, http, config, context) }));
  const sinks = config.sinks.map((sink) =>
    http === undefined || !sink.enabled
      ? []
      : looked(`sinks.${sink.name}`, async () => [
          checkOf(`sinks.${sink.name}`, await tryConnection(sink, http, context)),
        ]),
  );
  const sections: readonly Section[] = [
    { title: 'Store', checks: store.then(({ checks }) => checks) },
    ...(config.queue === undefined ? [] : [{ title: 'Queue', checks: queueChecks(config, config.queue) }]),
    { title: 'Clock', checks: clockChecks(store, sources) },
    {
      title: 'Sources',
      checks: Promise.all([store, server, ...sources.map(({ look }) => look)]).then(
        ([{ alarms }, { polls }, ...looks]) => [
          ...problem,
          ...config.sources.flatMap(({ name }, at) => [
            ...(looks[at]?.checks ?? []),
            ...[polls.get(name) ?? failingSince('source', name, alarms)].filter((check) => check !== undefined),
          ]),
        ],
      ),
    },
    {
      title: 'Sinks',
      checks: Promise.all([store, server, ...sinks]).then(([known, { failingSinks }, ...found]) => [
        ...config.sinks.flatMap((sink, at) => [...(found[at] ?? []), ...stateChecks(sink, known, failingSinks)]),
      ]),
    },
    ...(config.heartbeat === undefined || http === undefined
      ? []
      : [{ title: 'Heartbeat', checks: heartbeatChecks(config.heartbeat, http) }]),
    { title: 'Server', checks: server.then(({ checks }) => checks) },
  ];
  return { sections, close: async () => http?.close() };
}

async function queueChecks(config: Config, queue: QueueConfig): Promise<readonly Check[]> {
  return looked('queue', async () => (await tryQueue(config, queue)).map((trial) => checkOf('queue', trial)));
}

async function heartbeatChecks(url: string, http: HttpClient): Promise<readonly Check[]> {
  return looked('heartbeat', async () => [checkOf('heartbeat', await tryHeartbeat(url, http))]);
}

/** A proxy that is no URL: nothing can be asked. */
function httpOrProblem(
  config: Config,
  context: CommandContext,
): { readonly http?: HttpClient; readonly problem: readonly Check[] } {
  try {
    return { http: httpOf(config, context), problem: [] };
  } catch (error) {
    return { problem: [fail('network', `${(error as Error).message}; nothing was asked`)] };
  }
}

interface SourceLook {
  readonly checks: readonly Check[];
  /** Undefined: it did not answer, or does not say what time it is. */
  readonly aheadMs: number | undefined;
}

async function lookAtSource(
  source: SourceConfig,
  http: HttpClient,
  config: Config,
  context: CommandContext,
): Promise<SourceLook> {
  const what = `sources.${source.name}`;
  const watched = watchedHttp(http, systemClock);
  const checks = await looked(what, async () => {
    const life = credentialLife(openForTrial(source, http, config, context));
    const listed = await tryList(source, watched.http, config, context);
    const last = watched.last();
    const took = listed.result === 'ok' && last !== undefined ? `, in ${last.durationMs} ms` : '';
    return [
      checkOf(what, { ...listed, detail: `${listed.detail}${took}` }),
      ...(life === undefined ? [] : [checkOf(what, life)]),
    ];
  });
  return { checks, aheadMs: aheadOf(watched.last()) };
}

/** How far our clock is before the `Date` of the answer, which has whole seconds. */
function aheadOf(last: Exchange | undefined): number | undefined {
  const dateMs = Date.parse(last?.headers['date'] ?? '');
  if (last === undefined || Number.isNaN(dateMs)) return undefined;
  return last.sentAtMs + last.durationMs / 2 - (dateMs + 500);
}

/** Signatures are good for five minutes, and a presigned URL dies by the clock of who made it. */
const CLOCK_OFF_MS = 30_000;

async function clockChecks(
  store: Promise<StoreLook>,
  sources: readonly { readonly source: SourceConfig; readonly look: Promise<SourceLook> }[],
): Promise<readonly Check[]> {
  const checks = sources.map(async ({ source, look }) => clockCheck(`sources.${source.name}`, (await look).aheadMs));
  const found = await Promise.all([...checks, store.then(({ aheadMs }) => clockCheck('store', aheadMs))]);
  const compared = found.filter((check) => check !== undefined);
  return compared.length > 0 ? compared : [ok('clock', 'nobody was there to compare it with')];
}

function clockCheck(what: string, aheadMs: number | undefined): Check | undefined {
  if (aheadMs === undefined) return undefined;
  if (Math.abs(aheadMs) <= CLOCK_OFF_MS)
    return ok(what, `its clock and this one agree, within ${CLOCK_OFF_MS / 1_000} s`);
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  return warn(
    what,
    `this clock is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} its own; set this machine's clock by NTP`,
  );
}

function stateChecks(
  { name, enabled }: SinkConfig,
  { sinkStates, alarms }: StoreLook,
  told: ReadonlyMap<string, Check> | undefined,
): readonly Check[] {
  const what = `sinks.${name}`;
  if (!enabled) return [ok(what, 'is disabled')];
  const nowMs = systemClock.nowMs();
  const { suspension = null, pausedUntilMs = null } = sinkStates.get(name) ?? {};
  if (suspension !== null) {
    const { reason, detail, sinceMs } = suspension;
    const since = timeFromNow(sinceMs, nowMs);
    return [
      fail(what, `is suspended since ${since}: ${reason}: ${detail}. Mend that, then redeliver one of its deliveries`),
    ];
  }
  if (pausedUntilMs !== null && pausedUntilMs > nowMs)
    return [warn(what, `its receiver asked for a pause, which ends ${timeFromNow(pausedUntilMs, nowMs)}`)];
  const failing = told === undefined ? failingSince('sink', name, alarms) : told.get(name);
  return failing === undefined ? [] : [failing];
}

function failingSince(kind: 'source' | 'sink', name: string, alarms: StoreLook['alarms']): Check | undefined {
  const found = alarms.find((record) => record.kind === kind && record.name === name)?.alarm;
  if (found === undefined || found === null || !('endedAtMs' in found) || found.endedAtMs !== null) return undefined;
  const since = timeFromNow(found.sinceMs, systemClock.nowMs());
  return warn(`${kind}s.${name}`, `fails since ${since}: ${found.reason}: ${found.message}`);
}
