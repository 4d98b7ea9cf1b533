import { Redis } from 'ioredis';
import type { Config, QueueConfig, SinkConfig } from '../../src/config/config.js';
import type { NotifierEvent } from '../../src/core/event.js';
import type { Outcome } from '../../src/core/failure.js';
import type { Message, Share, Task } from '../../src/engine/attempt.js';
import { createHttpClient } from '../../src/http/client.js';
import type { Clock } from '../../src/ports.js';
import { SharedWork } from '../../src/queue/shared-work.js';
import { nonce, systemClock, systemPrograms, systemRandom } from '../../src/system.js';
import { sinkThat, webhookTo } from '../engine/sinks.js';
import { createCondition } from '../support/condition.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';
import { createMemoryLog } from '../support/memory-log.js';
import { configOf, sourceOf } from '../support/notifier-stage.js';
import { sampleDigest, sampleEvent } from '../support/sample-event.js';
import { cleanServers, describeWith, newAddress } from '../support/store-servers.js';

const URL_IN_EVENT = String(sampleEvent.data.recording.url);
const NEVER = new AbortController().signal;
const http = createHttpClient({ privateAddresses: 'allow', clock: systemClock, userAgent: 'test', proxyEnv: {} });

let opened: SharedWork[] = [];
/** They go on when a test says so, and at its end. */
let stopped: ManualClock[] = [];
let tasks = 0;

afterEach(async () => {
  const [open, clocks] = [opened, stopped];
  [opened, stopped] = [[], []];
  let isOver = false;
  void Promise.all(open.map((work) => work.stop(0))).then(() => {
    isOver = true;
  });
  await untilAdvanced(() => {
    for (const clock of clocks) clock.advance(1_000);
    return isOver;
  });
});
afterAll(() => http.close());
afterAll(cleanServers);

/** Processes on one queue, all of them in this one. */
function queueOf(sinks: readonly SinkConfig[]) {
  const address = newAddress('redis');
  const queue: QueueConfig = { ...address, kind: 'redis' };
  const config = configOf([sourceOf('production', 'http://127.0.0.1:9')], sinks);
  const log = createMemoryLog();
  let pid = 0;

  async function open(of: Config = config, clock: Clock = systemClock): Promise<SharedWork> {
    pid += 1;
    const machine = { http, random: systemRandom, programs: systemPrograms, nonce, print: async () => undefined };
    const work = await SharedWork.open(of, queue, { ...machine, clock, log, host: 'test', pid, version: '1' });
    opened.push(work);
    return work;
  }

  /** The one that leads, and another that makes attempts. */
  async function openTwo(clock?: Clock): Promise<Share> {
    const [leader, worker] = [await open(config, clock), await open()];
    const share = await leader.lead(() => undefined);
    await worker.follow();
    return share;
  }

  return { address, config, log, open, openTwo };
}

function taskOf(sink: SinkConfig, message: Message = sampleEvent, id?: string): Task {
  tasks += 1;
  return { id: id ?? `dlv_${tasks}-r0-a0-0`, sink, message, progress: null };
}

async function withRedis<Result>(url: string, use: (redis: Redis) => Promise<Result>): Promise<Result> {
  const redis = new Redis(url);
  return use(redis).finally(() => redis.disconnect());
}

const OUTCOMES: readonly { readonly name: string; readonly outcome: Outcome }[] = [
  { name: 'delivered', outcome: { kind: 'delivered', receipt: 'HTTP 204' } },
  {
    name: 'archived',
    outcome: { kind: 'delivered', receipt: 'archived', archived: { location: '/a', bytes: 3, sha256: 'ab' } },
  },
  {
    name: 'a failure with Retry-After',
    outcome: { kind: 'failed', reason: 'overloaded', detail: 'HTTP 503', retryAfterMs: 7_000 },
  },
  { name: 'what suspends the sink', outcome: { kind: 'failed', reason: 'gone', detail: 'HTTP 410' } },
  {
    name: 'how far it came with several recipients',
    outcome: {
      kind: 'failed',
      reason: 'mail_deferred',
      detail: '450',
      progress: { accepted: ['a@example.com'], refused: ['b@example.com'] },
    },
  },
];

