/** An event's id would do as well where orders are carried out, and stand for the deliveries to every sink. */
export function isDeliveryId(text: string): boolean {
  return /^dlv_[0-9a-f]{32}$/.test(text);
}
