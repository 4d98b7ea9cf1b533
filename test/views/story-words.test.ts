import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { again, type Delivery, givenUp, held, moved, newDelivery } from '../../src/core/delivery.js';
import type { StoredEvent, StoredRecordingEvent } from '../../src/core/event.js';
import { deliveryIdOf, digestIdOf, type EventId, eventIdOf, type RecordingUuid } from '../../src/core/id.js';
import type { OperatorEvent } from '../../src/core/operator-event.js';
import type { Pause } from '../../src/core/pause.js';
import type { RecordingState } from '../../src/core/recording.js';
import { SINK_WORKS, type SinkState } from '../../src/core/suspension.js';
import { createLedger } from '../../src/store/ledger.js';
import { sha256 } from '../../src/system.js';
import type { SourceStanding } from '../../src/views/source-standing.js';
import { findFacts } from '../../src/views/story-facts.js';
import { awaitedWords, firstSeenWords } from '../../src/views/story-recording.js';
import { sinkStories } from '../../src/views/story-words.js';
import { openTestStore } from '../support/open-store.js';

const NOW_MS = Date.UTC(2026, 10, 28, 12);
const DAY_MS = 86_400_000;
const UUID = 'r1' as RecordingUuid;

const STATE: RecordingState = {
  status: 'available',
  roomId: 'lobby',
  meetingId: null,
  createdAt: null,
  firstSeenAtMs: NOW_MS - 5_000,
  availableCount: 1,
  availableAtMs: NOW_MS - 5_000,
  processingCount: 0,
  processingSinceMs: null,
  stuckTold: false,
  awaitsAnnouncement: false,
};

const EVENT: StoredRecordingEvent = {
  id: eventIdOf(sha256, 'recording.available', 'production', UUID, 1),
  type: 'recording.available',
  timestamp: new Date(NOW_MS - 5_000).toISOString(),
  source: 'production',
  data: {
    recording: { uuid: UUID, roomId: 'lobby', meetingId: null, status: 'available', createdAt: null },
    previousStatus: null,
    occurrence: 1,
  },
};

const OPERATOR_EVENT: OperatorEvent = {
  id: `evt_${'a'.repeat(32)}` as EventId,
  type: 'source.failing',
  timestamp: new Date(NOW_MS).toISOString(),
  source: 'production',
  data: { reason: 'unauthorized', message: 'renew it', since: new Date(NOW_MS).toISOString() },
};

const SINK_EVENT: OperatorEvent = {
  id: `evt_${'b'.repeat(32)}` as EventId,
  type: 'sink.failing',
  timestamp: new Date(NOW_MS).toISOString(),
  source: null,
  data: { sink: 'old', reason: 'gone', message: 'HTTP 410', since: new Date(NOW_MS).toISOString(), waiting: 1 },
};

function config(sinks = 'hook: { type: stdout }'): Config {
  const text = `sources: { production: { auth: { clientId: a, secret: b } } }\nsinks: { ${sinks} }\n`;
  const loaded = loadConfig('notifier.yaml', text, { env: {}, readFile: () => '' });
  if ('problems' in loaded) throw new Error('the config is wrong');
  return loaded.config;
}

function deliveryOf(event: StoredEvent, more: Partial<Delivery> = {}): Delivery {
  return { ...newDelivery(deliveryIdOf(sha256, event.id, 'hook'), 'hook', event, true, NOW_MS - 5_000), ...more };
}

/** For another sink. */
function deliveryTo(sink: string, more: Partial<Delivery> = {}): Delivery {
  return deliveryOf(EVENT, { id: deliveryIdOf(sha256, EVENT.id, sink), sink, ...more });
}

const ARRIVED: Partial<Delivery> = {
  ...{ state: 'delivered', attempts: 1, nextAttemptAtMs: null, finishedAtMs: NOW_MS },
  history: [{ atMs: NOW_MS - 10, durationMs: 5, reason: null, detail: 'HTTP 204' }],
};

