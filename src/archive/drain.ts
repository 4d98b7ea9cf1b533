import { isDoubtful } from '../core/empty-list.js';
import type { Recording } from '../core/recording.js';
import type { Clock } from '../ports.js';
import { type Source, SourceError } from '../source/define.js';
import { type ArchivedFile, type ArchivedRecording, ArchiveError, type ArchiveTarget } from './define.js';
import { createDrainQueue } from './drain-queue.js';
import {
  createDrainBook,
  type DrainBook,
  type DrainTally,
  keyOf,
  type Missing,
  type MissingReason,
} from './drain-tally.js';
import { walkAll } from './drain-walk.js';
import { waitFor } from './pace.js';

/** Rows that the reading of the lists is ahead of the archiving. They carry URLs, which age, and are held in memory. */
const ROWS_AHEAD_MAX = 2_000;

export interface NamedSource {
  readonly name: string;
  readonly source: Source;
  /** Whose answer its URLs are, as in {@link HttpOpenRequest}. */
  readonly address: string | undefined;
  /** What becomes of an empty list where the archive has many recordings of it. */
  readonly emptyList: 'doubt' | 'believe';
}

/** Where the bytes of a recording are: the URL of its row, and how another is had when that one is dead. */
export interface Link {
  readonly url: string;
  /** Whose answer it is from, as in {@link HttpOpenRequest}. */
  readonly givenBy: string | undefined;
  /** undefined: the list has it not, or is not to be had. */
  fresh(signal: AbortSignal): Promise<string | undefined>;
}

export type Carried =
  | { readonly kind: 'archived'; readonly file: ArchivedFile }
  | { readonly kind: 'failed'; readonly detail: string }
  /** Nothing came of it: it counts as not reached. */
  | { readonly kind: 'left' };

export interface DrainPorts {
  readonly clock: Clock;
  readonly target: Pick<ArchiveTarget, 'files' | 'find'>;
  /** Brings one recording into the archive; tries a bounded number of times. Throws an ArchiveError that is for all, which ends the drain. */
  carry(
    recording: ArchivedRecording,
    link: Link,
    signal: AbortSignal,
    received: (bytes: number) => void,
  ): Promise<Carried>;
  /** Called for each that this drain archives or fails to; a failure may be mended in a later round. */
  tell(news: DrainNews): Promise<void>;
}

export type DrainNews =
  | { readonly kind: 'archived'; readonly file: ArchivedFile }
  | { readonly kind: 'failed'; readonly source: string; readonly uuid: string; readonly detail: string };

export interface DrainOptions {
  readonly concurrency: number;
  /** Waits before failed recordings are tried again, a round for each. */
  readonly roundWaitsMs: readonly number[];
  /** Waits after a walk that broke. */
  readonly walkWaitsMs: readonly number[];
}

export interface Drain {
  readonly tally: DrainTally;
  /** Ends when nothing more can be done, or soon after the signal. Rejects with the ArchiveError that ended it. */
  run(signal: AbortSignal): Promise<void>;
}

interface Row {
  readonly named: NamedSource;
  readonly recording: Recording;
}

/**
 * Archives everything that the sources list. Needs no store: what is in the archive says what is done, so it goes on where an earlier
 * one was stopped. A recording that has any file there counts as archived, whatever its occurrence: without a store nobody can tell
 * whether it has become available again since.
 */
export function createDrain(sources: readonly NamedSource[], ports: DrainPorts, options: DrainOptions): Drain {
  const book = createDrainBook();
  return { tally: book, run: (signal) => run(sources, ports, options, book, signal) };
}

