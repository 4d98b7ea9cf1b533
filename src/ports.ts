import type { AlarmRecord } from './core/alarm-record.js';
import type { Delivery } from './core/delivery.js';
import type { DeliveryId, RecordingUuid } from './core/id.js';
import type { Pausable, Pause } from './core/pause.js';
import type { RecordingState } from './core/recording.js';
import type { SinkState } from './core/suspension.js';
import type { WalkMark } from './core/walk-mark.js';

/** Interfaces of everything impure. `system.ts` and the adapters implement them; tests hand in others. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since 1970. It can jump. */
  nowMs(): number;
  /** Never goes back; for measuring how long something took. */
  monotonicMs(): number;
  /** Calls back once. A delay over 2^31 - 1 ms is cut to that; a negative one is 0. */
  after(delayMs: number, callback: () => void): Timer;
}

/** A number in [0, 1). */
export type Random = () => number;

export type LogFields = Readonly<Record<string, unknown>>;

/** Messages at warn and above are constant strings; what varies is in the fields, which carry their units in their names. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** A value as it is stored: plain JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * The memory. One key space; keys are made in `store/keys.ts`, values are decoded in `store/records.ts`.
 *
 * Every method throws a StoreError when the store did not do what was asked: a failed read is never "unknown".
 */
export interface Store {
  /** What opens the log line: `sqlite:/abs/path`, `memory`. No credentials. */
  readonly label: string;
  /** The keys that exist. At most {@link STORE_BATCH_MAX} keys. */
  getMany(keys: readonly string[]): Promise<ReadonlyMap<string, Json>>;
  /**
   * Those of the keys whose value is no list that begins and ends like this; of what is as expected nothing is read. At most
   * {@link STORE_BATCH_MAX} keys.
   */
  getUnlike(keys: readonly string[], like: ListEnds): Promise<ReadonlySet<string>>;
  /**
   * All entries in one atomic write, in this order where the store has an order. No key twice, at most {@link STORE_BATCH_MAX}.
   */
  setMany(entries: readonly (readonly [key: string, value: Json])[]): Promise<void>;
  /** Deleting what does not exist is fine. At most {@link STORE_BATCH_MAX} keys. */
  deleteMany(keys: readonly string[]): Promise<void>;
  /**
   * Stores the entries and then deletes the keys, in one atomic write where the storage can; elsewhere a crash in between leaves the
   * keys. No entry twice; a key of both is gone in the end. At most {@link STORE_BATCH_MAX} in all.
   */
  replaceMany(entries: readonly (readonly [key: string, value: Json])[], gone: readonly string[]): Promise<void>;
  /** Every entry whose key starts with the prefix, in no promised order; throws if the scan was not complete. */
  scan(prefix: string): AsyncIterable<readonly [key: string, value: Json]>;
  close(): Promise<void>;
}

export const STORE_BATCH_MAX = 1_000;

/** What a list begins and ends with; something else is in between. */
export interface ListEnds {
  readonly first: readonly (string | number)[];
  readonly last: number;
}

/** How a receiver is reached, where the system's ways are not the right ones. */
export interface HttpRoute {
  readonly tls?:
    | {
        /** PEM: who may vouch for the receiver, in place of the authorities of the system. */
        readonly ca?: string | undefined;
        /** PEM: what we show to a receiver that asks for it, with the certificates between it and its authority. */
        readonly cert?: string | undefined;
        /** PEM: of the certificate. */
        readonly key?: string | undefined;
        /** Of a key that is encrypted. */
        readonly passphrase?: string | undefined;
      }
    | undefined;
  /** `off`, or a URL, in place of what the environment says. */
  readonly proxy?: string | undefined;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole request, the answer's body included. */
  readonly timeoutMs: number;
  /** After decompression. 0: the answer's body does not matter; it is discarded, within bounds, and not waited for. */
  readonly bodyBytesMax: number;
  /** The caller's stop. An aborted request ends with the failure `aborted`. */
  readonly signal: AbortSignal;
  readonly route?: HttpRoute | undefined;
}

export interface HttpAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** Lower-case names; a repeated header is joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Set when the status line came but the body did not come whole. `body` is then what had come. */
  readonly bodyProblem?: 'timeout' | 'too_large' | 'broken' | 'aborted';
}

export interface HttpFailure {
  readonly kind: 'failure';
  readonly reason:
    | 'timeout'
    | 'dns_failed'
    | 'connection_failed'
    | 'tls_failed'
    | 'address_forbidden'
    | 'bad_answer'
    | 'aborted';
  /** In words, with the host and the system's error code where there is one; never path, query or credentials of the URL. */
  readonly detail: string;
  /** What of a route would do, or is the wrong one: an authority that vouches for the receiver, or a certificate of ours. */
  readonly wants?: 'ca' | 'client_certificate';
}

/** A GET whose body is read piece by piece, of a URL that nobody wrote into the config: an API's answer or a redirect gave it. */
export interface HttpOpenRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Until the head of the answer has come. */
  readonly timeoutMs: number;
  /** The longest silence within the body. Time in which nobody asks for more of it does not count. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
  /**
   * Where the URL is from: the address in the config of the API that gave it. A private address is reached only if that is at
   * private addresses itself; without it, none is.
   */
  readonly givenBy?: string | undefined;
}

