import type { RecordingUuid } from '../core/id.js';
import type { RecordingState } from '../core/recording.js';
import { isAwaited } from '../core/settled.js';
import { AWAITED_MAX, type Awaited, type WalkMark } from '../core/walk-mark.js';

/** What counts of a recording. */
type Noted = Pick<RecordingState, 'status' | 'stuckTold' | 'meetingId'>;

/** Remembered as available, and nothing more is expected of it. */
const SETTLED: Noted = { status: 'available', stuckTold: false, meetingId: null };

/** Counts, as rows come, what the list has in the end; beginning with what is known of the rest, where that is not read. */
export class WalkTally {
  readonly #awaited: Map<RecordingUuid, Awaited>;
  #available: number;

  /** @param known of the rows that need not come; undefined: all of them come */
  constructor(known: WalkMark | undefined) {
    this.#available = known?.available ?? 0;
    this.#awaited = new Map(known?.awaited.map((each) => [each.uuid, each]));
  }

  get available(): number {
    return this.#available;
  }

  /** In processing, and not told as stuck. */
  get awaited(): readonly Awaited[] {
    return [...this.#awaited.values()];
  }

  /** @param isCounted whether that is known already */
  noteSettled(uuid: RecordingUuid, isCounted: boolean): void {
    this.note(uuid, isCounted ? SETTLED : undefined, SETTLED);
  }

  /** @param before what was remembered of it, if that has been counted already */
  note(uuid: RecordingUuid, before: Noted | undefined, after: Noted): void {
    this.#available += Number(after.status === 'available') - Number(before?.status === 'available');
    if (!isAwaited(after)) this.#awaited.delete(uuid);
    else if (this.#awaited.size < AWAITED_MAX) this.#awaited.set(uuid, { uuid, meetingId: after.meetingId });
  }
}