/** Given up there, with an attempt, and then moved by hand. */
const MOVED = moved(
  givenUp(
    deliveryTo('old', {
      attempts: 3,
      history: [{ atMs: NOW_MS, durationMs: 5, reason: 'server_error', detail: 'HTTP 500' }],
    }),
    'sink_removed',
    NOW_MS,
  ),
  deliveryTo('hook', { madeBy: 'redeliver', state: 'delivered', attempts: 1, finishedAtMs: NOW_MS }),
  NOW_MS - 60_000,
);
const TWO_SINKS = 'hook: { type: stdout }, old: { type: stdout }';

interface Told {
  readonly state?: Partial<RecordingState>;
  /** When the first poll was over; null: it is not. */
  readonly firstPollDoneAtMs?: number | null;
  readonly deliveries?: readonly Delivery[];
  readonly sinks?: string;
  readonly sinkState?: Partial<SinkState>;
  readonly what?: string;
  readonly pauses?: readonly Pause[];
  /** null: no program runs. */
  readonly ownedSinceMs?: number | null;
  readonly attemptSinceMs?: number | undefined;
  /** It is looked at by another process than the program that runs. */
  readonly isOutside?: boolean;
}

async function tell({
  state = {},
  firstPollDoneAtMs = NOW_MS - DAY_MS,
  deliveries = [],
  sinks,
  sinkState,
  what = UUID,
  pauses = [],
  ownedSinceMs = NOW_MS - DAY_MS,
  attemptSinceMs,
  isOutside = false,
}: Told) {
  const store = await openTestStore('memory');
  const ledger = createLedger(store);
  await ledger.commit([], [{ source: 'production', uuid: UUID, state: { ...STATE, ...state } }]);
  await ledger.save(deliveries);
  if (firstPollDoneAtMs !== null) await ledger.markSource('production', { scope: 's', firstPollDoneAtMs });
  const of = config(sinks);
  const { recordings, operatorEvents } = await findFacts(what, { config: of, ledger, sha256 });
  await store.close();
  const around = {
    config: of,
    pauses,
    sources: new Map(),
    attemptSinceMs: isOutside ? null : () => attemptSinceMs,
    sinkStates: new Map(sinkState === undefined ? [] : [['hook', { ...SINK_WORKS, ...sinkState }]]),
    nowMs: NOW_MS,
    ownedSinceMs: ownedSinceMs ?? undefined,
    call: (command: string) => `$ ${command}`,
  };
  const [recording] = recordings;
  const facts = operatorEvents[0] ?? recording?.events.at(-1);
  const stories = facts === undefined ? [] : sinkStories(facts, recording, around);
  return {
    firstSeen: recording && firstSeenWords(recording, around).replaceAll(/\S+Z \(([^)]*)\)/g, '$1'),
    events: recording?.events.map(({ event, atMs }) => [
      event.type,
      'occurrence' in event.data ? event.data.occurrence : 0,
      atMs,
    ]),
    earlierEvents: recording?.earlierEvents,
    byHand: stories.flatMap(({ byHand }) => byHand ?? []),
    words: stories.flatMap(({ sink, why, next }) =>
      [`${sink} ${why}`, ...next].map((line) => line.replaceAll(/\S+Z \(([^)]*)\)/g, '$1')),
    ),
  };
}

/** Of another recording, for the same sink. */
function another(uuid: string, more: Partial<Delivery> = {}): Delivery {
  const id = eventIdOf(sha256, 'recording.available', 'production', uuid as RecordingUuid, 1);
  const recording = { ...EVENT.data.recording, uuid: uuid as RecordingUuid };
  return deliveryOf({ ...EVENT, id, data: { ...EVENT.data, recording } }, more);
}

