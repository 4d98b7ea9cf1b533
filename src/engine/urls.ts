import type { Delivery } from '../core/delivery.js';
import { type FreshUrl, isRecordingEvent, NO_URL, type StoredEvent, type StoredRecordingEvent } from '../core/event.js';
import type { RecordingUuid } from '../core/id.js';
import type { Recording } from '../core/recording.js';
import { RETRY_AFTER_MS_MAX } from '../core/retry-after.js';
import { backoffMs } from '../core/schedule.js';
import { isFresh, type SeenUrl, urlExpiryMs } from '../core/url-expiry.js';
import type { Clock, Random } from '../ports.js';
import type { UrlSupply } from '../sinks/define.js';
import { SourceError } from '../source/define.js';
import type { PolledSource } from './polled-source.js';

/** URLs kept in memory: those of recordings that had news lately. */
const KEPT_MAX = 10_000;

/** What was fetched for one sink serves the others of the same event, as long as it lives at all; that there was none, too. */
const FETCHED_SERVES_MS = 60_000;

/** For one fetch, however many pages it walks: a place in a lane is taken meanwhile. */
const FETCH_MS_MAX = 60_000;

interface FetchedUrl {
  /** undefined: not in the list, or without a URL there. */
  readonly seen: SeenUrl | undefined;
  readonly atMonotonicMs: number;
}

/** Of several deliveries, in their order. */
export interface UrlsAnswer {
  readonly fresh: readonly FreshUrl[];
  /** Some source gives none just now. */
  readonly lack?: { readonly waitMs: number; readonly detail: string };
}

type UrlAnswer =
  | { readonly kind: 'url'; readonly fresh: FreshUrl }
  | { readonly kind: 'unavailable'; readonly waitMs: number; readonly detail: string };

/** The URLs of recordings, as fresh as an attempt needs them. Held in memory only. */
export interface Urls {
  /** A recording with news: its URL will be wanted. */
  remember(source: string, recording: Recording): void;
  /** Rows of a poll: those whose URL is kept get the newer one. */
  refresh(source: string, recordings: readonly Recording[]): void;
  /** The one seen last of a recording with news, without asking anybody. */
  lastSeen(source: string, uuid: RecordingUuid): FreshUrl;
  /** One after the other, since a request may bring those of the next ones too. */
  urlsFor(deliveries: readonly Delivery[], signal: AbortSignal): Promise<UrlsAnswer>;
  /** For a sink that fetches the recording itself. */
  supplyOf(event: StoredRecordingEvent): UrlSupply;
}

