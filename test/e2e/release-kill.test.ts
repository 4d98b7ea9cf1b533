import { UNNOTED_RATIO } from '../../src/engine/flights.js';
import type { Program } from '../support/child-program.js';
import { createStage, type StagedReceiver, sourceOf, webhookTo } from '../support/stage.js';

const stage = createStage();

const HELD = 3_000;
const CONCURRENCY = 20;
/** How much more has arrived when the process is killed. */
const KILLED_AT = [1, 150, 600];

/** A store that holds thousands of deliveries, and the receiver that is to get them. */
async function playFlood(): Promise<StagedReceiver> {
  const [api, receiver] = [await stage.api(), await stage.receiver()];
  stage.configure({
    sources: { production: sourceOf(api, { schedule: '0 0 1 1 *' }) },
    sinks: { hook: webhookTo(receiver, { concurrency: CONCURRENCY, includeUrl: false }) },
    delivery: { floodLimit: 1 },
  });
  await stage.run(['poll']);
  for (let n = 0; n <= HELD; n += 1) api.recordings.add({ status: 'available' });
  await stage.run(['poll']);
  expect(receiver.accepted).toHaveLength(1);
  return receiver;
}

async function killOnceArrived(program: Program, count: number, { accepted }: StagedReceiver): Promise<void> {
  const before = accepted.length;
  await stage.until(`${count} have arrived`, () => accepted.length >= before + count);
  program.kill('SIGKILL');
  expect(await program.ended).toMatchObject({ signal: 'SIGKILL' });
}

/** None is lost, and none comes twice but what was on its way, or still to be noted, when a process was killed. */
function judge({ accepted }: StagedReceiver, kills: number): void {
  expect(new Set(accepted).size).toBe(HELD + 1);
  expect(accepted.length - new Set(accepted).size).toBeLessThanOrEqual(kills * (1 + UNNOTED_RATIO) * CONCURRENCY);
}

test('alone: a release that is killed goes on when it is given again', async () => {
  const receiver = await playFlood();
  for (const count of KILLED_AT) await killOnceArrived(await stage.start(['release']), count, receiver);
  await stage.run(['release']);
  judge(receiver, KILLED_AT.length);
}, 200_000);

test('beside a running program that is killed: the next one goes on, and what is still held waits to be released', async () => {
  const receiver = await playFlood();
  for (const count of KILLED_AT) {
    const program = await stage.start(['run']);
    await stage.untilLog(program, 'running');
    const release = await stage.start(['release']);
    await killOnceArrived(program, count, receiver);
    // It was answered before, or takes ownership and does the rest, or is told that the program has ended.
    release.kill('SIGKILL');
    await release.ended;
  }
  const last = await stage.start(['run']);
  await stage.untilLog(last, 'running');
  expect(await stage.run(['release'])).toMatchObject({ code: 0 });
  await stage.until('all have arrived', () => new Set(receiver.accepted).size > HELD);
  judge(receiver, KILLED_AT.length * 2);
}, 200_000);
