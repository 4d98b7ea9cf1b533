import type { FakeApi } from '../../src/fake/api.js';
import type { Program } from '../support/child-program.js';
import { createStage, type StagedReceiver, sourceOf, uuidOf, webhookTo } from '../support/stage.js';

const stage = createStage();

const NEVER = '0 0 1 1 *';

interface Scene {
  readonly api: FakeApi;
  readonly hook: StagedReceiver;
}

/** A source past its first poll, and two sinks, one of which is called as the source is. */
async function play(more: object = {}): Promise<Scene> {
  const [api, hook, other] = [await stage.api(), await stage.receiver(), await stage.receiver()];
  stage.configure({
    sources: { production: sourceOf(api, { schedule: NEVER }) },
    sinks: { hook: webhookTo(hook), production: webhookTo(other) },
    ...more,
  });
  await stage.run(['poll']);
  return { api, hook };
}

async function say(...args: string[]) {
  const { code, stdout, stderr } = await stage.run(args);
  return { code, stdout, stderr: stderr.join('\n') };
}

async function deliveries(...args: string[]): Promise<Record<string, unknown>[]> {
  const { stdout } = await stage.run(['deliveries', '--json', '--sink', 'hook', ...args]);
  return stdout.map((line) => JSON.parse(line));
}

async function startRun(): Promise<Program> {
  const program = await stage.start(['run']);
  await stage.untilLog(program, 'running');
  return program;
}

