import { type Delivery, held, newDelivery } from '../core/delivery.js';
import type { Change } from '../core/diff.js';
import { eventOf, NO_URL, type RecordingEvent, type StoredRecordingEvent, withUrl } from '../core/event.js';
import { deliveryIdOf, type Sha256 } from '../core/id.js';
import { type Route, wants } from '../core/routing.js';
import type { WalkMark } from '../core/walk-mark.js';
import { type Ledger, type RememberedRecording, STORE_BATCH_MAX } from '../ports.js';
import type { Urls } from './urls.js';

/** Rows looked up and written at once. */
const SLICE_MAX = 250;

export interface RoutedSink extends Route {
  readonly name: string;
  readonly includeUrl: boolean;
}

export interface CommitPorts {
  readonly ledger: Ledger;
  /** The sinks that take new events. */
  readonly sinks: () => readonly RoutedSink[];
  readonly urls: Urls;
  /** Events that have just been stored, with the URLs just seen. */
  readonly tell: (events: readonly RecordingEvent[]) => void;
  /** Deliveries that are about to be stored, and are offered then. What is returned is called once they are, or could not be. */
  readonly expect: (deliveries: readonly Delivery[]) => () => void;
  /** Deliveries that have just been stored. */
  readonly offer: (deliveries: readonly Delivery[]) => void;
  /** A write failed: what it was to store may be there all the same. */
  readonly doubt: () => void;
  readonly sha256: Sha256;
}

/** What changed in rows of the list that were looked up together. */
export interface Changed {
  readonly changes: readonly Change[];
  readonly states: readonly RememberedRecording[];
  readonly nowMs: number;
  /** Events of the poll that go at once. */
  readonly floodLimit: number;
  /** Written with it: a walk has begun to write. */
  readonly mark?: WalkMark | undefined;
}

/** Writes what changed in a poll of one source, and counts what came of it. */
export class CommitChanges {
  readonly #source: string;
  readonly #ports: CommitPorts;
  #sinks: readonly RoutedSink[] = [];
  /** Events that a sink wants: only those can flood anybody. */
  #wanted = 0;
  events = 0;
  deliveries = 0;
  /** Of the deliveries. */
  held = 0;

  constructor(source: string, ports: CommitPorts) {
    this.#source = source;
    this.#ports = ports;
  }

  /**
   * A recording is written together with a delivery for every sink, and one write has its bound. The sinks stay the same within a slice,
   * whatever a reload does.
   */
  *slices<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
    for (let from = 0; from < rows.length; ) {
      this.#sinks = this.#ports.sinks();
      // One entry is left for the mark.
      const to = from + Math.max(1, Math.min(SLICE_MAX, Math.floor((STORE_BATCH_MAX - 1) / (1 + this.#sinks.length))));
      yield rows.slice(from, to);
      from = to;
    }
  }

  /** The commit point. */
  async store({ changes, states, nowMs, floodLimit, mark }: Changed): Promise<void> {
    if (states.length === 0) return;
    const { ledger, tell, offer, sha256 } = this.#ports;
    const events = changes.map((change) => eventOf(sha256, this.#source, change, nowMs));
    const deliveries = await this.#absent(events.flatMap((event) => this.#deliveriesOf(event, nowMs, floodLimit)));
    const isOver = this.#ports.expect(deliveries);
    try {
      await ledger.commit(deliveries, states, mark && { source: this.#source, mark });
    } catch (error) {
      this.#ports.doubt();
      throw error;
    } finally {
      isOver();
    }
    this.events += events.length;
    this.deliveries += deliveries.length;
    const free = deliveries.filter(({ state }) => state === 'pending');
    this.held += deliveries.length - free.length;
    tell(events.map((event) => this.#withUrlSeen(event)));
    offer(free);
  }

  #withUrlSeen(event: StoredRecordingEvent): RecordingEvent {
    const hasUrl = event.type === 'recording.available';
    return withUrl(event, hasUrl ? this.#ports.urls.lastSeen(this.#source, event.data.recording.uuid) : NO_URL);
  }

  #deliveriesOf(event: StoredRecordingEvent, nowMs: number, floodLimit: number): Delivery[] {
    const sinks = this.#sinks.filter((sink) => wants(sink, event));
    if (sinks.length > 0) this.#wanted += 1;
    const isFlood = this.#wanted > floodLimit;
    return sinks.map((sink) => {
      const id = deliveryIdOf(this.#ports.sha256, event.id, sink.name);
      const delivery = newDelivery(id, sink.name, event, sink.includeUrl, nowMs);
      return isFlood ? held(delivery) : delivery;
    });
  }

  async #absent(deliveries: readonly Delivery[]): Promise<Delivery[]> {
    if (deliveries.length === 0) return [];
    const existing = await this.#ports.ledger.existing(deliveries.map(({ id }) => id));
    return deliveries.filter(({ id }) => !existing.has(id));
  }
}
