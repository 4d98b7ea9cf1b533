import type { Delivery } from '../../src/core/delivery.js';
import type { Acceptance } from './sim-sinks.js';
import type { Tally } from './tally.js';

interface Message {
  readonly members: readonly string[];
  /** The sink was collecting then, so that whatever came by itself was to stay so. */
  readonly isOfDigest: boolean;
}

export interface BatchWorld {
  readonly tally: Tally;
  readonly violate: (what: string) => void;
  readonly deliveryIdFor: (eventId: string, sink: string) => string;
  /** By hand, or for good: it need not be where it was. */
  readonly hasLeft: (delivery: Delivery) => boolean;
  /** Whatever the configuration is just now. */
  readonly collects: (sink: string) => boolean;
}

/** What goes together: as it was stored before, and the same ones again whenever it comes again. */
export class Batches {
  readonly #world: BatchWorld;
  /** Deliveries as they were last written. */
  readonly #stored = new Map<string, Delivery>();
  readonly #last = new Map<string, Message>();

  constructor(world: BatchWorld) {
    this.#world = world;
  }

  storeHas(key: string, text: string | undefined): void {
    if (text === undefined || !/^(out|fin)\//.test(key)) return;
    const [, delivery] = JSON.parse(text) as [number, Delivery];
    this.#stored.set(delivery.id, delivery);
  }

  accepted({ sink, event, together, isLate }: Acceptance): void {
    const { tally, deliveryIdFor, collects } = this.#world;
    // Of an attempt that was given up: the store may be further by now.
    if (isLate || !event.type.startsWith('recording.')) return;
    const id = deliveryIdFor(event.id, sink);
    const members = together.map((each) => deliveryIdFor(each, sink));
    if (members.length > 1) tally.add('deliveries in digests');
    this.#checkStored(id, members);
    this.#checkRepeat(id, members);
    this.#last.set(id, { members, isOfDigest: collects(sink) });
  }

  #checkStored(id: string, members: readonly string[]): void {
    const batch: readonly string[] = this.#stored.get(id)?.batch ?? [];
    if (members.some((member) => !batch.includes(member)) && members.length > 1)
      this.#world.violate(`${id} came in a batch of ${members.length} that was not stored before`);
    for (const member of batch) {
      if (!members.includes(member) && !this.#hasLeft(member))
        this.#world.violate(`${id} came without ${member}, which is in its batch`);
    }
  }

  #checkRepeat(id: string, members: readonly string[]): void {
    const before = this.#last.get(id);
    if (before === undefined || this.#hasLeft(id)) return;
    if (members.length > 1) this.#world.tally.add('repeats of a digest');
    const isAlone = before.members.length === 1;
    if (members.some((member) => !before.members.includes(member)) && (before.isOfDigest || !isAlone))
      this.#world.violate(`${id} came again in another batch, with more than before`);
    if (before.members.some((member) => !members.includes(member) && !this.#hasLeft(member)))
      this.#world.violate(`${id} came again in another batch, with fewer than before`);
  }

  #hasLeft(id: string): boolean {
    const delivery = this.#stored.get(id);
    return delivery !== undefined && this.#world.hasLeft(delivery);
  }
}
