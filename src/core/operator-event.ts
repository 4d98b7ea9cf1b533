import { type DeliveryId, type EventId, operatorEventIdOf, type Sha256 } from './id.js';

/**
 * What an operator should know of the notifier's own work, with what each tells. One for each change; never sent to the sink that it is
 * about, and a delivery of one makes no further one.
 */
export const OPERATOR_EVENT_TYPES = {
  'source.failing': 'Polls of a source have failed for five minutes, or its platform refuses us.',
  'source.recovered': 'A source that was failing works again.',
  'source.expiring': "A source's credential dies within a week, and again within a day.",
  'sink.failing': 'A sink is suspended, or has failed in an unbroken series for fifteen minutes.',
  'sink.recovered': 'A sink that was failing works again.',
  'delivery.dead': 'Deliveries of a sink were given up: one event for each sink in ten minutes.',
} as const satisfies Record<string, string>;

export type OperatorEventType = keyof typeof OPERATOR_EVENT_TYPES;

/** What an event of any type may hold. */
interface MaybeTest {
  /** Only in the sample that `test SINK` sends. */
  readonly test?: true;
}

interface Common<Type extends OperatorEventType> {
  readonly id: EventId;
  readonly type: Type;
  /** When the notifier saw it, ISO 8601. */
  readonly timestamp: string;
}

export interface SourceEvent extends Common<'source.failing' | 'source.recovered' | 'source.expiring'> {
  readonly source: string;
  readonly data: MaybeTest & {
    /** One word of a fixed list, such as `unauthorized`. */
    readonly reason: string;
    /** What is wrong and what would do, in a sentence. */
    readonly message: string;
    /** Since when that is so, ISO 8601; for `source.expiring` when the credential came so near to its end. */
    readonly since: string;
  };
}

export interface SinkEvent extends Common<'sink.failing' | 'sink.recovered'> {
  readonly source: null;
  readonly data: MaybeTest & {
    readonly sink: string;
    readonly reason: string;
    readonly message: string;
    readonly since: string;
    /** Deliveries that wait for the sink. */
    readonly waiting: number;
  };
}

/** A delivery that was given up, as `delivery.dead` lists it. */
export interface DeadDelivery {
  readonly id: DeliveryId;
  readonly eventId: EventId;
  readonly type: string;
  readonly uuid: string;
}

export const DEAD_LISTED_MAX = 20;

export interface DeadEvent extends Common<'delivery.dead'> {
  readonly source: null;
  readonly data: MaybeTest & {
    readonly sink: string;
    /** Of the latest one. */
    readonly reason: string;
    readonly count: number;
    /** The first {@link DEAD_LISTED_MAX} of them. */
    readonly deliveries: readonly DeadDelivery[];
  };
}

/** Stored as it is sent: it holds no URL. */
export type OperatorEvent = SourceEvent | SinkEvent | DeadEvent;

type Fact<Event extends OperatorEvent> = Pick<Event, 'type' | 'source' | 'data'>;

/**
 * The event of a fact.
 *
 * @param name  of the source or the sink that it is about
 * @param since what tells this change from another one of the same type and name, ISO 8601
 */
export function operatorEventOf<Event extends OperatorEvent>(
  sha256: Sha256,
  fact: Fact<Event>,
  name: string,
  since: string,
  nowMs: number,
): Fact<Event> & Pick<Event, 'id' | 'timestamp'> {
  const id = operatorEventIdOf(sha256, fact.type, name, since);
  return { id, timestamp: new Date(nowMs).toISOString(), ...fact };
}
