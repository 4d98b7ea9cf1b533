import { urlExpiryMs } from '../core/url-expiry.js';
import { type Clock, HttpBodyError, type HttpClient, type HttpStream } from '../ports.js';
import { type ArchivedFile, ArchiveError, type Draft, type RemoteFile } from './define.js';
import { type DownloadProblem, judge, type Setback, setbackOf, type Verdict } from './download-answer.js';
import { createPace, type Pace, waitFor } from './pace.js';

export interface DownloadLimits {
  /** Of this download alone; a {@link Pace} is for several. */
  readonly bytesPerSecond?: number | undefined;
  readonly pace?: Pace | undefined;
  /** Between tries of which none brought anything new, milliseconds; when they are spent, it is over. */
  readonly pausesMs?: readonly number[];
}

export interface DownloadOptions {
  readonly http: Pick<HttpClient, 'open'>;
  readonly clock: Clock;
  /** The one that is known; without it a fresh one is asked for. */
  readonly firstUrl?: string | null | undefined;
  /** Another URL of the same recording; undefined when there is none. Does not throw. */
  readonly freshUrl: (signal: AbortSignal) => Promise<string | null | undefined>;
  /** As in {@link "../ports.js".HttpOpenRequest}: the address of the API in the config. */
  readonly givenBy?: string | undefined;
  /** Is finished or abandoned here. */
  readonly draft: Draft;
  readonly limits?: DownloadLimits;
  readonly signal: AbortSignal;
  /** @param bytes what is here of the file; less than before when it is fetched anew @param ofBytes null while unknown */
  readonly progress?: (bytes: number, ofBytes: number | null) => void;
}

export type Download = { readonly kind: 'archived'; readonly file: ArchivedFile } | DownloadFailure;

export interface DownloadFailure extends Omit<Setback, 'kind'> {
  readonly kind: 'failed';
  /** With the reason `not_stored`. */
  readonly cause?: ArchiveError;
}

const HEAD_TIMEOUT_MS = 30_000;
const IDLE_MS = 60_000;
const PAUSES_MS = [1_000, 2_000, 5_000, 15_000, 30_000];
/** Even where each brings something: what has come is kept, and an attempt later goes on from there. */
const TRIES_MAX = 200;
const RESTARTS_MAX = 5;
const REDIRECTS_MAX = 3;
const FRESH_URLS_MAX = 2;
/** A server that asks for a longer pause gets it, but not with a download that waits. */
const RETRY_AFTER_MS_MAX = 60_000;
/** What a try must bring to count as one that went on. */
const PROGRESS_BYTES_MIN = 64 * 1024;
/** In so much time of waiting for bytes, at least so many of them; else the connection is given up. */
const DRIP_MS = 300_000;
const DRIP_BYTES_MIN = 256 * 1024;
const EXPIRES_SOON_MS = 10_000;

/**
 * Brings one recording into an archive: goes on after breaks, where the file is still the same, and takes a fresh URL when the old one
 * has died. Memory stays flat: nothing is read before the draft has taken what came before it.
 */
export async function download(options: DownloadOptions): Promise<Download> {
  const { draft } = options;
  const running = new Running(options);
  try {
    const failed = await running.run();
    return failed ?? { kind: 'archived', file: await draft.finish() };
  } catch (error) {
    return notStored(error);
  } finally {
    // After the end of a draft this does nothing.
    await draft.abandon();
  }
}

/** Any other error is thrown on. */
export function notStored(error: unknown): DownloadFailure {
  if (!(error instanceof ArchiveError)) throw error;
  return { kind: 'failed', reason: 'not_stored', detail: error.message, cause: error };
}

