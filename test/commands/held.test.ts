import { createStage, sourceOf, webhookTo } from '../support/stage.js';

const stage = createStage();

/** A source past its first poll, and a poll that made so many events that all but two are held. */
async function playFlood(count: number, more: { answer?: { status: number }; sources?: number } = {}) {
  const api = await stage.api();
  const answer = more.answer ?? { status: 204 };
  const receiver = await stage.receiver({ respond: () => ({ ...answer }) });
  const names = ['production', 'staging'].slice(0, more.sources ?? 1);
  const config = {
    sources: Object.fromEntries(names.map((name) => [name, sourceOf(api)])),
    sinks: { hook: webhookTo(receiver, { concurrency: 50 }) },
    delivery: { floodLimit: 2 },
  };
  stage.configure(config);
  await stage.run(['poll']);
  for (let n = 0; n < count; n += 1) api.recordings.add({ status: 'available' });
  const polled = await stage.run(['poll']);
  return { api, receiver, answer, config, polled };
}

async function list(...args: string[]): Promise<{ readonly eventId: string }[]> {
  const { stdout } = await stage.run(['deliveries', '--json', ...args]);
  return stdout.map((line) => JSON.parse(line));
}

async function decide(...args: string[]) {
  const { code, stdout, stderr } = await stage.run([...args, '--json']);
  return { code, stderr, lines: stdout.map((line) => JSON.parse(line)) };
}

test('a flood is held, and everybody says so', async () => {
  const { receiver, polled } = await playFlood(6);
  expect(polled.code).toBe(0);
  expect(polled.stderr.filter((line) => line.includes('delivery.floodLimit'))).toMatchObject([
    expect.stringMatching(/"held":4/),
  ]);
  expect(receiver.accepted).toHaveLength(2);
  expect(await list('--state', 'held')).toHaveLength(4);
  const listed = await stage.run(['deliveries', '--state', 'held']);
  expect(listed.stderr.join('\n')).toMatch(/4 of production are held.*"release" sends them, "discard" gives them up/);
  const checked = await stage.run(['check']);
  expect(checked.code).toBe(0);
  expect(checked.stdout.join('\n')).toMatch(/4 of production are held/);
  const again = await stage.run(['poll']);
  expect(again.stderr.join('\n')).toMatch(
    /deliveries are held since.*"waiting":4|"waiting":4.*deliveries are held since/,
  );
  expect(receiver.accepted).toHaveLength(2);
});

test('a dry run says what would be held', async () => {
  const { api } = await playFlood(0);
  for (let n = 0; n < 6; n += 1) api.recordings.add({ status: 'available' });
  const { stdout, stderr } = await stage.run(['poll', '--dry-run']);
  expect(stdout).toHaveLength(6);
  expect(stderr.join('\n')).toMatch(/production: 4 deliveries would be held/);
});

