import { Ajv2020 } from 'ajv/dist/2020.js';
import { createApp } from '../../src/server/app.js';
import type { ServerPorts } from '../../src/server/ports.js';
import { nonce } from '../../src/system.js';
import { startDoor } from '../engine/door.js';
import { sinkThat, webhookTo } from '../engine/sinks.js';
import { configOf, openWorld, sourcePolled, type World } from '../support/notifier-stage.js';
import { type Served, startServed } from '../support/served.js';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content: { readonly 'application/json': { readonly schema: object } } }>
  >;
}

/** Holds an answer against what the document says of it. */
async function judged(served: Served, path: string, answer: Response): Promise<{ status: number; body: unknown }> {
  const document = (await served.json('/api/openapi.json')) as Document;
  const body: unknown = await answer.json();
  const method = path.startsWith('POST ') ? 'post' : 'get';
  const at = path.replace(/^(GET|POST) /, '');
  const described = document.paths[at]?.[method]?.responses[answer.status]?.content['application/json'].schema;
  if (described === undefined) throw new Error(`${method} ${at} is not described with ${answer.status}`);
  const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } });
  const text = JSON.stringify({ ...described, $defs: document.components.schemas });
  const validate = ajv.compile(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')));
  expect(validate(body) ? [] : validate.errors).toEqual([]);
  return { status: answer.status, body };
}

/** Two sinks, one of which refuses everything; `soon` has become available. */
async function serveStory(world: World, url: string): Promise<Served> {
  const refusing = sinkThat('refusing', async () => ({
    kind: 'failed',
    reason: 'rejected_by_receiver',
    detail: 'HTTP 400',
  }));
  const served = await startServed(world, configOf([sourcePolled(world)], [webhookTo('hook', url), refusing]));
  await served.program.notifier.pollAll();
  world.api.recordings.setStatus('soon', 'available');
  await served.program.notifier.pollAll();
  await served.program.notifier.attemptDue();
  return served;
}

test('the status tells how sources and sinks stand', async () => {
  await using world = await openWorld();
  await using door = await startDoor();
  await using served = await serveStory(world, door.url);
  const { body } = await judged(served, '/api/status', await served.get('/api/status'));
  expect(body).toMatchObject({
    ready: true,
    reasons: [],
    sources: [{ name: 'production', state: 'working', recordings: 2, available: 2, processing: 0, failedPolls: 0 }],
    sinks: [
      { name: 'hook', state: 'working', waiting: 0, delivered: 1, dead: 0, lastError: null },
      {
        name: 'refusing',
        state: 'failing',
        waiting: 0,
        delivered: 0,
        dead: 1,
        lastError: 'rejected_by_receiver: HTTP 400',
      },
    ],
  });
});

test('a source that fails says so in words, and when it is asked again', async () => {
  await using world = await openWorld();
  await using served = await startServed(world, configOf([sourcePolled(world)], []));
  world.api.fault({ kind: 'unauthorized' }, { times: 9 });
  await served.program.notifier.pollAll();
  const { body } = await judged(served, '/api/status', await served.get('/api/status'));
  expect(body).toMatchObject({
    sources: [{ state: 'failing', lastResult: 'failed', failedPolls: 1, words: expect.stringContaining('401') }],
  });
});

test.each([
  { name: 'which has not been complete', prepare: async () => undefined },
  { name: 'which failed', prepare: async ({ program }: Served) => void (await program.notifier.pollAll()) },
])('a source is overdue after five minutes of polls, $name, for everybody at once', async ({ prepare }) => {
  await using world = await openWorld();
  await using served = await startServed(world, configOf([sourcePolled(world)], []));
  world.api.fault({ kind: 'unauthorized' });
  await prepare(served);
  world.api.fault({ kind: 'hang' });
  void served.program.notifier.pollAll();
  const look = async () => {
    const [ready, { body }] = [
      await served.get('/readyz'),
      await judged(served, '/api/status', await served.get('/api/status')),
    ];
    const { sources } = body as { readonly sources: readonly { readonly overdue: boolean; readonly state: string }[] };
    const { reasons } = (await ready.json()) as { readonly reasons: readonly string[] };
    return { status: ready.status, reasons, source: sources[0] };
  };
  world.clock.advance(299_000);
  expect(await look()).toMatchObject({ status: 200, reasons: [], source: { overdue: false, overdueSeconds: 299 } });
  world.clock.advance(1_000);
  expect(await look()).toMatchObject({
    ...{ status: 503, reasons: ['source production: no poll was complete for 300 s'] },
    source: { overdue: true, overdueSeconds: 300, state: 'failing' },
  });
});

