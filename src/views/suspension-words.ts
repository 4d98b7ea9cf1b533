import type { Suspension } from '../core/suspension.js';

/** What comes of what waits for a sink that gets nothing: one that is suspended, disabled, or not in the config. */
export const KEPT_FOR_SINK = 'What waits is kept for 30 days, then given up.';

/** What ends a suspension. When it is tried next by time, `nextTrialAtMs` says. */
export function trialWords({ nextTrialAtMs }: Pick<Suspension, 'nextTrialAtMs'>): string {
  const when =
    nextTrialAtMs === null
      ? 'at a start, at a reload and when somebody redelivers, but not by time'
      : 'at a start, at a reload, when somebody redelivers, and from time to time';
  return `One delivery is tried ${when}; once one arrives, the rest follows.`;
}
