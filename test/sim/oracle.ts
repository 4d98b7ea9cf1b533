import { createHash } from 'node:crypto';
import type { Config, SinkConfig } from '../../src/config/config.js';
import type { WalkEnd } from '../../src/source/define.js';
import type { Row } from './account.js';
import type { Operators } from './operators.js';
import type { Pauses } from './pauses.js';
import { type HandedOut, SECRET, URL_MARK } from './platform.js';
import { announce, type Possibilities, type Sighting, type Span, see, UNSEEN } from './possible.js';
import type { WalkWitness } from './sim-source.js';
import type { Tally } from './tally.js';
import type { SimTime } from './time.js';

/** An empty list after one of so many is not believed. */
const LONG_LIST_MIN = 100;

/** A stretch of time in which the product decides: by which configuration, and when by its clock, is not known more exactly. */
interface Window {
  readonly configs: Set<Config>;
  fromMs: number;
  toMs: number;
}

/** What does not change in a story. */
export interface SourcePolicy {
  readonly announces: boolean;
  readonly stuckAfterMs: number;
}

interface ShownPage {
  readonly rows: readonly HandedOut['rows'][number][];
  readonly window: Window;
}

interface WatchedSource {
  scope: string;
  phase: Sighting['phase'];
  /** Scope of the last first poll that was over. */
  markedScope: string | undefined;
  seen: Set<string>;
  shown: ShownPage | undefined;
  /** What the list held at every page of this walk. */
  whole: Set<string> | undefined;
  /** Whether a page of this walk was a lie, or rows went away between two of them, which hides others. */
  wasLiedTo: boolean;
  removals: number | undefined;
  /** Of all walks. */
  readonly handedOut: Set<string>;
  /** The walk has ended, and whether everything that was there was shown. */
  ended: { readonly window: Window; readonly isWhole: boolean } | undefined;
  /** Complete walks. */
  complete: number;
  /** Of those, to the end of the list. */
  full: number;
  /** Rows of the last list that the store knows to have been believed; of short ones any number. */
  listed: number;
  /** It is to know of this one before the next walk begins. */
  unnoted: { readonly rows: number; readonly atMs: number } | undefined;
}

/** Follows a story from outside and knows what must come of it: by what the platform handed out, never by the product's own rules. */
export class Oracle implements WalkWitness {
  readonly violations: string[] = [];
  readonly recordings = new Map<string, { source: string; uuid: string; possible: Possibilities }>();
  readonly #time: SimTime;
  readonly #tally: Tally;
  readonly #policies: ReadonlyMap<string, SourcePolicy>;
  readonly #sources = new Map<string, WatchedSource>();
  readonly #places = new Map<string, Pick<RoutedFacts, 'roomId' | 'meetingId'>>();
  readonly #windows = new Set<Window>();
  readonly #operators: Operators;
  readonly #pauses: Pauses;
  #configs: readonly Config[] = [];

  constructor(
    time: SimTime,
    tally: Tally,
    policies: ReadonlyMap<string, SourcePolicy>,
    operators: Operators,
    pauses: Pauses,
  ) {
    this.#time = time;
    this.#tally = tally;
    this.#policies = policies;
    this.#operators = operators;
    this.#pauses = pauses;
  }

