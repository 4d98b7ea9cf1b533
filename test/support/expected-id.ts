import { createHash } from 'node:crypto';

/** An event's id to the letter of the contract, and not by the program's own code. */
export function expectedEventId(type: string, source: string, uuid: string, occurrence: number): string {
  return `evt_${hashOf([type, source, uuid, occurrence])}`;
}

export function expectedDeliveryId(eventId: string, sink: string): string {
  return `dlv_${hashOf([eventId, sink])}`;
}

export function expectedDigestId(deliveryIds: readonly string[]): string {
  return `dig_${hashOf(deliveryIds)}`;
}

function hashOf(parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts), 'utf8').digest('hex').slice(0, 32);
}
