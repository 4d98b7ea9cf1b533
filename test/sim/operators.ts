import type { Config, SinkConfig } from '../../src/config/config.js';
import type { OperatorEvent } from '../../src/core/operator-event.js';
import { deliveryIdFor } from './oracle.js';
import type { Tally } from './tally.js';
import type { SimTime } from './time.js';

const SOURCE_FAILS_MS = 5 * 60_000;
const BETWEEN_DEAD_MS = 10 * 60_000;
/** Within it, and with a store that takes it, what is known is written. */
const WRITTEN_WITHIN_MS = 15_000;
/** Events of one story at most, whatever goes wrong in it. */
const EVENTS_MAX = 200;

/** Of an unbroken series, the latest ones. */
const POLLS_MAX = 400;

type Standing = 'works' | 'failing' | 'unknown';

interface Followed {
  readonly event: OperatorEvent;
  readonly atMs: number;
  /** Of every configuration that may have been in force; undefined when one had just come. */
  readonly listeners: ReadonlySet<string> | undefined;
  readonly sinks: Set<string>;
}

/** Knows from outside what operators are to be told: by what the store is given, and by how polls and deliveries end. */
export class Operators {
  readonly #time: SimTime;
  readonly #tally: Tally;
  readonly #violate: (what: string) => void;
  readonly #events = new Map<string, Followed>();
  /** Of sources and sinks, as operators know it. */
  readonly #standing = new Map<string, Standing>();
  readonly #deaths = new Map<string, Set<string>>();
  /** How often the store has forgotten a finished delivery: one that is made anew can die anew. */
  readonly #forgotten = new Map<string, number>();
  /** What operators will yet hear of, by the alarms in the store. */
  readonly #untold = new Map<string, number>();
  readonly #deadToldMs = new Map<string, number>();
  readonly #arrivedMs = new Map<string, number>();
  /** When the polls of a source began, since the first of an unbroken series that fails. */
  readonly #failing = new Map<string, number[]>();
  /** Sources whose list was empty after a long one. */
  readonly #emptied = new Set<string>();
  #configs: readonly Config[] = [];
  #configuredMs = 0;
  #jumpedMs = Number.NEGATIVE_INFINITY;
  /** When something last happened that may delay anything, and when the store was last unusual. */
  troubledAtMs: () => number = () => 0;
  storeTroubledAtMs: () => number = () => 0;

  constructor(world: { time: SimTime; tally: Tally; violate: (what: string) => void }) {
    this.#time = world.time;
    this.#tally = world.tally;
    this.#violate = (what) => world.violate(`operators: ${what}`);
  }

  /** What the config does not have is forgotten without a word. */
  configured(configs: readonly Config[]): void {
    this.#configs = configs;
    this.#configuredMs = this.#time.passedMs;
    for (const subject of this.#standing.keys()) if (!this.#isWatched(subject)) this.#standing.set(subject, 'unknown');
  }

  clockMoves(): void {
    this.#jumpedMs = this.#time.passedMs;
  }

  lifeEnds(): void {
    this.#failing.clear();
    const nowMs = this.#time.passedMs;
    // Nobody knows any more that it works, if that could not be written yet.
    for (const [sink, atMs] of this.#arrivedMs) {
      if (nowMs - atMs < WRITTEN_WITHIN_MS || this.storeTroubledAtMs() >= atMs) this.#arrivedMs.delete(sink);
    }
  }

  pollBegins(source: string): void {
    const nowMs = this.#time.passedMs;
    const begun = this.#failing.get(source) ?? [];
    const calmMs = this.troubledAtMs() + WRITTEN_WITHIN_MS;
    const polls = begun.filter((atMs) => atMs > calmMs);
    const [, second] = polls;
    const isDue = polls.some((atMs, index) => {
      const endedMs = polls[index + 1] ?? nowMs;
      return second !== undefined && atMs > second + SOURCE_FAILS_MS && endedMs < nowMs - WRITTEN_WITHIN_MS;
    });
    if (isDue && this.#standing.get(source) !== 'failing' && this.#standing.get(source) !== 'unknown') {
      this.#violate(`nobody is told that ${source} fails`);
    }
    this.#failing.set(source, [...polls.slice(-POLLS_MAX), nowMs]);
  }

  /** A long list has come whole and empty. */
  listIsEmpty(source: string): void {
    this.#emptied.add(source);
  }

  pollWasComplete(source: string): void {
    this.#failing.delete(source);
  }

  storeHas(key: string, text: string | undefined): void {
    if (key.startsWith('alarm/dead/')) this.#untold.set(key.slice('alarm/dead/'.length), countIn(text));
    if (text === undefined) {
      if (key.startsWith('fin/')) this.#forgotten.set(key, (this.#forgotten.get(key) ?? 0) + 1);
      return;
    }
    if (key.startsWith('fin/')) this.#finished(text);
    const event = key.startsWith('out/') ? operatorEventIn(text) : undefined;
    if (event !== undefined) this.#stored(event, sinkIn(text));
  }

  #finished(text: string): void {
    const { id, sink, event, state, round, lastError } = recordIn(text);
    if (!event.type.startsWith('recording.')) return;
    if (state === 'delivered') this.#arrivedMs.set(sink, this.#time.passedMs);
    else if (lastError?.reason !== 'discarded') {
      this.#deaths.set(
        sink,
        (this.#deaths.get(sink) ?? new Set()).add(`${id} ${round} ${this.#forgotten.get(`fin/${id}`) ?? 0}`),
      );
    }
  }

