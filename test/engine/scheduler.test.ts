import { jest } from '@jest/globals';
import { createCron } from '../../src/engine/cron.js';
import type { PollReport } from '../../src/engine/poll-report.js';
import { createSourceSchedule } from '../../src/engine/scheduler.js';
import { SourceError } from '../../src/source/define.js';
import { systemClock as clock } from '../../src/system.js';
import { createMemoryLog } from '../support/memory-log.js';
import { sourceThat } from './sinks.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

beforeEach(() => {
  jest.useFakeTimers({ now: Date.parse('2024-05-13T17:14:00.250Z') });
});

afterEach(() => {
  jest.useRealTimers();
});

const COMPLETE: PollReport = {
  source: 'production',
  result: 'complete',
  reason: undefined,
  isEmptyInDoubt: false,
  isFull: true,
  listed: 0,
  awaited: 0,
  error: undefined,
  phase: 'normal',
  rows: 1,
  rejected: 0,
  rejectedReasons: [],
  available: 1,
  processing: 0,
  unknown: 0,
  events: 0,
  deliveries: 0,
  held: 0,
  pages: 1,
  durationMs: 10,
};

function failed(retryAfterMs?: number): PollReport {
  const error = new SourceError('rate_limited', 'too many', retryAfterMs === undefined ? {} : { retryAfterMs });
  return { ...COMPLETE, result: 'failed', reason: error.message, error };
}

interface Schedule {
  readonly schedule?: string;
  readonly whileProcessing?: string;
}

/** The real cron and the real clock, on jest's timers; what a poll comes to is the test's. */
function stageOf({ schedule = '*/30 * * * * *', whileProcessing }: Schedule = {}) {
  const starts: number[] = [];
  let comesTo: (signal: AbortSignal) => PollReport | Promise<PollReport> = () => COMPLETE;
  let isPaused = false;
  const log = createMemoryLog();
  const polled = sourceThat(async () => undefined);
  const source = createSourceSchedule(
    { ...polled, config: { ...polled.config, schedule, whileProcessing } },
    {
      cron: createCron(clock),
      save: async () => undefined,
      isPaused: () => isPaused,
      clock,
      random: () => 0,
      log,
      poll: async (_, signal) => {
        starts.push(Date.now());
        return comesTo(signal);
      },
    },
  );
  return {
    source,
    log,
    /** Seconds of the minute at which polls began, and no more. */
    seconds: () => starts.splice(0).map((ms) => (ms % MINUTE_MS) / SECOND_MS),
    polls: () => starts.splice(0).length,
    pause: () => {
      isPaused = true;
    },
    resume: () => {
      isPaused = false;
      source.resumed();
    },
    comesTo: (next: typeof comesTo) => {
      comesTo = next;
    },
  };
}

function pass(ms: number): Promise<void> {
  return jest.advanceTimersByTimeAsync(ms);
}

test('a poll at the start, then on schedule', async () => {
  const stage = stageOf();
  stage.source.start();
  await pass(MINUTE_MS);
  expect(stage.seconds()).toEqual([0.25, 30, 0]);
  await stage.source.stop();
});

test('no two polls at once: what comes due meanwhile is left out', async () => {
  const stage = stageOf({ schedule: '* * * * * *' });
  let end: (report: PollReport) => void = () => undefined;
  stage.comesTo(() => new Promise((resolve) => (end = resolve)));
  stage.source.start();
  await pass(5 * SECOND_MS);
  expect(stage.polls()).toBe(1);
  expect(stage.source.pollNow()).toBe(stage.source.pollNow());
  expect(stage.polls()).toBe(0);
  end(COMPLETE);
  await pass(SECOND_MS);
  expect(stage.polls()).toBe(1);
  end(COMPLETE);
  await stage.source.stop();
});

test('whileProcessing polls only while something is in processing', async () => {
  const stage = stageOf({ schedule: '0 * * * * *', whileProcessing: '*/10 * * * * *' });
  stage.source.start();
  await pass(MINUTE_MS - SECOND_MS);
  expect(stage.seconds()).toEqual([0.25]);
  stage.comesTo(() => ({ ...COMPLETE, awaited: 1 }));
  await pass(31 * SECOND_MS);
  expect(stage.seconds()).toEqual([0, 10, 20, 30]);
  stage.comesTo(() => COMPLETE);
  await pass(30 * SECOND_MS);
  expect(stage.seconds()).toEqual([40, 0]);
  await stage.source.stop();
});

