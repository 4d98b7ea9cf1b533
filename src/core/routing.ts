import type { EventType } from './event.js';

/** Globs: all keys given must match, any glob of a list. */
export interface Only {
  readonly sources?: readonly string[] | undefined;
  readonly rooms?: readonly string[] | undefined;
  readonly meetings?: readonly string[] | undefined;
}

/** What decides whether a sink gets an event. */
export interface Route {
  readonly events: readonly EventType[];
  readonly only: Only;
}