  #stored(event: OperatorEvent, sink: string): void {
    const known = this.#events.get(event.id);
    if (known === undefined) this.#follow(event);
    else {
      // An alarm that went with its sink and is back within a minute is the same one: who listens by now hears of it as well.
      const isForgotten = this.#standing.get(subjectOf(event)) === 'unknown' && !known.sinks.has(sink);
      // Nobody has taken what a failed write left behind, and it may be written again with what came since.
      this.#events.set(event.id, { ...known, event, listeners: isForgotten ? undefined : known.listeners });
    }
    this.#events.get(event.id)?.sinks.add(sink);
  }

  #follow(event: OperatorEvent): void {
    const nowMs = this.#time.passedMs;
    const isSettled = nowMs - this.#configuredMs > WRITTEN_WITHIN_MS && this.storeTroubledAtMs() < this.#configuredMs;
    const lists = this.#configs.map(({ sinks }) =>
      sinks.filter((sink) => listens(sink, event)).map(({ name }) => name),
    );
    const listeners = isSettled && lists.length === 1 ? new Set(lists.flat()) : undefined;
    this.#events.set(event.id, { event, atMs: nowMs, listeners, sinks: new Set() });
    this.#tally.add(`told ${event.type}`);
    if (event.type === 'source.failing' && event.data.reason === 'list_empty') {
      this.#tally.add('told of an empty list');
      if (!this.#emptied.has(event.source)) this.#violate(`the list of ${event.source} was not empty after a long one`);
    }
    if (this.#events.size === EVENTS_MAX) this.#violate('a storm of events');
    if (event.type === 'delivery.dead') this.#followDead(event.data.sink);
    else if (event.type !== 'source.expiring') this.#followChange(event);
  }

  #followChange(event: OperatorEvent): void {
    const subject = subjectOf(event);
    const standing = this.#standing.get(subject) ?? 'works';
    const next = event.type.endsWith('.failing') ? 'failing' : 'works';
    // A write that failed leaves it in doubt whether it is known that it fails; the direct line may have told it.
    const isDoubtful = next === 'works' && this.storeTroubledAtMs() > this.#lastToldMs(subject, event.id);
    if (standing === next && !isDoubtful) this.#violate(`${event.type} of ${subject} comes twice`);
    this.#standing.set(subject, this.#isWatched(subject) ? next : 'unknown');
  }

  #followDead(sink: string): void {
    const nowMs = this.#time.passedMs;
    const lastMs = this.#deadToldMs.get(sink) ?? Number.NEGATIVE_INFINITY;
    const isSoon = nowMs - lastMs < BETWEEN_DEAD_MS - WRITTEN_WITHIN_MS && this.#jumpedMs < lastMs;
    if (isSoon && this.storeTroubledAtMs() < lastMs) this.#violate(`delivery.dead of ${sink} comes too soon`);
    this.#deadToldMs.set(sink, nowMs);
  }

  /** @param isReached whether this delivery arrived, was given up, or waits */
  checkEnd(isReached: (deliveryId: string) => boolean, movedTo: ReadonlySet<string>): void {
    for (const [subject, standing] of this.#standing) {
      const failedMs = this.#lastToldMs(subject);
      const works = this.#isSource(subject) || (this.#arrivedMs.get(subject) ?? 0) > failedMs + WRITTEN_WITHIN_MS;
      if (standing === 'failing' && works) this.#violate(`nobody is told that ${subject} works again`);
    }
    for (const sink of new Set([...this.#deaths.keys(), ...this.#deadToldMs.keys()])) this.#checkDead(sink);
    for (const { event, listeners, sinks } of this.#events.values()) {
      const what = `${event.type} of ${subjectOf(event)}`;
      for (const sink of listeners ?? []) if (!sinks.has(sink)) this.#violate(`${what} was not made for ${sink}`);
      for (const sink of sinks) {
        if (listeners !== undefined && !listeners.has(sink) && !movedTo.has(sink)) {
          this.#violate(`${what} was made for ${sink}, which does not listen`);
        }
        const ways = [sink, ...movedTo].map((name) => deliveryIdFor(event.id, name));
        if (!ways.some(isReached)) this.#violate(`${what} did not come to ${sink}`);
      }
    }
  }

  #checkDead(sink: string): void {
    const deaths = this.#deaths.get(sink)?.size ?? 0;
    const told = [...this.#events.values()].reduce(
      (sum, { event }) => (event.type === 'delivery.dead' && event.data.sink === sink ? sum + event.data.count : sum),
      0,
    );
    const untold = this.#untold.get(sink) ?? 0;
    if (told + untold !== deaths) {
      this.#violate(`${deaths} deliveries to ${sink} died; ${told} were told and ${untold} are yet to be`);
    }
  }

  /** When an event of this source or sink was stored last, another one than this. */
  #lastToldMs(subject: string, butId?: string): number {
    const others = [...this.#events.values()].filter(({ event }) => event.id !== butId && subjectOf(event) === subject);
    return Math.max(0, ...others.map(({ atMs }) => atMs));
  }

  #isSource(name: string): boolean {
    return this.#configs.some(({ sources }) => sources.some((source) => source.name === name));
  }

  /** Whether every configuration that may be in force has this source or sink. */
  #isWatched(subject: string): boolean {
    return this.#configs.every(
      ({ sources, sinks }) =>
        sources.some(({ name }) => name === subject) || sinks.some(({ name, enabled }) => enabled && name === subject),
    );
  }
}

