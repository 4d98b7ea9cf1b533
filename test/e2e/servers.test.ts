import { openStore } from '../../src/store/open.js';
import { systemClock } from '../../src/system.js';
import { startRedis } from '../support/redis-process.js';
import { createStage, sourceOf, uuidOf, webhookTo } from '../support/stage.js';
import { cleanServers, describeWith, dropConnectionOf, newAddress, untilLetGo } from '../support/store-servers.js';

const stage = createStage();

afterAll(cleanServers);

/** A platform, a receiver, and the config of a program between them. */
async function configOn(store: string) {
  const api = await stage.api();
  const receiver = await stage.receiver();
  const config = { sources: { production: sourceOf(api) }, sinks: { hook: webhookTo(receiver) }, store };
  return { api, receiver, config };
}

/** The program on the store, after its first poll, with a recording in processing. */
async function open(store: string) {
  const { api, receiver, config } = await configOn(store);
  const uuid = api.recordings.add({});
  const program = await stage.start(['run'], { config });
  await stage.untilLog(program, /^first poll complete/);
  return { api, receiver, uuid, program };
}

async function endsWell({ receiver, uuid, program }: Awaited<ReturnType<typeof open>>): Promise<void> {
  await receiver.waitFor(1);
  await stage.until('the yes is noted', () => program.log.some(({ msg }) => msg === 'delivered'));
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ code: 0 });
  expect(receiver.messages.map(uuidOf)).toEqual([uuid]);
}

describeWith('redis', 'a program on Redis', () => {
  test('goes on by itself when its server was killed and has come back', async () => {
    const redis = await startRedis();
    const scene = await open(redis.url);
    await redis.kill();
    scene.api.recordings.setStatus(scene.uuid, 'available');
    await stage.untilLog(scene.program, /poll failed/);
    expect(scene.receiver.messages).toEqual([]);
    await redis.restart();
    await endsWell(scene);
    await redis.kill();
  }, 60_000);

  test('ends when another process has taken its store', async () => {
    const address = newAddress('redis');
    const { program } = await open(`${address.url}?prefix=${address.prefix}`);
    await untilLetGo(address);
    const other = await openStore(address, 'own', { clock: systemClock, cwd: '/', host: 'other-host', pid: 4 });
    const { code, stderr } = await program.ended;
    expect(code).toBe(1);
    expect(stderr.join('\n')).toContain('process 4 on other-host since');
    await other.store.close();
  }, 60_000);

  test('says in check --connect what the server may lose', async () => {
    const redis = await startRedis('--appendonly', 'no');
    await open(redis.url);
    const { code, stdout } = await stage.run(['check', '--connect']);
    expect(code).toBe(0);
    expect(stdout).toContainEqual(`ok      store: ${redis.url}, a running program owns it`);
    expect(stdout).toContainEqual(expect.stringMatching(/^notice {2}store: Redis writes no append-only file/));
    await redis.kill();
  }, 60_000);

  test('does not start without it, and says why without the password', async () => {
    const config = await configOn('redis://:hunter2@127.0.0.1:1/0');
    const { code, stderr } = await stage.run(['run'], config);
    expect(code).toBe(1);
    expect(stderr.join('\n')).toContain('redis://127.0.0.1:1/0: the store cannot be opened: nothing listens');
    expect(stderr.join('\n')).not.toContain('hunter2');
  });
});

describeWith('postgres', 'a program on PostgreSQL', () => {
  test('goes on by itself when its connection was dropped, again and again', async () => {
    const address = newAddress('postgres');
    const scene = await open(`${address.url}?prefix=${address.prefix}`);
    for (const dropsAfterPolls of [0, 1, 2]) {
      const polls = scene.api.requestCount + dropsAfterPolls;
      await stage.until('it has polled on', () => scene.api.requestCount >= polls);
      await dropConnectionOf(address);
    }
    scene.api.recordings.setStatus(scene.uuid, 'available');
    await endsWell(scene);
  }, 60_000);
});
