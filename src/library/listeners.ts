import { EVENT_TYPES, type EventType, type NotifierEvent, type RecordingEvent } from '../core/event.js';
import type { DeadEvent, SinkEvent, SourceEvent } from '../core/operator-event.js';
import type { Log } from '../ports.js';

/** An event as a listener of its type gets it. */
export type EventOf<Type extends EventType> = EventByType[Type] & { readonly type: Type };

type EventByType = Record<RecordingEvent['type'], RecordingEvent> &
  Record<SourceEvent['type'], SourceEvent> &
  Record<SinkEvent['type'], SinkEvent> &
  Record<DeadEvent['type'], DeadEvent>;

/** Whatever it returns is not looked at, a promise apart: when that rejects, it is logged. */
export type Listener<Type extends EventType = EventType> = (event: EventOf<Type>) => unknown;

interface Entry {
  readonly listener: Listener;
  readonly once: boolean;
}

/** Who listens to what, in the manner of Node's EventEmitter; but a listener that fails harms nobody. */
export class Listeners {
  readonly #entries = new Map<EventType, readonly Entry[]>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  add<Type extends EventType>(type: Type, listener: Listener<Type>, once: boolean): void {
    // From JavaScript, anything may come: a misspelt type would be silence.
    if (!Object.hasOwn(EVENT_TYPES, type)) {
      throw new TypeError(`there is no event "${String(type)}"; listen for ${Object.keys(EVENT_TYPES).join(', ')}`);
    }
    if (typeof listener !== 'function') throw new TypeError('a listener is a function');
    this.#entries.set(type, [...this.#of(type), { listener: listener as Listener, once }]);
  }

  /** The one that was added last, if it was added several times. */
  remove<Type extends EventType>(type: Type, listener: Listener<Type>): void {
    const entries = this.#of(type);
    const index = entries.findLastIndex((entry) => entry.listener === listener);
    if (index >= 0) this.#entries.set(type, entries.toSpliced(index, 1));
  }

  tell(events: readonly NotifierEvent[]): void {
    for (const event of events) {
      for (const entry of this.#of(event.type)) {
        if (entry.once) this.remove(event.type, entry.listener);
        this.#call(entry.listener, event);
      }
    }
  }

  #call(listener: Listener, event: NotifierEvent): void {
    const failed = (error: unknown) =>
      this.#log.error(
        { type: event.type, event: event.id, error },
        'a listener failed; the event is not told to it again',
      );
    try {
      // A copy for each: what one does to it is nobody else's concern.
      Promise.resolve(listener(structuredClone(event))).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #of(type: EventType): readonly Entry[] {
    return this.#entries.get(type) ?? [];
  }
}
