import type { z } from 'zod';
import type { RecordingUuid } from '../core/id.js';
import type { Recording } from '../core/recording.js';
import type { Clock, HttpClient, Log, Random } from '../ports.js';

/** A part of the list, as the platform hands it out. Held in memory one at a time. */
export interface Page {
  readonly recordings: readonly Recording[];
  /** Rows that are not recordings: set aside and counted, never fatal. At most 20 of the reasons, without the row's values. */
  readonly rejected: { readonly count: number; readonly reasons: readonly string[] };
  /** How many rows the list says that it has; undefined: it does not say. */
  readonly total?: number | undefined;
}

/** How a walk through all the pages ended. A walk that broke throws a {@link SourceError} instead. */
export type WalkEnd =
  | {
      readonly complete: true;
      readonly pages: number;
      /** Rows moved between pages while they were read: something may have been jumped over. */
      readonly shifted: boolean;
    }
  | {
      readonly complete: false;
      readonly pages: number;
      /** What is wrong and which key to set, in words. */
      readonly reason: string;
    };

/** A configured account that can be polled. */
export interface Source {
  /** What the list is made of (`type`, `baseUrl`, filters): when this text changes, the list is another one. */
  readonly scope: string;
  /** Where the platform is, as the config says it: the guard of the URLs in its rows asks for it. */
  readonly address?: string | undefined;
  /** When the credential dies, wall clock; null when nothing says so. */
  readonly credentialExpiresAtMs: number | null;
  walk(signal: AbortSignal): AsyncGenerator<Page, WalkEnd, void>;
  /**
   * By one request, what the list has of a meeting; left out where the platform knows no such thing. A platform may give rows of other
   * meetings all the same. Throws {@link SourceError}.
   */
  ofMeeting?(meetingId: string, signal: AbortSignal): Promise<Page>;
  /**
   * The row as it is now, asked for as narrowly as the platform allows; undefined when the list has it not. Throws {@link SourceError}.
   *
   * @param passing called with every row that is met on the way, of whatever recording
   */
  find(
    uuid: RecordingUuid,
    hints: { meetingId: string | null; roomId: string | null },
    signal: AbortSignal,
    passing?: (recordings: readonly Recording[]) => void,
  ): Promise<Recording | undefined>;
}

/** A source whose list can also be looked at by a person. */
export interface ConfiguredSource extends Source {
  /** The first page, row by row. Throws {@link SourceError}. */
  look(signal: AbortSignal): Promise<FirstLook>;
}

/** What a poll would make of a page. */
export interface FirstLook {
  /** In their order, those that are set aside included. */
  readonly rows: readonly SeenRow[];
  /** Names of fields that mean nothing to us. At most 50. */
  readonly unknownFields: readonly string[];
  /** The form of the list and what comes after this page, in words. */
  readonly paging: string;
  /** Where URLs are asked for one by one: what came of it for the first row that is available, or why nothing did. */
  readonly link?: { readonly row: number; readonly url: string | null; readonly problem?: string } | undefined;
  /** Why a poll that meets this page is not complete, and which key to set; undefined: it may be. */
  readonly problem: string | undefined;
}

export type SeenRow =
  | {
      readonly recording: Recording;
      /** Fields whose values are of a wrong type or too long, and count as missing. */
      readonly leftOut: readonly string[];
    }
  | {
      /** What is wrong with it, without its values. */
      readonly rejected: string;
    };

export interface SourceContext<Settings> {
  readonly name: string;
  readonly settings: Settings;
  /** How advice names a key of the settings, by its path such as `auth.secret`; `sources.NAME.PATH` where nothing is said here. */
  readonly keyNames?: Readonly<Record<string, string>> | undefined;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Before the first quick retry of a request, for tests that do not wait. */
  readonly quickRetryDelayMs?: number | undefined;
}

/** How advice names a key of the source's settings. */
export function keyNamesOf({ name, keyNames = {} }: Pick<SourceContext<unknown>, 'name' | 'keyNames'>) {
  return (key: string): string => keyNames[key] ?? `sources.${name}.${key}`;
}

/** Code that polls one kind of platform. One file; `src/README.md` says how to add one. */
export interface SourceDefinition<Settings extends z.ZodType = z.ZodType> {
  readonly type: string;
  readonly summary: string;
  /** A strict object: the keys beside `type`, `schedule` and the others that every source takes. Secrets are marked by `secret()`. */
  readonly settings: Settings;
  /** YAML of the settings, for the example config. */
  readonly example: string;
  open(context: SourceContext<z.output<Settings>>): ConfiguredSource;
}

export function defineSource<Settings extends z.ZodType>(
  definition: SourceDefinition<Settings>,
): SourceDefinition<Settings> {
  return definition;
}

export type SourceFailureKind =
  | 'unauthorized' // 401, 403
  | 'not_found' // 404
  | 'gone' // 410
  | 'rate_limited' // 429
  | 'unreachable' // DNS, TCP, TLS
  | 'timeout'
  | 'server_error' // 5xx and other statuses
  | 'bad_answer' // HTML, truncated JSON, an object that is no list
  | 'too_large'
  | 'source_threw' // a bug in the source
  | 'aborted';

/** A poll that failed, in words for the operator: which source, what came, what to do. No credential, no URL query, no body. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly kind: SourceFailureKind;
  /** When the platform asked to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: SourceFailureKind, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }
}
