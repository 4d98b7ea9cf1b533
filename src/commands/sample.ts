import type { SinkConfig } from '../config/config.js';
import type { NotifierEvent } from '../core/event.js';
import { deliveryIdOf, type EventId, type RecordingUuid } from '../core/id.js';
import { sampleOf } from '../core/sample.js';
import { nonce, sha256 } from '../system.js';

/**
 * A made-up event for the sink: id `evt_test_…`, `data.test: true`.
 *
 * Of a type that the sink gets, since a receiver may know no other: `recording.available`, or else the first of its `events`.
 */
export function sampleFor(
  { events, includeUrl }: Pick<SinkConfig, 'events' | 'includeUrl'>,
  nowMs: number,
): NotifierEvent {
  const [first = 'recording.available'] = events;
  const type = events.includes('recording.available') ? 'recording.available' : first;
  const nonceText = nonce();
  const event = `evt_test_${nonceText}` as EventId;
  const uuid = `test-${nonceText.slice(0, 8)}` as RecordingUuid;
  return sampleOf(type, { event, uuid, delivery: deliveryIdOf(sha256, event, 'test') }, includeUrl, nowMs);
}