describe('alone', () => {
  test('a paused sink gets nothing of what is made for it, and all of it when it is resumed', async () => {
    const { api, hook } = await play();
    expect(await say('pause', 'hook')).toMatchObject({
      code: 0,
      stdout: [expect.stringMatching(/^sink hook: paused since \S+Z; "resume hook" ends that$/)],
    });
    const uuids = ['r1', 'r2', 'r3'];
    for (const uuid of uuids) {
      api.recordings.add({ uuid, status: 'available' });
      const polled = await say('poll');
      expect(polled.code).toBe(0);
      expect(polled.stderr).toMatch(/"sink":"hook".*a sink is paused|a sink is paused.*"sink":"hook"/);
    }
    expect(hook.messages).toEqual([]);
    const pending = { state: 'pending', attempts: 0, nextAttemptAt: null };
    expect(await deliveries()).toMatchObject([pending, pending, pending]);
    expect(await say('resume', 'hook')).toMatchObject({
      code: 0,
      stdout: [expect.stringMatching(/^sink hook: resumed; it was paused since \S+Z$/)],
      stderr: 'Attempted at once: hook: 3 delivered.',
    });
    expect(hook.messages.map(uuidOf).toSorted()).toEqual(uuids);
  });

  test('resumed while its receiver fails: that is told, and it is resumed all the same', async () => {
    const [api, hook] = [await stage.api(), await stage.receiver({ respond: () => ({ status: 500 }) })];
    stage.configure({ sources: { production: sourceOf(api) }, sinks: { hook: webhookTo(hook) } });
    await stage.run(['poll']);
    await stage.run(['pause', 'hook']);
    api.recordings.add({ status: 'available' });
    await stage.run(['poll']);
    expect(await say('resume', 'hook')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('0 delivered, 1 waiting'),
    });
    expect(await deliveries()).toMatchObject([{ attempts: 1, nextAttemptAt: expect.any(String) }]);
  });

  test('resumed, nothing goes to another sink; resumed for its source, each is said of its sink', async () => {
    const answer = { status: 500 };
    const [api, hook, other] = [
      await stage.api(),
      await stage.receiver(),
      await stage.receiver({ respond: () => answer }),
    ];
    const sinks = { hook: webhookTo(hook), other: webhookTo(other, { retries: ['1ms'] }) };
    stage.configure({ sources: { production: sourceOf(api, { schedule: NEVER }) }, sinks });
    await stage.run(['poll']);
    await stage.run(['pause', 'hook']);
    api.recordings.add({ uuid: 'r1', status: 'available' });
    await stage.run(['poll']);
    answer.status = 204;
    expect(await say('resume', 'hook')).toMatchObject({ code: 0, stderr: 'Attempted at once: hook: 1 delivered.' });
    expect(other.accepted).toEqual([]);
    await stage.run(['pause', '--source', 'production']);
    api.recordings.add({ uuid: 'r2', status: 'available' });
    expect(await say('resume', '--source', 'production')).toMatchObject({
      code: 0,
      stderr: 'Attempted at once: hook: 1 delivered; other: 2 delivered.',
    });
  });

  test('a paused source is left out of polls, which say so; resumed, it is polled at once', async () => {
    const { api, hook } = await play();
    await stage.run(['pause', '--source', 'production']);
    api.recordings.add({ uuid: 'new', status: 'available' });
    const before = api.requests.length;
    const polled = await say('poll');
    expect(polled).toMatchObject({ code: 0, stderr: expect.stringMatching(/a source is paused: it is not polled/) });
    const dry = await say('poll', '--dry-run');
    expect(dry).toMatchObject({ code: 0, stdout: [] });
    expect(dry.stderr).toMatch(
      /^source production is paused since \S+Z: it is not polled; "resume --source production"/,
    );
    expect(api.requests).toHaveLength(before);
    expect(await say('resume', '--source', 'production')).toMatchObject({ code: 0 });
    expect(hook.messages.map(uuidOf)).toEqual(['new']);
  });

  test('resumed while its platform fails: that is told', async () => {
    const { api } = await play();
    await stage.run(['pause', '--source', 'production']);
    api.fault({ kind: 'unauthorized' }, { times: 10 });
    const { code, stderr } = await say('resume', '--source', 'production');
    expect(code).toBe(0);
    expect(stderr).toMatch(/status 401.*poll failed/);
  });

  test('what is so already is fine, and says so', async () => {
    await play();
    expect(await say('resume', 'hook')).toEqual({
      code: 0,
      stdout: ['sink hook: not paused, so there is nothing to resume'],
      stderr: '',
    });
    const [line] = (await say('pause', 'hook', '--json')).stdout;
    const { since, ...paused } = JSON.parse(line ?? '');
    expect(paused).toEqual({ kind: 'sink', name: 'hook', result: 'paused' });
    expect(await say('pause', 'hook')).toEqual({
      code: 0,
      stdout: [`sink hook: paused already, since ${since}`],
      stderr: '',
    });
  });

  test.each(['pause', 'resume'])('%s of what there is not, or twice, is asked wrongly', async (command) => {
    await play();
    const lists = 'the sinks are hook, production, the sources are production';
    expect(await say(command, 'hok')).toEqual({
      code: 2,
      stdout: [],
      stderr: `There is no sink or source "hok"; ${lists}.`,
    });
    expect(await say(command, '--source', 'hook')).toMatchObject({
      code: 2,
      stderr: `There is no source "hook"; ${lists}.`,
    });
    expect(await say(command, 'production')).toEqual({
      code: 2,
      stdout: [],
      stderr: '"production" is a sink and a source; add --sink or --source.',
    });
    expect(await say(command, '--sink', '--source', 'production')).toMatchObject({ code: 2 });
  });

  test('what the config does not have any more can be resumed, and a pause outlives its absence', async () => {
    const { api, hook } = await play();
    await stage.run(['pause', 'hook']);
    api.recordings.add({ uuid: 'r1', status: 'available' });
    await stage.run(['poll']);
    const without = { sources: { production: sourceOf(api) }, sinks: { out: { type: 'stdout' } } };
    await stage.run(['poll'], { config: without, printsUrls: true });
    const whole = { ...without, sinks: { hook: webhookTo(hook) } };
    await stage.run(['poll'], { config: whole });
    expect(hook.messages).toEqual([]);
    expect(await stage.run(['resume', 'hook'], { config: without, printsUrls: true })).toMatchObject({ code: 0 });
    await stage.run(['poll'], { config: whole });
    expect(hook.messages.map(uuidOf)).toEqual(['r1']);
  });

  test('with memory, or before there is a store, there is nothing to pause', async () => {
    const [api, hook] = [await stage.api(), await stage.receiver()];
    const config = { sources: { production: sourceOf(api) }, sinks: { hook: webhookTo(hook) } };
    expect((await stage.run(['pause', 'hook'], { config: { ...config, store: 'memory' } })).code).toBe(1);
    expect((await stage.run(['pause', 'hook'], { config })).code).toBe(1);
  });
});

test('redeliver and announce to a paused sink are refused, and change nothing', async () => {
  const { api, hook } = await play();
  api.recordings.add({ uuid: 'r1', status: 'available' });
  await stage.run(['poll']);
  await stage.run(['pause', 'hook']);
  const [before] = await deliveries();
  for (const args of [
    ['redeliver', String(before?.['id'])],
    ['announce', 'r1', '--sink', 'hook'],
  ]) {
    const { code, stdout } = await say(...args, '--json');
    expect(code).toBe(1);
    expect(stdout.map((line) => JSON.parse(line))).toMatchObject([
      { sink: 'hook', result: 'sink_paused', detail: expect.stringContaining('resume it first') },
    ]);
  }
  expect(await deliveries()).toEqual([before]);
  expect(hook.messages).toHaveLength(1);
});

