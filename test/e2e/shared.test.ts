import { createDice } from '../sim/dice.js';
import type { Program } from '../support/child-program.js';
import { startRedis } from '../support/redis-process.js';
import { createStage, sourceOf, uuidOf, webhookTo } from '../support/stage.js';
import { cleanServers, describeWith, newAddress, untilLetGo } from '../support/store-servers.js';
import { openScene, pause, SLOW } from './kill-scene.js';
import { disagreements } from './kill-stories.js';

const LEADS = 'this process leads';
const FOLLOWS = 'this process is a worker: another one leads';
const LEADS_NO_MORE = 'this process does not lead any more';

const stage = createStage();

afterAll(cleanServers);

function count({ log }: Program, message: string): number {
  return log.filter(({ msg }) => msg === message).length;
}

/** As its log says. */
function leads(program: Program): boolean {
  return program.isRunning && program.log.findLast(({ msg }) => [LEADS, FOLLOWS].includes(msg))?.msg === LEADS;
}

/** Three of them, the first of which leads. */
async function startThree(start: () => Promise<Program>): Promise<readonly [Program, Program, Program]> {
  const first = await start();
  await stage.untilLog(first, /^first poll complete/);
  const [second, third] = await Promise.all([start(), start()]);
  await stage.untilLog(second, FOLLOWS);
  await stage.untilLog(third, FOLLOWS);
  return [first, second, third];
}

/** A scene, its processes, and what happens to them. */
async function openShared(seed: string) {
  const address = newAddress('redis');
  const url = `${address.url}?prefix=${address.prefix}`;
  const scene = await openScene(stage, url, createDice(seed), { queue: address.url });
  const programs = new Set(await startThree(scene.start));

  /** Who came last, where one does not know yet that it leads no more. */
  function leader(): Program {
    const sinceOf = ({ log }: Program) => String(log.findLast(({ msg }) => msg === LEADS)?.['time']);
    const [found] = [...programs].filter(leads).toSorted((one, other) => sinceOf(other).localeCompare(sinceOf(one)));
    if (found === undefined) throw new Error('nobody leads');
    return found;
  }

  /** A message stays without an answer; who waits for it. */
  async function holdOne() {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    let isHeld = false;
    scene.holdNext(() => {
      isHeld = true;
      stage.check();
      return answered;
    });
    scene.change();
    const open = () => scene.journal.arrivals.filter((one) => one.sink === SLOW && one.answer === undefined);
    await stage.until('one message has no answer', () => isHeld && open().length === 1);
    const id = open()[0]?.id ?? '';
    const isBy = ({ isRunning, log }: Program) =>
      isRunning && log.some(({ msg, sink, message }) => msg === 'an attempt begins' && sink === SLOW && message === id);
    await stage.until('its sender has said so', () => [...programs].some(isBy));
    return { id, answer, sender: [...programs].filter(isBy).at(-1) as Program };
  }

  /** The one that is to send is not chosen by us. */
  async function holdOneOf(isWanted: (program: Program) => boolean) {
    for (let tries = 0; tries < 100; tries += 1) {
      const held = await holdOne();
      if (isWanted(held.sender)) return held;
      held.answer();
    }
    throw new Error('none of a hundred messages was sent by whom it should be');
  }

  function note(): void {
    scene.journal.note([...programs].flatMap(({ log }) => log));
  }

  async function kill(program: Program): Promise<void> {
    const led = leads(program);
    program.kill('SIGKILL');
    await program.ended;
    note();
    scene.journal.begin();
    if (!led) return;
    await untilLetGo(address);
    await stage.until('another one leads', () => [...programs].some(leads));
  }

  async function replace(program: Program): Promise<void> {
    programs.delete(program);
    const next = await scene.start();
    programs.add(next);
    await stage.untilLog(next, FOLLOWS);
  }

  async function endWell(): Promise<void> {
    await stage.until('everything has arrived', () => scene.isOver);
    const running = [...programs].filter(({ isRunning }) => isRunning);
    for (const program of running) program.kill('SIGTERM');
    for (const program of running) expect(await program.ended).toMatchObject({ code: 0 });
    note();
    const verdict = scene.verdict();
    expect(verdict).toEqual({ ...verdict, missing: [], invented: [], unexplained: [] });
    expect(await disagreements(stage, scene)).toEqual([]);
  }

  return { address, scene, programs, leader, holdOneOf, kill, replace, endWell };
}

