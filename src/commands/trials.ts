import { lookAtQueueOf } from '../assemble.js';
import type { Config, QueueConfig, SinkConfig, SourceConfig, StoreConfig } from '../config/config.js';
import { isRecord } from '../config/explain.js';
import type { Outcome } from '../core/failure.js';
import { timeFromNow } from '../core/time-words.js';
import { attemptOnce, isDigest, type Message } from '../engine/attempt.js';
import { jsonLine, printable } from '../observe/printable.js';
import type { HttpClient, HttpRoute } from '../ports.js';
import type { ConfiguredSource } from '../source/define.js';
import { StoreError, StoreMissingError } from '../store/errors.js';
import { hasOwner, type OpenedStore, openStore } from '../store/open.js';
import { systemClock, systemPrograms, systemRandom } from '../system.js';
import { processName, processWords } from '../views/process-view.js';
import { paintFor } from './color.js';
import type { CommandContext } from './command.js';
import { sampleDigestFor, sampleFor } from './sample.js';
import { quietLogOf, storeDependencies } from './session.js';

/** Trying for real what a config names, for the commands that tell a person how it went. Nothing is stored. */

const HEARTBEAT_TIMEOUT_MS = 10_000;

/** How it went, in words. */
export interface Trial {
  readonly result: 'ok' | 'notice' | 'failed';
  readonly detail: string;
}

/** One thing that was looked at. */
export interface Finding extends Trial {
  readonly what: string;
}

/** For a person, or as one JSON object. */
export function findingLine(finding: Finding, { json }: { readonly json?: true }, context: CommandContext): string {
  if (json) return jsonLine(finding);
  const { what, result, detail } = finding;
  return `${paintFor(context)(result.padEnd(6))}  ${printable(`${what}: ${detail}`)}`;
}

/** Asks the platform nothing yet. */
export function openForTrial(
  { name, settings, keyNames, definition }: SourceConfig,
  http: HttpClient,
  config: Config,
  context: CommandContext,
): ConfiguredSource {
  const ports = { http, clock: systemClock, random: systemRandom, log: quietLogOf(config, context) };
  return definition.open({ name, settings, keyNames, ...ports });
}

const SOON_MS = 7 * 86_400_000;

/** Undefined where nothing says when it dies. */
export function credentialLife({ credentialExpiresAtMs: expiresAtMs }: ConfiguredSource): Trial | undefined {
  if (expiresAtMs === null) return undefined;
  const nowMs = systemClock.nowMs();
  const when = `${timeFromNow(expiresAtMs, nowMs)}, at ${new Date(expiresAtMs).toISOString()}`;
  if (expiresAtMs <= nowMs) return { result: 'notice', detail: `its credential expired ${when}; renew it` };
  const isSoon = expiresAtMs - nowMs <= SOON_MS;
  return { result: isSoon ? 'notice' : 'ok', detail: `its credential expires ${when}${isSoon ? '; renew it' : ''}` };
}

/** Reads the first page of the list. */
export async function tryList(
  source: SourceConfig,
  http: HttpClient,
  config: Config,
  context: CommandContext,
): Promise<Trial> {
  try {
    const walk = openForTrial(source, http, config, context).walk(new AbortController().signal);
    const first = await walk.next();
    await walk.return({ complete: false, pages: 1, reason: 'one page is enough' });
    if (first.done && !first.value.complete) return { result: 'failed', detail: first.value.reason };
    const rows = first.done ? 0 : first.value.recordings.length;
    return { result: 'ok', detail: `answers; its first page has ${rows} recordings` };
  } catch (error) {
    // Whoever prints it says of what source it is.
    return { result: 'failed', detail: (error as Error).message.replace(`source ${source.name}: `, '') };
  }
}

/** Reaches for the sink without sending a message. */
export async function tryConnection(
  { name, definition, settings, timeoutMs }: SinkConfig,
  http: HttpClient,
  { print }: CommandContext,
): Promise<Trial> {
  if (definition.connect === undefined) return { result: 'ok', detail: 'nothing to connect to' };
  const signal = new AbortController().signal;
  const machine = { clock: systemClock, random: systemRandom, programs: systemPrograms };
  const noted = notingProxies(http);
  const ports = { ...machine, http: noted.http, timeoutMs, signal, print };
  const problem = await definition.connect({ name, settings, progress: null, ...ports });
  await definition.close?.(settings);
  if (problem !== undefined) return { result: 'failed', detail: problem };
  if (noted.isProxyAlone())
    return {
      result: 'ok',
      detail: `its proxy can be reached; the receiver behind it is not tried: "test ${name}" does that`,
    };
  // Nothing that is signed was sent, so whether the receiver has the same secret is not known.
  const signs = isRecord(settings) && settings['secret'] !== undefined;
  return {
    result: 'ok',
    detail: signs ? `can be reached; its signature is not tried: "test ${name}" does that` : 'can be reached',
  };
}