test('everybody says what is paused', async () => {
  const { api, hook } = await play();
  api.recordings.add({ uuid: 'r1', status: 'available' });
  await stage.run(['pause', 'hook']);
  await stage.run(['poll']);
  await stage.run(['pause', '--source', 'production']);
  const sink = /sink hook is paused since \S+Z: nothing is sent to it, and 1 wait; "resume hook" ends that\./;
  const source = /source production is paused since \S+Z: it is not polled; "resume --source production" ends that\./;
  const checked = await say('check');
  expect(checked.code).toBe(0);
  expect(checked.stdout.join('\n')).toMatch(sink);
  expect(checked.stdout.join('\n')).toMatch(source);
  expect((await say('deliveries')).stderr).toMatch(sink);
  expect((await say('recordings')).stderr).toMatch(source);
  const explained = (await say('explain', 'r1')).stdout.join('\n');
  expect(explained).toMatch(/hook: pending: it waits: hook is paused since/);
  expect(explained).toMatch(/It goes once that is over: .*resume hook/);
  expect(explained).toMatch(/production is paused since .* and not polled: .*resume --source production/);
  const lines = (await say('explain', 'r1', '--json')).stdout.map((line) => JSON.parse(line));
  expect(lines).toContainEqual(expect.objectContaining({ kind: 'delivery', sink: 'hook', nextAttemptAt: null }));
  const tested = await say('test', 'hook');
  expect(tested.code).toBe(0);
  expect(tested.stderr).toMatch(/sink hook is paused since .* A sample goes all the same\./);
  expect(hook.messages).toHaveLength(1);
});

describe('beside a running program', () => {
  test('it takes the wish within a second, through a reload; what waits goes at once when it is resumed', async () => {
    const { api, hook } = await play();
    const program = await startRun();
    expect(await say('pause', 'hook')).toMatchObject({ code: 0 });
    await stage.run(['pause', '--source', 'production']);
    api.recordings.add({ uuid: 'r1', status: 'available' });
    const before = api.requests.length;
    program.kill('SIGHUP');
    await stage.untilLog(program, 'a source is paused: it is not polled before it is resumed');
    await stage.untilLog(program, 'config reloaded');
    expect(await say('resume', '--source', 'production')).toMatchObject({
      code: 0,
      stderr: 'The running program polls it at once.',
    });
    await stage.until('it is polled', () => api.requests.length > before);
    await stage.untilLog(program, 'event', ({ recording }) => recording === 'r1');
    expect(hook.messages).toEqual([]);
    expect(await deliveries()).toMatchObject([{ state: 'pending', attempts: 0, nextAttemptAt: null }]);
    expect(await say('resume', 'hook')).toMatchObject({
      code: 0,
      stderr: 'The running program sends what waits; "deliveries" shows how it stands.',
    });
    await hook.waitFor(1);
    expect(hook.messages.map(uuidOf)).toEqual(['r1']);
  });

  test('killed between the answer and the restart: it stays paused, and nothing is lost', async () => {
    const { api, hook } = await play();
    const program = await startRun();
    expect(await say('pause', 'hook')).toMatchObject({ code: 0 });
    program.kill('SIGKILL');
    expect(await program.ended).toMatchObject({ signal: 'SIGKILL' });
    api.recordings.add({ uuid: 'r1', status: 'available' });
    const next = await startRun();
    await stage.untilLog(next, 'a sink is paused: nothing is sent to it before it is resumed');
    await stage.untilLog(next, 'event', ({ recording }) => recording === 'r1');
    expect(await say('resume', 'hook')).toMatchObject({ code: 0 });
    await hook.waitFor(1);
    next.kill('SIGKILL');
    await next.ended;
    const last = await startRun();
    api.recordings.add({ uuid: 'r2', status: 'available' });
    await stage.run(['pause', '--source', 'production']);
    await stage.run(['resume', '--source', 'production']);
    await stage.until('the other one has come too', () => new Set(hook.messages.map(uuidOf)).has('r2'));
    expect(last.log.some(({ msg }) => msg.startsWith('a sink is paused'))).toBe(false);
    expect(new Set(hook.messages.map(uuidOf))).toEqual(new Set(['r1', 'r2']));
  });
});
