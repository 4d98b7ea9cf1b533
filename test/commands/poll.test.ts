import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expectedEventId } from '../support/expected-id.js';
import { createStage, sourceOf, uuidOf, webhookTo } from '../support/stage.js';

const stage = createStage();

async function openOne(status: number | (() => number) = 204, more: object = {}) {
  const api = await stage.api();
  const receiver = await stage.receiver({
    respond: () => ({ status: typeof status === 'number' ? status : status() }),
  });
  const statePath = join(stage.folder, 'state/notifier.sqlite');
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { hook: webhookTo(receiver, more) } });
  return { api, receiver, statePath };
}

test('each run is one poll and one attempt of what is due', async () => {
  let status = 204;
  const { api, receiver } = await openOne(() => status, { retries: ['0ms', '0ms'] });
  api.recordings.add({ status: 'available' });
  expect(await stage.run(['poll'])).toMatchObject({ code: 0, stdout: [] });
  const uuid = api.recordings.add({ status: 'available' });
  status = 500;
  expect(await stage.run(['poll'])).toMatchObject({ code: 0 });
  expect(receiver.messages).toHaveLength(1);
  status = 204;
  expect(await stage.run(['poll'])).toMatchObject({ code: 0 });
  expect(receiver.messages.map(uuidOf)).toEqual([uuid, uuid]);
  expect(await stage.run(['poll'])).toMatchObject({ code: 0 });
  expect(receiver.messages).toHaveLength(2);
});

test('it says what it did, also when nothing is new', async () => {
  const { api } = await openOne();
  api.recordings.add({ status: 'available' });
  const said = async () => {
    const { stdout, stderr } = await stage.run(['poll']);
    expect(stdout).toEqual([]);
    return stderr.map((line) => JSON.parse(line)).filter(({ msg }) => /^(first )?poll/.test(msg));
  };
  expect(await said()).toMatchObject([{ msg: expect.stringMatching(/^first poll complete/) }]);
  const quiet = { level: 'info', source: 'production', rows: 1, msg: 'poll complete: nothing new' };
  expect(await said()).toMatchObject([quiet]);
  api.recordings.add({ status: 'available' });
  expect(await said()).toMatchObject([{ rows: 2, events: 1, msg: 'poll complete: with news' }]);
});

test('with nothing new and level warn it is silent, so that cron has nothing to mail', async () => {
  const { api, receiver } = await openOne();
  stage.configure({
    sources: { production: sourceOf(api) },
    sinks: { hook: webhookTo(receiver) },
    log: { level: 'warn' },
  });
  api.recordings.add({ status: 'available' });
  const first = await stage.run(['poll']);
  expect(first.stderr.map((line) => JSON.parse(line).msg)).toEqual([expect.stringMatching(/^a new store was made/)]);
  expect(await stage.run(['poll'])).toMatchObject({ code: 0, stdout: [], stderr: [] });
});

test('it forgets what was finished long ago', async () => {
  const { api, receiver } = await openOne();
  stage.configure({
    sources: { production: sourceOf(api) },
    sinks: { hook: webhookTo(receiver) },
    delivery: { keepDelivered: '0ms' },
  });
  await stage.run(['poll']);
  api.recordings.add({ status: 'available' });
  await stage.run(['poll']);
  await stage.run(['poll']);
  expect(await stage.run(['deliveries', '--json'])).toMatchObject({ stdout: [] });
  expect(receiver.messages).toHaveLength(1);
});

test('it ends with 1 when a delivery became dead', async () => {
  const { api, receiver } = await openOne(413);
  await stage.run(['poll']);
  api.recordings.add({ status: 'available' });
  expect(await stage.run(['poll'])).toMatchObject({ code: 1 });
  expect(await stage.run(['poll'])).toMatchObject({ code: 0 });
  expect(receiver.messages).toHaveLength(1);
});

test('it ends with 1 when a poll failed, and delivers what is due all the same', async () => {
  let status = 500;
  const { api, receiver } = await openOne(() => status, { retries: ['0ms', '0ms'] });
  await stage.run(['poll']);
  api.recordings.add({ status: 'available' });
  await stage.run(['poll']);
  status = 204;
  api.fault({ kind: 'unauthorized' });
  const { code, stderr } = await stage.run(['poll']);
  expect(code).toBe(1);
  expect(stderr.join('\n')).toMatch(/poll failed/);
  expect(receiver.accepted).toHaveLength(1);
});

test('--for goes on so long: a retry in it is made', async () => {
  const { api, receiver } = await openOne();
  await stage.run(['poll']);
  const program = await stage.start(['poll', '--for', '3s']);
  await stage.until('it has polled', () => api.requestCount >= 2);
  const uuid = api.recordings.add({ status: 'available' });
  expect(await program.ended).toMatchObject({ code: 0 });
  expect(receiver.messages.map(uuidOf)).toEqual([uuid]);
});

describe('--dry-run', () => {
  test('at a first poll it says how many it would remember, and makes no store', async () => {
    const { api, receiver, statePath } = await openOne();
    api.recordings.add({ status: 'available' });
    api.recordings.add();
    const { code, stdout, stderr } = await stage.run(['poll', '--dry-run']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
    expect(stdout.map((line) => JSON.parse(line))).toEqual([
      { source: 'production', firstPoll: true, wouldRemember: 2, rows: 2, available: 1, processing: 1 },
    ]);
    expect(existsSync(statePath)).toBe(false);
    expect(receiver.messages).toEqual([]);
  });

  test('after it, it prints each event that it would make, again and again', async () => {
    const { api, receiver } = await openOne();
    await stage.run(['poll']);
    const uuid = api.recordings.add({ status: 'available', roomId: 'lobby' });
    for (const _ of [1, 2]) {
      const { code, stdout } = await stage.run(['poll', '--dry-run']);
      expect(code).toBe(0);
      expect(stdout.map((line) => JSON.parse(line))).toEqual([
        {
          id: expectedEventId('recording.available', 'production', uuid, 1),
          type: 'recording.available',
          timestamp: expect.any(String),
          source: 'production',
          data: {
            recording: expect.objectContaining({ uuid, roomId: 'lobby', status: 'available', url: null }),
            previousStatus: null,
            occurrence: 1,
          },
        },
      ]);
    }
    expect(receiver.messages).toEqual([]);
    expect(await stage.run(['poll'])).toMatchObject({ code: 0 });
    expect(receiver.messages.map(uuidOf)).toEqual([uuid]);
  });

  test('it works beside an owner', async () => {
    const { api } = await openOne();
    const program = await stage.start(['run']);
    await stage.untilLog(program, /^first poll complete/);
    expect(await stage.run(['poll', '--dry-run'])).toMatchObject({ code: 0 });
    expect(program.isRunning).toBe(true);
    expect(api.requestCount).toBeGreaterThan(1);
  });

  test('a poll that fails ends it with 1', async () => {
    const { api } = await openOne();
    api.fault({ kind: 'unauthorized' });
    const { code, stdout, stderr } = await stage.run(['poll', '--dry-run']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: [] });
    expect(stderr).toEqual([expect.stringMatching(/^production: poll failed: .*401/)]);
  });

  test('it does not go with --for', async () => {
    await openOne();
    expect(await stage.run(['poll', '--dry-run', '--for', '1s'])).toMatchObject({ code: 2 });
  });
});
