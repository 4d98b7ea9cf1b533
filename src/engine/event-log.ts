import type { StoredRecordingEvent } from '../core/event.js';
import { wants } from '../core/routing.js';
import type { Log } from '../ports.js';
import type { RoutedSink } from './commit-changes.js';

/** What no sink wants is remembered and goes nowhere: a log that reads as if it did would mislead. */
export function logEvents(log: Log, events: readonly StoredRecordingEvent[], routes: readonly RoutedSink[]): void {
  for (const event of events) {
    const { id, type, source, data } = event;
    const { uuid, roomId } = data.recording;
    const sinks = routes.filter((sink) => wants(sink, event)).map(({ name }) => name);
    const fields = { source, recording: uuid, room: roomId, type, event: id, occurrence: data.occurrence, sinks };
    log.info(fields, sinks.length > 0 ? 'event' : 'event that no sink wants');
  }
}
