import type { Delivery } from '../core/delivery.js';
import { counted } from './surroundings.js';

type Attempted = Pick<Delivery, 'attempts' | 'uncounted' | 'history'>;

/** Attempts that used up none of the schedule, since the sink is suspended; of an older record, as many as are still noted. */
export function uncountedOf({ attempts, uncounted, history }: Attempted): number {
  return uncounted ?? Math.max(0, history.length - attempts);
}

/** How many there were: one that suspended the sink, or found it so, is in the list of attempts and not in their number. */
export function attemptsWords(of: Attempted): string {
  const uncounted = uncountedOf(of);
  return `${counted(of.attempts, 'attempt')}${uncounted === 0 ? '' : ` and ${uncounted} that did not count`}`;
}

/** Those that were made before the ones that are noted. */
export function earlierAttempts(of: Attempted): number {
  return Math.max(0, of.attempts + uncountedOf(of) - of.history.length);
}
