import type { FakeApi } from '../../src/fake/api.js';
import { systemClock } from '../../src/system.js';
import type { Program } from '../support/child-program.js';
import { expectedEventId } from '../support/expected-id.js';
import { createStage, type StagedReceiver, sourceOf, uuidOf, webhookTo } from '../support/stage.js';

const stage = createStage();

const KILLS_IN_FIRST_POLL = 8;
const KILLS = 36;
const AVAILABLE_BEFORE = 20;
const PROCESSING_BEFORE = 10;
/** Pages of five, walked twice. */
const REQUESTS_OF_FIRST_POLL = 12;
/** How long a start takes, about. */
const START_MS_MAX = 400;
/** After what a kill waits for. */
const OFFSET_MS_MAX = 60;

/** `SEED=1234 npm test` chooses the same moments again. */
const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);
const random = randomOf(seed);

interface Scene {
  readonly api: FakeApi;
  readonly receivers: readonly StagedReceiver[];
  /** Recordings that must be told, exactly. */
  readonly expected: Set<string>;
}

/** What a kill waits for before its random offset. */
const MOMENTS = {
  start: async () => pause(random() * START_MS_MAX),
  poll: (_, { api }) => reached('a request has come', () => api.requestCount),
  write: (program) => stage.untilLog(program, 'event'),
  arrival: (_, { receivers }) => reached('a message has come', () => receivers[0]?.messages.length ?? 0),
  answer: (_, { receivers }) => reached('a message was answered', () => receivers[1]?.accepted.length ?? 0),
  delivery: (program) => stage.untilLog(program, 'delivered'),
} satisfies Record<string, (program: Program, scene: Scene) => Promise<unknown>>;

test('killed again and again, it loses nothing, invents nothing, and repeats with the same id', async () => {
  try {
    await killAgainAndAgain();
  } catch (error) {
    throw new Error(`with SEED=${seed}`, { cause: error });
  }
}, 120_000);

async function killAgainAndAgain(): Promise<void> {
  const scene = await openScene();
  for (let kill = 0; kill < KILLS_IN_FIRST_POLL; kill += 1) await killInFirstPoll(scene);
  await kill(await stage.start(['run']), (program) =>
    stage.untilLog(program, /^(first poll complete|poll without news)/),
  );
  expect(scene.receivers.map(({ messages }) => messages)).toEqual([[], []]);

  const moments = Object.values(MOMENTS);
  for (let round = 0; round < KILLS; round += 1) {
    changeList(scene, round);
    await kill(await stage.start(['run']), (program) => moments[round % moments.length]?.(program, scene));
  }
  const last = await stage.start(['run']);
  await stage.until('everything has arrived', () => scene.receivers.every(({ accepted }) => hasAll(accepted, scene)));
  last.kill('SIGTERM');
  expect(await last.ended).toMatchObject({ code: 0 });
  for (const receiver of scene.receivers) judge(receiver, scene);
}

async function openScene(): Promise<Scene> {
  const api = await stage.api({ mode: { pageSizeMax: 5 } });
  for (let count = 0; count < AVAILABLE_BEFORE; count += 1) api.recordings.add({ status: 'available' });
  for (let count = 0; count < PROCESSING_BEFORE; count += 1) api.recordings.add({ uuid: `before-${count}` });
  const receivers = [await openReceiver(), await openReceiver()];
  const sinks = receivers.map((receiver, at) => [`hook-${at}`, webhookTo(receiver)] as const);
  stage.configure({
    sources: { production: sourceOf(api) },
    sinks: Object.fromEntries(sinks),
    delivery: { retries: Array.from({ length: 50 }, () => '100ms') },
    log: { level: 'debug' },
  });
  return { api, receivers, expected: new Set() };
}

/** Takes its time, and says no to some at first, so that kills find deliveries in every state. */
function openReceiver(): Promise<StagedReceiver> {
  return stage.receiver({
    respond: async ({ number, arrival }) => {
      await pause((number % 4) * 10);
      return { status: arrival === 1 && number % 5 === 0 ? 500 : 204 };
    },
  });
}

async function killInFirstPoll({ api }: Scene): Promise<void> {
  const requests = api.requestCount + Math.floor(random() * REQUESTS_OF_FIRST_POLL);
  await kill(await stage.start(['run']), (program) =>
    stage.until('a page is asked for', () => api.requestCount > requests || isPolled(program)),
  );
}

/** The first poll may have been over sooner than this kill. */
function isPolled({ log }: Program): boolean {
  return log.some(({ msg }) => /^(first poll complete|poll without news)/.test(msg));
}

/** One that is available at once, one that will be soon, and now and then one that was there before. */
function changeList({ api, expected }: Scene, round: number): void {
  expected.add(api.recordings.add({ status: 'available' }));
  expected.add(api.recordings.add({ lifeMs: Math.floor(random() * 1_500) }));
  if (round % 4 > 0 || round / 4 >= PROCESSING_BEFORE) return;
  const uuid = `before-${round / 4}`;
  api.recordings.setStatus(uuid, 'available');
  expected.add(uuid);
}

async function kill(program: Program, moment: (program: Program) => Promise<unknown> | undefined): Promise<void> {
  await moment(program);
  await pause(random() * OFFSET_MS_MAX);
  program.kill('SIGKILL');
  expect(await program.ended).toMatchObject({ signal: 'SIGKILL' });
}

function hasAll(accepted: readonly string[], { expected }: Scene): boolean {
  return new Set(accepted).size >= expected.size;
}

function judge({ messages, accepted }: StagedReceiver, { expected }: Scene): void {
  const idOf = (uuid: string) => expectedEventId('recording.available', 'production', uuid, 1);
  expect([...new Set(accepted)].sort()).toEqual([...expected].map(idOf).sort());
  for (const message of messages) expect(message.id).toBe(idOf(uuidOf(message)));
  expect(messages.filter((message) => !expected.has(uuidOf(message)))).toEqual([]);
}

function reached(what: string, countOf: () => number): Promise<void> {
  const before = countOf();
  return stage.until(what, () => countOf() > before);
}

/** The moment is what varies here; nothing is waited for. */
function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(delayMs, resolve));
}

/** mulberry32 */
function randomOf(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