function subjectOf(event: OperatorEvent): string {
  return event.source ?? event.data.sink;
}

/** SPEC of `events` and `only` for these events: rooms and meetings are not asked, and no sink hears of itself. */
function listens({ name, enabled, events, only }: SinkConfig, { type, source, data }: OperatorEvent): boolean {
  if (!enabled || !events.includes(type)) return false;
  if (source === null) return !('sink' in data) || data.sink !== name;
  return only.sources === undefined || only.sources.some((glob) => glob === '*' || glob === source);
}

interface StoredDelivery {
  readonly id: string;
  readonly sink: string;
  readonly event: OperatorEvent | { readonly type: 'recording.available' };
  readonly state: string;
  readonly round: number;
  readonly lastError: { readonly reason: string } | null;
}

/** The version, and the fields. */
function recordIn(text: string): StoredDelivery {
  return JSON.parse(text)[1];
}

function sinkIn(text: string): string {
  return recordIn(text).sink;
}

function operatorEventIn(text: string): OperatorEvent | undefined {
  if (text.includes('"type":"recording.') && !text.includes('"type":"delivery.dead"')) return undefined;
  return recordIn(text).event as OperatorEvent;
}

function countIn(text: string | undefined): number {
  return text === undefined ? 0 : (JSON.parse(text)[1]?.count ?? 0);
}
