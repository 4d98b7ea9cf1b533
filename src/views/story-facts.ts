import type { Config } from '../config/config.js';
import type { Delivery } from '../core/delivery.js';
import {
  eventOf,
  isRecordingEvent,
  type ListedEventType,
  type StoredEvent,
  type StoredRecordingEvent,
  uuidOf,
} from '../core/event.js';
import { type DeliveryId, deliveryIdOf, type RecordingUuid, type Sha256 } from '../core/id.js';
import type { RecordingState } from '../core/recording.js';
import type { Ledger, SourceMark } from '../ports.js';
import { type Company, companiesOf } from './company.js';

/** What the store knows of what somebody asks about. */

/** Of each type, the latest ones; earlier ones are counted. */
const OCCURRENCES_MAX = 10;
const NEAR_MAX = 5;
/** Fewer letters in common are chance. */
const NEAR_LETTERS_MIN = 4;

export interface EventFacts {
  readonly event: StoredEvent;
  /** When it was made; null when no record says so any more. */
  readonly atMs: number | null;
  /** Those that are stored, by sink. */
  readonly deliveries: ReadonlyMap<string, Delivery>;
  /** What those go with that do not go by themselves. */
  readonly companies: ReadonlyMap<DeliveryId, Company>;
}

export interface RecordingFacts {
  readonly source: string;
  readonly uuid: RecordingUuid;
  readonly state: RecordingState;
  /** Undefined: the first poll of the source is not over. */
  readonly mark: SourceMark | undefined;
  readonly events: readonly EventFacts[];
  /** Earlier ones of which nothing but their number is known. */
  readonly earlierEvents: number;
}

export interface Facts {
  readonly recordings: readonly RecordingFacts[];
  /** Events that are about the notifier itself. */
  readonly operatorEvents: readonly EventFacts[];
}

/** What is looked at. */
export interface Knowledge {
  readonly config: Config;
  readonly ledger: Ledger;
  readonly sha256: Sha256;
}

/** @param what a uuid, an event id or a delivery id; of an id only its own event is told */
export async function findFacts(what: string, knowledge: Knowledge): Promise<Facts> {
  const { config, ledger } = knowledge;
  const isId = /^(evt|dlv)_/.test(what);
  const deliveries = await deliveriesThat((delivery) => isAbout(what, delivery), ledger);
  const operatorEvents = operatorEventsOf(deliveries);
  if (operatorEvents.length > 0) return { recordings: [], operatorEvents };
  const subjects = isId ? await subjectsOfId(what, deliveries, knowledge) : subjectsOfUuid(what, deliveries, config);
  const all = isId ? await deliveriesThat(({ event }) => subjects.some((of) => isOf(of, event)), ledger) : deliveries;
  const inConfig = await factsOf(subjects, all, knowledge);
  const isElsewhere = inConfig.length === 0 && !isId;
  const recordings = isElsewhere ? await factsOf(await subjectsOfOldSources(what, ledger), all, knowledge) : inConfig;
  return {
    recordings: isId ? recordings.map((each) => narrowed(each, what, knowledge)) : recordings,
    operatorEvents: [],
  };
}

/** The sources that a story is about: of what no poll has shown, all that there are. */
export function sourcesOf({ recordings, operatorEvents }: Facts, { sources }: Config): readonly string[] {
  const isKnown = recordings.length + operatorEvents.length > 0;
  return isKnown ? recordings.map(({ source }) => source) : sources.map(({ name }) => name);
}

/** Uuids that begin alike, the nearest first: for whoever has cut one off or mistyped it. */
export async function nearUuids(what: string, ledger: Ledger): Promise<readonly string[]> {
  let near: { readonly uuid: string; readonly letters: number }[] = [];
  for await (const { uuid } of ledger.allRecordings()) {
    const letters = lettersInCommon(uuid.toLowerCase(), what.toLowerCase());
    if (letters < Math.min(NEAR_LETTERS_MIN, what.length) || near.some((each) => each.uuid === uuid)) continue;
    near = [...near, { uuid, letters }].sort((left, right) => right.letters - left.letters).slice(0, NEAR_MAX);
  }
  return near.map(({ uuid }) => uuid);
}

