import type { RecordingEvent, RecordingEventType } from '../core/event.js';
import { dateMsOf, titleOf } from './text.js';

/** What a digest says of several events, for sinks whose messages people read. */

const STATES: Readonly<Record<RecordingEventType, string>> = {
  'recording.available': 'available',
  'recording.processing': 'in processing',
  'recording.stuck': 'stuck in processing',
  'recording.archived': 'archived',
};

/** `12 recordings are available`; of several kinds, `12 events of recordings: 9 available, 3 in processing`. At most 100 characters. */
export function digestTitle(events: readonly RecordingEvent[]): string {
  const isTest = events.some(({ data }) => data.test === true);
  return `${isTest ? 'TEST: ' : ''}${countsIn(events)}`;
}

function countsIn(events: readonly RecordingEvent[]): string {
  const counts = new Map<string, number>();
  for (const { type } of events) counts.set(STATES[type], (counts.get(STATES[type]) ?? 0) + 1);
  const [only, ...others] = counts.keys();
  if (others.length === 0) return `${events.length} recordings are ${only}`;
  return `${events.length} events of recordings: ${[...counts].map(([state, count]) => `${count} ${state}`).join(', ')}`;
}

/** What happened to one of them, where the title does not say it of all; else empty. */
export function kindIn(events: readonly RecordingEvent[], event: RecordingEvent): string {
  return events.every(({ type }) => type === event.type) ? '' : titleOf(event);
}

/** When the first of the links dies, milliseconds since 1970; undefined where none is known to. */
export function firstExpiryMs(events: readonly RecordingEvent[]): number | undefined {
  const known = events.flatMap(({ data }) => {
    const { url, urlExpiresAt } = data.recording;
    return url === null ? [] : (dateMsOf(urlExpiresAt) ?? []);
  });
  return known.length === 0 ? undefined : Math.min(...known);
}
