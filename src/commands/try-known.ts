import type { Config, SourceConfig } from '../config/config.js';
import type { RecordingUuid } from '../core/id.js';
import type { Pause } from '../core/pause.js';
import type { Recording, RecordingState } from '../core/recording.js';
import type { FirstLook } from '../source/define.js';
import { StoreError, StoreMissingError } from '../store/errors.js';
import { createLedger } from '../store/ledger.js';
import type { CommandContext } from './command.js';
import { openStoreOf } from './session.js';

/** What the store has of the recordings of a page, so that `try` can say what a poll would do. */
export interface Known {
  /** Undefined: it could not be read, for a reason that was told. */
  readonly states: ReadonlyMap<RecordingUuid, RecordingState> | undefined;
  readonly isFirstPoll: boolean;
  readonly pause: Pause | undefined;
}

const NOTHING: Known = { states: new Map(), isFirstPoll: true, pause: undefined };

/** @param scope what the source lists, as in `Source` */
export async function knownOf(
  { rows }: FirstLook,
  { name }: SourceConfig,
  scope: string,
  config: Config,
  context: CommandContext,
): Promise<Known> {
  if (config.store.kind === 'memory') return NOTHING;
  try {
    const { store } = await openStoreOf(config, 'read', context);
    try {
      const ledger = createLedger(store);
      const uuids = rows.flatMap((row) => ('recording' in row ? [row.recording.uuid] : []));
      const mark = await ledger.sourceMark(name);
      const pauses = await ledger.pauses();
      return {
        states: await ledger.recordings(name, [...new Set(uuids)]),
        isFirstPoll: mark?.scope !== scope,
        pause: pauses.find((pause) => pause.kind === 'source' && pause.name === name),
      };
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof StoreMissingError) return NOTHING;
    if (!(error instanceof StoreError)) throw error;
    context.tell(`What is remembered cannot be read: ${error.message}`);
    return { ...NOTHING, states: undefined, isFirstPoll: false };
  }
}

/**
 * What a poll would do about a recording; short, since it is a cell of a table.
 *
 * @param isLinked its URL is asked for by itself
 */
export function meaningOf(
  { uuid, status, url }: Recording,
  { states, isFirstPoll }: Known,
  { firstPoll }: SourceConfig,
  isLinked: boolean,
) {
  const state = states?.get(uuid);
  const kind = status === 'available' || status === 'processing' ? status : 'unknown_status';
  const remembered = state?.status ?? null;
  const words = {
    available: 'available',
    processing: 'in processing',
    unknown_status: `unknown status ${JSON.stringify(status)}`,
  }[kind];
  const isSame = state !== undefined && state.status === status;
  const before = state === undefined ? '' : isSame ? ', as remembered' : `, was ${state.status}`;
  return { kind, remembered, meaning: `${words}${before}: ${deed()}` };

  function deed(): string {
    if (kind === 'unknown_status') return isSame ? 'nothing new' : 'remembered, makes no event';
    if (kind === 'processing') return 'announced once it is available';
    if (isSame && !state.awaitsAnnouncement) return 'nothing new';
    const noUrl = url === null && !isLinked ? ', without a URL' : '';
    const told = `would be announced${noUrl}`;
    if (states === undefined) return `${told}, unless it is remembered`;
    const isSilent = isFirstPoll && state === undefined;
    if (isSilent && firstPoll === 'remember') return 'remembered only, since it is the first poll';
    return isSilent || state?.awaitsAnnouncement ? `announced after the first poll${noUrl}` : told;
  }
}