const DIGEST_SINK = 'hook: { type: slack, url: "https://example.com", digest: { every: 90s, max: 2 } }';
const BATCH = [deliveryOf(EVENT), ...['b', 'c', 'd'].map((uuid) => another(uuid))].map(({ id }) => id);
const DIGEST = digestIdOf(sha256, BATCH.slice(0, 3));
const DELIVERY_ID = deliveryIdOf(sha256, EVENT.id, 'hook');
const FORGOTTEN = 'it was delivered and is forgotten since, as delivery.keepDelivered says';
const GONE = 'it was delivered or given up and is forgotten since, as delivery.keepDelivered and delivery.keepDead say';
const FIRST_POLL = 'a first poll saw it, which remembers and tells nobody';
const OTHER = 'the sink was not in the config then, or its events, only or enabled were other ones';

test.each<Told & { readonly name: string; readonly want: readonly string[] }>([
  {
    name: 'not tried yet',
    deliveries: [deliveryOf(EVENT, { nextAttemptAtMs: NOW_MS })],
    want: ['hook pending: not tried yet', 'Next: attempt 1 of 11, due since now.'],
  },
  {
    name: 'the sink is paused',
    deliveries: [deliveryOf(EVENT, { attempts: 1, nextAttemptAtMs: NOW_MS })],
    pauses: [
      { kind: 'sink', name: 'hook', sinceMs: NOW_MS - 60_000 },
      { kind: 'source', name: 'production', sinceMs: NOW_MS },
    ],
    want: ['hook pending: it waits: hook is paused since 60 seconds ago', 'It goes once that is over: $ resume hook'],
  },
  {
    name: 'not noted as tried, and made before the process of now',
    deliveries: [deliveryOf(EVENT, { nextAttemptAtMs: NOW_MS })],
    ownedSinceMs: NOW_MS - 4_000,
    want: ['hook pending: not tried yet, or tried by a process that died', 'Next: attempt 1 of 11, due since now.'],
  },
  {
    name: 'being tried',
    deliveries: [deliveryOf(EVENT, { attempts: 1, nextAttemptAtMs: NOW_MS - 9_000 })],
    attemptSinceMs: NOW_MS - 9_000,
    want: ['hook pending: an attempt is under way since 9 seconds ago'],
  },
  {
    name: 'due, seen from outside of the program',
    deliveries: [deliveryOf(EVENT, { nextAttemptAtMs: NOW_MS - 9_000 })],
    isOutside: true,
    want: ['hook pending: not tried yet', 'Next: attempt 1 of 11, due since 9 seconds ago, or under way.'],
  },
  {
    name: 'failed, and due when the process of now began',
    deliveries: [
      deliveryOf(EVENT, {
        ...{ attempts: 1, roundAttempts: 1, nextAttemptAtMs: NOW_MS - 9_000 },
        lastError: { reason: 'server_error', detail: 'HTTP 500' },
      }),
    ],
    ownedSinceMs: NOW_MS - 4_000,
    want: [
      'hook pending, failed so far with server_error: HTTP 500, since then perhaps tried by a process that died',
      'Next: attempt 2 of 11, due since 9 seconds ago.',
      `To try it now: $ redeliver ${DELIVERY_ID}`,
    ],
  },
  {
    name: 'delivered, and made before the process of now',
    deliveries: [deliveryOf(EVENT, ARRIVED)],
    ownedSinceMs: NOW_MS - 4_000,
    want: ['hook delivered at now, after 1 attempt; a repeat, if an earlier process died in an attempt of it'],
  },
  {
    name: 'delivered by the process that made it',
    deliveries: [deliveryOf(EVENT, ARRIVED)],
    want: ['hook delivered at now, after 1 attempt'],
  },
  {
    name: 'delivered again by hand since',
    deliveries: [deliveryOf(EVENT, { ...ARRIVED, round: 1 })],
    ownedSinceMs: NOW_MS - 4_000,
    want: ['hook delivered at now, after 1 attempt'],
  },
  {
    name: 'not noted as tried, and no process runs',
    deliveries: [deliveryOf(EVENT, { nextAttemptAtMs: NOW_MS })],
    ownedSinceMs: null,
    want: ['hook pending: not tried yet, or tried by a process that died', 'Next: attempt 1 of 11, due since now.'],
  },
  {
    name: 'collected for a digest',
    deliveries: [deliveryOf(EVENT, { nextAttemptAtMs: NOW_MS })],
    sinks: 'hook: { type: slack, url: "https://example.com", digest: { every: 90s } }',
    want: [
      'hook pending: it waits for the digest of hook, which goes every 90 seconds, or at 50 events',
      'Next: attempt 1 of 11, at in 90 seconds at the latest, in a digest, alone so far.',
    ],
  },
  {
    name: 'collected with an older one, which sets the time, and with one for another sink',
    deliveries: [
      deliveryOf(EVENT, { nextAttemptAtMs: NOW_MS }),
      another('b', { nextAttemptAtMs: NOW_MS - 60_000 }),
      another('c', { nextAttemptAtMs: NOW_MS - 80_000, sink: 'other' }),
    ],
    sinks: DIGEST_SINK,
    want: [
      'hook pending: it waits for the digest of hook, which goes every 90 seconds, or at 2 events',
      'Next: attempt 1 of 11, at in 30 seconds at the latest, in a digest with 1 other so far.',
    ],
  },
  {
    name: 'collected with more than one message takes',
    deliveries: [
      deliveryOf(EVENT, { nextAttemptAtMs: NOW_MS }),
      another('b', { nextAttemptAtMs: NOW_MS - 60_000 }),
      another('c', { nextAttemptAtMs: NOW_MS - 60_000 }),
    ],
    sinks: DIGEST_SINK,
    want: [
      'hook pending: it waits for the digest of hook, which goes every 90 seconds, or at 2 events',
      'Next: attempt 1 of 11, at in 90 seconds at the latest, in a digest with 1 other so far.',
    ],
  },
  {
    name: 'of a batch that one has left since',
    deliveries: [
      deliveryOf(EVENT, { nextAttemptAtMs: NOW_MS + 60_000, batch: BATCH }),
      another('b', { batch: BATCH }),
      another('c', { batch: BATCH }),
      givenUp(another('d', { batch: BATCH }), 'discarded', NOW_MS),
    ],
    sinks: DIGEST_SINK,
    want: [
      'hook pending: not tried yet',
      `Next: attempt 1 of 11, at in 60 seconds, in digest ${DIGEST} with 2 others.`,
    ],
  },
  {
    name: 'the last one of a batch',
    deliveries: [deliveryOf(EVENT, { nextAttemptAtMs: NOW_MS + 60_000, batch: BATCH })],
    sinks: DIGEST_SINK,
    want: ['hook pending: not tried yet', 'Next: attempt 1 of 11, at in 60 seconds.'],
  },
  {
    name: 'of a batch, for a type that takes none any more',
    deliveries: [deliveryOf(EVENT, { nextAttemptAtMs: NOW_MS + 60_000, batch: BATCH }), another('b', { batch: BATCH })],
    want: ['hook pending: not tried yet', 'Next: attempt 1 of 11, at in 60 seconds.'],
  },
  {
    name: 'delivered in a digest',
    deliveries: [
      deliveryOf(EVENT, {
        state: 'delivered',
        attempts: 1,
        nextAttemptAtMs: null,
        finishedAtMs: NOW_MS,
        history: [{ atMs: NOW_MS, durationMs: 5, reason: null, detail: 'ok', digest: { id: DIGEST, events: 3 } }],
      }),
    ],
    want: [`hook delivered at now, after 1 attempt, in digest ${DIGEST} with 2 others`],
  },
  {
    name: 'a receiver that wants a pause',
    deliveries: [deliveryOf(EVENT)],
    sinkState: { pausedUntilMs: NOW_MS + 90_000 },
    want: [
      'hook pending: the receiver asked for a pause until in 90 seconds',
      'Next: attempt 1 of 11, at in 90 seconds.',
    ],
  },
  {
    name: 'no fresh URL',
    deliveries: [deliveryOf(EVENT, { urlWaitSinceMs: NOW_MS - 600_000, nextAttemptAtMs: NOW_MS + 60_000 })],
    want: [
      'hook pending: it waits for a fresh URL since 10 minutes ago: the source cannot give one; after an hour it goes without',
      'Next: attempt 1 of 11, at in 60 seconds.',
    ],
  },
  {
    name: 'a suspension that time may end',
    deliveries: [deliveryOf(EVENT)],
    sinkState: {
      suspension: {
        reason: 'login_refused',
        detail: '535',
        sinceMs: NOW_MS - DAY_MS,
        trials: 2,
        nextTrialAtMs: NOW_MS + 3_600_000,
      },
    },
    want: [
      'hook pending: the sink is suspended since 24 hours ago: login_refused: 535. The mail server refused the login, wants one (530, 534, 535), or offers none. Nothing is sent until a trial succeeds.',
      'One delivery is tried at a start, at a reload, when somebody redelivers, and from time to time; once one arrives, the rest follows.',
      'The next that time brings is at in 60 minutes.',
      'What waits is kept for 30 days, then given up.',
      `To try it now: $ redeliver ${DELIVERY_ID}`,
    ],
  },
  {
    name: 'a sink that is disabled',
    deliveries: [deliveryOf(EVENT)],
    sinks: 'hook: { type: stdout, enabled: false }',
    sinkState: { inactive: { why: 'disabled', sinceMs: NOW_MS - 2 * DAY_MS } },
    want: [
      'hook pending: the sink is disabled since 2 days ago',
      'What waits is kept for 30 days, then given up.',
      'To send it: remove sinks.hook.enabled: false, then restart or send SIGHUP.',
    ],
  },
  {
    name: 'held',
    deliveries: [held(deliveryOf(EVENT))],
    want: [
      'hook held: one poll made more events than delivery.floodLimit, so a person decides',
      `To send this one: $ redeliver ${DELIVERY_ID}`,
      'To send all that is held of production: $ release --source production',
      'To give all of that up: $ discard --source production',
    ],
  },
  {
    name: 'delivered after attempts that found the sink suspended',
    deliveries: [deliveryOf(EVENT, { ...ARRIVED, uncounted: 31 })],
    want: ['hook delivered at now, after 1 attempt and 31 that did not count'],
  },
  {
    name: 'discarded',
    deliveries: [givenUp(held(deliveryOf(EVENT)), 'discarded', NOW_MS)],
    want: [
      'hook discarded by hand at now, not delivered',
      `To send it all the same: $ redeliver ${DELIVERY_ID}`,
      'It is kept until in 90 days.',
    ],
  },
  {
    name: 'dead, of a sink that is gone',
    deliveries: [givenUp(deliveryOf(EVENT), 'sink_removed', NOW_MS)],
    sinks: 'other: { type: stdout, events: [recording.stuck] }',
    want: [
      'other not made: sinks.other.events has recording.stuck, not recording.available',
      'hook dead: given up at now, after 0 attempts: sink_removed: It waited 30 days for a sink that the config no longer has.',
      `To send it again: $ redeliver ${DELIVERY_ID} --to SINK`,
      'It is kept until in 90 days.',
    ],
  },
  {
    name: 'the first poll goes on',
    firstPollDoneAtMs: null,
    want: ['hook not made: the first poll of the source is not over, and nothing is told before'],
  },
  {
    name: 'it is to be announced',
    state: { awaitsAnnouncement: true },
    want: ['hook not made yet: it is announced once the first poll is over', 'To send it: $ announce r1'],
  },
  {
    name: 'a first poll, long ago',
    state: { firstSeenAtMs: NOW_MS - 9 * DAY_MS, availableAtMs: NOW_MS - 9 * DAY_MS },
    want: [
      `hook no delivery is stored: a first poll saw it, which remembers and tells nobody; or ${FORGOTTEN}`,
      'To send it: $ announce r1',
    ],
  },
  {
    name: 'swept, it seems',
    state: { firstSeenAtMs: NOW_MS - 8 * DAY_MS, availableAtMs: NOW_MS - 8 * DAY_MS },
    firstPollDoneAtMs: NOW_MS - 30 * DAY_MS,
    want: [`hook no delivery is stored: ${FORGOTTEN}; or ${OTHER}`, 'To send it: $ announce r1'],
  },
  { name: 'a sink that came later', want: [`hook not made: ${OTHER}`, 'To send it: $ announce r1'] },
  {
    name: 'a room that is missing',
    state: { roomId: null },
    sinks: 'hook: { type: stdout, only: { rooms: [lobby] } }',
    want: ['hook not made: it has no room, which only * matches, and sinks.hook.only.rooms has "lobby"'],
  },
  {
    name: 'moved by hand from a sink that the config has',
    sinks: TWO_SINKS,
    deliveries: [MOVED],
    want: [
      'hook delivered at now, after 1 attempt',
      'old moved to hook by hand at 60 seconds ago, after 3 attempts: sink_removed: It waited 30 days for a sink that the config no longer has.',
    ],
  },
  {
    name: 'moved by hand from a sink that is gone',
    deliveries: [MOVED],
    want: [
      'hook delivered at now, after 1 attempt',
      'old moved to hook by hand at 60 seconds ago, after 3 attempts: sink_removed: It waited 30 days for a sink that the config no longer has.',
    ],
  },
  {
    name: 'moved by hand, and announced to its sink again',
    sinks: TWO_SINKS,
    deliveries: [MOVED, deliveryTo('old', { state: 'delivered', attempts: 1, finishedAtMs: NOW_MS })],
    want: ['hook delivered at now, after 1 attempt', 'old delivered at now, after 1 attempt'],
  },
  {
    name: 'of a first poll, and announced by hand to another sink',
    sinks: TWO_SINKS,
    firstPollDoneAtMs: NOW_MS,
    deliveries: [deliveryTo('hook', { madeBy: 'announce', state: 'delivered', attempts: 1, finishedAtMs: NOW_MS })],
    want: [
      'hook delivered at now, after 1 attempt',
      `old not made: ${FIRST_POLL}; announced by hand to hook alone`,
      'To send it: $ announce r1 --sink old',
    ],
  },
  {
    name: 'of a first poll that announced, to a sink that came later',
    sinks: TWO_SINKS,
    firstPollDoneAtMs: NOW_MS,
    deliveries: [deliveryTo('hook', { state: 'delivered', attempts: 1, finishedAtMs: NOW_MS })],
    want: ['hook delivered at now, after 1 attempt', `old not made: ${OTHER}`, 'To send it: $ announce r1 --sink old'],
  },
  {
    name: 'forgotten of one sink, and announced by hand to another since',
    sinks: TWO_SINKS,
    state: { firstSeenAtMs: NOW_MS - 99 * DAY_MS, availableAtMs: NOW_MS - 99 * DAY_MS },
    firstPollDoneAtMs: NOW_MS - 100 * DAY_MS,
    deliveries: [
      deliveryOf(
        { ...EVENT, timestamp: new Date(NOW_MS - 99 * DAY_MS).toISOString() },
        { madeBy: 'announce', state: 'delivered', attempts: 1, finishedAtMs: NOW_MS },
      ),
    ],
    want: [
      'hook delivered at now, after 1 attempt',
      `old no delivery is stored: ${GONE}; or ${OTHER}; announced by hand to hook`,
      'To send it: $ announce r1 --sink old',
    ],
  },
  {
    name: 'an event about the sink itself',
    what: SINK_EVENT.id,
    sinks: 'hook: { type: stdout, events: [sink.failing] }, old: { type: stdout, events: [sink.failing] }',
    deliveries: [deliveryOf(SINK_EVENT, { state: 'delivered', attempts: 1, finishedAtMs: NOW_MS })],
    want: [
      'hook delivered at now, after 1 attempt',
      'old not made: it is about this sink, which is not told of its own trouble',
    ],
  },
  {
    name: 'an event for operators',
    what: OPERATOR_EVENT.id,
    deliveries: [deliveryOf(OPERATOR_EVENT, { nextAttemptAtMs: NOW_MS + 2_000 })],
    want: ['hook pending: not tried yet', 'Next: attempt 1 of 11, at in 2 seconds.'],
  },
])('why a sink has it or not, and what comes next: $name', async ({ want, ...told }) => {
  expect((await tell(told)).words).toEqual(want);
});