test('a part of the list says nothing of what is in processing further down', async () => {
  const stage = stageOf({ schedule: '0 0 * * * *', whileProcessing: '*/10 * * * * *' });
  stage.comesTo(() => ({ ...COMPLETE, awaited: 1 }));
  stage.source.start();
  await pass(SECOND_MS);
  stage.comesTo(() => ({ ...COMPLETE, result: 'incomplete', reason: 'a page repeats', awaited: 0 }));
  await pass(30 * SECOND_MS);
  expect(stage.polls()).toBeGreaterThan(2);
  await stage.source.stop();
});

test('two schedules that fire at the same second make one poll', async () => {
  const stage = stageOf({ schedule: '*/10 * * * * *', whileProcessing: '*/10 * * * * *' });
  stage.comesTo(() => ({ ...COMPLETE, awaited: 1 }));
  stage.source.start();
  await pass(30 * SECOND_MS);
  expect(stage.seconds()).toEqual([0.25, 10, 20, 30]);
  await stage.source.stop();
});

describe('a failed poll', () => {
  test('is retried in 10 s, doubling to 5 min, rather than at the next hourly cron', async () => {
    const stage = stageOf({ schedule: '0 0 * * * *' });
    stage.comesTo(() => failed());
    stage.source.start();
    await pass(0);
    expect(stage.polls()).toBe(1);
    for (const waitSeconds of [10, 20, 40, 80, 160, 300, 300]) {
      await pass(waitSeconds * SECOND_MS - 1);
      expect(stage.polls()).toBe(0);
      await pass(1);
      expect(stage.polls()).toBe(1);
    }
    stage.comesTo(() => COMPLETE);
    await pass(10 * MINUTE_MS);
    expect(stage.polls()).toBe(1);
    expect(stage.log.lines.map(({ level, message }) => `${level} ${message}`)).toContain('info polls work again');
    await stage.source.stop();
  });

  test('lets the schedule go on', async () => {
    const stage = stageOf({ schedule: '* * * * * *' });
    stage.comesTo(() => failed());
    stage.source.start();
    await pass(5 * SECOND_MS);
    expect(stage.polls()).toBeGreaterThanOrEqual(5);
    await stage.source.stop();
  });

  test('with Retry-After silences the schedule until then', async () => {
    const stage = stageOf({ schedule: '* * * * * *', whileProcessing: '* * * * * *' });
    stage.comesTo(() => failed(2 * MINUTE_MS));
    stage.source.start();
    await pass(2 * MINUTE_MS - 1);
    expect(stage.polls()).toBe(1);
    stage.comesTo(() => COMPLETE);
    await pass(1);
    expect(stage.polls()).toBe(1);
    await pass(5 * SECOND_MS);
    expect(stage.polls()).toBe(5);
    await stage.source.stop();
  });

  test('with Retry-After silences no longer than that when the clock goes back', async () => {
    const stage = stageOf({ schedule: '* * * * * *' });
    stage.comesTo(() => failed(MINUTE_MS));
    stage.source.start();
    await pass(0);
    jest.setSystemTime(Date.now() - 365 * 86_400_000);
    stage.comesTo(() => COMPLETE);
    await pass(MINUTE_MS);
    stage.polls();
    await pass(10 * SECOND_MS);
    expect(stage.polls()).toBeGreaterThan(5);
    await stage.source.stop();
  });

  test.each([
    { name: 'that failed', report: failed(), level: 'warn', message: 'poll failed' },
    {
      name: 'that is incomplete',
      report: { ...COMPLETE, result: 'incomplete', reason: 'page 2 repeats page 1' } as const,
      level: 'warn',
      message: 'poll incomplete: what its good pages showed is told, the rest is not known',
    },
  ])('$name is logged with its reason', async ({ report, level, message }) => {
    const stage = stageOf();
    stage.comesTo(() => report);
    await stage.source.pollNow();
    expect(stage.log.lines).toContainEqual({
      level,
      message,
      fields: expect.objectContaining({ source: 'production', reason: report.reason }),
    });
    await stage.source.stop();
  });

  test('for a reason that nobody foresaw is logged with its error', async () => {
    const stage = stageOf();
    const error = new RangeError('a bug');
    stage.comesTo(() => ({ ...COMPLETE, result: 'failed', reason: 'a bug', error }));
    await stage.source.pollNow();
    expect(stage.log.lines).toContainEqual(expect.objectContaining({ fields: expect.objectContaining({ error }) }));
    await stage.source.stop();
  });
});

