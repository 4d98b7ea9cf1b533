import type { Delivery } from './delivery.js';
import type { Sha256 } from './id.js';

const HASH_DIGITS = 16;

/**
 * Names an attempt by what is stored of its deliveries: the same for each process that reads them, and another one as soon as anything
 * that came of it has been stored. Letters, digits, `_` and `-`.
 *
 * @param deliveries one, or those that go together
 */
export function attemptIdOf(sha256: Sha256, deliveries: readonly [Delivery, ...Delivery[]]): string {
  const [first] = deliveries;
  const names = deliveries.map(nameOf);
  if (names.length === 1) return nameOf(first);
  return `${nameOf(first)}-${sha256(names.join()).slice(0, HASH_DIGITS)}`;
}

/** The latest attempt tells apart those that do not count, as of a suspended sink. */
function nameOf({ id, round, attempts, history }: Delivery): string {
  return `${id}-r${round}-a${attempts}-${history.at(-1)?.atMs ?? 0}`;
}
