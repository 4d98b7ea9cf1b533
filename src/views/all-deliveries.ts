import type { Delivery } from '../core/delivery.js';
import type { DeliveryId } from '../core/id.js';
import type { Ledger } from '../ports.js';

/** Every delivery that is stored, each once: what is finished between the two scans is in both. */
export async function* allDeliveries(ledger: Pick<Ledger, 'pending' | 'finished'>): AsyncGenerator<Delivery> {
  const listed = new Set<DeliveryId>();
  for await (const delivery of ledger.pending()) {
    listed.add(delivery.id);
    yield delivery;
  }
  for await (const delivery of ledger.finished()) if (!listed.has(delivery.id)) yield delivery;
}
