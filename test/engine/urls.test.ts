import type { Delivery } from '../../src/core/delivery.js';
import { type FreshUrl, NO_URL } from '../../src/core/event.js';
import type { PolledSource } from '../../src/engine/polled-source.js';
import { createUrls, type Urls } from '../../src/engine/urls.js';
import { type FakeApi, startFakeApi } from '../../src/fake/api.js';
import type { NewRecording } from '../../src/fake/api-schema.js';
import { openSource, walkAll } from '../source/support.js';
import type { ManualClock } from '../support/manual-clock.js';
import { createTurningClock } from '../support/turn.js';
import { openDispatchStage } from './dispatch-stage.js';
import { startDoor } from './door.js';
import { deliveryOf, sourceThat, webhookTo } from './sinks.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NEVER = new AbortController().signal;

type UrlAnswer =
  | { readonly kind: 'url'; readonly fresh: FreshUrl }
  | { readonly kind: 'unavailable'; readonly waitMs: number; readonly detail: string };

interface UrlStage extends AsyncDisposable {
  readonly api: FakeApi;
  readonly clock: ManualClock;
  readonly polled: PolledSource;
  readonly urls: Urls;
  ask(uuid?: string, change?: Partial<Delivery>): Promise<UrlAnswer>;
  /** As a poll does that has news of everything. */
  seeAll(): Promise<void>;
}

async function openUrlStage(
  recordings: readonly NewRecording[] = [{ uuid: 'r', meetingId: 'r', status: 'available' }],
  urlLifeMs = HOUR_MS,
  isConfigured = true,
): Promise<UrlStage> {
  const clock = createTurningClock();
  const api = await startFakeApi({ clock, recordings, urlLifeMs });
  const opened = openSource(api.url);
  const polled = { ...sourceThat(opened.source.find), source: opened.source };
  const urls = createUrls({ source: () => (isConfigured ? polled : undefined), clock, random: () => 0 });
  return {
    api,
    clock,
    polled,
    urls,
    async ask(uuid = 'r', change = {}) {
      const delivery = { ...deliveryOf('hook', uuid, clock.nowMs(), 0, true), ...change };
      const { fresh, lack } = await urls.urlsFor([delivery], NEVER);
      return lack === undefined ? { kind: 'url', fresh: fresh[0] ?? NO_URL } : { kind: 'unavailable', ...lack };
    },
    async seeAll() {
      for (const recording of (await walkAll(opened.source)).recordings) urls.remember('production', recording);
    },
    async [Symbol.asyncDispose]() {
      await opened[Symbol.asyncDispose]();
      await api.close();
    },
  };
}

/** The number in the fake's key says which of its URLs this is. */
function serialOf(answer: UrlAnswer): number | null {
  if (answer.kind !== 'url') throw new Error(answer.detail);
  return answer.fresh.url === null ? null : Number(/FAKE(\d+)/.exec(answer.fresh.url)?.[1]);
}

test('the URL last seen is used while it has ten minutes left, then it is fetched by its meeting', async () => {
  await using stage = await openUrlStage();
  await stage.seeAll();
  stage.clock.advance(50 * MINUTE_MS - 1_000);
  expect(serialOf(await stage.ask())).toBe(1);
  expect(stage.api.requestCount).toBe(1);
  stage.clock.advance(1_001);
  const fetched = await stage.ask();
  expect(serialOf(fetched)).toBe(2);
  expect(fetched).toMatchObject({
    fresh: { expiresAtMs: Math.floor((stage.clock.nowMs() + HOUR_MS) / 1_000) * 1_000 },
  });
  expect(stage.api.requests.at(-1)?.query).toMatchObject({ meetingId: 'r' });
  expect(serialOf(await stage.ask())).toBe(2);
  expect(stage.api.requestCount).toBe(2);
});

test('a later poll brings a newer one', async () => {
  await using stage = await openUrlStage();
  await stage.seeAll();
  const opened = openSource(stage.api.url);
  stage.urls.refresh('production', (await walkAll(opened.source)).recordings);
  expect(serialOf(await stage.ask())).toBe(2);
  await opened[Symbol.asyncDispose]();
});

test('one of unknown life serves for ten minutes', async () => {
  const url = 'https://files.example/r.mp4';
  await using stage = await openUrlStage([{ uuid: 'r', meetingId: 'r', status: 'available', overrides: { url } }]);
  await stage.seeAll();
  stage.clock.advance(10 * MINUTE_MS);
  expect(await stage.ask()).toEqual({ kind: 'url', fresh: { url, expiresAtMs: null } });
  expect(stage.api.requestCount).toBe(1);
  stage.clock.advance(1);
  await stage.ask();
  expect(stage.api.requestCount).toBe(2);
});

