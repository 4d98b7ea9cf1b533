import type { Delivery } from '../core/delivery.js';
import { type FreshUrl, NO_URL } from '../core/event.js';
import type { Recording } from '../core/recording.js';
import { backoffMs } from '../core/schedule.js';
import { isFresh, type SeenUrl, urlExpiryMs } from '../core/url-expiry.js';
import type { Clock, Random } from '../ports.js';
import { SourceError } from '../source/define.js';
import type { PolledSource } from './polled-source.js';

/** URLs kept in memory: those of recordings that had news lately. */
const KEPT_MAX = 10_000;

/** What was fetched for one sink serves the others of the same event, as long as it lives at all. */
const FETCHED_SERVES_MS = 60_000;

interface KnownUrl extends SeenUrl {
  readonly fetchedAtMs: number | null;
}

export type UrlAnswer =
  | { readonly kind: 'url'; readonly fresh: FreshUrl }
  | { readonly kind: 'unavailable'; readonly waitMs: number; readonly detail: string };

/** The URLs of recordings, as fresh as an attempt needs them. Held in memory only. */
export interface Urls {
  /** A recording with news: its URL will be wanted. */
  remember(source: string, recording: Recording): void;
  /** Rows of a poll: those whose URL is kept get the newer one. */
  refresh(source: string, recordings: readonly Recording[]): void;
  urlFor(delivery: Delivery, signal: AbortSignal): Promise<UrlAnswer>;
}

export function createUrls(ports: {
  readonly source: (name: string) => PolledSource | undefined;
  readonly clock: Clock;
  readonly random: Random;
}): Urls {
  const { clock, random } = ports;
  const known = new Map<string, KnownUrl>();
  const fetching = new Map<string, Promise<UrlAnswer>>();

  function remember(source: string, recording: Recording): void {
    keep(keyOf(source, recording.uuid), recording.url, null);
  }

  function refresh(source: string, recordings: readonly Recording[]): void {
    if (known.size === 0) return;
    for (const { uuid, url } of recordings) {
      const key = keyOf(source, uuid);
      if (known.has(key)) keep(key, url, null);
    }
  }

  function keep(key: string, url: string | null, fetchedAtMs: number | null): void {
    known.delete(key);
    if (url === null || url === '') return;
    known.set(key, { url, expiresAtMs: urlExpiryMs(url), seenAtMs: clock.nowMs(), fetchedAtMs });
    for (const oldest of known.keys()) {
      if (known.size <= KEPT_MAX) return;
      known.delete(oldest);
    }
  }

  async function urlFor(delivery: Delivery, signal: AbortSignal): Promise<UrlAnswer> {
    if (!delivery.includeUrl || delivery.event.type !== 'recording.available') return none();
    const { source, data } = delivery.event;
    const key = keyOf(source, data.recording.uuid);
    const kept = known.get(key);
    if (kept !== undefined && serves(kept, clock.nowMs())) return answerWith(kept);
    const polled = ports.source(source);
    if (polled === undefined) return none();
    const underWay = fetching.get(key);
    if (underWay !== undefined) return underWay;
    const fetch = fetchUrl(polled, delivery, key, signal).finally(() => fetching.delete(key));
    fetching.set(key, fetch);
    return fetch;
  }

  async function fetchUrl(
    polled: PolledSource,
    delivery: Delivery,
    key: string,
    signal: AbortSignal,
  ): Promise<UrlAnswer> {
    const waitMs = polled.askAgainAtMs - clock.nowMs();
    if (waitMs > 0) return { kind: 'unavailable', waitMs, detail: 'the source did not answer when it was asked last' };
    const { uuid, meetingId, roomId } = delivery.event.data.recording;
    try {
      const recording = await polled.source.find(uuid, { meetingId, roomId }, signal);
      polled.urlFailures = 0;
      keep(key, recording?.url ?? null, clock.nowMs());
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      if (error.kind === 'aborted') return { kind: 'unavailable', waitMs: 0, detail: error.message };
      polled.urlFailures += 1;
      const delayMs = Math.max(backoffMs(polled.urlFailures, random()), error.retryAfterMs ?? 0);
      polled.askAgainAtMs = clock.nowMs() + delayMs;
      return { kind: 'unavailable', waitMs: delayMs, detail: error.message };
    }
    const fetched = known.get(key);
    return fetched === undefined ? none() : answerWith(fetched);
  }

  return { remember, refresh, urlFor };
}

function serves(kept: KnownUrl, nowMs: number): boolean {
  if (isFresh(kept, nowMs)) return true;
  if (kept.expiresAtMs !== null && kept.expiresAtMs <= nowMs) return false;
  return kept.fetchedAtMs !== null && nowMs - kept.fetchedAtMs <= FETCHED_SERVES_MS;
}

function answerWith({ url, expiresAtMs }: SeenUrl): UrlAnswer {
  return { kind: 'url', fresh: { url, expiresAtMs } };
}

function none(): UrlAnswer {
  return { kind: 'url', fresh: NO_URL };
}

function keyOf(source: string, uuid: string): string {
  return `${source}/${uuid}`;
}