describeWith('redis', 'attempts over a queue', () => {
  test.each(OUTCOMES)('give what they give here: $name', async ({ outcome }) => {
    const sink = sinkThat('own', async () => outcome);
    const share = await queueOf([sink]).openTwo();
    expect(await share(taskOf(sink), NEVER)).toEqual(outcome);
  });

  test('give what they give here: no answer in time, and a sink that throws', async () => {
    const silent = sinkThat('silent', () => new Promise(() => undefined), { timeoutMs: 100 });
    const faulty = sinkThat('faulty', async () => Promise.reject(new Error('a bug')));
    const { log, openTwo } = queueOf([silent, faulty]);
    const share = await openTwo();
    expect(await share(taskOf(silent), NEVER)).toMatchObject({ reason: 'timeout', detail: 'no answer within 100 ms' });
    expect(await share(taskOf(faulty), NEVER)).toMatchObject({ reason: 'sink_threw' });
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  test('carry the message and what came of the attempt before as they are', async () => {
    const seen: unknown[] = [];
    const progress = { accepted: ['a@example.com'], refused: [] };
    const sink = sinkThat('own', async (event, context) => {
      seen.push(event, context.progress);
      return { kind: 'delivered', receipt: 'own' };
    });
    const digests: unknown[] = [];
    const definition = {
      ...sink.definition,
      deliverDigest: async (digest: unknown): Promise<Outcome> => {
        digests.push(digest);
        return { kind: 'delivered', receipt: 'own' };
      },
    };
    const both = { ...sink, definition };
    const share = await queueOf([both]).openTwo();
    await share({ ...taskOf(both), progress }, NEVER);
    await share(taskOf(both, sampleDigest), NEVER);
    expect(seen).toEqual([sampleEvent, progress]);
    expect(digests).toEqual([sampleDigest]);
  });

  test('one that runs already, or has ended, is not made again: its outcome is taken', async () => {
    const begun = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<Outcome>();
    let attempts = 0;
    const sink = sinkThat('own', () => {
      attempts += 1;
      begun.resolve();
      return answered.promise;
    });
    const { open } = queueOf([sink]);
    const [before, leader] = [await open(), await open()];
    const lost = (await before.lead(() => undefined))(taskOf(sink, sampleEvent, 'dlv_one'), NEVER);
    await begun.promise;
    const share = await leader.lead(() => undefined);
    const adopted = share(taskOf(sink, sampleEvent, 'dlv_one'), NEVER);
    answered.resolve({ kind: 'delivered', receipt: 'once' });
    expect(await Promise.all([lost, adopted])).toEqual([
      { kind: 'delivered', receipt: 'once' },
      { kind: 'delivered', receipt: 'once' },
    ]);
    expect(await share(taskOf(sink, sampleEvent, 'dlv_one'), NEVER)).toEqual({ kind: 'delivered', receipt: 'once' });
    expect(attempts).toBe(1);
  });

  test('one that the queue has lost is offered again', async () => {
    const condition = createCondition(() => '');
    const answers: (() => void)[] = [];
    const sink = sinkThat('own', async () => {
      await new Promise<void>((resolve) => {
        answers.push(resolve);
        condition.check();
      });
      return { kind: 'delivered', receipt: String(answers.length) };
    });
    const clock = createManualClock();
    stopped.push(clock);
    const { address, openTwo } = queueOf([sink]);
    const share = await openTwo(clock);
    const outcome = share(taskOf(sink), NEVER);
    await condition.until('it has begun', () => answers.length === 1);
    await withRedis(address.url, async (redis) => redis.unlink(...(await redis.keys(`${address.prefix}!queue:*`))));
    clock.advance(5_000);
    await condition.until('it has begun again', () => answers.length === 2);
    for (const answer of answers) answer();
    expect(await outcome).toEqual({ kind: 'delivered', receipt: '2' });
  });

  test('one that no process finishes is a failure like another', async () => {
    const condition = createCondition(() => '');
    let begun = 0;
    const sink = sinkThat('own', () => {
      begun += 1;
      condition.check();
      return new Promise(() => undefined);
    });
    const clock = createManualClock();
    stopped.push(clock);
    const share = await queueOf([sink]).openTwo(clock);
    let outcome: Outcome | undefined;
    void share(taskOf(sink), NEVER)?.then((given) => {
      outcome = given;
      condition.check();
    });
    await condition.until('it has begun', () => begun === 1);
    // As often as it takes: the clock goes on for the leader alone.
    const advance = () => {
      clock.advance(20_000 + 35_000);
      return outcome !== undefined;
    };
    await untilAdvanced(advance);
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'timeout' });
  });

  test('one that a stop cuts off goes back, and another process makes it', async () => {
    const condition = createCondition(() => '');
    const begun: string[] = [];
    const sink = (name: string) =>
      sinkThat('own', async () => {
        begun.push(name);
        condition.check();
        return begun.length === 1 ? new Promise(() => undefined) : { kind: 'delivered', receipt: name };
      });
    const { config, open } = queueOf([sink('leader')]);
    const [leader, worker] = [await open(), await open({ ...config, sinks: [sink('worker')] })];
    await worker.follow();
    const offering = leader.lead(() => undefined);
    const share = await offering;
    const outcome = share(taskOf(config.sinks[0] as SinkConfig), NEVER);
    await condition.until('it has begun', () => begun.length === 1);
    if (begun[0] === 'worker') {
      await worker.stop(0);
      expect(await outcome).toEqual({ kind: 'delivered', receipt: 'leader' });
    } else {
      const stopping = leader.stop(0);
      await condition.until('the other has begun', () => begun.length === 2);
      await stopping;
      expect(begun).toEqual(['leader', 'worker']);
    }
  });

  test('processes with another config take no part, and the leader says so', async () => {
    const sink = (name: string, timeoutMs = 20_000) =>
      sinkThat('own', async () => ({ kind: 'delivered', receipt: name }), { timeoutMs });
    const { config, log, open } = queueOf([sink('same')]);
    const [leader, other] = [await open(), await open({ ...config, sinks: [sink('other', 30_000)] })];
    await other.follow();
    const share = await leader.lead(() => undefined);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => share(taskOf(sink('same')), NEVER)));
    expect(new Set(outcomes.map((outcome) => outcome?.kind === 'delivered' && outcome.receipt))).toEqual(
      new Set(['same']),
    );
    expect(leader.partners).toHaveLength(1);
    expect(leader.members).toHaveLength(2);
    expect(log.lines.filter(({ message }) => message.startsWith('processes with another config'))).toHaveLength(1);
    await other.configure({ ...config, sinks: [sink('same')] });
    await leader.follow();
    expect(leader.partners).toHaveLength(2);
  });

  test('nothing of them can be read in Redis', async () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const sink = { ...sinkThat('own', async () => ({ kind: 'delivered', receipt: 'own' })), settings: { secret } };
    const { address, openTwo } = queueOf([sink]);
    const share = await openTwo();
    await share(taskOf(sink), NEVER);
    const texts = await withRedis(address.url, async (redis) => {
      const keys = await redis.keys(`${address.prefix}!queue*`);
      const hashes = await Promise.all(keys.map((key) => redis.hgetall(key).catch(() => ({}))));
      const streams = await Promise.all(keys.map((key) => redis.xrange(key, '-', '+').catch(() => [])));
      return JSON.stringify([keys, hashes, streams]);
    });
    expect(texts).toContain('"locked');
    for (const hidden of [URL_IN_EVENT, secret, sampleEvent.data.recording.uuid]) expect(texts).not.toContain(hidden);
  });

  test('what operators are told, and what belongs together on one machine, stays with the leader', async () => {
    const sink = webhookTo('hook', 'http://127.0.0.1:9/');
    const little = sinkThat('little', async () => ({ kind: 'delivered', receipt: 'own' }));
    const definition = { ...little.definition, costs: 'little' as const };
    const share = await queueOf([sink, little]).openTwo();
    const operator = { ...sampleEvent, type: 'source.failing' } as never as NotifierEvent;
    expect(share(taskOf(sink, operator), NEVER)).toBeUndefined();
    expect(share(taskOf({ ...little, definition }), NEVER)).toBeUndefined();
  });

  test('who may not lead any more offers nothing', async () => {
    const sink = sinkThat('own', async () => ({ kind: 'delivered', receipt: 'own' }));
    const leader = await queueOf([sink]).open();
    const share = await leader.lead(() => {
      throw new Error('another one leads');
    });
    expect(() => share(taskOf(sink), NEVER)).toThrow('another one leads');
  });

  test('queues of configurations that nobody has any more are taken away', async () => {
    const sink = (timeoutMs: number) =>
      sinkThat('own', async () => ({ kind: 'delivered', receipt: '' }), { timeoutMs });
    const { address, config, open } = queueOf([sink(10_000)]);
    const before = await open();
    await (await before.lead(() => undefined))(taskOf(sink(10_000)), NEVER);
    await before.stop(0);
    const queues = () => withRedis(address.url, (redis) => redis.keys(`${address.prefix}!queue:*:meta`));
    const [former] = await queues();
    expect(former).toBeDefined();
    const after = await open({ ...config, sinks: [sink(20_000)] });
    await after.lead(() => undefined);
    expect(await queues()).not.toContain(former);
  });
});

/** Turns of the event loop, as many as it takes. */
async function untilAdvanced(advance: () => boolean): Promise<void> {
  for (let turns = 0; turns < 1_000 && !advance(); turns += 1)
    await new Promise<void>((resolve) => systemClock.after(5, resolve));
}
