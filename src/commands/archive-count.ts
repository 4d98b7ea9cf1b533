import { ArchiveError, type ArchiveTarget } from '../archive/define.js';
import { keyOf } from '../archive/drain-tally.js';
import type { ArchiveSettings } from '../archive/place.js';
import type { Config, SinkConfig } from '../config/config.js';
import { announceRemembered } from '../core/diff.js';
import { eventOf } from '../core/event.js';
import { wants } from '../core/routing.js';
import type { Clock, RememberedRecording, Store } from '../ports.js';
import { StoreError, StoreMissingError } from '../store/errors.js';
import { createLedger } from '../store/ledger.js';
import { hasOwner } from '../store/open.js';
import { sha256, systemClock } from '../system.js';
import type { CommandContext } from './command.js';
import { placeAt } from './drain-place.js';
import { countText, sizeText } from './drain-words.js';
import { openStoreOf, storeDependencies } from './session.js';
import type { Trial } from './trials.js';

type ProcessHere = Pick<CommandContext, 'cwd' | 'environment' | 'host' | 'pid'>;

/** For the reading of one archive: in storage, every file of it is a request. */
const COUNT_MS_MAX = 20_000;

/** What can be known of an archive without reading a list. Null: nothing tells. */
interface ArchiveCounts {
  /** Recordings in the archive, whatever the store or a list says of them. */
  readonly files: number;
  /** Recordings that the sink wants and the store remembers as available. */
  readonly available: number | null;
  readonly archived: number | null;
  readonly missing: number | null;
  /** Of the files of {@link archived}, or of all when that is not known. */
  readonly archivedBytes: number;
  /** By the mean of those that are archived. */
  readonly aboutMissingBytes: number | null;
  /** Deliveries that wait for the sink. */
  readonly waiting: number | null;
}

export interface ArchiveTrial extends Trial {
  readonly archive?: ArchiveCounts;
}

/** How much of what the store remembers is in an archive. A sink that cannot be reached is told elsewhere. */
export async function countArchive(
  sink: SinkConfig,
  settings: ArchiveSettings,
  config: Config,
  context: ProcessHere,
  clock: Clock = systemClock,
): Promise<ArchiveTrial> {
  const { target } = placeAt(settings, context);
  try {
    const held = await heldBy(target, clock);
    if (held === undefined) {
      const detail = `it could not be counted within ${COUNT_MS_MAX / 1_000} s; "drain --dry-run" says what is missing`;
      return { result: 'notice', detail };
    }
    return await compared(sink, held, config, context);
  } catch (error) {
    if (error instanceof ArchiveError) return { result: 'notice', detail: `it cannot be counted: ${error.message}` };
    throw error;
  } finally {
    await target.close();
  }
}

/** Bytes of each recording that is there whole, as a drain counts: whatever its occurrence. Undefined: that took too long. */
async function heldBy(
  target: Pick<ArchiveTarget, 'files'>,
  clock: Clock,
): Promise<ReadonlyMap<string, number> | undefined> {
  const held = new Map<string, number>();
  const files = target.files()[Symbol.asyncIterator]();
  const patience = Promise.withResolvers<undefined>();
  const timer = clock.after(COUNT_MS_MAX, () => patience.resolve(undefined));
  try {
    for (;;) {
      const reading = files.next();
      // Given up below, it may fail when nobody waits for it any more.
      reading.catch(() => undefined);
      const step = await Promise.race([reading, patience.promise]);
      if (step === undefined) return undefined;
      if (step.done === true) return held;
      const key = keyOf(step.value.source, step.value);
      held.set(key, (held.get(key) ?? 0) + step.value.bytes);
    }
  } finally {
    timer.cancel();
  }
}

async function compared(
  sink: SinkConfig,
  held: ReadonlyMap<string, number>,
  config: Config,
  context: ProcessHere,
): Promise<ArchiveTrial> {
  const opened = await openedStore(config, context);
  if (typeof opened === 'string') return unknownTrial(held, opened);
  try {
    const counts = await countsOf(sink, held, config, opened);
    return { ...toldOf(counts, await hasOwner(config.store, storeDependencies(context))), archive: counts };
  } catch (error) {
    if (error instanceof StoreError) return unknownTrial(held, 'the store cannot be read');
    throw error;
  } finally {
    await opened.close();
  }
}

/** Or why there is none to look into, in words. */
async function openedStore(config: Config, context: ProcessHere): Promise<Store | string> {
  if (config.store.kind === 'memory') return 'a store in memory cannot be looked into';
  try {
    return (await openStoreOf(config, 'read', context)).store;
  } catch (error) {
    if (error instanceof StoreMissingError) return 'there is no store yet';
    if (error instanceof StoreError) return 'the store cannot be read';
    throw error;
  }
}

async function countsOf(
  sink: SinkConfig,
  held: ReadonlyMap<string, number>,
  { sources }: Config,
  store: Store,
): Promise<ArchiveCounts & { readonly missing: number }> {
  const ledger = createLedger(store);
  let [available, archived, archivedBytes, waiting] = [0, 0, 0, 0];
  for (const { name } of sources) {
    for await (const remembered of ledger.allRecordings(name)) {
      if (!isWanted(sink, remembered)) continue;
      available += 1;
      const bytes = held.get(keyOf(name, remembered));
      if (bytes === undefined) continue;
      archived += 1;
      archivedBytes += bytes;
    }
  }
  for await (const { sink: of, state } of ledger.pending()) if (of === sink.name && state === 'pending') waiting += 1;
  const missing = available - archived;
  const aboutMissingBytes = archived === 0 ? null : Math.round((archivedBytes / archived) * missing);
  return { files: held.size, available, archived, missing, archivedBytes, aboutMissingBytes, waiting };
}

function isWanted(sink: SinkConfig, { source, uuid, state }: RememberedRecording): boolean {
  if (state.status !== 'available') return false;
  return wants(sink, eventOf(sha256, source, announceRemembered(uuid, state).change, 0));
}

function toldOf(counts: ArchiveCounts & { readonly missing: number }, isOwned: boolean): Trial {
  const { available, archived, missing, archivedBytes, aboutMissingBytes, waiting } = counts;
  const about = aboutMissingBytes === null ? '' : `, about ${sizeText(aboutMissingBytes)}`;
  const ways = `, of which ${waiting} wait for it; "drain" archives all that are still in the list`;
  const sentences = [
    `${countText(available ?? 0, 'recording')} available: ${archived} archived (${sizeText(archivedBytes)}), ${missing} not yet${missing === 0 ? '' : about + ways}`,
    'Counted by what the store remembers and the archive holds; no list was read, "drain --dry-run" does that',
    ...(isOwned ? ['A running program owns the store and may have gone on meanwhile'] : []),
  ];
  return { result: missing === 0 ? 'ok' : 'notice', detail: sentences.join('. ') };
}

function unknownTrial(held: ReadonlyMap<string, number>, why: string): ArchiveTrial {
  const archivedBytes = held.values().reduce((sum, bytes) => sum + bytes, 0);
  const unknown = { available: null, archived: null, missing: null, aboutMissingBytes: null, waiting: null };
  const detail = `${countText(held.size, 'recording')} archived (${sizeText(archivedBytes)}). What is not yet is unknown, since ${why}: "drain --dry-run" reads the lists`;
  return { result: 'notice', detail, archive: { files: held.size, ...unknown, archivedBytes } };
}