test('one request serves all sinks, whatever the life of what comes', async () => {
  await using stage = await openUrlStage(undefined, 2 * MINUTE_MS);
  const answers = await Promise.all([stage.ask(), stage.ask(), stage.ask()]);
  expect(answers.map(serialOf)).toEqual([1, 1, 1]);
  stage.clock.advance(MINUTE_MS);
  expect(serialOf(await stage.ask())).toBe(1);
  expect(stage.api.requestCount).toBe(1);
  stage.clock.advance(1);
  expect(serialOf(await stage.ask())).toBe(2);
});

test('one request serves several of a digest, where it meets them', async () => {
  const of = (uuid: string, meetingId: string) => ({ uuid, meetingId, status: 'available' });
  await using stage = await openUrlStage([of('a', 'm'), of('b', 'm'), of('c', 'other'), of('d', 'm')], 2 * MINUTE_MS);
  const deliveries = ['a', 'b', 'c', 'd'].map((uuid) => {
    const delivery = deliveryOf('chat', uuid, stage.clock.nowMs(), 0, true);
    const { event } = delivery;
    if (event.type !== 'recording.available') throw new Error('it is of a recording');
    const recording = { ...event.data.recording, meetingId: uuid === 'c' ? 'other' : 'm' };
    return { ...delivery, event: { ...event, data: { ...event.data, recording } } };
  });
  const { fresh, lack } = await stage.urls.urlsFor(deliveries, NEVER);
  expect(lack).toBeUndefined();
  expect(fresh.map(({ url }) => url !== null)).toEqual([true, true, true, true]);
  expect(new Set(fresh.map(({ url }) => url)).size).toBe(4);
  expect(stage.api.requests.map(({ query }) => query['meetingId'])).toEqual(['m', 'other']);
});

test('of a digest, those that a source cannot give just now are a lack of all', async () => {
  await using stage = await openUrlStage();
  stage.api.fault({ kind: 'unauthorized' }, { times: 3 });
  const deliveries = ['r', 's'].map((uuid) => deliveryOf('chat', uuid, stage.clock.nowMs(), 0, true));
  expect(await stage.urls.urlsFor(deliveries, NEVER)).toMatchObject({
    fresh: [{ url: null }, { url: null }],
    lack: { waitMs: 10_000 },
  });
});

test('one that has died since it was fetched is not sent', async () => {
  await using stage = await openUrlStage(undefined, 30_000);
  expect(serialOf(await stage.ask())).toBe(1);
  stage.clock.advance(30_000);
  expect(serialOf(await stage.ask())).toBe(2);
});

test.each([
  { name: 'the recording is not in the list', recordings: [] },
  { name: 'its row has no URL', recordings: [{ uuid: 'r', meetingId: 'r', overrides: { url: null } }] },
  { name: 'its row has an empty one', recordings: [{ uuid: 'r', meetingId: 'r', overrides: { url: '' } }] },
])('$name: null at once, after one request for all sinks', async ({ recordings }) => {
  await using stage = await openUrlStage(recordings);
  expect((await Promise.all([stage.ask(), stage.ask()])).map(serialOf)).toEqual([null, null]);
  expect(serialOf(await stage.ask())).toBeNull();
  expect(stage.api.requestCount).toBe(1);
});

test.each([
  { name: 'a source that is not configured', isConfigured: false, change: {} },
  { name: 'a sink without URLs', isConfigured: true, change: { includeUrl: false } },
])('$name: null without a request', async ({ isConfigured, change }) => {
  await using stage = await openUrlStage(undefined, HOUR_MS, isConfigured);
  expect(serialOf(await stage.ask('r', change))).toBeNull();
  expect(stage.api.requestCount).toBe(0);
});

