import { listed } from '../config/words.js';
import type { Only, Route } from '../core/routing.js';

/** Globs that are written out; the config has the others. */
const GLOBS_MAX = 5;

const NOUNS = { sources: 'source', rooms: 'room', meetings: 'meeting' } as const satisfies Record<keyof Only, string>;

/** What a sink is told of, for a person; undefined where it is what every sink is told of. */
export function routeWords({ events, only }: Route): string | undefined {
  const filters = (['sources', 'rooms', 'meetings'] as const).flatMap((key) => {
    const globs = only[key];
    return globs === undefined ? [] : [`${NOUNS[key]} ${globsText(globs)}`];
  });
  const isUsual = events.length === 1 && events[0] === 'recording.available' && filters.length === 0;
  if (isUsual) return undefined;
  return `${listed(events)}${filters.length === 0 ? '' : `; only of ${listed(filters)}`}`;
}

function globsText(globs: readonly string[]): string {
  const shown = globs.slice(0, GLOBS_MAX).map((glob) => JSON.stringify(glob));
  const rest = globs.length - shown.length;
  return listed(rest > 0 ? [...shown, `${rest} more`] : shown, 'or');
}