interface Standing {
  readonly sources: readonly Record<string, unknown>[];
  readonly sinks: readonly Record<string, unknown>[];
}

async function standingOf(served: Served): Promise<Standing> {
  const { body } = await judged(served, '/api/status', await served.get('/api/status'));
  return body as Standing;
}

test('a restart forgets neither since when something fails nor how much is remembered', async () => {
  await using world = await openWorld();
  const failing = sinkThat('hook', async () => ({ kind: 'failed', reason: 'server_error', detail: 'HTTP 500' }));
  const config = configOf([sourcePolled(world)], [failing]);
  const first = await startServed(world, config);
  await first.program.notifier.pollAll();
  world.api.recordings.setStatus('soon', 'available');
  await first.program.notifier.pollAll();
  await first.program.notifier.attemptDue();
  world.clock.advance(1_000);
  world.api.fault({ kind: 'unauthorized' }, { times: 9 });
  await first.program.notifier.pollAll();
  const before = await standingOf(first);
  expect(before).toMatchObject({ sources: [{ state: 'failing', remembered: null }], sinks: [{ state: 'failing' }] });
  await first[Symbol.asyncDispose]();
  world.clock.advance(3_600_000);

  await using second = await startServed(world, config);
  const since = [before.sources[0]?.['since'], before.sinks[0]?.['since']];
  const start = await standingOf(second);
  expect(start).toMatchObject({
    sources: [
      {
        ...{ state: 'failing', since: since[0], recordings: null, remembered: 2, rememberedAvailable: 2 },
        words: expect.stringMatching(/^Polls failed before the start, and none has ended since: .*401/),
      },
    ],
    sinks: [
      {
        ...{ state: 'failing', since: since[1] },
        words: 'Attempts failed before the start, and none was made since: server_error: HTTP 500',
      },
    ],
  });
  await second.program.notifier.pollAll();
  await second.program.notifier.attemptDue();
  const later = await standingOf(second);
  expect(later).toMatchObject({
    sources: [{ state: 'failing', since: since[0], failedPolls: 1, remembered: 2 }],
    sinks: [{ state: 'failing', since: since[1] }],
  });
  const logged = second.program.log.lines.find(({ message }) => message === 'a source is failing');
  expect([logged?.fields['sinceAt'], later.sources[0]?.['words']]).toEqual([
    since[0],
    `The last poll was not complete: ${logged?.fields['detail']}`,
  ]);
});

test.each([
  { path: '/api/recordings', query: '', want: ['soon', 'old'] },
  { path: '/api/recordings', query: '?limit=1', want: ['soon'] },
  { path: '/api/recordings', query: '?limit=1&offset=1', want: ['old'] },
  { path: '/api/recordings', query: '?q=SOO', want: ['soon'] },
  { path: '/api/recordings', query: '?status=processing', want: [] },
  { path: '/api/recordings', query: '?source=other', want: [] },
  { path: '/api/deliveries', query: '?state=dead', want: ['soon'] },
  { path: '/api/deliveries', query: '?sink=hook', want: ['soon'] },
  { path: '/api/deliveries', query: '?state=pending', want: [] },
  { path: '/api/deliveries', query: '?q=old', want: [] },
])('$path$query lists $want', async ({ path, query, want }) => {
  await using world = await openWorld();
  await using door = await startDoor();
  await using served = await serveStory(world, door.url);
  const { body } = await judged(served, path, await served.get(path + query));
  const { recordings, deliveries } = body as Record<string, readonly { uuid: string }[]>;
  expect((recordings ?? deliveries ?? []).map(({ uuid }) => uuid)).toEqual(want);
});

test.each([
  { query: 'limit=0', want: 'limit: Too small' },
  { query: 'limit=1001', want: 'limit: Too big' },
  { query: 'limit=many', want: 'limit: Invalid input' },
  { query: 'offset=9001', want: 'offset: Too big' },
  { query: 'pages=2', want: 'pages' },
  { query: `q=${'x'.repeat(301)}`, want: 'q: Too big' },
])('a query that asks wrongly is told what is wrong: $want', async ({ query, want }) => {
  await using world = await openWorld();
  await using served = await startServed(world, configOf([sourcePolled(world)], []));
  const { status, body } = await judged(served, '/api/recordings', await served.get(`/api/recordings?${query}`));
  expect([status, body]).toEqual([400, { error: expect.stringContaining(want) }]);
});

