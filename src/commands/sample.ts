import type { SinkConfig } from '../config/config.js';
import { type EventType, isRecordingEvent, type NotifierEvent } from '../core/event.js';
import { type DigestId, deliveryIdOf, type EventId, type RecordingUuid } from '../core/id.js';
import { sampleOf } from '../core/sample.js';
import type { Digest } from '../sinks/define.js';
import { nonce, sha256 } from '../system.js';

const DIGEST_EVENTS = 3;
/** No longer than the id of a real event, for which messages have room. */
const NONCE_DIGITS = 24;

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
  return sampleOfType(type, includeUrl, nowMs);
}

/** Made-up events in one message, id `dig_test_…`, of each type that goes into one; undefined for a sink that gets no digests. */
export function sampleDigestFor(
  { events, includeUrl, digest, definition }: Pick<SinkConfig, 'events' | 'includeUrl' | 'digest' | 'definition'>,
  nowMs: number,
): Digest | undefined {
  if (digest === undefined || definition.deliverDigest === undefined) return undefined;
  const ofEach = events.map((type) => sampleOfType(type, includeUrl, nowMs)).filter(isRecordingEvent);
  const [first] = ofEach;
  if (first === undefined) return undefined;
  const missing = Math.max(0, DIGEST_EVENTS - ofEach.length);
  const more = Array.from({ length: missing }, () => sampleOfType(first.type, includeUrl, nowMs));
  const together = [...ofEach, ...more.filter(isRecordingEvent)].slice(0, digest.max);
  return together.length < 2 ? undefined : { id: `dig_test_${nonce()}` as DigestId, events: together };
}

function sampleOfType(type: EventType, includeUrl: boolean, nowMs: number): NotifierEvent {
  const nonceText = nonce().slice(0, NONCE_DIGITS);
  const event = `evt_test_${nonceText}` as EventId;
  const uuid = `test-${nonceText.slice(0, 8)}` as RecordingUuid;
  return sampleOf(type, { event, uuid, delivery: deliveryIdOf(sha256, event, 'test') }, includeUrl, nowMs);
}