function lettersInCommon(left: string, right: string): number {
  let count = 0;
  while (count < left.length && left[count] === right[count]) count += 1;
  return count;
}

async function factsOf(subjects: readonly Subject[], deliveries: readonly Delivery[], knowledge: Knowledge) {
  const companies = await companiesOf(deliveries, knowledge);
  const found = await Promise.all(subjects.map((subject) => recordingFacts(subject, deliveries, companies, knowledge)));
  return found.filter((each) => each !== undefined);
}

interface Subject {
  readonly source: string;
  readonly uuid: RecordingUuid;
}

function isOf({ source, uuid }: Subject, event: StoredEvent): boolean {
  return event.source === source && uuidOf(event) === uuid;
}

function isAbout(what: string, { id, event }: Delivery): boolean {
  return id === what || event.id === what || uuidOf(event) === what;
}

/** One that moves between the two scans is in both: the one of the later round, or else the finished one, is the news. */
async function deliveriesThat(isFit: (delivery: Delivery) => boolean, ledger: Ledger): Promise<readonly Delivery[]> {
  const found = new Map<DeliveryId, Delivery>();
  for await (const delivery of ledger.pending()) if (isFit(delivery)) found.set(delivery.id, delivery);
  for await (const delivery of ledger.finished()) {
    if (isFit(delivery) && delivery.round >= (found.get(delivery.id)?.round ?? 0)) found.set(delivery.id, delivery);
  }
  return [...found.values()];
}

function operatorEventsOf(deliveries: readonly Delivery[]): readonly EventFacts[] {
  const events = new Map(deliveries.map(({ event }) => [event.id, event]));
  return [...events.values()]
    .filter((event) => !isRecordingEvent(event))
    .map((event) => ({
      event,
      atMs: Date.parse(event.timestamp),
      deliveries: bySink(deliveries, event),
      companies: new Map(),
    }));
}

function bySink(deliveries: readonly Delivery[], { id }: StoredEvent): ReadonlyMap<string, Delivery> {
  return new Map(deliveries.filter(({ event }) => event.id === id).map((delivery) => [delivery.sink, delivery]));
}

/** Of sources that the config does not have any more, which only a look at everything finds. */
async function subjectsOfOldSources(uuid: string, ledger: Ledger): Promise<readonly Subject[]> {
  const subjects: Subject[] = [];
  for await (const { source, uuid: found } of ledger.allRecordings()) {
    if (found === uuid) subjects.push({ source, uuid: found });
  }
  return subjects;
}

function subjectsOfUuid(uuid: string, deliveries: readonly Delivery[], config: Config): readonly Subject[] {
  const sources = [...config.sources.map(({ name }) => name), ...deliveries.map(({ event }) => event.source)];
  return [...new Set(sources)]
    .filter((name) => name !== null)
    .map((source) => ({ source, uuid: uuid as RecordingUuid }));
}

/** An id is a hash: where no delivery is stored, that of every known occurrence is looked at. */
async function subjectsOfId(
  id: string,
  deliveries: readonly Delivery[],
  knowledge: Knowledge,
): Promise<readonly Subject[]> {
  const [stored] = deliveries;
  const uuid = stored && uuidOf(stored.event);
  if (stored?.event.source && uuid) return [{ source: stored.event.source, uuid }];
  for await (const { source, uuid: candidate, state } of knowledge.ledger.allRecordings()) {
    const events = knownEvents(source, candidate, state, knowledge);
    if (events.some(({ event }) => isIdOf(id, event, knowledge))) return [{ source, uuid: candidate }];
  }
  return [];
}

function isIdOf(id: string, event: StoredEvent, { config, sha256 }: Knowledge): boolean {
  return (
    event.id === id ||
    (id.startsWith('dlv_') && config.sinks.some(({ name }) => deliveryIdOf(sha256, event.id, name) === id))
  );
}

