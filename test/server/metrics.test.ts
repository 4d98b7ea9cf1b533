import { execFileSync } from 'node:child_process';
import { startDoor } from '../engine/door.js';
import { webhookTo } from '../engine/sinks.js';
import { collect } from '../support/collect.js';
import { configOf, openWorld, sourceOf, sourcePolled, type World } from '../support/notifier-stage.js';
import { type Served, startServed } from '../support/served.js';
import { describeWithTool } from '../support/tools.js';
import { until } from '../support/turn.js';

async function metricsOf(served: Served): Promise<string> {
  const answer = await served.get('/metrics');
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return answer.text();
}

/** The value of one series. */
function sampleOf(text: string, series: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

async function serveStory(world: World, url: string): Promise<Served> {
  const served = await startServed(world, configOf([sourcePolled(world)], [webhookTo('hook', url)]));
  await served.program.notifier.pollAll();
  world.api.recordings.setStatus('soon', 'available');
  world.api.recordings.add({ uuid: 'another', status: 'processing' });
  await served.program.notifier.pollAll();
  await served.program.notifier.attemptDue();
  return served;
}

test('the metrics count what has happened, and show how things stand', async () => {
  await using world = await openWorld();
  await using door = await startDoor();
  await using served = await serveStory(world, door.url);
  const text = await metricsOf(served);
  const at = (series: string) => sampleOf(text, `recording_notifier_${series}`);
  expect({
    complete: at('polls_total{source="production",result="complete"}'),
    failed: at('polls_total{source="production",result="failed"}'),
    polls: at('poll_duration_seconds_count{source="production"}'),
    available: at('source_recordings{source="production",status="available"}'),
    processing: at('source_recordings{source="production",status="processing"}'),
    events: at('events_total{type="recording.available",source="production"}'),
    attempts: at('attempts_total{sink="hook",type="webhook",reason="none"}'),
    delivered: at('deliveries_finished_total{sink="hook",state="delivered"}'),
    dead: at('deliveries_finished_total{sink="hook",state="dead"}'),
    delays: at('delivery_delay_seconds_count{sink="hook"}'),
    waiting: at('deliveries_waiting{sink="hook"}'),
    suspended: at('sink_suspended{sink="hook"}'),
    ready: at('ready'),
    store: at('store_failing_seconds'),
  }).toEqual({
    ...{ complete: 2, failed: 0, polls: 2, available: 2, processing: 1, events: 1, attempts: 1, delivered: 1, dead: 0 },
    ...{ delays: 1, waiting: 0, suspended: 0, ready: 1, store: 0 },
  });
});

test('every metric has a series once everything has happened', async () => {
  await using world = await openWorld();
  await using door = await startDoor();
  const auth = { clientId: 'c', secret: 's', expiresAt: '2030-01-01' };
  const source = sourceOf('production', world.api.url, { auth });
  const config = { ...configOf([source], [webhookTo('hook', door.url)]), floodLimit: 1 };
  await using served = await startServed(world, config);
  await served.program.notifier.pollAll();
  for (const uuid of ['a', 'b', 'c']) world.api.recordings.add({ uuid, status: 'available' });
  world.api.recordings.add({ uuid: 'odd', omits: ['status'] });
  await served.program.notifier.pollAll();
  await until(() => served.program.notifier.status().held.size > 0);
  await served.program.notifier.attemptDue();
  const text = await metricsOf(served);
  const names = [...text.matchAll(/^# TYPE (recording_notifier_\w+) /gm)].map(([, name]) => name ?? '');
  expect(names.length).toBeGreaterThan(20);
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const isThere = (name: string) => series.some((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  expect(names.filter((name) => !isThere(name) && !isThere(`${name}_count`))).toEqual([]);
});

test('what is discarded counts as dead, and what is sent again by hand as no delay', async () => {
  await using world = await openWorld();
  await using door = await startDoor();
  const config = { ...configOf([sourcePolled(world)], [webhookTo('hook', door.url)]), floodLimit: 1 };
  await using served = await startServed(world, config);
  const { notifier } = served.program;
  await notifier.pollAll();
  for (const uuid of ['a', 'b', 'c']) world.api.recordings.add({ uuid, status: 'available' });
  await notifier.pollAll();
  await until(() => notifier.status().held.get('production') === 2);
  await notifier.attemptDue();
  await Array.fromAsync(notifier.carryOut({ kind: 'discard', source: null }));
  const order = { kind: 'redeliver', ids: [], dead: true, sink: null, to: null, sinceMs: null } as const;
  await Array.fromAsync(notifier.carryOut(order));
  const text = await metricsOf(served);
  const ended = (state: string) =>
    sampleOf(text, `recording_notifier_deliveries_finished_total{sink="hook",state="${state}"}`);
  expect([ended('dead'), ended('delivered')]).toEqual([2, 3]);
  expect(sampleOf(text, 'recording_notifier_delivery_delay_seconds_count{sink="hook"}')).toBe(1);
});

test.each([
  { subject: 'sink', name: 'hook' },
  { subject: 'source', name: 'production' },
] as const)('a $subject that is paused shows as that', async ({ subject, name }) => {
  await using world = await openWorld();
  await using served = await startServed(
    world,
    configOf([sourcePolled(world)], [webhookTo('hook', 'http://127.0.0.1:1/')]),
  );
  const series = `recording_notifier_${subject}_paused{${subject}="${name}"}`;
  const shown = [sampleOf(await metricsOf(served), series)];
  for (const kind of ['pause', 'resume'] as const) {
    await Array.fromAsync(served.program.notifier.carryOut({ kind, subject, name }));
    shown.push(sampleOf(await metricsOf(served), series));
  }
  expect(shown).toEqual([0, 1, 0]);
});

test('a sink that says "gone" shows as suspended, with its deliveries waiting', async () => {
  await using world = await openWorld();
  await using door = await startDoor({ status: 410 });
  await using served = await serveStory(world, door.url);
  const text = await metricsOf(served);
  expect(sampleOf(text, 'recording_notifier_sink_suspended{sink="hook"}')).toBe(1);
  expect(sampleOf(text, 'recording_notifier_deliveries_waiting{sink="hook"}')).toBe(1);
  expect(sampleOf(text, 'recording_notifier_attempts_total{sink="hook",type="webhook",reason="gone"}')).toBe(1);
});

test('what a poll holds shows as held until somebody decides', async () => {
  await using world = await openWorld();
  await using door = await startDoor();
  const config = { ...configOf([sourcePolled(world)], [webhookTo('hook', door.url)]), floodLimit: 1 };
  await using served = await startServed(world, config);
  const { notifier } = served.program;
  const held = async () => sampleOf(await metricsOf(served), 'recording_notifier_deliveries_held{source="production"}');
  await notifier.pollAll();
  for (const uuid of ['one', 'two', 'three']) world.api.recordings.add({ uuid, status: 'available' });
  await notifier.pollAll();
  await notifier.attemptDue();
  expect(await held()).toBe(2);
  await collect(notifier.carryOut({ kind: 'discard', source: null }));
  await notifier.attemptDue();
  expect(await held()).toBeUndefined();
});

describeWithTool('promtool', 'promtool', () => {
  test('has nothing to say of them', async () => {
    await using world = await openWorld();
    await using door = await startDoor();
    await using served = await serveStory(world, door.url);
    const input = await metricsOf(served);
    expect(execFileSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })).toBe('');
  });
});