/** The same client, which knows whether all that was reached is a proxy: without TLS that leads on with a request, and not before. */
function notingProxies(http: HttpClient): { readonly http: HttpClient; readonly isProxyAlone: () => boolean } {
  let isAlone = false;
  const connect: HttpClient['connect'] = (url, timeoutMs, signal, route) => {
    isAlone = URL.parse(url)?.protocol === 'http:' && hasProxy(new URL(url), route, http);
    return http.connect(url, timeoutMs, signal, route);
  };
  return { http: { ...http, connect }, isProxyAlone: () => isAlone };
}

function hasProxy(url: URL, route: HttpRoute | undefined, http: HttpClient): boolean {
  return route?.proxy === undefined ? http.proxyFor?.(url) !== undefined : route.proxy !== 'off';
}

/** Reaches for its host, without a request that would be taken for a sign of life. */
export async function tryHeartbeat(url: string, http: HttpClient): Promise<Trial> {
  const noted = notingProxies(http);
  const failure = await noted.http.connect(url, HEARTBEAT_TIMEOUT_MS, new AbortController().signal);
  if (failure !== undefined) return { result: 'failed', detail: failure.detail };
  const reached = noted.isProxyAlone()
    ? 'its proxy can be reached; the host behind it is not tried'
    : 'its host can be reached';
  return { result: 'ok', detail: `${reached}; "run" and "poll" request it` };
}

/**
 * Looks at the store without making one: first how it is, then what to look at.
 *
 * @param look takes a further look while it is open
 */
export async function tryStore(
  store: StoreConfig,
  context: CommandContext,
  look: (opened: OpenedStore, isOwned: boolean) => Promise<void> = async () => {},
): Promise<readonly Trial[]> {
  if (store.kind === 'memory') return [{ result: 'ok', detail: 'memory' }];
  const dependencies = storeDependencies(context);
  try {
    const opened = await openStore(store, 'read', dependencies);
    const isOwned = await hasOwner(store, dependencies);
    await look(opened, isOwned).finally(() => opened.store.close());
    const owner = isOwned ? 'a running program owns it' : 'nobody owns it';
    return [{ result: 'ok', detail: `${opened.store.label}, ${owner}` }, ...opened.warnings.map(noticeOf)];
  } catch (error) {
    if (error instanceof StoreMissingError)
      return [{ result: 'ok', detail: 'does not exist yet; "run" makes it' }, ...error.warnings.map(noticeOf)];
    if (error instanceof StoreError) return [{ result: 'failed', detail: error.message }];
    throw error;
  }
}

/** Who shares the attempts by it, and what to look at. */
export async function tryQueue(config: Config, queue: QueueConfig): Promise<readonly Trial[]> {
  try {
    const { processes, warnings } = await lookAtQueueOf(config, queue);
    const partners = processes.filter(({ takesPart }) => takesPart);
    const names = partners.map((each) => `${processName(each)}${each.role === 'leader' ? ' (leads)' : ''}`);
    const who = names.length === 0 ? 'no process is on it' : `on it: ${names.join(', ')}`;
    return [
      { result: 'ok', detail: `${queue.label}, ${who}` },
      ...processes
        .filter(({ takesPart }) => !takesPart)
        .map((each) => noticeOf(`${processName(each)}: ${processWords(each)}`)),
      ...warnings.map(noticeOf),
    ];
  } catch (error) {
    if ((error as Error).name !== 'QueueError') throw error;
    return [{ result: 'failed', detail: (error as Error).message.replace(/^queue: /, '') }];
  }
}

function noticeOf(detail: string): Trial {
  return { result: 'notice', detail };
}

export interface Sample {
  readonly message: Message;
  readonly outcome: Outcome;
  readonly durationMs: number;
}

/** Sends one {@link sampleFor} to the sink, enabled or not; a {@link sampleDigestFor} to one that gets digests. */
export async function sendSample(
  sink: SinkConfig,
  http: HttpClient,
  config: Config,
  context: CommandContext,
): Promise<Sample> {
  const startedMs = systemClock.monotonicMs();
  const log = quietLogOf(config, context);
  const machine = { clock: systemClock, random: systemRandom, programs: systemPrograms };
  const ports = { ...machine, http, log, print: context.print };
  const nowMs = systemClock.nowMs();
  const message = sampleDigestFor(sink, nowMs) ?? sampleFor(sink, nowMs);
  const outcome = await attemptOnce(sink, message, null, ports, new AbortController().signal);
  await sink.definition.close?.(sink.settings);
  return { message, outcome, durationMs: Math.round(systemClock.monotonicMs() - startedMs) };
}

export function sampleTrial({ message, outcome, durationMs }: Sample): Trial {
  const what = isDigest(message) ? `digest ${message.id} of ${message.events.length} events` : `event ${message.id}`;
  return outcome.kind === 'delivered'
    ? { result: 'ok', detail: `delivered (${outcome.receipt}) in ${durationMs} ms, ${what}` }
    : { result: 'failed', detail: `failed after ${durationMs} ms: ${outcome.reason}: ${outcome.detail}` };
}
