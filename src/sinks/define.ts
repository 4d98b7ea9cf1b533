import type { z } from 'zod';
import type { ArchiveSettings } from '../archive/place.js';
import type { NotifierEvent, RecordingEvent } from '../core/event.js';
import type { Outcome, Progress } from '../core/failure.js';
import type { DigestId } from '../core/id.js';
import type { Clock, HttpClient, Programs, Random } from '../ports.js';
import type { Place } from '../template/places.js';

/** The URLs of the recording that an event is about. They are credentials, and die. */
export interface UrlSupply {
  /** Whose answer they are from: the address in the config of the platform. For {@link HttpClient.open}. */
  readonly givenBy: string | undefined;
  /** Another URL, asked for now, since the one that the event came with is dead. Undefined: the list has none, or is not to be had. */
  fresh(signal: AbortSignal): Promise<string | undefined>;
}

/** Several events in one message. The same events have the same id at every attempt, and others have another one. */
export interface Digest {
  readonly id: DigestId;
  /** 2 to 50, the oldest first. */
  readonly events: readonly RecordingEvent[];
}

export interface SinkContext<Settings> {
  /** The sink's own name in the config. */
  readonly name: string;
  readonly settings: Settings;
  /** What the attempt before left in its outcome; null at the first one. */
  readonly progress: Progress | null;
  readonly http: HttpClient;
  readonly clock: Clock;
  /** Time for the whole attempt. */
  readonly timeoutMs: number;
  /** Aborted when the attempt's time is over or the notifier stops. */
  readonly signal: AbortSignal;
  /** Of an attempt to deliver an event of a recording, for a sink that fetches it. */
  readonly urls?: UrlSupply | undefined;
  /** Of dates for people, a name of the IANA database; in the program always there, UTC where it is not. */
  readonly timezone?: string | undefined;
  /** Always there in the program. */
  readonly random?: Random | undefined;
  /** For a sink that starts programs; always there in the program. */
  readonly programs?: Programs | undefined;
  /** Writes a line to stdout and resolves when it has been taken. */
  readonly print: (line: string) => Promise<void>;
}

/** A template in the settings of a sink. */
export interface SinkTemplate {
  /** Where it stands in the settings. */
  readonly key: readonly string[];
  readonly source: string;
  /** What it makes. */
  readonly place: Place;
}

/** A part of what would be sent, for a person to read. */
export interface RenderedPart {
  /** Such as `text/html`. */
  readonly name: string;
  readonly content: string;
}

/** Code that can deliver to one kind of place. One file; `src/README.md` says how to add one. */
export interface SinkDefinition<Settings extends z.ZodType = z.ZodType> {
  readonly type: string;
  readonly summary: string;
  /** A strict object: the keys beside `type`, `events`, `only` and the others that every sink takes. Secrets are marked by `secret()`. */
  readonly settings: Settings;
  /** YAML of the settings, for the example config. */
  readonly example: string;
  /** Deliveries in flight at once, where the config says nothing. */
  readonly concurrency: number;
  /** Attempts at most, such as `1/s`, where the config says nothing; without it there is no limit. */
  readonly rate?: string;
  /** For one attempt, such as `12h`, where the config says nothing; without it, what `delivery.timeout` says. */
  readonly timeout?: string;
  /**
   * What an attempt costs the process that makes it, where several share them. `little`: it stays with the process that leads, since
   * what it writes belongs together. `much`: each process gets its part. Without it, whoever is free takes it.
   */
  readonly costs?: 'little' | 'much';
  /** Works on the recording itself: takes `recording.available` alone, and never without its URL. */
  readonly needsUrl?: true;
  /** Of a type that stores recordings: where, for commands that look into it. */
  archive?(settings: z.output<Settings>): ArchiveSettings;
  /** Of a type that writes on this machine: which file or folder, for commands that look how much room there is. */
  writesTo?(settings: z.output<Settings>): string | undefined;
  /** The templates in the settings, which are checked with them: each has to make something of every event that the sink gets. */
  templates?(settings: z.output<Settings>): readonly SinkTemplate[];
  /** What `check` and `run` should point out about valid settings, each a sentence. */
  notices?(settings: z.output<Settings>, nowMs: number): readonly string[];
  /** What `check` tells of valid settings, such as what the receiver has to know. No secret. */
  facts?(settings: z.output<Settings>): readonly string[];
  /**
   * What would be sent, for `render`: of a type that does not send it by `http` or `print` alone, and whose `deliver` therefore must not
   * run for a look. Its secrets are masked afterwards.
   */
  render?(event: NotifierEvent, context: SinkContext<z.output<Settings>>): readonly RenderedPart[];
  /** The same of several events, for a type that has `render` and takes digests. */
  renderDigest?(digest: Digest, context: SinkContext<z.output<Settings>>): readonly RenderedPart[];
  deliver(event: NotifierEvent, context: SinkContext<z.output<Settings>>): Promise<Outcome>;
  /** One message of several events, for a sink with `digest` in the config; what becomes of it becomes of each. */
  deliverDigest?(digest: Digest, context: SinkContext<z.output<Settings>>): Promise<Outcome>;
  /** Ends what `deliver` keeps open for these settings, such as a pool: the sink is removed or changed, or the program stops. */
  close?(settings: z.output<Settings>): Promise<void>;
  /** For `check --connect`: tries what can be tried without sending a message. Undefined when fine, else what is wrong in words. */
  connect?(context: SinkContext<z.output<Settings>>): Promise<string | undefined>;
}

export function defineSink<Settings extends z.ZodType>(definition: SinkDefinition<Settings>): SinkDefinition<Settings> {
  return definition;
}