class Running {
  readonly #options: DownloadOptions;
  readonly #pace: Pace | undefined;
  #url: string | undefined;
  #here = 0;
  #remote: RemoteFile | null = null;
  /** The most that was ever here: only more than that is progress, so that a file that is fetched anew for ever comes to an end. */
  #mostBytes = 0;
  #isWhole = false;
  #restarts = 0;
  #refused = '';
  #freshUrls = 0;

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.#url = options.firstUrl ?? undefined;
    const { pace, bytesPerSecond } = options.limits ?? {};
    this.#pace = pace ?? (bytesPerSecond === undefined ? undefined : createPace(options.clock, bytesPerSecond));
  }

  /** Until the draft has everything; or why it never will. */
  async run(): Promise<DownloadFailure | undefined> {
    const { clock, signal, limits } = this.#options;
    const pausesMs = limits?.pausesMs ?? PAUSES_MS;
    await this.#takeUp();
    let pauses = 0;
    for (let tries = 0; !this.#isWhole; tries += 1) {
      if (signal.aborted) return { kind: 'failed', reason: 'aborted', detail: 'stopped by ourselves' };
      const bytesBefore = this.#mostBytes;
      const setback = await this.#try();
      if (setback === undefined) continue;
      const { reason, detail, retryAfterMs = 0 } = setback;
      if (this.#mostBytes >= bytesBefore + PROGRESS_BYTES_MIN) pauses = 0;
      const pauseMs = pausesMs[pauses];
      pauses += 1;
      const isOver = setback.kind === 'failed' || pauseMs === undefined || tries >= TRIES_MAX;
      if (isOver || retryAfterMs > RETRY_AFTER_MS_MAX) {
        return { kind: 'failed', reason, detail, ...(retryAfterMs > 0 && { retryAfterMs }) };
      }
      await waitFor(clock, Math.max(pauseMs, retryAfterMs), signal);
    }
    return undefined;
  }

  async #takeUp(): Promise<void> {
    const { kept } = this.#options.draft;
    this.#here = kept.bytes;
    this.#remote = kept.remote;
    this.#mostBytes = kept.bytes;
    const size = kept.remote?.bytes ?? null;
    if (kept.bytes > 0 && kept.bytes === size) this.#isWhole = true;
    else await this.#restartUnlessMendable();
    this.#tell();
  }

  /** undefined when it went well. */
  async #try(): Promise<Setback | undefined> {
    const url = await this.#nextUrl();
    if (url === undefined) return this.#noUrl();
    const opened = await this.#open(url);
    if (opened.kind !== 'stream') return opened;
    const { stream, host } = opened;
    const verdict = judge(stream, host, this.#here, this.#remote, this.#options.clock.nowMs());
    if (verdict.kind === 'begin' || verdict.kind === 'go_on') {
      try {
        return await this.#receive(stream, verdict, host);
      } finally {
        stream.discard();
      }
    }
    stream.discard();
    if (verdict.kind === 'restart') return this.#restart('changed', verdict.detail);
    if (verdict.kind !== 'refused') return verdict;
    this.#url = undefined;
    this.#refused = verdict.detail;
    return { kind: 'again', reason: 'url_refused', detail: verdict.detail };
  }

  async #nextUrl(): Promise<string | undefined> {
    const { clock, freshUrl, signal } = this.#options;
    const expiresAtMs = this.#url === undefined ? null : urlExpiryMs(this.#url);
    const isDead = expiresAtMs !== null && expiresAtMs < clock.nowMs() + EXPIRES_SOON_MS;
    if (this.#url !== undefined && !isDead) return this.#url;
    if (this.#freshUrls >= FRESH_URLS_MAX) return this.#url;
    this.#freshUrls += 1;
    this.#url = (await freshUrl(signal)) ?? undefined;
    return this.#url;
  }

  #noUrl(): Setback {
    if (this.#options.signal.aborted) return { kind: 'failed', reason: 'aborted', detail: 'stopped by ourselves' };
    if (this.#refused !== '') return { kind: 'failed', reason: 'url_refused', detail: this.#refused };
    return { kind: 'failed', reason: 'no_url', detail: 'the platform gives no URL for this recording' };
  }

  /** Through the redirects, each of them judged as the first URL is. */
  async #open(url: string): Promise<{ kind: 'stream'; stream: HttpStream; host: string } | Setback> {
    const { http, givenBy, signal } = this.#options;
    let from = URL.parse(url);
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
      const request = { headers: this.#headers(), timeoutMs: HEAD_TIMEOUT_MS, idleMs: IDLE_MS, signal, givenBy };
      const stream = await http.open({ url: from?.href ?? url, ...request });
      if (stream.kind === 'failure') return setbackOf(stream);
      const host = from?.host ?? '';
      if (![301, 302, 303, 307, 308].includes(stream.status)) return { kind: 'stream', stream, host };
      stream.discard();
      const to = URL.parse(stream.headers['location'] ?? '', from?.href);
      if (to === null || !stream.headers['location'])
        return badRedirect(`${host}: it leads on, and does not say where to`);
      if (from?.protocol === 'https:' && to.protocol !== 'https:') {
        return badRedirect(
          `${host}: it leads from https to ${to.protocol.slice(0, -1)}, which would show the file to others`,
        );
      }
      from = to;
    }
    return badRedirect(`${from?.host ?? ''}: it leads on more than ${REDIRECTS_MAX} times`);
  }

  #headers(): Record<string, string> {
    if (this.#here === 0) return {};
    return { range: `bytes=${this.#here}-`, 'if-range': this.#remote?.validator ?? '' };
  }

  async #receive(
    stream: HttpStream,
    verdict: Extract<Verdict, { kind: 'begin' | 'go_on' }>,
    host: string,
  ): Promise<Setback | undefined> {
    const { draft, signal } = this.#options;
    if (verdict.kind === 'begin') {
      if (this.#here > 0) await draft.restart();
      this.#here = 0;
      this.#remote = verdict.remote;
      await draft.describe(verdict.remote);
    } else if (this.#remote !== null) this.#remote = { ...this.#remote, bytes: verdict.bytes };
    const endBytes = verdict.kind === 'go_on' ? verdict.endBytes : verdict.remote.bytes;
    try {
      for await (const chunk of this.#chunksOf(stream, host)) {
        const isTooLong = endBytes !== null && this.#here + chunk.byteLength > endBytes;
        if (isTooLong) return await this.#restart('wrong_length', `${host}: more came than the server had said`);
        await draft.write(chunk);
        this.#here += chunk.byteLength;
        if (this.#here > this.#mostBytes) this.#made();
        this.#tell();
        await this.#pace?.take(chunk.byteLength, signal);
      }
    } catch (error) {
      if (!(error instanceof HttpBodyError)) throw error;
      await this.#restartUnlessMendable();
      return setbackOf({
        reason: error.reason === 'broken' ? 'connection_failed' : error.reason,
        detail: error.message,
      });
    }
    return this.#atEnd(endBytes, host);
  }

  async #atEnd(endBytes: number | null, host: string): Promise<Setback | undefined> {
    if (this.#here === 0) return { kind: 'failed', reason: 'not_a_recording', detail: `${host}: the file is empty` };
    const size = this.#remote?.bytes ?? null;
    this.#isWhole = this.#here === (size ?? endBytes ?? this.#here);
    if (this.#isWhole) return undefined;
    await this.#restartUnlessMendable();
    return {
      kind: 'again',
      reason: 'wrong_length',
      detail: `${host}: ${this.#here} bytes came of ${size ?? endBytes}`,
    };
  }

  /** Bytes as fast as the draft takes them; a server that only drips is as good as silent. */
  async *#chunksOf({ body }: HttpStream, host: string): AsyncGenerator<Uint8Array, void, undefined> {
    const { clock } = this.#options;
    const chunks = body[Symbol.asyncIterator]();
    let waitedMs = 0;
    let bytes = 0;
    for (;;) {
      const startMs = clock.monotonicMs();
      const { done, value } = await chunks.next();
      if (done === true) return;
      waitedMs += clock.monotonicMs() - startMs;
      bytes += value.byteLength;
      if (waitedMs >= DRIP_MS) {
        if (bytes < DRIP_BYTES_MIN)
          throw new HttpBodyError('timeout', `${host}: only ${bytes} bytes came in ${DRIP_MS} ms`);
        [waitedMs, bytes] = [0, 0];
      }
      yield value;
    }
  }

  #made(): void {
    this.#mostBytes = this.#here;
    this.#freshUrls = 0;
    this.#refused = '';
  }

  /** Without a validator nobody can tell whether it is still the same file. */
  async #restartUnlessMendable(): Promise<void> {
    const isMendable = this.#here > 0 && this.#remote?.validator != null;
    if (isMendable && this.#here < (this.#remote?.bytes ?? Number.POSITIVE_INFINITY)) return;
    if (this.#here > 0) await this.#forget();
  }

  async #restart(reason: DownloadProblem, detail: string): Promise<Setback> {
    await this.#forget();
    this.#restarts += 1;
    return { kind: this.#restarts > RESTARTS_MAX ? 'failed' : 'again', reason, detail };
  }

  async #forget(): Promise<void> {
    await this.#options.draft.restart();
    this.#here = 0;
    this.#remote = null;
    this.#tell();
  }

  #tell(): void {
    this.#options.progress?.(this.#here, this.#remote?.bytes ?? null);
  }
}

function badRedirect(detail: string): Setback {
  return { kind: 'failed', reason: 'bad_redirect', detail };
}
