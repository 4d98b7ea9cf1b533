import { type Batch, batchOf } from '../core/batch.js';
import type { Delivery } from '../core/delivery.js';
import type { DeliveryId } from '../core/id.js';
import type { Parcel } from './backlog.js';

/** What is under way at once. */
export interface Flight {
  /** Wall clock. */
  readonly startedAtMs: number;
  /** Empty until it is known what a batch still has. */
  deliveries: readonly Delivery[];
  /** What it may be, so that nobody changes it meanwhile. */
  readonly ids: readonly DeliveryId[];
  /** While its members are looked for. */
  batch: Batch | undefined;
  /** The receiver has taken it; what is left is to store that. */
  isAccepted: boolean;
}

/**
 * Attempts that are accepted and not noted yet, which do not keep others waiting: a receiver is not idle while the disk is busy, and
 * more of them are noted in one write. A crash repeats so many more at most, for each that may be in flight.
 */
export const UNNOTED_RATIO = 2;

/** The attempts that a lane has under way. */
export class Flights {
  readonly #all = new Set<Flight>();
  #accepted = 0;

  get count(): number {
    return this.#all.size;
  }

  get deliveries(): readonly Delivery[] {
    return [...this.#all].flatMap(({ deliveries }) => deliveries);
  }

  /**
   * Of the places that the sink's concurrency gives.
   *
   * @param concurrency of the sink
   * @param storeFails  then nothing goes ahead of what is stored
   */
  occupied(concurrency: number, storeFails: boolean): number {
    return this.#all.size - (storeFails ? 0 : Math.min(this.#accepted, UNNOTED_RATIO * concurrency));
  }

  has(delivery: Delivery): boolean {
    const batch = batchOf(delivery)?.id;
    return this.#all
      .values()
      .some(
        (flight) =>
          flight.deliveries.some(({ id }) => id === delivery.id) || (batch !== undefined && flight.batch?.id === batch),
      );
  }

  /** Since when it is in flight, or may turn out to be; wall clock. */
  sinceMs(id: DeliveryId): number | undefined {
    return this.#all.values().find(({ ids }) => ids.includes(id))?.startedAtMs;
  }

  start(parcel: Parcel, nowMs: number): Flight {
    const flight = flightOf(parcel, nowMs);
    this.#all.add(flight);
    return flight;
  }

  begin(flight: Flight, deliveries: readonly Delivery[]): void {
    flight.deliveries = deliveries;
    flight.batch = undefined;
  }

  accept(flight: Flight): void {
    flight.isAccepted = true;
    this.#accepted += 1;
  }

  end(flight: Flight): void {
    this.#all.delete(flight);
    if (flight.isAccepted) this.#accepted -= 1;
  }
}

function flightOf(parcel: Parcel, startedAtMs: number): Flight {
  const begun = { startedAtMs, isAccepted: false };
  if (parcel.kind === 'batch') return { ...begun, deliveries: [], ids: parcel.batch.members, batch: parcel.batch };
  const deliveries = parcel.kind === 'single' ? [parcel.delivery] : parcel.deliveries;
  return { ...begun, deliveries, ids: deliveries.map(({ id }) => id), batch: undefined };
}
