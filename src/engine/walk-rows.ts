import type { RecordingUuid } from '../core/id.js';
import type { Recording } from '../core/recording.js';
import type { Fingerprints } from './fingerprints.js';
import { RecentlySeen } from './recently-seen.js';

/** The latest rows of a walk, kept to notice the same recording twice: the first one counts, or two rows that differ would be news at every poll. */
const SEEN_MIN = 10_000;

/** The rows of one walk: tells which of them say something, and counts them. */
export class WalkRows {
  readonly #settled: Fingerprints;
  readonly #mayTrust: boolean;
  readonly #seen = new RecentlySeen<RecordingUuid>(SEEN_MIN);
  readonly counts = { rows: 0, rejected: 0, available: 0, processing: 0 };

  /**
   * @param settled recordings that the store has as available, and of which nothing more is expected
   * @param mayTrust false: they may be of another list
   */
  constructor(settled: Fingerprints, mayTrust: boolean) {
    this.#settled = settled;
    this.#mayTrust = mayTrust;
  }

  has(uuid: RecordingUuid): boolean {
    return this.#seen.has(uuid) || this.#settled.hasMet(uuid);
  }

  /** A recording counts once. What is not known to be settled has to be looked up. */
  take({ uuid, status }: Recording): 'repeated' | 'settled' | 'unsure' {
    if (this.#mayTrust && status === 'available') {
      const met = this.#settled.meet(uuid);
      if (met === 'again') return 'repeated';
      if (met === 'first') {
        this.counts.rows += 1;
        this.counts.available += 1;
        return 'settled';
      }
    }
    if (this.has(uuid)) return 'repeated';
    // Whatever is looked up may be found to have changed.
    this.#settled.delete(uuid);
    this.#seen.add(uuid);
    this.counts.rows += 1;
    if (status === 'available') this.counts.available += 1;
    if (status === 'processing') this.counts.processing += 1;
    return 'unsure';
  }
}