  /** A configuration is in force, or one of several is while the product changes from one to the next. */
  configured(configs: readonly Config[]): void {
    this.#configs = configs;
    this.#operators.configured(configs);
    for (const window of this.#windows) for (const config of configs) window.configs.add(config);
  }

  /** Before and after a jump of the wall clock. */
  clockMoves(): void {
    this.#operators.clockMoves();
    for (const window of this.#windows) this.#stretch(window);
  }

  /** Whether a sink sends digests, by every configuration that may be in force. */
  collects(sink: string): boolean {
    return this.#configs.every(({ sinks }) => sinks.some(({ name, digest }) => name === sink && digest !== undefined));
  }

  violate(what: string): void {
    this.violations.push(what);
  }

  walkBegins(name: string, scope: string): void {
    const source = this.#source(name);
    this.#checkNoted(source, name);
    this.#giveUp(source, name);
    this.#operators.pollBegins(name);
    this.#pauses.walked(name);
    source.scope = scope;
    source.phase = source.markedScope === undefined ? 'first' : source.markedScope === scope ? 'normal' : 'new-scope';
    source.seen = new Set();
    source.whole = undefined;
    source.removals = undefined;
    source.wasLiedTo = false;
    this.#tally.add('walks');
  }

  pageShown(name: string, page: HandedOut): void {
    const source = this.#source(name);
    source.removals ??= page.removals;
    source.wasLiedTo ||= page.isLie || source.removals !== page.removals;
    const whole = new Set(page.whole);
    source.whole = source.whole === undefined ? whole : source.whole.intersection(whole);
    // Of two rows of one recording in one walk the first counts.
    const rows = page.rows.filter(({ uuid }) => source.seen.size < source.seen.add(uuid).size);
    for (const { uuid } of rows) source.handedOut.add(uuid);
    source.shown = { rows, window: this.#open() };
  }

  pageSurvived(name: string): void {
    this.#take(this.#source(name), name, true);
  }

  walkEnds(name: string, end: WalkEnd): void {
    const source = this.#source(name);
    if (!end.complete) return;
    source.complete += 1;
    source.full += 1;
    const rows = source.seen.size;
    const isDoubtful = source.phase === 'normal' && rows === 0 && source.listed >= LONG_LIST_MIN;
    if (isDoubtful) this.#operators.listIsEmpty(name);
    else this.#operators.pollWasComplete(name);
    if (source.phase === 'normal' && !isDoubtful && !end.shifted) source.unnoted = { rows, atMs: this.#time.passedMs };
    const isWhole = source.wasLiedTo || source.handedOut.isSupersetOf(source.whole ?? new Set());
    source.ended = { window: this.#open(), isWhole };
  }

  walkStops(name: string): void {
    const source = this.#source(name);
    this.#take(source, name, true);
    source.complete += 1;
    this.#operators.pollWasComplete(name);
    this.#tally.add('walks that stopped early');
  }

  meetingShown(name: string, answer: HandedOut): void {
    const source = this.#source(name);
    this.#tally.add('meetings asked for');
    this.#take(source, name, false);
    const rows = answer.rows.filter(({ uuid }) => source.seen.size < source.seen.add(uuid).size);
    source.shown = { rows, window: this.#open() };
  }

  #checkNoted({ unnoted, listed }: WatchedSource, name: string): void {
    if (unnoted === undefined || this.#operators.storeTroubledAtMs() >= unnoted.atMs) return;
    const isLong = unnoted.rows >= LONG_LIST_MIN;
    if (isLong !== listed >= LONG_LIST_MIN) this.violate(`the store does not know that ${name} listed ${unnoted.rows}`);
  }

  /** Of one source, since its account was asked first. */
  completeWalks(name: string): number {
    return this.#sources.get(name)?.complete ?? 0;
  }

  /** Of those, the ones that came to the end of the list. */
  fullWalks(name: string): number {
    return this.#sources.get(name)?.full ?? 0;
  }

  /** Nothing changes any more, and the whole list has been walked since: whatever it holds has been shown as it is. */
  checkShown(name: string, rows: readonly Row[]): void {
    for (const { uuid, status } of rows) {
      const recording = this.recordings.get(`${name}/${uuid}`);
      // What is too much to follow has been shown often.
      const isShown =
        recording !== undefined && (recording.possible ?? [{ status }]).some((one) => one.status === status);
      if (!isShown) this.violate(`${name} has had ${uuid} as ${status}, and no poll has shown it`);
    }
  }

  /** The process has died or stopped: whatever it had in hand may have been done or not. */
  lifeEnds(): void {
    this.#operators.lifeEnds();
    this.#pauses.lifeEnds();
    for (const [name, source] of this.#sources) this.#giveUp(source, name);
  }

  /** The store has it that a source's first poll is over, or how long its list is by now. */
  markNoted(name: string, listed: number): void {
    const source = this.#source(name);
    source.listed = listed;
    if (source.phase === 'normal') return;
    if (source.ended === undefined) this.violate(`first poll of ${name} noted as over, and no walk was complete`);
    else if (!source.ended.isWhole)
      this.violate(`first poll of ${name} noted as over, and rows had not been handed out`);
    source.markedScope = source.scope;
    if (this.#policyOf(name).announces) this.#announce(source, name, true);
    this.#end(source);
  }

  /** Looks at what is written. */
  storeHas(key: string, text: string | undefined): void {
    this.#operators.storeHas(key, text);
    if (text === undefined) return;
    if (text.includes(URL_MARK) || text.includes(SECRET)) this.violate(`the store has a URL or a secret under ${key}`);
    if (key.startsWith('src/')) this.markNoted(key.slice('src/'.length), listedIn(text));
  }

  #policyOf(name: string): SourcePolicy {
    return this.#policies.get(name) ?? { announces: false, stuckAfterMs: Number.POSITIVE_INFINITY };
  }

  #giveUp(source: WatchedSource, name: string): void {
    this.#take(source, name, false);
    source.unnoted = undefined;
    if (source.ended !== undefined && source.phase !== 'normal' && this.#policyOf(name).announces) {
      this.#announce(source, name, false);
    }
    this.#end(source);
  }

  #end(source: WatchedSource): void {
    if (source.ended !== undefined) this.#windows.delete(source.ended.window);
    source.ended = undefined;
  }

  #take(source: WatchedSource, name: string, certain: boolean): void {
    const { shown } = source;
    if (shown === undefined) return;
    source.shown = undefined;
    this.#stretch(shown.window);
    this.#windows.delete(shown.window);
    const at: Span = { fromMs: shown.window.fromMs, toMs: shown.window.toMs };
    for (const { uuid, status, roomId, meetingId } of shown.rows) {
      const recording = this.#recording(name, uuid);
      const before = recording.possible;
      const sinksFor = (type: string) => this.#sinksFor(shown.window, { type, source: name, roomId, meetingId });
      const sighting = { status, at, phase: source.phase, ...this.#policyOf(name), sinksFor };
      recording.possible = see(before, sighting, certain);
      if (recording.possible !== before && before?.at(-1)?.status !== status) this.#tally.add('changes shown');
      this.#places.set(`${name}/${uuid}`, { roomId, meetingId });
    }
  }

  #announce(source: WatchedSource, name: string, certain: boolean): void {
    const { ended } = source;
    if (ended === undefined) return;
    for (const recording of this.recordings.values()) {
      if (recording.source !== name) continue;
      const where = this.#places.get(`${name}/${recording.uuid}`) ?? { roomId: null, meetingId: null };
      const sinksFor = (type: string) => this.#sinksFor(ended.window, { type, source: name, ...where });
      recording.possible = announce(recording.possible, sinksFor, certain);
    }
  }

  #sinksFor(window: Window, event: RoutedFacts) {
    const wanting = [...window.configs].map(
      ({ sinks }) => new Set(sinks.filter((sink) => wantsIt(sink, event)).map(({ name }) => name)),
    );
    const all = wanting.reduce((left, right) => left.intersection(right));
    return { required: all, allowed: wanting.reduce((left, right) => left.union(right)) };
  }

  #open(): Window {
    const nowMs = this.#time.nowMs;
    const window = { configs: new Set(this.#configs), fromMs: nowMs, toMs: nowMs };
    this.#windows.add(window);
    return window;
  }

  #stretch(window: Window): void {
    window.fromMs = Math.min(window.fromMs, this.#time.nowMs);
    window.toMs = Math.max(window.toMs, this.#time.nowMs);
  }

  #source(name: string): WatchedSource {
    let source = this.#sources.get(name);
    if (source === undefined) {
      const nothing = {
        shown: undefined,
        whole: undefined,
        ended: undefined,
        markedScope: undefined,
        removals: undefined,
        unnoted: undefined,
      };
      const sets = { seen: new Set<string>(), handedOut: new Set<string>() };
      source = { ...nothing, ...sets, scope: '', phase: 'first', wasLiedTo: false, complete: 0, full: 0, listed: 0 };
      this.#sources.set(name, source);
    }
    return source;
  }

  #recording(source: string, uuid: string) {
    const key = `${source}/${uuid}`;
    let recording = this.recordings.get(key);
    if (recording === undefined) {
      recording = { source, uuid, possible: [UNSEEN] };
      this.recordings.set(key, recording);
    }
    return recording;
  }
}

interface RoutedFacts {
  readonly type: string;
  readonly source: string;
  readonly roomId: string | null;
  readonly meetingId: string | null;
}

/** SPEC of `events` and `only`, for the globs that stories use: a name, or `*`. */
function wantsIt({ enabled, events, only }: SinkConfig, { type, source, roomId, meetingId }: RoutedFacts): boolean {
  const fits = (globs: readonly string[] | undefined, text: string | null) =>
    globs === undefined || globs.some((glob) => glob === '*' || glob === text);
  return (
    enabled &&
    (events as readonly string[]).includes(type) &&
    fits(only.sources, source) &&
    fits(only.rooms, roomId) &&
    fits(only.meetings, meetingId)
  );
}

/** As the contract has it: of type, source, uuid and occurrence. */
export function eventIdFor(type: string, source: string, uuid: string, occurrence: number): string {
  return `evt_${digest(JSON.stringify([type, source, uuid, occurrence]))}`;
}

export function deliveryIdFor(eventId: string, sink: string): string {
  return `dlv_${digest(JSON.stringify([eventId, sink]))}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 32);
}

/** How long the store says that the list was. */
function listedIn(text: string): number {
  return Number(/"listed":(\d+)/.exec(text)?.[1] ?? 0);
}
