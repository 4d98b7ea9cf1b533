import type { RecordingUuid } from '../core/id.js';
import type { RecordingState } from '../core/recording.js';
import { isAwaited } from '../core/settled.js';
import { AWAITED_MAX, type Awaited, type WalkMark } from '../core/walk-mark.js';

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

  /** @param before what was remembered of it, if that has been counted already */
  note(uuid: RecordingUuid, before: RecordingState | undefined, after: RecordingState): void {
    this.#available += Number(after.status === 'available') - Number(before?.status === 'available');
    if (!isAwaited(after)) this.#awaited.delete(uuid);
    else if (this.#awaited.size < AWAITED_MAX) this.#awaited.set(uuid, { uuid, meetingId: after.meetingId });
  }
}