describe('a source that fails', () => {
  test('is asked again after 10 s, doubling to five minutes, and not before', async () => {
    await using stage = await openUrlStage();
    stage.api.fault({ kind: 'unauthorized' }, { times: 7 });
    for (const waitMs of [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]) {
      expect(await stage.ask()).toMatchObject({ kind: 'unavailable', waitMs });
      const asked = stage.api.requestCount;
      stage.clock.advance(waitMs - 1);
      expect(await stage.ask()).toMatchObject({ kind: 'unavailable', waitMs: 1 });
      expect(stage.api.requestCount).toBe(asked);
      stage.clock.advance(1);
    }
    expect(serialOf(await stage.ask())).not.toBeNull();
    stage.clock.advance(HOUR_MS);
    stage.api.fault({ kind: 'unauthorized' });
    expect(await stage.ask()).toMatchObject({ waitMs: 10_000 });
  });

  test('for several recordings at once has failed once', async () => {
    await using stage = await openUrlStage();
    stage.api.fault({ kind: 'unauthorized' }, { times: 3 });
    const answers = await Promise.all(['a', 'b', 'c'].map((uuid) => stage.ask(uuid)));
    expect(answers.map((answer) => answer.kind === 'unavailable' && answer.waitMs)).toEqual([10_000, 10_000, 10_000]);
  });

  test('with Retry-After is left alone until then', async () => {
    await using stage = await openUrlStage();
    stage.api.fault({ kind: 'rate_limited', retryAfter: '120' }, { times: 3 });
    expect(await stage.ask()).toMatchObject({ kind: 'unavailable', waitMs: 120_000 });
  });

  test('whose clock-bound silence lies a year ahead is asked within a day', async () => {
    await using stage = await openUrlStage();
    stage.polled.askAgainAtMs = stage.clock.nowMs() + 365 * 24 * HOUR_MS;
    expect(await stage.ask()).toMatchObject({ kind: 'unavailable', waitMs: 24 * HOUR_MS });
  });

  test('by hanging takes a minute of an attempt, no more', async () => {
    await using stage = await openUrlStage();
    stage.api.fault({ kind: 'hang' }, { times: 3 });
    const answer = stage.ask();
    stage.clock.advance(MINUTE_MS);
    expect(await answer).toMatchObject({ kind: 'unavailable', waitMs: 10_000 });
  });
});

test('an attempt waits for its URL without being counted, for an hour at most, and then goes without', async () => {
  await using stage = await openUrlStage();
  await using door = await startDoor();
  await using dispatch = await openDispatchStage([webhookTo('hook', door.url)], { source: stage.polled });
  stage.api.fault({ kind: 'unauthorized' }, { times: 1_000 });
  const startMs = dispatch.clock.nowMs();
  const id = await dispatch.add('hook', 'r', 0, true);
  await dispatch.idle();
  expect(await dispatch.delivery(id)).toMatchObject({ attempts: 0, history: [], nextAttemptAtMs: startMs + 10_000 });
  while (door.messages.length === 0) {
    const { nextAttemptAtMs } = await dispatch.delivery(id);
    const waitMs = (nextAttemptAtMs ?? 0) - dispatch.clock.nowMs();
    expect(waitMs).toBeLessThanOrEqual(5 * MINUTE_MS);
    dispatch.clock.advance(waitMs);
    await dispatch.idle();
  }
  expect(dispatch.clock.nowMs() - startMs).toBe(HOUR_MS);
  expect(await dispatch.attempted(id, 1)).toMatchObject({ state: 'delivered', attempts: 1 });
  expect(door.messages[0]?.json).toMatchObject({ data: { recording: { url: null, urlExpiresAt: null } } });
});

test('a URL is sent, and neither stored nor logged', async () => {
  await using stage = await openUrlStage();
  await using door = await startDoor({ status: 500 });
  await using dispatch = await openDispatchStage([webhookTo('hook', door.url)], { source: stage.polled });
  await dispatch.attempted(await dispatch.add('hook', 'r', 0, true), 1);
  expect(door.messages[0]?.body).toContain('Signature=');
  expect(JSON.stringify([dispatch.store.batches, dispatch.log.lines])).not.toMatch(/Signature|AWSAccessKeyId/);
});

test('a row that passes by and that nobody has asked for is not kept: memory holds what is wanted alone', async () => {
  await using stage = await openUrlStage([
    { uuid: 'r', meetingId: 'm', status: 'available' },
    { uuid: 'other', meetingId: 'm', status: 'available' },
  ]);
  const change = (uuid: string) => {
    const delivery = deliveryOf('hook', uuid, stage.clock.nowMs(), 0, true);
    const { data } = delivery.event as { data: { recording: object } };
    const event = { ...delivery.event, data: { ...data, recording: { ...data.recording, meetingId: 'm' } } };
    return { event } as Partial<Delivery>;
  };
  await stage.ask('r', change('r'));
  const before = stage.api.requests.length;
  expect((await stage.ask('other', change('other'))).kind).toBe('url');
  expect(stage.api.requests.length).toBe(before + 1);
});
