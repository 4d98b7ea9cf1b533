import { listed } from '../config/words.js';
import type { Delivery, Moved } from '../core/delivery.js';
import type { EventFacts } from './story-facts.js';

/** What people did with the deliveries of an event. */

/** Where what was to go to a sink went instead. */
export interface Move extends Moved {
  readonly to: string;
}

/** By the sinks that have no delivery any more since somebody moved it; the latest of each. */
export function movesOf({ deliveries }: EventFacts): ReadonlyMap<string, Move> {
  const moves = [...deliveries.values()]
    .flatMap(({ sink, movedFrom = [] }) => movedFrom.map((move): Move => ({ ...move, to: sink })))
    .filter(({ sink }) => !deliveries.has(sink))
    .sort((left, right) => left.atMs - right.atMs);
  return new Map(moves.map((move) => [move.sink, move]));
}

/** How it came to be made, and how often somebody asked for it since. */
export function byHandWords({ madeBy, movedFrom = [], round }: Delivery): string | undefined {
  const moved = movedFrom.length === 0 ? [] : [`moved here from ${listed(movedFrom.map(({ sink }) => sink))} by hand`];
  const made = { announce: ['announced by hand'], redeliver: moved.length === 0 ? ['sent here too by hand'] : [] };
  const again = round === 0 ? [] : [`sent again by hand ${round === 1 ? 'once' : `${round} times`}`];
  const words = [...(madeBy === undefined ? [] : made[madeBy]), ...moved, ...again];
  return words.length === 0 ? undefined : words.join(', ');
}

/** Whether some sink was told when the event was made; else nobody was before a person announced it, as far as is stored. */
export function isToldAtOnce({ deliveries }: EventFacts): boolean {
  return [...deliveries.values()].some((delivery) => !isAnnounced(delivery));
}

/** What is not known counts as made with its event: one that was sent to another sink too may be forgotten itself. */
function isAnnounced({ madeBy, movedFrom = [] }: Delivery): boolean {
  if (madeBy === undefined || (madeBy === 'redeliver' && movedFrom.length === 0)) return false;
  return movedFrom.every((move) => move.madeBy === 'announce');
}