async function run(
  sources: readonly NamedSource[],
  ports: DrainPorts,
  options: DrainOptions,
  book: DrainBook,
  stopSignal: AbortSignal,
): Promise<void> {
  const { clock } = ports;
  const there = await bytesOf(ports.target, stopSignal);
  const halt = new AbortController();
  const signal = AbortSignal.any([stopSignal, halt.signal]);
  const carryRow = (row: Row) => carryOne(row, ports, book, signal);
  const names = new Map(sources.map((named) => [named.name, named]));
  try {
    await firstRound();
    for (const waitMs of options.roundWaitsMs) {
      const again = [...book.missing.values()].filter(({ reason }) => reason === 'failed' || reason === 'no_url');
      if (again.length === 0 || signal.aborted) break;
      await waitFor(clock, waitMs, signal);
      await eachOf(again, tryAgain);
    }
  } finally {
    halt.abort();
  }

  async function firstRound(): Promise<void> {
    const queue = createDrainQueue<Row>(ROWS_AHEAD_MAX);
    signal.addEventListener('abort', queue.close, { once: true });
    const reading = Promise.all(sources.map((named) => readList(named, (row) => queue.put(row)))).then(() => {
      book.allSeen();
      queue.end();
    });
    await allOrHalt([reading, ...workers(() => queue.take(), carryRow)]);
  }

  async function readList(named: NamedSource, put: (row: Row) => Promise<void>): Promise<void> {
    let listed = 0;
    const row = (recording: Recording) => {
      listed += 1;
      return look({ named, recording }, put);
    };
    const problems = await walkAll(named.source, { clock, waitsMs: options.walkWaitsMs, signal, row });
    const doubt = listed > 0 || problems.length > 0 || signal.aborted ? [] : doubtsAbout(named, there);
    for (const problem of [...problems, ...doubt]) book.problem(named.name, problem);
  }

  /** Whether the row shows something new. */
  async function look(row: Row, put: (row: Row) => Promise<void>): Promise<boolean> {
    const { named, recording } = row;
    const standing = book.standing(named.name, recording);
    if (standing === 'there' || standing === 'failed' || standing === 'not_reached') return false;
    const bytes = there.get(keyOf(named.name, recording));
    if (bytes !== undefined) {
      book.foundThere(named.name, recording, bytes);
      return true;
    }
    const lack = lackOf(recording) ?? NOT_REACHED;
    book.lacks(named.name, recording, ...lack);
    if (lack === NOT_REACHED) await put(row);
    return lack[0] !== standing;
  }

  async function tryAgain({ source, recording }: Missing): Promise<void> {
    const named = names.get(source);
    if (named !== undefined) await carryRow({ named, recording: { ...recording, url: null } });
  }

  async function eachOf<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
    const left = items.values();
    await allOrHalt(workers(async () => left.next().value, work));
  }

  function workers<Item>(take: () => Promise<Item | undefined>, work: (item: Item) => Promise<void>): Promise<void>[] {
    return Array.from({ length: options.concurrency }, async () => {
      for (let item = await take(); item !== undefined && !signal.aborted; item = await take()) await work(item);
    });
  }

  /** The first that fails stops the others, and is thrown when they have ended. */
  async function allOrHalt(works: readonly Promise<void>[]): Promise<void> {
    const results = await Promise.allSettled(works.map((work) => work.catch(stopAll)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  function stopAll(error: unknown): never {
    halt.abort();
    throw error;
  }
}

async function carryOne(row: Row, ports: DrainPorts, book: DrainBook, signal: AbortSignal): Promise<void> {
  const { named, recording } = row;
  const archived = recordingOf(named.name, recording);
  const fresh = (ofSignal: AbortSignal) => askForUrl(row, ofSignal).catch(undefinedWhenUnreachable);
  try {
    const found = await ports.target.find(archived);
    if (found !== undefined) return book.foundThere(named.name, recording, found.bytes);
    const url = recording.url ?? (await askForUrl(row, signal));
    if (url === undefined) return await fail('no_url', 'its row in the list has no URL');
    const carried = await ports.carry(archived, { url, fresh, givenBy: named.address }, signal, book.received);
    if (carried.kind === 'left') return;
    if (carried.kind === 'failed') return await fail('failed', carried.detail);
    book.stored(named.name, recording, carried.file);
    await ports.tell({ kind: 'archived', file: carried.file });
  } catch (error) {
    if (!(error instanceof SourceError || (error instanceof ArchiveError && !error.isForAll))) throw error;
    await fail('failed', error.message);
  }

  async function fail(reason: 'failed' | 'no_url', detail: string): Promise<void> {
    if (signal.aborted) return;
    book.lacks(named.name, recording, reason, detail);
    await ports.tell({ kind: 'failed', source: named.name, uuid: recording.uuid, detail });
  }
}

async function askForUrl({ named, recording }: Row, signal: AbortSignal): Promise<string | undefined> {
  const found = await named.source.find(recording.uuid, recording, signal);
  return found?.url ?? undefined;
}

function undefinedWhenUnreachable(error: unknown): undefined {
  if (!(error instanceof SourceError)) throw error;
}

type Lack = readonly [reason: MissingReason, detail: string];

const NOT_REACHED: Lack = ['not_reached', 'this drain has not come to it'];

function lackOf({ status, url }: Recording): Lack | undefined {
  if (status === 'processing') return ['processing', 'it is in processing'];
  if (status !== 'available') return ['other_status', `its status is ${JSON.stringify(status)}`];
  return url === null ? ['no_url', 'its row in the list has no URL'] : undefined;
}

/** What is there of each recording, all its occurrences together, by its key. */
async function bytesOf(
  target: Pick<ArchiveTarget, 'files'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const bytes = new Map<string, number>();
  for await (const file of target.files()) {
    if (signal.aborted) break;
    const key = keyOf(file.source, file);
    bytes.set(key, (bytes.get(key) ?? 0) + file.bytes);
  }
  return bytes;
}

/** An account that has been switched off answers as one that is empty. */
function doubtsAbout({ name, emptyList }: NamedSource, there: ReadonlyMap<string, number>): string[] {
  const before = there.keys().reduce((count, key) => count + (key.startsWith(`${name} `) ? 1 : 0), 0);
  if (emptyList === 'believe' || !isDoubtful(0, before)) return [];
  return [
    `the list is empty, and the archive has ${before} recordings of it: the platform may have switched the account off, or the key may be ` +
      `of another one; if it was emptied on purpose, set sources.${name}.emptyList: believe`,
  ];
}

function recordingOf(source: string, { uuid, roomId, meetingId, createdAt }: Recording): ArchivedRecording {
  return { source, uuid, occurrence: 1, roomId, meetingId, createdAt };
}