test.each<Told & { readonly name: string; readonly want: string }>([
  { name: 'after the first poll', want: '5 seconds ago, as available' },
  {
    name: 'before it was over',
    firstPollDoneAtMs: null,
    want: '5 seconds ago, as available; the first poll of the source is not over, so nothing is told yet',
  },
  {
    name: 'by it',
    firstPollDoneAtMs: NOW_MS,
    want: '5 seconds ago, as available; a first poll remembered it and told nobody',
  },
  {
    name: 'by it, which announced it',
    firstPollDoneAtMs: NOW_MS,
    deliveries: [deliveryOf(EVENT)],
    want: '5 seconds ago, as available',
  },
  {
    name: 'by it, and announced by hand afterwards',
    firstPollDoneAtMs: NOW_MS,
    deliveries: [deliveryOf(EVENT, { madeBy: 'announce' })],
    want: '5 seconds ago, as available; a first poll remembered it and told nobody',
  },
  {
    name: 'by it, longer ago than deliveries are kept',
    state: { firstSeenAtMs: NOW_MS - 9 * DAY_MS, availableAtMs: NOW_MS - 9 * DAY_MS },
    want: '9 days ago, as available; a first poll remembered it and told nobody, or whom it told is forgotten',
  },
  {
    name: 'as something without a meaning',
    state: { status: 'queued', availableCount: 0, availableAtMs: null },
    want: '5 seconds ago, as queued',
  },
  {
    name: 'as processing, for all that is known',
    state: { processingCount: 1, availableAtMs: NOW_MS },
    want: '5 seconds ago, as processing, it seems',
  },
  {
    name: 'as processing, and available since',
    state: { processingCount: 1, processingSinceMs: NOW_MS - 5_000, availableAtMs: NOW_MS },
    want: '5 seconds ago, as processing',
  },
  { name: 'as nobody knows what', state: { availableAtMs: NOW_MS }, want: '5 seconds ago' },
  {
    name: 'as nobody knows what, and in processing later',
    state: { processingCount: 1, processingSinceMs: NOW_MS - 3_000, availableAtMs: NOW_MS },
    want: '5 seconds ago',
  },
])('first seen: $name', async ({ want, ...told }) => {
  expect((await tell(told)).firstSeen).toBe(want);
});