describeWith('redis', 'processes that share the attempts', () => {
  test('one is killed in the middle of an attempt: another makes it, with the same id', async () => {
    const { scene, holdOneOf, kill, endWell } = await openShared('worker');
    const { id, answer, sender } = await holdOneOf((program) => !leads(program));
    await kill(sender);
    answer();
    const again = () => scene.journal.arrivals.filter((one) => one.sink === SLOW && one.id === id).length === 2;
    await stage.until('another has made it', again);
    await endWell();
  }, 120_000);

  test('the leader is killed in the middle of attempts and of a poll: another leads, and makes none again that went on', async () => {
    const { scene, programs, leader, holdOneOf, kill, replace, endWell } = await openShared('leader');
    const elsewhere = await holdOneOf((program) => !leads(program));
    const first = leader();
    await kill(first);
    elsewhere.answer();
    await stage.until('it is stored', () => count(leader(), 'delivered') > 0);
    await replace(first);
    const second = leader();
    const requests = scene.api.requestCount;
    scene.change();
    await stage.until('a poll is under way', () => scene.api.requestCount > requests);
    await kill(second);
    const arrivals = scene.journal.arrivals.filter((one) => one.sink === SLOW && one.id === elsewhere.id);
    expect(arrivals).toHaveLength(1);
    expect(programs.size).toBe(3);
    await endWell();
  }, 120_000);

  test('the leader sleeps, and another leads: what it writes when it wakes is refused, and it makes attempts', async () => {
    const { address, scene, programs, leader, endWell } = await openShared('sleeper');
    const sleeper = leader();
    const requests = scene.api.requestCount;
    scene.change();
    await stage.until('a poll is under way', () => scene.api.requestCount > requests);
    sleeper.kill('SIGSTOP');
    scene.journal.begin();
    await untilLetGo(address);
    await stage.until('another one leads', () =>
      [...programs].some((program) => program !== sleeper && leads(program)),
    );
    const id = scene.change();
    await stage.until('it tells what is new', () => scene.isTold(id));
    sleeper.kill('SIGCONT');
    const { problem } = await stage.untilLog(sleeper, LEADS_NO_MORE);
    expect(problem).toContain(`process ${leader().pid} on `);
    await stage.until('it is a worker', () => !leads(sleeper));
    await endWell();
  }, 120_000);

  test('Redis is killed and comes back: they go on by themselves, and nothing is lost', async () => {
    const redis = await startRedis();
    const [api, receiver] = [await stage.api(), await stage.receiver()];
    const uuid = api.recordings.add({});
    stage.configure({
      sources: { production: sourceOf(api) },
      sinks: { hook: webhookTo(receiver) },
      store: redis.url,
      queue: redis.url,
    });
    const programs = await startThree(() => stage.start(['run']));
    await redis.kill();
    api.recordings.setStatus(uuid, 'available');
    await stage.untilLog(programs[1], 'it cannot be seen who leads; trying again');
    await redis.restart();
    await receiver.waitFor(1);
    await stage.until('it is stored', () => programs.some((program) => count(program, 'delivered') === 1));
    for (const program of programs) program.kill('SIGTERM');
    for (const program of programs) expect(await program.ended).toMatchObject({ code: 0 });
    expect(receiver.messages.map(uuidOf)).toEqual([uuid]);
    await redis.kill();
  }, 120_000);

  test('a sink gets no more at once than it may, whoever makes the attempts', async () => {
    const address = newAddress('redis');
    let [open, openMax, programs]: [number, number, readonly Program[]] = [0, 0, []];
    const haveAllMade = () => programs.length === 3 && programs.every((each) => count(each, 'an attempt is over') > 0);
    const api = await stage.api();
    const receiver = await stage.receiver({
      respond: async () => {
        open += 1;
        openMax = Math.max(openMax, open);
        if (!haveAllMade()) for (let more = 0; more < 2; more += 1) api.recordings.add({ status: 'available' });
        await pause(5);
        open -= 1;
        return { status: 204 };
      },
    });
    stage.configure({
      sources: { production: sourceOf(api) },
      sinks: { hook: webhookTo(receiver, { concurrency: 2 }) },
      store: `${address.url}?prefix=${address.prefix}`,
      queue: address.url,
      log: { level: 'debug' },
    });
    programs = await startThree(() => stage.start(['run']));
    api.recordings.add({ status: 'available' });
    await stage.until('each has made one', haveAllMade);
    expect(openMax).toBeLessThanOrEqual(2);
  }, 120_000);
});
