import type { EventType } from '../core/event.js';
import type { Log } from '../ports.js';
import type { SinkDefinition } from '../sinks/define.js';
import type { SourceDefinition } from '../source/define.js';

/** A number with its unit, as in the YAML: `500ms`, `30s`, `5m`, `2h`, `7d`. */
type Duration = string;

/** An account to poll. What a source type adds, such as `auth`, comes beside these. */
export interface SourceOptions {
  /** A type that ships, one of `sourceTypes`, a module (`./my-source.js`) or a package; `superviz` unless it is given. */
  readonly type?: string;
  /** When to poll: five or six fields of cron. Every 30 seconds unless it is given. */
  readonly schedule?: string;
  /** Polls in addition to `schedule` while anything is in processing; `off` for none. */
  readonly whileProcessing?: string;
  /** When the next poll walks the whole list: `17 * * * *` unless it is given. Other polls stop where nothing is new. */
  readonly fullWalk?: string;
  /** The time zone of the schedules. */
  readonly timezone?: string;
  /** What becomes of the recordings that are there before: `remember` announces none of them, `announce` all that are available. */
  readonly firstPoll?: 'remember' | 'announce';
  /** In processing for longer than this is a `recording.stuck` event. */
  readonly stuckAfter?: Duration;
  /** An empty list after one of a hundred recordings or more: `doubt` makes a `source.failing` event, `believe` takes it as it is. */
  readonly emptyList?: 'doubt' | 'believe';
  /** Opens `POST /hooks/TYPE/NAME`, and `/hooks/NAME`, of the server: a hint to poll at once. */
  readonly hookToken?: string;
  readonly [setting: string]: unknown;
}

/** A place to tell. What its type adds, such as `url`, comes beside these. */
export interface SinkOptions {
  /** A type that ships (`webhook`, …), one of `sinkTypes`, a module (`./my-sink.js`) or a package. */
  readonly type: string;
  /** Which events it gets: `['recording.available']` unless they are given. */
  readonly events?: readonly EventType[];
  /** Lists of globs; all that are given must match. */
  readonly only?: {
    readonly sources?: readonly string[];
    readonly rooms?: readonly string[];
    readonly meetings?: readonly string[];
  };
  /** false: what waits for it is kept, not sent, and new events make no deliveries for it. */
  readonly enabled?: boolean;
  /** Deliveries in flight at once. */
  readonly concurrency?: number;
  /** Attempts at most: `10/s`, `30/m`, `100/h`. */
  readonly rate?: string;
  /** For one attempt. */
  readonly timeout?: Duration;
  /** Waits between the end of an attempt and the next. */
  readonly retries?: readonly Duration[];
  /** false: the recording is told without its URL. */
  readonly includeUrl?: boolean;
  /** Of dates in messages that people read, and in templates: `UTC` unless it is given. */
  readonly timezone?: string;
  /** Events of recordings are collected and told in one message: `{ every: '10m', max: 50 }`. Of types that have `deliverDigest`. */
  readonly digest?: { readonly every?: Duration; readonly max?: number };
  readonly [setting: string]: unknown;
}

/** The config as an object, in the shape of the YAML. Values stand for themselves: no `${…}` is replaced. */
export interface NotifierConfig {
  /** The accounts to poll, by name. Renaming one makes a new source. */
  readonly sources: Readonly<Record<string, SourceOptions>>;
  /** The places to tell, by name. */
  readonly sinks: Readonly<Record<string, SinkOptions>>;
  /** Where it is remembered what was seen and what is to be delivered: `sqlite:state/notifier.sqlite` unless it is given. */
  readonly store?: string;
  readonly delivery?: {
    readonly timeout?: Duration;
    readonly retries?: readonly Duration[];
    readonly jitter?: number;
    readonly keepDelivered?: Duration;
    readonly keepDead?: Duration;
  };
  /** A URL that is requested after each round in which every source's poll was complete; `off` unless it is given. */
  readonly heartbeat?: string;
  /** What the library does: one process, which is all of it. Many processes share their work by the command `run`. */
  readonly queue?: 'embedded';
  /** The status page, /metrics and the API: at `listen`, `HOST:PORT`. Without it the library has no server. */
  readonly server?: { readonly listen?: string; readonly token?: string };
  readonly network?: { readonly privateAddresses?: 'allow' | 'deny' };
}

/** The program's own log: a logger such as pino or console. */
export type OwnLog = Log;

export interface LogSettings {
  /** The least that is logged: `warn` unless it is given. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error';
  /** `pretty` on a terminal and `json` elsewhere, unless it is given. */
  readonly format?: 'pretty' | 'json';
}

interface Embedding {
  /** What of the log goes to stderr, or a log to write to instead. */
  readonly log?: LogSettings | OwnLog;
  /** Sink types of one's own, made by `defineSink`, which the config calls by their `type`. */
  readonly sinkTypes?: readonly SinkDefinition[];
  /** Source types of one's own, made by `defineSource`, likewise. */
  readonly sourceTypes?: readonly SourceDefinition[];
}

/** A config as an object, or the file that it is in. Relative paths start at the working directory. */
export type NotifierOptions =
  | (NotifierConfig & Embedding & { readonly configFile?: undefined })
  | (Embedding & { readonly configFile: string });
