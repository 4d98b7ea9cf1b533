import { createStage, sourceOf, webhookTo } from '../support/stage.js';

const stage = createStage();

const STOPPING = /^stopping/;

async function stopWhileUnderWay() {
  const gate = Promise.withResolvers<void>();
  const api = await stage.api();
  const receiver = await stage.receiver({ respond: () => gate.promise.then(() => ({ status: 204 })) });
  const config = { sources: { production: sourceOf(api) }, sinks: { hook: webhookTo(receiver) } };
  const program = await stage.start(['run'], { config });
  await stage.untilLog(program, /^first poll complete/);
  const uuid = api.recordings.add({ status: 'available' });
  await receiver.waitFor(1);
  return { gate, receiver, program, uuid };
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s finishes what is under way, and the exit code is 0', async (signal) => {
  const { gate, receiver, program, uuid } = await stopWhileUnderWay();
  program.kill(signal);
  await stage.untilLog(program, STOPPING);
  gate.resolve();
  expect(await program.ended).toMatchObject({ code: 0, signal: null });
  expect(program.log.at(-1)).toMatchObject({
    ...{ msg: 'stopped', durationMs: expect.any(Number), polls: expect.any(Number), failedPolls: 0 },
    ...{ events: 1, delivered: 1, dead: 0, waiting: 0 },
  });
  expect(receiver.accepted).toHaveLength(1);
  const { stdout } = await stage.run(['deliveries', '--json']);
  expect(stdout.map((line) => JSON.parse(line))).toMatchObject([{ uuid, state: 'delivered', attempts: 1 }]);
});

test('a second signal ends it at once, and the attempt under way does not count', async () => {
  const { program, uuid } = await stopWhileUnderWay();
  program.kill('SIGTERM');
  await stage.untilLog(program, STOPPING);
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ code: 130, signal: null });
  const { stdout } = await stage.run(['deliveries', '--json']);
  expect(stdout.map((line) => JSON.parse(line))).toMatchObject([{ uuid, state: 'pending', attempts: 0 }]);
});

test('an attempt that takes longer than the grace is cut off, does not count, and is made again', async () => {
  const { program, receiver, gate, uuid } = await stopWhileUnderWay();
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ code: 0, signal: null });
  const { stdout } = await stage.run(['deliveries', '--json']);
  expect(stdout.map((line) => JSON.parse(line))).toMatchObject([{ uuid, state: 'pending', attempts: 0 }]);
  gate.resolve();
  const { code } = await stage.run(['poll']);
  expect(code).toBe(0);
  expect(receiver.messages.map(({ arrival }) => arrival)).toEqual([1, 2]);
});
