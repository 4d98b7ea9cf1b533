import { DOWN_INTERVAL_MS } from '../src/engine/pace.js';
import { type FakeApi, startFakeApi } from '../src/fake/api.js';
import { startDoor } from './engine/door.js';
import { webhookTo } from './engine/sinks.js';
import type { ManualClock } from './support/manual-clock.js';
import {
  configOf,
  openWorld,
  type Program,
  sourceOf,
  sourcePolled,
  startProgram,
  stopProgram,
  type World,
} from './support/notifier-stage.js';
import { until } from './support/turn.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Shorter than an attempt may take, or those that are under way would be cut off. */
const STEP_MS = 10_000;

/** What an operator sees: how often each line was written, debug apart. */
function linesOf({ log }: Program): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { level, message } of log.lines) {
    if (level !== 'debug') counts[`${level} ${message}`] = (counts[`${level} ${message}`] ?? 0) + 1;
  }
  return counts;
}

function fieldsOf({ log }: Program, message: string) {
  return log.lines.filter((line) => line.level !== 'debug' && line.message === message).map(({ fields }) => fields);
}

/** Time passes, and what comes due on the way is finished. */
async function pass(ms: number, { clock }: World, { notifier }: Program): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
    clock.advance(STEP_MS);
    await finishDue(clock, notifier);
    await notifier.dispatcher.written();
  }
}

/** A sink that is down is tried with gaps. */
async function finishDue(clock: ManualClock, { dispatcher }: Program['notifier']): Promise<void> {
  await until(() => {
    const lanes = dispatcher.status();
    const isDue = lanes.some(({ nextAttemptAtMs }) => nextAttemptAtMs !== null && nextAttemptAtMs <= clock.nowMs());
    if (isDue) clock.advance(DOWN_INTERVAL_MS);
    return !isDue && lanes.every(({ inFlight }) => inFlight === 0);
  });
}

/** Three sources with forty recordings each, polled every ten minutes. */
async function openDay() {
  const world = await openWorld();
  const door = await startDoor();
  const recordings = Array.from({ length: 40 }, (_, n) => ({ uuid: `r${n}`, status: 'available' as const }));
  const apis: FakeApi[] = [];
  for (let n = 0; n < 3; n += 1) apis.push(await startFakeApi({ clock: world.clock, recordings }));
  const sources = apis.map(({ url }, n) => sourceOf(`source-${n}`, url));
  const program = await startProgram(world, configOf(sources, [webhookTo('hook', door.url, { includeUrl: true })]));
  return {
    ...{ world, door, apis, program },
    async tenMinutes() {
      world.clock.advance(10 * MINUTE_MS);
      await program.notifier.pollAll();
    },
    async [Symbol.asyncDispose]() {
      await stopProgram(program, world);
      await program[Symbol.asyncDispose]();
      for (const each of [...apis, door, world]) await each[Symbol.asyncDispose]();
    },
  };
}

test('a quiet day is a line for each first poll, and one for the day', async () => {
  await using day = await openDay();
  for (let tens = 0; tens < 144; tens += 1) await day.tenMinutes();
  expect(linesOf(day.program)).toEqual({
    'info first poll complete: from now on changes are told': 3,
    'info a day of running': 1,
  });
  const polls = 3 * 144;
  expect(fieldsOf(day.program, 'a day of running')).toEqual([
    { durationMs: DAY_MS, polls, failedPolls: 0, events: 0, delivered: 0, dead: 0, waiting: 0 },
  ]);
});

test('a normal day has a line more for each event and for each attempt', async () => {
  await using day = await openDay();
  for (let n = 0; n < 12; n += 1) {
    day.apis[n % 3]?.recordings.add({ uuid: `new-${n}`, status: 'available' });
    await day.tenMinutes();
    await until(() => day.program.notifier.totals.delivered === n + 1);
  }
  expect(linesOf(day.program)).toEqual({
    'info first poll complete: from now on changes are told': 3,
    'info event': 12,
    'info delivered': 12,
  });
  expect(day.program.notifier.totals).toMatchObject({ events: 12, delivered: 12, dead: 0, waiting: 0 });
});

describe('a sink that fails for hours', () => {
  const DELIVERIES = 200;

  async function openOutage() {
    const world = await openWorld();
    const door = await startDoor({ status: 500 });
    const config = configOf([sourcePolled(world)], [webhookTo('hook', door.url, { concurrency: 8 })]);
    const program = await startProgram(world, config);
    for (let n = 0; n < DELIVERIES; n += 1) world.api.recordings.add({ uuid: `r${n}`, status: 'available' });
    await program.notifier.pollAll();
    await finishDue(world.clock, program.notifier);
    expect(door.messages).toHaveLength(DELIVERIES);
    return {
      ...{ world, door, program },
      async [Symbol.asyncDispose]() {
        for (const each of [program, door, world]) await each[Symbol.asyncDispose]();
      },
    };
  }

  test('has five lines in full, a line that sums up now and then, and one at the end', async () => {
    await using outage = await openOutage();
    const { world, door, program } = outage;
    await pass(3 * HOUR_MS, world, program);
    door.answer({ status: 204 });
    await pass(6 * HOUR_MS, world, program);
    expect(program.notifier.totals).toMatchObject({ delivered: DELIVERIES, waiting: 0 });
    const lines = linesOf(program);
    expect(lines).toMatchObject({ 'warn attempt failed': expect.any(Number), 'info delivered': DELIVERIES });
    expect(lines['warn attempt failed']).toBeLessThanOrEqual(8);
    expect(lines['warn attempts go on failing']).toBeLessThanOrEqual(6);
    const [first] = fieldsOf(program, 'attempts go on failing');
    expect(first).toMatchObject({
      ...{ sink: 'hook', reason: 'server_error', detail: expect.stringContaining('500') },
      ...{ failed: expect.any(Number), deliveries: DELIVERIES, sinceAt: expect.stringMatching(/Z$/) },
    });
    const told = [...fieldsOf(program, 'attempts go on failing'), ...fieldsOf(program, 'attempt failed')];
    const end = fieldsOf(program, 'attempts failed until one was delivered');
    expect(Math.max(...[...told, ...end].map(({ failed: count = 0 }) => count as number))).toBe(6 * DELIVERIES);
    await stopProgram(program, world);
  });

  test('has what no line tells yet in a last one at the stop', async () => {
    await using outage = await openOutage();
    const { world, program } = outage;
    expect(linesOf(program)).toMatchObject({ 'warn attempt failed': 5 });
    expect(fieldsOf(program, 'attempts go on failing')).toEqual([]);
    await stopProgram(program, world);
    expect(fieldsOf(program, 'attempts go on failing')).toMatchObject([{ failed: DELIVERIES, deliveries: DELIVERIES }]);
    expect(program.log.lines.filter(({ message }) => message === 'attempt failed')).toHaveLength(DELIVERIES);
  });

  test('has as few lines for what is given up, and they say where it is listed', async () => {
    await using outage = await openOutage();
    const { world, door, program } = outage;
    door.answer({ status: 413 });
    await pass(HOUR_MS, world, program);
    await stopProgram(program, world);
    expect(linesOf(program)).toMatchObject({ 'error delivery given up; redeliver it by hand': 5 });
    expect(fieldsOf(program, 'deliveries go on being given up')).toMatchObject([
      { sink: 'hook', givenUp: DELIVERIES, next: expect.stringContaining('deliveries --state dead') },
    ]);
  });
});
