import type { DigestPolicy } from '../core/batch.js';
import type { EventType } from '../core/event.js';
import type { RetryPolicy } from '../core/retry.js';
import type { Only } from '../core/routing.js';
import type { SinkDefinition } from '../sinks/define.js';
import type { SourceDefinition } from '../source/define.js';
import type { ListenAddress } from './listen.js';
import type { ServerAddress } from './store-url.js';

/** A loaded configuration: everything checked, defaulted and converted. */
export interface Config {
  /** As it was asked for, for messages. */
  readonly file: string;
  /** The file has mistakes, and this is what is left without them: to look at the store by, and never to run. */
  readonly isPart?: true;
  readonly sources: readonly SourceConfig[];
  /** The disabled ones too. */
  readonly sinks: readonly SinkConfig[];
  readonly store: StoreConfig;
  readonly keepDeliveredMs: number;
  readonly keepDeadMs: number;
  /** Events of one poll; the deliveries of what comes after them are held. */
  readonly floodLimit: number;
  /** A URL with a token in it; undefined: off. */
  readonly heartbeat: string | undefined;
  /** Where processes share the attempts; undefined: one process does everything. */
  readonly queue: QueueConfig | undefined;
  readonly server: ServerConfig;
  readonly privateAddresses: 'allow' | 'deny';
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'pretty' | 'json' | 'auto' };
}

export interface ServerConfig {
  /** Undefined: off. */
  readonly listen: ListenAddress | undefined;
  /** Nobody chose the address. */
  readonly isDefault: boolean;
  readonly token: string | undefined;
}

export interface SourceConfig {
  readonly name: string;
  readonly definition: SourceDefinition;
  /** Parsed by the definition's schema. */
  readonly settings: unknown;
  /** As in `SourceContext`: of the keys whose values come from references, which are where they are changed. */
  readonly keyNames?: Readonly<Record<string, string>> | undefined;
  readonly schedule: string;
  /** undefined: off. */
  readonly whileProcessing: string | undefined;
  /** When the next poll walks the whole list. */
  readonly fullWalk: string;
  readonly timezone: string;
  readonly firstPoll: 'remember' | 'announce';
  readonly stuckAfterMs: number;
  /** What becomes of an empty list after a long one. */
  readonly emptyList: 'doubt' | 'believe';
  /** Of the hook by which the platform asks for a poll; undefined: there is none. */
  readonly hookToken?: string | undefined;
}

export interface SinkConfig {
  readonly name: string;
  readonly definition: SinkDefinition;
  readonly settings: unknown;
  readonly enabled: boolean;
  readonly events: readonly EventType[];
  readonly only: Only;
  readonly concurrency: number;
  /** The shortest time between the starts of two attempts, from `rate`; 0 for no limit. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
  readonly includeUrl: boolean;
  /** Of dates in what it sends. A name of the IANA database. */
  readonly timezone: string;
  /** Undefined: each event goes at once. */
  readonly digest?: DigestPolicy | undefined;
}

/** In a Redis. The prefix is that of the store, unless the URL has one of its own. */
export type QueueConfig = ServerAddress & { readonly kind: 'redis' };

export type StoreConfig =
  | { readonly kind: 'memory' }
  | { readonly kind: 'sqlite'; readonly file: string }
  | ServerAddress;
