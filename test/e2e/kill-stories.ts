import type { Dice } from '../sim/dice.js';
import type { Program } from '../support/child-program.js';
import type { Stage } from '../support/stage.js';
import { firstPollMoments, type Moment, momentsOf, type Story, type Where } from './kill-moments.js';
import { IN_FLIGHT_MAX, openScene, type Scene } from './kill-scene.js';
import type { StagedServer, StagedStore } from './kill-stores.js';

/** What is known of a story once it is over, or has failed. */
export interface Account {
  /** By what was killed. */
  readonly killed: Record<string, number>;
  /** By the moment. */
  readonly moments: Record<string, number>;
  expected: number;
  missing: number;
  /** Messages that came again after a kill. */
  repeated: number;
  /** The most that came again after one of them. */
  repeatedMax: number;
  /** Messages that came again after a receiver had broken the connection. */
  broken: number;
}

const SHARE_IN_FIRST_POLL = 0.2;

/** The program is killed and started, again and again. */
export async function killProgram(stage: Stage, store: StagedStore, kills: number, dice: Dice, account: Account) {
  const scene = await openScene(stage, store.url, dice.fork('receivers'));
  const story = { stage, scene, store, dice };
  const early = Math.max(1, Math.round(kills * SHARE_IN_FIRST_POLL));
  for (const moment of take(early, firstPollMoments(story), dice)) await killAt(moment, story, account);
  const first = await scene.start();
  await stage.untilLog(first, /^(first poll complete|poll without news)/);
  await kill(first, 'random', story, account);
  expect(scene.journal.arrivals).toEqual([]);
  for (const moment of take(kills - early - 1, momentsOf(story), dice)) {
    scene.change();
    await killAt(moment, story, account);
  }
  await endWell(await scene.start(), story, account);
}

/** The store's server is killed and started, again and again, under a program that runs. */
export async function killServer(stage: Stage, store: StagedServer, kills: number, dice: Dice, account: Account) {
  const scene = await openScene(stage, store.url, dice.fork('receivers'));
  const story = { stage, scene, store, dice };
  const program = await scene.start();
  await stage.untilLog(program, /^first poll complete/);
  const blows = Object.entries(store.blows);
  for (const moment of take(kills, momentsOf(story), dice)) {
    const waiting = moment.wait(program);
    const id = scene.change();
    await waiting;
    const [name, blow] = dice.pick(blows);
    const isBack = blow();
    moment.afterwards?.();
    program.kill('SIGCONT');
    await isBack;
    count(account, name, moment.where);
    store.wire.pass();
    await stage.until('the program goes on', () => scene.isTold(id));
  }
  await endWell(program, story, account);
}

/** So many moments, each as often as any other, in an order that the dice choose. */
function take(many: number, moments: readonly Moment[], dice: Dice): Moment[] {
  const rounds = Array.from({ length: Math.ceil(many / moments.length) }, () =>
    moments
      .map((moment) => ({ moment, at: dice.next() }))
      .toSorted((left, right) => left.at - right.at)
      .map(({ moment }) => moment),
  );
  return rounds.flat().slice(0, many);
}

async function killAt(moment: Moment, story: Story, account: Account): Promise<void> {
  const program = await story.scene.start();
  await moment.wait(program);
  await kill(program, moment.where, story, account);
  moment.afterwards?.();
}

async function kill(program: Program, where: Where, { scene, store }: Story, account: Account): Promise<void> {
  program.kill('SIGKILL');
  expect(await program.ended).toMatchObject({ signal: 'SIGKILL' });
  count(account, 'program', where);
  scene.journal.note(program.log);
  store.wire?.pass();
  await store.letGo();
}

function count({ killed, moments }: Account, what: string, where: Where): void {
  killed[what] = (killed[what] ?? 0) + 1;
  moments[where] = (moments[where] ?? 0) + 1;
}

/** Everything arrives, the program stops as it should, and the store says the same as the receivers. */
async function endWell(program: Program, { stage, scene }: Story, account: Account): Promise<void> {
  try {
    await stage.until('everything has arrived', () => scene.isOver);
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ code: 0 });
  } finally {
    scene.journal.note(program.log);
    const { missing, ...counts } = scene.verdict();
    Object.assign(account, { ...counts, missing: missing.length });
  }
  const verdict = scene.verdict();
  expect(verdict).toEqual({ ...verdict, missing: [], invented: [], unexplained: [] });
  expect(verdict.repeatedMax).toBeLessThanOrEqual(IN_FLIGHT_MAX);
  expect(await disagreements(stage, scene)).toEqual([]);
}

/** Where the store says something else than the receivers. It may still mean to repeat what was taken shortly before a kill. */
export async function disagreements(stage: Stage, { journal, wanted }: Scene): Promise<string[]> {
  const { stdout } = await stage.run(['deliveries', '--json']);
  const rows = stdout.map((line) => JSON.parse(line) as { sink: string; eventId: string; state: string });
  const wrong = rows.filter(({ sink, eventId, state }) => {
    const isRight = state === 'delivered' ? journal.hasTaken(sink, eventId) : !journal.hasNoted(sink, eventId);
    return !isRight || !['delivered', 'pending'].includes(state);
  });
  const stored = new Set(rows.map(({ sink, eventId }) => `${sink} ${eventId}`));
  return [
    ...wrong.map(({ sink, eventId, state }) => `${sink} ${eventId} is ${state}`),
    ...wanted.filter((key) => !stored.has(key)).map((key) => `${key} is not stored`),
  ];
}
