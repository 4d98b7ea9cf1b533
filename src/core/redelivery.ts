/** What somebody wants to have delivered again. */
export interface RedeliverOrder {
  /** Event ids (all sinks, or `sink`) and delivery ids. */
  readonly ids: readonly string[];
  /** Everything that is dead, in place of ids. */
  readonly dead: boolean;
  readonly sink: string | null;
  /** Moves what is found to this sink. */
  readonly to: string | null;
  /** Only what was given up since then. */
  readonly sinceMs: number | null;
}

/** What became of one of them. */
export interface RedeliverLine {
  /** A delivery id, or the id that was asked for and is unknown. */
  readonly id: string;
  readonly eventId: string | null;
  readonly sink: string | null;
  readonly result:
    | 'delivered'
    | 'pending'
    | 'dead'
    | 'paused'
    | 'unknown'
    | 'under_way'
    | 'sink_disabled'
    | 'sink_removed';
  /** Receipt or failure, in words. */
  readonly detail: string;
}