export interface HttpStream {
  readonly kind: 'stream';
  readonly status: number;
  /** As in {@link HttpAnswer}. */
  readonly headers: Readonly<Record<string, string>>;
  /** To be read once, in `identity` coding; nothing comes faster than it is read. Throws an {@link HttpBodyError} if it ends too early. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The body does not matter. Closes the connection if there is more to come. Again, or after the body was read, it does no harm. */
  discard(): void;
}

/** Why a body did not come whole. In words, as in {@link HttpFailure}. */
export class HttpBodyError extends Error {
  override readonly name = 'HttpBodyError';
  readonly reason: 'timeout' | 'broken' | 'aborted';

  constructor(reason: HttpBodyError['reason'], message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

/** Outgoing HTTP with the guards of `http/`: no redirects, bounds on time and bytes, forbidden addresses. Does not throw. */
export interface HttpClient {
  request(request: HttpRequest): Promise<HttpAnswer | HttpFailure>;
  /** Whoever gets a stream reads its body or discards it. A 2xx in a coding that was not asked for is a `bad_answer`. */
  open(request: HttpOpenRequest): Promise<HttpStream | HttpFailure>;
  /** The proxy that stands before a URL, for a client of somebody else's; it may hold credentials. Undefined: none. */
  proxyFor?(url: URL): URL | undefined;
  /** Opens a connection (TCP, TLS for https) and closes it: reachable without a message. Undefined when that worked. */
  connect(url: string, timeoutMs: number, signal: AbortSignal, route?: HttpRoute): Promise<HttpFailure | undefined>;
  close(): Promise<void>;
}

/** What the programs of others that we start have of ours, and how they end. */
export interface Programs {
  /** Of our environment: where programs are, whose they are, language and time zone. No secret stands there. */
  readonly environment: Readonly<Record<string, string>>;
  /** A program leads a group of its own now; whatever of it is there when our process ends is killed. @returns to be called when it is over */
  track(leaderPid: number): () => void;
  /**
   * To a program and to all that it has started, where it leads a process group. Zero only asks.
   *
   * @returns whether anything of the group is still there
   */
  signalGroup(leaderPid: number, signal: 'SIGTERM' | 'SIGKILL' | 0): boolean;
}

/** What is remembered of a source as a whole. */
export interface SourceMark {
  /** What it listed at its last complete first poll. */
  readonly scope: string;
  readonly firstPollDoneAtMs: number;
  /** Recordings in its last complete list, kept up to date while that is a long one; undefined: a store from before this was kept. */
  readonly listed?: number | undefined;
}

/** What the engine keeps, in its own words. Made on a {@link Store}; throws what that throws. */
export interface Ledger {
  sourceMark(source: string): Promise<SourceMark | undefined>;
  markSource(source: string, mark: SourceMark): Promise<void>;
  recordings(source: string, uuids: readonly RecordingUuid[]): Promise<ReadonlyMap<RecordingUuid, RecordingState>>;
  /** Those of the uuids that are remembered as available, and of which nothing more is expected. */
  settled(source: string, uuids: readonly RecordingUuid[]): Promise<ReadonlySet<RecordingUuid>>;
  /** Everything remembered of one source, or of all. */
  allRecordings(source?: string): AsyncIterable<RememberedRecording>;
  /** Those of the ids that are stored already, finished or not. */
  existing(ids: readonly DeliveryId[]): Promise<ReadonlySet<DeliveryId>>;
  /**
   * The one write: new deliveries, recording states and what is to be remembered of the walk, in this order, atomically. At most
   * {@link STORE_BATCH_MAX} in all.
   */
  commit(
    deliveries: readonly Delivery[],
    recordings: readonly RememberedRecording[],
    walk?: { readonly source: string; readonly mark: WalkMark },
  ): Promise<void>;
  walkMark(source: string): Promise<WalkMark | undefined>;
  markWalk(source: string, mark: WalkMark): Promise<void>;
  /**
   * What attempts and people made of deliveries and sinks, and what operators are told. A finished delivery moves out of the outbox. One
   * write, deliveries first, while it is at most {@link STORE_BATCH_MAX} in all.
   */
  save(
    deliveries: readonly Delivery[],
    sinks?: ReadonlyMap<string, SinkState>,
    alarms?: readonly AlarmRecord[],
  ): Promise<void>;
  delivery(id: DeliveryId): Promise<Delivery | undefined>;
  /** Those that are stored, in no promised order. */
  deliveries(ids: readonly DeliveryId[]): Promise<readonly Delivery[]>;
  /** The outbox: deliveries not finished. */
  pending(): AsyncIterable<Delivery>;
  finished(): AsyncIterable<Delivery>;
  /** Forgets finished deliveries. */
  forget(ids: readonly DeliveryId[]): Promise<void>;
  /** Forgets deliveries, finished or not. */
  remove(ids: readonly DeliveryId[]): Promise<void>;
  /** At the start, before anything changes: takes away what a crash left of deliveries that were on the move. */
  tidy(): Promise<void>;
  sinkStates(): Promise<ReadonlyMap<string, SinkState>>;
  alarms(): Promise<readonly AlarmRecord[]>;
  /** What a person has paused. */
  pauses(): Promise<readonly Pause[]>;
  storePause(pause: Pause): Promise<void>;
  forgetPause(of: Pausable): Promise<void>;
}

export interface RememberedRecording {
  readonly source: string;
  readonly uuid: RecordingUuid;
  readonly state: RecordingState;
}