async function recordingFacts(
  { source, uuid }: Subject,
  deliveries: readonly Delivery[],
  companies: EventFacts['companies'],
  knowledge: Knowledge,
): Promise<RecordingFacts | undefined> {
  const { ledger } = knowledge;
  const state = (await ledger.recordings(source, [uuid])).get(uuid);
  if (state === undefined) return undefined;
  const known = new Map(knownEvents(source, uuid, state, knowledge).map((each) => [each.event.id, each]));
  for (const { event } of deliveries) {
    if (!isRecordingEvent(event) || !isOf({ source, uuid }, event)) continue;
    const atMs = Date.parse(event.timestamp);
    known.set(event.id, { event, atMs, orderMs: atMs });
  }
  const events = [...known.values()]
    .sort(byTime)
    .map(({ event, atMs }) => ({ event, atMs, deliveries: bySink(deliveries, event), companies }));
  const earlierEvents = Math.max(
    0,
    countOf(state) - [...known.values()].filter(({ event }) => COUNTED_TYPES.includes(event.type)).length,
  );
  return { source, uuid, state, mark: await ledger.sourceMark(source), events, earlierEvents };
}

function countOf({ availableCount, processingCount }: RecordingState): number {
  return availableCount + processingCount;
}

interface KnownEvent {
  readonly event: StoredRecordingEvent;
  readonly atMs: number | null;
  /** Where it stands among the others; of what has no time any more, before all that has one. */
  readonly orderMs: number;
}

/** What must have happened for the state to be what it is; of earlier occurrences the time is not known any more. */
function knownEvents(
  source: string,
  uuid: RecordingUuid,
  state: RecordingState,
  { sha256 }: Pick<Knowledge, 'sha256'>,
): readonly KnownEvent[] {
  const { availableCount, availableAtMs, processingCount, processingSinceMs, stuckTold } = state;
  const known = (
    type: ListedEventType,
    occurrence: number,
    status: string,
    atMs: number | null,
    orderMs = atMs ?? 0,
  ): KnownEvent => ({
    event: eventOf(
      sha256,
      source,
      { type, recording: { ...state, uuid, status, url: null }, previousStatus: null, occurrence },
      atMs ?? 0,
    ),
    atMs,
    orderMs,
  });
  return [
    ...latest(processingCount).map((n) =>
      known('recording.processing', n, 'processing', n === processingCount ? processingSinceMs : null),
    ),
    ...(stuckTold ? [known('recording.stuck', processingCount, 'processing', null, processingSinceMs ?? 0)] : []),
    ...latest(availableCount).map((n) =>
      known('recording.available', n, 'available', n === availableCount ? availableAtMs : null),
    ),
  ];
}

function latest(count: number): readonly number[] {
  const first = Math.max(1, count - OCCURRENCES_MAX + 1);
  return Array.from({ length: Math.max(0, count - first + 1) }, (_, index) => first + index);
}

const TYPE_ORDER: readonly string[] = [
  'recording.processing',
  'recording.stuck',
  'recording.available',
  'recording.archived',
];

/** Those of which the state of a recording has a count. */
const COUNTED_TYPES: readonly string[] = ['recording.processing', 'recording.available'];

/** At the same time, a spell in processing comes before the available of the same number. */
function byTime(left: KnownEvent, right: KnownEvent): number {
  if (left.orderMs !== right.orderMs) return left.orderMs - right.orderMs;
  const occurrences = left.event.data.occurrence - right.event.data.occurrence;
  return occurrences !== 0 ? occurrences : TYPE_ORDER.indexOf(left.event.type) - TYPE_ORDER.indexOf(right.event.type);
}

function narrowed(facts: RecordingFacts, id: string, knowledge: Knowledge): RecordingFacts {
  const events = facts.events.filter(
    ({ event, deliveries }) => isIdOf(id, event, knowledge) || [...deliveries.values()].some((each) => each.id === id),
  );
  return { ...facts, events, earlierEvents: 0 };
}