test.each(['complete', 'failed'] as const)(
  'a flood is said once for each poll that held something, %s',
  async (result) => {
    const stage = stageOf();
    stage.comesTo(() => ({ ...COMPLETE, result, reason: 'it broke', events: 1_500, held: 1_000 }));
    await stage.source.pollNow();
    stage.comesTo(() => COMPLETE);
    await stage.source.pollNow();
    const said = stage.log.lines.filter(({ message }) => message.includes('delivery.floodLimit'));
    expect(said).toMatchObject([{ level: 'error', fields: { source: 'production', events: 1_500, held: 1_000 } }]);
    await stage.source.stop();
  },
);

test('stop cuts off the poll under way, waits for it, and leaves no timer', async () => {
  const stage = stageOf({ whileProcessing: '*/10 * * * * *' });
  stage.comesTo(
    (signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => clock.after(100, () => resolve(failed())))),
  );
  stage.source.start();
  await pass(SECOND_MS);
  let isOver = false;
  const stopped = stage.source.stop().then(() => {
    isOver = true;
  });
  await pass(99);
  expect(isOver).toBe(false);
  await pass(1);
  await stopped;
  await pass(0);
  expect(jest.getTimerCount()).toBe(0);
  expect(stage.polls()).toBe(1);
});

test('stop after a failure leaves no timer either', async () => {
  const stage = stageOf();
  stage.comesTo(() => failed());
  stage.source.start();
  await pass(SECOND_MS);
  await stage.source.stop();
  await pass(0);
  expect(jest.getTimerCount()).toBe(0);
});

describe('a paused source', () => {
  test('is not polled by schedule, whileProcessing, retry or start; resumed, at once', async () => {
    const stage = stageOf({ whileProcessing: '*/10 * * * * *' });
    stage.pause();
    stage.source.start();
    await pass(MINUTE_MS);
    expect(stage.polls()).toBe(0);
    stage.comesTo(() => ({ ...COMPLETE, awaited: 1 }));
    stage.resume();
    await pass(0);
    expect(stage.polls()).toBe(1);
    stage.comesTo(() => failed());
    await pass(9 * SECOND_MS + 750);
    expect(stage.polls()).toBe(1);
    stage.pause();
    await pass(10 * MINUTE_MS);
    expect(stage.polls()).toBe(0);
    stage.comesTo(() => COMPLETE);
    stage.resume();
    stage.resume();
    await pass(0);
    expect(stage.polls()).toBe(1);
    await stage.source.stop();
  });

  test('finishes the poll that is under way, and polls when asked for by name', async () => {
    const stage = stageOf();
    stage.comesTo(() => new Promise((resolve) => clock.after(5 * SECOND_MS, () => resolve(COMPLETE))));
    const underWay = stage.source.pollNow();
    stage.pause();
    await pass(5 * SECOND_MS);
    expect(await underWay).toMatchObject({ result: 'complete' });
    stage.comesTo(() => COMPLETE);
    expect(await stage.source.pollNow()).toMatchObject({ result: 'complete' });
  });

  test('is not overdue, and is so later only by the time after it', async () => {
    const stage = stageOf();
    stage.comesTo(() => failed());
    stage.source.start();
    await pass(10 * MINUTE_MS);
    expect(stage.source.overdueMs).toBe(10 * MINUTE_MS);
    stage.pause();
    await pass(10 * MINUTE_MS);
    expect(stage.source.overdueMs).toBe(0);
    stage.resume();
    await pass(MINUTE_MS);
    expect(stage.source.overdueMs).toBe(MINUTE_MS);
    await stage.source.stop();
  });

  test('resumed while the platform wants to be left alone: polled once that is over', async () => {
    const stage = stageOf();
    stage.comesTo(() => failed(2 * MINUTE_MS));
    stage.source.start();
    await pass(0);
    expect(stage.polls()).toBe(1);
    stage.pause();
    await pass(MINUTE_MS);
    stage.resume();
    await pass(MINUTE_MS - 1);
    expect(stage.polls()).toBe(0);
    stage.comesTo(() => COMPLETE);
    await pass(1);
    expect(stage.polls()).toBe(1);
    await stage.source.stop();
  });

  test('one that has not been started stays so', async () => {
    const stage = stageOf();
    stage.pause();
    stage.resume();
    await pass(MINUTE_MS);
    expect(stage.polls()).toBe(0);
  });

  test('resumed after its end it stays so, without a timer', async () => {
    const stage = stageOf();
    stage.source.start();
    await pass(0);
    stage.pause();
    await stage.source.stop();
    stage.resume();
    await pass(MINUTE_MS);
    expect(stage.polls()).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