test('a spell in processing that is over was seen when it began, told to somebody or not', async () => {
  const state = { processingCount: 1, processingSinceMs: NOW_MS - 9_000, firstSeenAtMs: NOW_MS - 9_000 };
  expect((await tell({ state })).events).toEqual([
    ['recording.processing', 1, NOW_MS - 9_000],
    ['recording.available', 1, NOW_MS - 5_000],
  ]);
});

test('the occurrences of a restless recording: the latest of each type, in their order, the others counted', async () => {
  const state = {
    status: 'processing',
    availableCount: 12,
    processingCount: 12,
    processingSinceMs: NOW_MS,
    availableAtMs: NOW_MS - 9_000,
  };
  const { events, earlierEvents } = await tell({ state: { ...state, stuckTold: true } });
  expect(earlierEvents).toBe(4);
  expect(events?.slice(0, 3)).toEqual([
    ['recording.processing', 3, null],
    ['recording.available', 3, null],
    ['recording.processing', 4, null],
  ]);
  expect(events?.slice(-3)).toEqual([
    ['recording.available', 12, NOW_MS - 9_000],
    ['recording.processing', 12, NOW_MS],
    ['recording.stuck', 12, null],
  ]);
});

const AWAITED = 'The platform says processing: recording.available comes with the poll that shows it available.';
const FAILING = { sinceMs: NOW_MS - 60_000, why: 'unauthorized: HTTP 401' };

