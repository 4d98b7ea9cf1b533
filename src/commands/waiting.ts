import type { Delivery } from '../core/delivery.js';

/** How commands count and tell what waits for a person. */

export const NOTHING_RUNS = 'No program runs on this store: what waits goes out when "run" or "poll" is started.';

export function addTo(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Events of operators are never held, so there is a source. */
export function sourceOf({ event }: Delivery): string {
  return event.source ?? '';
}

export function heldText(source: string, count: number): string {
  return `${count} of ${source} are held, since a poll made more events than delivery.floodLimit: "release" sends them, "discard" gives them up.`;
}
