declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };

/** Identity of a recording within its source: what the list calls `uuid`, 1 to 200 characters. */
export type RecordingUuid = Id<'recording'>;
/** `evt_` and 32 hex digits. The same fact has the same id after a crash, on every sink, at every attempt. */
export type EventId = Id<'event'>;
/** `dlv_` and 32 hex digits: one event for one sink. */
export type DeliveryId = Id<'delivery'>;
/** `dig_` and 32 hex digits: several events in one message. */
export type DigestId = Id<'digest'>;

/** Lower-case hex SHA-256 of a text's UTF-8. Handed in, since core imports nothing. */
export type Sha256 = (text: string) => string;

const HASH_DIGITS = 32;

export function eventIdOf(
  sha256: Sha256,
  type: string,
  source: string,
  uuid: RecordingUuid,
  occurrence: number,
): EventId {
  return `evt_${digest(sha256, [type, source, uuid, occurrence])}` as EventId;
}

/** @param since what tells this change from another one of the same type and name, ISO 8601 */
export function operatorEventIdOf(sha256: Sha256, type: string, name: string, since: string): EventId {
  return `evt_${digest(sha256, [type, name, since])}` as EventId;
}

export function deliveryIdOf(sha256: Sha256, eventId: EventId, sink: string): DeliveryId {
  return `dlv_${digest(sha256, [eventId, sink])}` as DeliveryId;
}

/** One message of several deliveries: the same ones, in the same order, have the same id. */
export function digestIdOf(sha256: Sha256, deliveries: readonly DeliveryId[]): DigestId {
  return `dig_${digest(sha256, deliveries)}` as DigestId;
}

function digest(sha256: Sha256, parts: readonly (string | number)[]): string {
  return sha256(JSON.stringify(parts)).slice(0, HASH_DIGITS);
}
