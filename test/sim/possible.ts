/**
 * What the product may have made of what it was shown of one recording. Mostly there is one possibility. When a poll broke, or the
 * process died, between a page and the next one, its rows may have been taken or not, and both goes on until the end of the story.
 */

export interface Told {
  readonly type: string;
  readonly occurrence: number;
  readonly previousStatus: string | null;
  /** Sinks that wanted it, whatever configuration was in force. */
  readonly required: ReadonlySet<string>;
  /** Sinks that wanted it by a configuration that may have been in force. */
  readonly allowed: ReadonlySet<string>;
}

export interface Possibility {
  readonly status: string | null;
  readonly available: number;
  readonly processing: number;
  /** When this spell in processing was first seen, by the wall clock; null outside of one. */
  readonly since: Span | null;
  readonly stuckTold: boolean;
  readonly awaitsAnnouncement: boolean;
  readonly told: readonly Told[];
  /** Two possibilities with the same text are one. */
  readonly text: string;
}

/** When exactly is not known from outside. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a row of the list means for one recording. */
export interface Sighting {
  readonly status: string;
  readonly at: Span;
  readonly phase: 'first' | 'new-scope' | 'normal';
  readonly announces: boolean;
  readonly stuckAfterMs: number;
  readonly sinksFor: (type: string) => Pick<Told, 'required' | 'allowed'>;
}

const POSSIBLE_MAX = 64;

export const UNSEEN: Possibility = {
  status: null,
  available: 0,
  processing: 0,
  since: null,
  stuckTold: false,
  awaitsAnnouncement: false,
  told: [],
  text: '',
};

/** Undefined: too many to follow. */
export type Possibilities = readonly Possibility[] | undefined;

/** @param certain whether the row has been taken for sure */
export function see(possible: Possibilities, sighting: Sighting, certain: boolean): Possibilities {
  return spread(possible, (one) => [...after(one, sighting), ...(certain ? [] : [one])]);
}

/** A first poll is complete, and what waited for that is announced. */
export function announce(possible: Possibilities, sinksFor: Sighting['sinksFor'], certain: boolean): Possibilities {
  return spread(possible, (one) => {
    if (!one.awaitsAnnouncement) return [one];
    const told = { type: 'recording.available', occurrence: one.available, previousStatus: null };
    const announced = withTold({ ...one, awaitsAnnouncement: false }, { ...told, ...sinksFor(told.type) });
    return certain ? [announced] : [announced, one];
  });
}

function spread(possible: Possibilities, next: (one: Possibility) => readonly Possibility[]): Possibilities {
  if (possible === undefined) return undefined;
  if (possible.length === 1 && possible[0] !== undefined) {
    const only = next(possible[0]);
    if (only.length === 1) return only;
  }
  const all = new Map(possible.flatMap(next).map((one) => [one.text, one]));
  return all.size > POSSIBLE_MAX ? undefined : [...all.values()];
}

function after(one: Possibility, sighting: Sighting): readonly Possibility[] {
  const { phase, status, announces } = sighting;
  if (phase === 'first' || (phase === 'new-scope' && (one.status === null || one.awaitsAnnouncement))) {
    const moved = one.status === status ? one : moveTo(one, sighting);
    return [identified({ ...moved, awaitsAnnouncement: announces && status === 'available' })];
  }
  if (one.status !== status) {
    const moved = moveTo(one, sighting);
    if (status !== 'available' && status !== 'processing') return [moved];
    const occurrence = status === 'available' ? moved.available : moved.processing;
    const told = { type: `recording.${status}`, occurrence, previousStatus: one.status };
    return [withTold(moved, { ...told, ...sighting.sinksFor(told.type) })];
  }
  if (one.since === null || one.stuckTold) return [one];
  const longest = sighting.at.toMs - one.since.fromMs;
  const shortest = sighting.at.fromMs - one.since.toMs;
  if (longest <= sighting.stuckAfterMs) return [one];
  const told = { type: 'recording.stuck', occurrence: one.processing, previousStatus: one.status };
  const stuck = withTold({ ...one, stuckTold: true }, { ...told, ...sighting.sinksFor(told.type) });
  return shortest > sighting.stuckAfterMs ? [stuck] : [stuck, one];
}

function moveTo(one: Possibility, { status, at }: Sighting): Possibility {
  return identified({
    ...one,
    status,
    available: one.available + (status === 'available' ? 1 : 0),
    processing: one.processing + (status === 'processing' ? 1 : 0),
    since: status === 'processing' ? at : null,
    stuckTold: false,
    awaitsAnnouncement: false,
  });
}

/** A first poll that broke while it announced announces again: the same fact, to whom it goes by the configuration of then as well. */
function withTold(one: Possibility, told: Told): Possibility {
  const isSame = ({ type, occurrence }: Told) => type === told.type && occurrence === told.occurrence;
  const before = one.told.find(isSame);
  if (before === undefined) return identified({ ...one, told: [...one.told, told] });
  const both = {
    ...before,
    required: before.required.union(told.required),
    allowed: before.allowed.union(told.allowed),
  };
  return identified({ ...one, told: one.told.map((each) => (each === before ? both : each)) });
}

function identified(one: Possibility): Possibility {
  const { status, available, processing, since, stuckTold, awaitsAnnouncement } = one;
  const told = one.told.map(
    ({ type, occurrence, previousStatus, required, allowed }) =>
      `${type} ${occurrence} ${previousStatus} ${[...required]} ${[...allowed]}`,
  );
  const text = [status, available, processing, since?.fromMs, since?.toMs, stuckTold, awaitsAnnouncement, ...told];
  return { ...one, text: text.join('|') };
}
