import { type Delivery, newDelivery } from '../core/delivery.js';
import {
  type ArchiveNote,
  archivedEventOf,
  isRecordingEvent,
  NO_URL,
  type RecordingEvent,
  type StoredRecordingEvent,
  withUrl,
} from '../core/event.js';
import { deliveryIdOf, type Sha256 } from '../core/id.js';
import { wants } from '../core/routing.js';
import type { Clock } from '../ports.js';
import type { RoutedSink } from './commit-changes.js';
import type { MakeAttemptPorts } from './make-attempt.js';
import type { Results } from './results.js';

/** Who hears that a recording is archived. */
export interface ArchiveNews {
  readonly sha256: Sha256;
  /** The sinks that take new events. */
  readonly sinks: () => readonly RoutedSink[];
  /** Events that have just been stored. */
  readonly tell: (events: readonly RecordingEvent[]) => void;
}

export interface SaverPorts {
  readonly news?: ArchiveNews | undefined;
  readonly results: Results;
  readonly clock: Clock;
  /** Deliveries that are being stored, and are offered afterwards. Call what it gives when that is over. */
  readonly expect: (deliveries: readonly Delivery[]) => () => void;
  readonly offer: (deliveries: readonly Delivery[]) => void;
  /** Some were stored before: a reading of the outbox meanwhile has passed over them. */
  readonly doubt: () => void;
}

/**
 * Stores what became of attempts. That a sink has stored a recording is told by `recording.archived`, whose deliveries are in the same
 * write. Those that exist stay as they are: a recording that is archived again, or by another sink too, is told to each sink once.
 */
export function createSaver(ports: SaverPorts): MakeAttemptPorts['save'] {
  const { news, results, clock, expect, offer, doubt } = ports;

  async function saveArchived(
    delivered: Delivery,
    available: StoredRecordingEvent,
    archive: ArchiveNote,
    { sha256, sinks, tell }: ArchiveNews,
  ): Promise<void> {
    const nowMs = clock.nowMs();
    const event = archivedEventOf(sha256, available, archive, nowMs);
    const following = sinks()
      .filter((sink) => wants(sink, event))
      .map(({ name }) => newDelivery(deliveryIdOf(sha256, event.id, name), name, event, false, nowMs));
    const isOver = expect(following);
    try {
      const made = await results.saveWith(delivered, following);
      tell([withUrl(event, NO_URL)]);
      offer(made);
      if (made.length < following.length) doubt();
    } finally {
      isOver();
    }
  }

  return (deliveries, outcome) => {
    const [delivery] = deliveries;
    const archived = outcome?.kind === 'delivered' ? outcome.archived : undefined;
    if (news === undefined || archived === undefined || delivery === undefined) return results.saveTogether(deliveries);
    const { event, sink } = delivery;
    if (!isRecordingEvent(event)) return results.saveTogether(deliveries);
    return saveArchived(delivery, event, { ...archived, sink }, news);
  };
}