test('a delivery and its attempts name the digest that they were part of', async () => {
  await using world = await openWorld();
  const chat = sinkThat('chat', async () => ({ kind: 'delivered', receipt: 'ok' }), {
    digest: { everyMs: 60_000, max: 50 },
  });
  const deliverDigest = async () => ({ kind: 'delivered', receipt: 'ok' }) as const;
  const sink = { ...chat, definition: { ...chat.definition, deliverDigest } };
  await using served = await startServed(world, configOf([sourcePolled(world)], [sink]));
  await served.program.notifier.pollAll();
  world.api.recordings.setStatus('soon', 'available');
  world.api.recordings.add({ uuid: 'next', status: 'available' });
  await served.program.notifier.pollAll();
  await served.program.notifier.attemptDue();
  const { body } = await judged(served, '/api/deliveries', await served.get('/api/deliveries'));
  const { deliveries } = body as { deliveries: readonly { eventId: string; digest: string }[] };
  const digest = deliveries[0]?.digest ?? '';
  expect(digest).toMatch(/^dig_[0-9a-f]{32}$/);
  expect(deliveries.map((each) => each.digest)).toEqual([digest, digest]);
  const id = deliveries[0]?.eventId;
  const told = await judged(served, '/api/events/{id}', await served.get(`/api/events/${id}`));
  expect(told.body).toMatchObject({ deliveries: [{ digest, history: [{ digest: { id: digest, events: 2 } }] }] });
});

test('an event tells which sinks were told, why or why not, and every attempt', async () => {
  await using world = await openWorld();
  await using door = await startDoor();
  await using served = await serveStory(world, door.url);
  const { deliveries } = (await served.json('/api/deliveries')) as { deliveries: readonly { eventId: string }[] };
  const id = deliveries[0]?.eventId;
  const { body } = await judged(served, '/api/events/{id}', await served.get(`/api/events/${id}`));
  expect(body).toMatchObject({
    ...{ id, type: 'recording.available', source: 'production', uuid: 'soon', occurrence: 1 },
    deliveries: [
      { sink: 'hook', state: 'delivered', history: [{ reason: null, detail: 'HTTP 204' }] },
      { sink: 'refusing', state: 'dead', history: [{ reason: 'rejected_by_receiver', detail: 'HTTP 400' }] },
    ],
  });
});

test.each(['evt_00000000000000000000000000000000', 'soon', '..%2f..', 'evt_%00'])(
  'there is no event %s',
  async (id) => {
    await using world = await openWorld();
    await using served = await startServed(world, configOf([sourcePolled(world)], []));
    const { status } = await judged(served, '/api/events/{id}', await served.get(`/api/events/${id}`));
    expect(status).toBe(404);
  },
);

test('a delivery is sent again, and what came of it is the answer', async () => {
  await using world = await openWorld();
  await using door = await startDoor();
  await using served = await serveStory(world, door.url);
  const { deliveries } = (await served.json('/api/deliveries?sink=hook')) as { deliveries: readonly { id: string }[] };
  const path = `/api/deliveries/${deliveries[0]?.id}/redeliver`;
  const { body } = await judged(served, 'POST /api/deliveries/{id}/redeliver', await served.post(path));
  expect(body).toMatchObject({
    sink: 'hook',
    result: 'delivered',
    detail: 'HTTP 204; a repeat: the sink had it already',
  });
  expect(new Set(door.messages.map((message) => message.id)).size).toBe(1);
  expect(door.messages).toHaveLength(2);
});

test('what cannot be sent again says why', async () => {
  await using world = await openWorld();
  await using served = await startServed(world, configOf([sourcePolled(world)], []));
  const path = '/api/deliveries/dlv_00000000000000000000000000000000/redeliver';
  const { status, body } = await judged(served, 'POST /api/deliveries/{id}/redeliver', await served.post(path));
  expect([status, body]).toEqual([404, { error: expect.stringContaining('there is no delivery') }]);
});

test('a poll that is asked for says what it found', async () => {
  await using world = await openWorld();
  await using served = await startServed(world, configOf([sourcePolled(world)], []));
  const answer = await served.post('/api/sources/production/poll');
  const { status, body } = await judged(served, 'POST /api/sources/{name}/poll', answer);
  expect([status, body]).toMatchObject([200, { source: 'production', result: 'complete', recordings: 2, events: 0 }]);
  const missing = await judged(served, 'POST /api/sources/{name}/poll', await served.post('/api/sources/x/poll'));
  expect(missing).toEqual({ status: 404, body: { error: 'the config has no source "x"; it has production' } });
});

