import fc from 'fast-check';
import type { NotifierEvent, RecordingEvent, RecordingEventType } from '../../src/core/event.js';
import type { DeliveryId, EventId, RecordingUuid } from '../../src/core/id.js';
import type { OperatorEvent } from '../../src/core/operator-event.js';

/** Events whose every text tries to be something else in the message that tells of it. */

const nasty = fc.constantFrom(
  '<!channel>',
  '<@U123ABC>',
  '<https://evil.example|Watch>',
  '&lt;!here&gt;',
  '<!date^1^{date}|x>',
  '\r\n',
  '\u202e',
  '\u0000',
  '|',
  '```',
  '@everyone',
  '<@&123>',
  '<t:1:f>',
  '[Watch](https://evil.example)',
  '**_~~\\`',
  '{{DATE(2024-05-13T17:14:00Z, SHORT)}}',
  '<b>&quot;</a>',
  '\\',
  '🎥',
  '\ud83d',
  '&'.repeat(5_000),
  '<'.repeat(5_000),
  '🎥'.repeat(5_000),
  '*'.repeat(5_000),
  '\\"'.repeat(5_000),
  '字'.repeat(5_000),
);
const text = fc.array(fc.oneof(nasty, fc.string({ unit: 'binary' })), { maxLength: 8 }).map((parts) => parts.join(''));
const date = fc.oneof(
  text,
  fc.date({ noInvalidDate: true }).map((each) => each.toISOString()),
);
const url = fc.oneof(
  text,
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  text.map((each) => `https://a.example/${each}`),
);
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });

/** The config takes no other, so that there is always a fact to show. */
const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/);

const hostileRecordingEvent: fc.Arbitrary<RecordingEvent> = fc.record({
  id: text.map((id) => id as EventId),
  type: fc.constantFrom<RecordingEventType>(
    'recording.available',
    'recording.processing',
    'recording.stuck',
    'recording.archived',
  ),
  timestamp: date,
  source: name,
  data: fc.record({
    recording: fc.record({
      uuid: text.map((uuid) => uuid as RecordingUuid),
      roomId: maybe(text),
      meetingId: maybe(text),
      status: text,
      createdAt: maybe(date),
      url: maybe(url),
      urlExpiresAt: maybe(date),
    }),
    previousStatus: fc.constantFrom(null, 'processing'),
    occurrence: fc.integer({ min: 1, max: 2 }),
    archive: fc.record({ location: text, bytes: fc.nat(), sha256: fc.constant('e'.repeat(64)), sink: name }),
  }),
});

/** Everything as long as it gets, with a link that may just fit. */
const fullestEvent: fc.Arbitrary<RecordingEvent> = fc
  .tuple(fc.constantFrom('字', '🎥', '*', '_', '"', '\\', '<', '&'), fc.integer({ min: 900, max: 3_100 }))
  .map(([character, linkLength]) => {
    const long = character.repeat(2_000);
    return {
      id: `evt_${'e'.repeat(32)}` as EventId,
      type: 'recording.archived',
      timestamp: '2024-05-13T17:19:04.120Z',
      source: `S${'_'.repeat(62)}`,
      data: {
        recording: {
          uuid: long as RecordingUuid,
          roomId: long,
          meetingId: long,
          status: 'available',
          createdAt: '2024-05-13T17:14:00.941Z',
          url: `https://a.example/?${'a'.repeat(linkLength)}`,
          urlExpiresAt: '2024-05-14T17:00:00.000Z',
        },
        previousStatus: 'processing',
        occurrence: 1,
        archive: { location: long, bytes: 734_003_200, sha256: 'e'.repeat(64), sink: `s${'_'.repeat(62)}` },
      },
    };
  });

const common = { id: text.map((id) => id as EventId), timestamp: date };
const about = { reason: text, message: text, since: date };
const deliveryId = text.map((id) => id as DeliveryId);
const dead = fc.record({ id: deliveryId, eventId: common.id, type: text, uuid: text });
const deliveries = fc.array(dead, { maxLength: 20 });

const hostileOperatorEvent: fc.Arbitrary<OperatorEvent> = fc.oneof(
  fc
    .record({ ...common, source: text, data: fc.record(about) })
    .map((event) => ({ ...event, type: 'source.failing' as const })),
  fc
    .record({ ...common, data: fc.record({ ...about, sink: text, waiting: fc.nat() }) })
    .map((event) => ({ ...event, type: 'sink.failing' as const, source: null })),
  fc
    .record({ ...common, data: fc.record({ sink: text, reason: text, count: fc.nat(), deliveries }) })
    .map((event) => ({ ...event, type: 'delivery.dead' as const, source: null })),
);

/** Of a recording or for operators. */
export const hostileEvent: fc.Arbitrary<NotifierEvent> = fc.oneof(
  hostileRecordingEvent,
  fullestEvent,
  hostileOperatorEvent,
);