export function createUrls(ports: {
  readonly source: (name: string) => PolledSource | undefined;
  readonly clock: Clock;
  readonly random: Random;
}): Urls {
  const { clock, random } = ports;
  const kept = new Map<string, SeenUrl>();
  const fetched = new Map<string, FetchedUrl>();
  const fetching = new Map<string, Promise<UrlAnswer>>();
  /** Keys of those that are asked for together, as often as they are: a row that passes by serves them. */
  const wanted = new Map<string, number>();

  function remember(source: string, { uuid, url }: Recording): void {
    const seen = seenUrl(url);
    if (seen !== undefined) keep(kept, keyOf(source, uuid), seen);
    else kept.delete(keyOf(source, uuid));
  }

  function refresh(source: string, recordings: readonly Recording[]): void {
    if (kept.size === 0) return;
    for (const recording of recordings) if (kept.has(keyOf(source, recording.uuid))) remember(source, recording);
  }

  /** Rows of a fetch for another one. */
  function passBy(source: string, recordings: readonly Recording[]): void {
    if (wanted.size === 0) return;
    for (const { uuid, url } of recordings) {
      const key = keyOf(source, uuid);
      if (wanted.has(key)) noteFetched(key, seenUrl(url));
    }
  }

  function lastSeen(source: string, uuid: RecordingUuid): FreshUrl {
    return freshUrl(kept.get(keyOf(source, uuid)));
  }

  function seenUrl(url: string | null): SeenUrl | undefined {
    return url === null ? undefined : { url, expiresAtMs: urlExpiryMs(url), seenAtMs: clock.nowMs() };
  }

  async function urlsFor(deliveries: readonly Delivery[], signal: AbortSignal): Promise<UrlsAnswer> {
    const keys = deliveries.flatMap(({ event }) => keyOfEvent(event) ?? []);
    for (const key of keys) wanted.set(key, (wanted.get(key) ?? 0) + 1);
    try {
      const fresh: FreshUrl[] = [];
      let lack: UrlsAnswer['lack'];
      for (const delivery of deliveries) {
        const answer = await urlFor(delivery, signal);
        fresh.push(answer.kind === 'url' ? answer.fresh : NO_URL);
        if (answer.kind === 'unavailable') lack ??= answer;
      }
      return { fresh, ...(lack !== undefined && { lack }) };
    } finally {
      for (const key of keys) release(key);
    }
  }

  function release(key: string): void {
    const others = (wanted.get(key) ?? 1) - 1;
    if (others === 0) wanted.delete(key);
    else wanted.set(key, others);
  }

  async function urlFor(delivery: Delivery, signal: AbortSignal): Promise<UrlAnswer> {
    const { event } = delivery;
    if (!delivery.includeUrl || event.type !== 'recording.available') return answerWith(undefined);
    const { source, data } = event;
    const key = keyOf(source, data.recording.uuid);
    const seen = kept.get(key);
    if (seen !== undefined && isFresh(seen, clock.nowMs())) return answerWith(seen);
    const recent = fetched.get(key);
    if (recent !== undefined && serves(recent)) return answerWith(recent.seen);
    const polled = ports.source(source);
    if (polled === undefined) return answerWith(undefined);
    const underWay = fetching.get(key) ?? fetchUrl(polled, event, key, signal).finally(() => fetching.delete(key));
    fetching.set(key, underWay);
    return underWay;
  }

  function supplyOf(event: StoredRecordingEvent): UrlSupply {
    const key = keyOf(event.source, event.data.recording.uuid);
    return {
      givenBy: ports.source(event.source)?.source.address,
      async fresh(signal) {
        const polled = ports.source(event.source);
        if (polled === undefined) return undefined;
        const answer = await (fetching.get(key) ?? fetchUrl(polled, event, key, signal));
        return answer.kind === 'url' ? (answer.fresh.url ?? undefined) : undefined;
      },
    };
  }

  function serves({ seen, atMonotonicMs }: FetchedUrl): boolean {
    const isDead = seen !== undefined && seen.expiresAtMs !== null && seen.expiresAtMs <= clock.nowMs();
    return !isDead && clock.monotonicMs() - atMonotonicMs <= FETCHED_SERVES_MS;
  }

  async function fetchUrl(
    polled: PolledSource,
    event: StoredRecordingEvent,
    key: string,
    stop: AbortSignal,
  ): Promise<UrlAnswer> {
    // A longer wait than any platform may ask for means that the clock went back.
    const waitMs = Math.min(waitUntilMs(polled) - clock.nowMs(), RETRY_AFTER_MS_MAX);
    if (waitMs > 0) return { kind: 'unavailable', waitMs, detail: 'the source did not answer when it was asked last' };
    try {
      const seen = seenUrl(await find(polled, event, stop));
      polled.urlFailures = 0;
      noteFetched(key, seen);
      return answerWith(seen);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      if (!stop.aborted) noteFailure(polled, error.retryAfterMs ?? 0);
      return { kind: 'unavailable', waitMs: Math.max(0, waitUntilMs(polled) - clock.nowMs()), detail: error.message };
    }
  }

  function noteFetched(key: string, seen: SeenUrl | undefined): void {
    keep(fetched, key, { seen, atMonotonicMs: clock.monotonicMs() });
    if (seen !== undefined) keep(kept, key, seen);
  }

  /** Fetches that fail together are one failure. */
  function noteFailure(polled: PolledSource, retryAfterMs: number): void {
    const nowMs = clock.nowMs();
    if (polled.askAgainAtMs <= nowMs) {
      polled.urlFailures += 1;
      polled.askAgainAtMs = nowMs + backoffMs(polled.urlFailures, random());
    }
    polled.silentUntilMs = Math.max(polled.silentUntilMs, nowMs + retryAfterMs);
  }

  async function find(
    { source, config }: PolledSource,
    { data }: StoredRecordingEvent,
    stop: AbortSignal,
  ): Promise<string | null> {
    const { uuid, meetingId, roomId } = data.recording;
    const tooLong = new AbortController();
    const timer = clock.after(FETCH_MS_MAX, () => tooLong.abort());
    try {
      const signal = AbortSignal.any([stop, tooLong.signal]);
      const recording = await source.find(uuid, { meetingId, roomId }, signal, (rows) => passBy(config.name, rows));
      return recording?.url ?? null;
    } finally {
      timer.cancel();
    }
  }

  return { remember, refresh, lastSeen, urlsFor, supplyOf };
}

function waitUntilMs({ askAgainAtMs, silentUntilMs }: PolledSource): number {
  return Math.max(askAgainAtMs, silentUntilMs);
}

/** The last ones. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= KEPT_MAX) return;
    map.delete(oldest);
  }
}

function answerWith(seen: SeenUrl | undefined): UrlAnswer {
  return { kind: 'url', fresh: freshUrl(seen) };
}

function freshUrl(seen: SeenUrl | undefined): FreshUrl {
  return seen === undefined ? NO_URL : { url: seen.url, expiresAtMs: seen.expiresAtMs };
}

function keyOfEvent(event: StoredEvent): string | undefined {
  return isRecordingEvent(event) ? keyOf(event.source, event.data.recording.uuid) : undefined;
}

function keyOf(source: string, uuid: string): string {
  return `${source}/${uuid}`;
}