test('what is paused is shown so, and neither polled nor sent to for whoever asks', async () => {
  await using world = await openWorld();
  await using door = await startDoor();
  await using served = await startServed(world, configOf([sourcePolled(world)], [webhookTo('hook', door.url)]));
  const { notifier } = served.program;
  await notifier.pollAll();
  await notifier.pause('sink', 'hook');
  world.api.recordings.setStatus('soon', 'available');
  await notifier.pollAll();
  await notifier.attemptDue();
  await notifier.pause('source', 'production');
  const { body } = await judged(served, '/api/status', await served.get('/api/status'));
  expect(body).toMatchObject({
    ready: true,
    sources: [{ name: 'production', state: 'paused', nextPollAt: null, overdueSeconds: 0 }],
    sinks: [
      { name: 'hook', state: 'paused', waiting: 1, nextAttemptAt: null, words: expect.stringContaining('resumed') },
    ],
  });
  const listed = (await judged(served, '/api/deliveries', await served.get('/api/deliveries'))).body as {
    readonly deliveries: readonly { readonly id: string; readonly eventId: string }[];
  };
  expect(listed.deliveries).toMatchObject([{ state: 'pending', nextAttemptAt: null }]);
  const [{ id, eventId } = { id: '', eventId: '' }] = listed.deliveries;
  const told = await judged(served, '/api/events/{id}', await served.get(`/api/events/${eventId}`));
  expect(told.body).toMatchObject({ deliveries: [{ why: expect.stringContaining('hook is paused since') }] });
  const sent = await served.post(`/api/deliveries/${id}/redeliver`);
  expect(await judged(served, 'POST /api/deliveries/{id}/redeliver', sent)).toEqual({
    status: 409,
    body: { error: 'sink_paused: its sink is paused; resume it first' },
  });
  const polled = await served.post('/api/sources/production/poll');
  expect(await judged(served, 'POST /api/sources/{name}/poll', polled)).toEqual({
    status: 409,
    body: { error: 'source "production" is paused; resume it first' },
  });
  await notifier.resume('sink', 'hook');
  const { body: after } = await judged(served, '/api/status', await served.get('/api/status'));
  expect(after).toMatchObject({ sinks: [{ state: 'working' }] });
});

test('the document has every route of the API, and no other', async () => {
  await using world = await openWorld();
  await using served = await startServed(world, configOf([sourcePolled(world)], []));
  const { paths } = (await served.json('/api/openapi.json')) as Document;
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const { routes } = createApp({ token: undefined, nonce, stopped: new AbortController().signal } as ServerPorts);
  const served_ = routes
    .filter(({ path, method }) => path.startsWith('/api/') && method !== 'ALL' && path !== '/api/openapi.json')
    .map(({ path, method }) => `${method} ${path.replaceAll(/:(\w+)(\{.*?\})?/g, '{$1}')}`);
  expect(described.toSorted()).toEqual([...new Set(served_)].toSorted());
});

test('lists are read anew when something has changed, and not before', async () => {
  await using world = await openWorld();
  await using served = await startServed(world, configOf([sourcePolled(world)], []));
  const total = async () => ((await served.json('/api/recordings')) as { total: number }).total;
  expect(await total()).toBe(0);
  await served.program.notifier.pollAll();
  expect(await total()).toBe(2);
  world.store.failAlways('before', 'scan');
  expect(await total()).toBe(2);
  world.store.heal();
});

test('a store that cannot be read is no empty list', async () => {
  await using world = await openWorld();
  await using served = await startServed(world, configOf([sourcePolled(world)], []));
  world.store.failAlways('before', 'scan');
  const answer = await served.get('/api/recordings');
  expect([answer.status, await answer.json()]).toEqual([503, { error: expect.stringContaining('failing: ') }]);
  world.store.heal();
});

test('a delivery is moved to another sink, which the config has to have', async () => {
  await using world = await openWorld();
  await using door = await startDoor();
  const refusing = sinkThat('refusing', async () => ({
    ...{ kind: 'failed', reason: 'rejected_by_receiver', detail: 'HTTP 400' },
  }));
  const other = webhookTo('other', door.url, { events: ['recording.stuck'] });
  await using served = await startServed(world, configOf([sourcePolled(world)], [refusing, other]));
  await served.program.notifier.pollAll();
  world.api.recordings.setStatus('soon', 'available');
  await served.program.notifier.pollAll();
  await served.program.notifier.attemptDue();
  const list = (await served.json('/api/deliveries')) as { deliveries: { id: string }[] };
  const path = `/api/deliveries/${list.deliveries[0]?.id}/redeliver`;
  const unknown = await served.post(`${path}?to=nobody`);
  expect(unknown.status).toBe(400);
  expect(await unknown.json()).toEqual({ error: 'to: the config has no sink "nobody"; it has refusing, other' });
  expect(await (await served.post(`${path}?to=other`)).json()).toMatchObject({ sink: 'other', result: 'delivered' });
  expect(await served.json('/api/deliveries')).toMatchObject({ total: 1, deliveries: [{ sink: 'other' }] });
});