describe('alone', () => {
  test('release sends what is held, with counts by source and sink', async () => {
    const { receiver } = await playFlood(8);
    expect(await decide('release')).toMatchObject({
      code: 0,
      stderr: ['Attempted at once: hook: 6 delivered.'],
      lines: [{ source: 'production', sink: 'hook', result: 'released', count: 6 }],
    });
    expect(new Set(receiver.accepted).size).toBe(8);
    expect(receiver.accepted).toHaveLength(8);
    expect(await list('--state', 'delivered')).toHaveLength(8);
    const { code, stderr } = await decide('release');
    expect({ code, stderr }).toEqual({ code: 0, stderr: ['Nothing is held.'] });
  });

  test('release: what fails for good makes the exit code 1', async () => {
    const { answer } = await playFlood(4);
    answer.status = 413;
    expect(await decide('release')).toMatchObject({
      code: 1,
      stderr: expect.arrayContaining(['Attempted at once: hook: 0 delivered, 2 dead.']),
      lines: [{ count: 2 }],
    });
    expect(await list('--state', 'dead')).toHaveLength(2);
  });

  test('release: what failed waits, which is counted, and the exit code is 1', async () => {
    const { answer } = await playFlood(4);
    answer.status = 500;
    expect(await decide('release')).toMatchObject({
      code: 1,
      stderr: expect.arrayContaining([
        'Attempted at once: hook: 0 delivered, 2 waiting. "run" or "poll" tries again what waits.',
      ]),
      lines: [{ count: 2 }],
    });
    expect(await list('--state', 'pending')).toHaveLength(2);
  });

  test('discard gives up those of one source; they are dead, and redeliver can send them', async () => {
    const { receiver } = await playFlood(4, { sources: 2 });
    expect(await decide('discard', '--source', 'staging')).toMatchObject({
      code: 0,
      lines: [{ source: 'staging', sink: 'hook', result: 'discarded', count: 2 }],
    });
    expect(await decide('discard', '--source', 'nowhere')).toMatchObject({
      code: 0,
      stderr: ['Nothing of nowhere is held.'],
    });
    const dead = await list('--state', 'dead');
    const row = { source: 'staging', attempts: 0, lastError: expect.stringMatching(/^discarded: /) };
    expect(dead).toMatchObject([row, row]);
    expect(await list('--state', 'held')).toHaveLength(2);
    expect(receiver.accepted).toHaveLength(4);
    expect(await stage.run(['redeliver', dead[0]?.eventId ?? ''])).toMatchObject({ code: 0 });
    expect(receiver.accepted).toHaveLength(5);
    expect(await decide('redeliver', '--dead', '--not-discarded')).toMatchObject({ code: 0, lines: [] });
    const { stdout } = await stage.run(['doctor']);
    expect(stdout.join('\n')).toMatch(/ok +deliveries: 1 discarded by hand, which "redeliver --dead" would send/);
    expect(stdout.join('\n')).not.toMatch(/warn +deliveries:/);
    expect(await decide('redeliver', '--dead')).toMatchObject({ code: 0, lines: [{ result: 'delivered' }] });
    expect(receiver.accepted).toHaveLength(6);
  });

  test('a person reads a line for each source and sink', async () => {
    await playFlood(4);
    expect(await stage.run(['discard'])).toMatchObject({ code: 0, stdout: ['2 discarded  production  hook'] });
  });
});

describe('beside a running program', () => {
  test('the owner says at its start how many are held, and does what is asked', async () => {
    const { receiver } = await playFlood(8);
    const program = await stage.start(['run']);
    await stage.untilLog(program, /^deliveries are held/, ({ waiting }) => waiting === 6);
    expect(await decide('release', '--source', 'production')).toMatchObject({ code: 0, lines: [{ count: 6 }] });
    await stage.until('all have arrived', () => receiver.accepted.length === 8);
    expect(new Set(receiver.accepted).size).toBe(8);
  });

  test('what was discarded is spared where that is asked for', async () => {
    const { receiver } = await playFlood(4);
    const program = await stage.start(['run']);
    await stage.untilLog(program, /^deliveries are held/);
    await decide('discard');
    expect(await decide('redeliver', '--dead', '--not-discarded')).toMatchObject({ code: 0, lines: [] });
    expect(receiver.accepted).toHaveLength(2);
    expect(await decide('redeliver', '--not-discarded')).toMatchObject({ code: 2 });
  });

  test('discard makes no alarm and no attempt', async () => {
    const { receiver } = await playFlood(5);
    const program = await stage.start(['run']);
    await stage.untilLog(program, 'running');
    expect(await decide('discard')).toMatchObject({ code: 0, lines: [{ result: 'discarded', count: 3 }] });
    expect(await list('--state', 'dead')).toHaveLength(3);
    expect(receiver.messages).toHaveLength(2);
  });
});

test.each(['release', 'discard'])('%s makes no store, and sees none in memory', async (command) => {
  const api = await stage.api();
  const config = { sources: { production: sourceOf(api) }, sinks: { out: { type: 'stdout' } } };
  stage.configure(config);
  const { code, stderr } = await stage.run([command]);
  expect(code).toBe(1);
  expect(stderr.join('\n')).toMatch(/no store at/);
  stage.configure({ ...config, store: 'memory' });
  const inMemory = await stage.run([command]);
  expect(inMemory.code).toBe(1);
  expect(inMemory.stderr.join('\n')).toMatch(/memory/);
});