test.each<{
  readonly name: string;
  readonly status: string;
  readonly standing?: Partial<SourceStanding>;
  readonly isPaused?: true;
  readonly want: readonly string[];
}>([
  { name: 'available', status: 'available', want: [] },
  { name: 'in processing', status: 'processing', want: [AWAITED] },
  {
    name: 'in processing, of a source that fails',
    status: 'processing',
    standing: { failing: FAILING, nextPollAtMs: NOW_MS + 30_000 },
    want: [
      AWAITED,
      'Polls of production fail since 60 seconds ago: unauthorized: HTTP 401. The next one is at in 30 seconds.',
    ],
  },
  {
    name: 'of a source that fails, as far as the store knows, and is paused',
    status: 'available',
    standing: { failing: FAILING },
    isPaused: true,
    want: [
      'Polls of production fail since 60 seconds ago: unauthorized: HTTP 401.',
      'production is paused since now and not polled: $ resume production',
    ],
  },
  {
    name: 'of a source whose first poll goes on',
    status: 'processing',
    standing: { isFirstPollOver: false },
    want: [AWAITED, 'The first poll of production is not over.'],
  },
])(
  'what a recording waits for, and what keeps polls from showing it: $name',
  ({ status, standing, isPaused, want }) => {
    const of = { source: 'production', uuid: UUID, state: { ...STATE, status } };
    const around = {
      config: config(),
      pauses: isPaused ? [{ kind: 'source' as const, name: 'production', sinceMs: NOW_MS }] : [],
      sources: new Map([['production', { isFirstPollOver: true, failing: undefined, ...standing }]]),
      sinkStates: new Map(),
      nowMs: NOW_MS,
      attemptSinceMs: null,
      ownedSinceMs: NOW_MS,
      call: (command: string) => `$ ${command}`,
    };
    const words = awaitedWords({ ...of, mark: undefined, events: [], earlierEvents: 0 }, around);
    expect(words.map((line) => line.replaceAll(/\S+Z \(([^)]*)\)/g, '$1'))).toEqual(want);
  },
);

test.each<{ readonly name: string; readonly delivery: Delivery; readonly want: string | undefined }>([
  { name: 'of a poll', delivery: deliveryOf(EVENT), want: undefined },
  { name: 'redelivered', delivery: again(deliveryOf(EVENT), NOW_MS), want: 'sent again by hand once' },
  { name: 'announced', delivery: deliveryOf(EVENT, { madeBy: 'announce' }), want: 'announced by hand' },
  {
    name: 'moved',
    delivery: again(again(MOVED, NOW_MS), NOW_MS),
    want: 'moved here from old by hand, sent again by hand 2 times',
  },
  {
    name: 'of one that arrived elsewhere',
    delivery: deliveryOf(EVENT, { madeBy: 'redeliver' }),
    want: 'sent here too by hand',
  },
])('what a person had done: $name', async ({ delivery, want }) => {
  expect((await tell({ deliveries: [delivery] })).byHand).toEqual(want === undefined ? [] : [want]);
});
