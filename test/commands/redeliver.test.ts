import { expectedDeliveryId, expectedEventId } from '../support/expected-id.js';
import { createStage, sourceOf, webhookTo } from '../support/stage.js';

const stage = createStage();

/** Three recordings and a sink that refuses them for good, or whatever its answer is. */
async function playThree(answer: { status: number } = { status: 413 }) {
  const api = await stage.api();
  const receiver = await stage.receiver({ respond: () => ({ ...answer }) });
  const config = {
    sources: { production: sourceOf(api) },
    sinks: { hook: webhookTo(receiver, { retries: ['1h', '1h'] }) },
  };
  stage.configure(config);
  await stage.run(['poll']);
  const uuids = [1, 2, 3].map(() => api.recordings.add({ status: 'available' }));
  const eventIds = uuids.map((uuid) => expectedEventId('recording.available', 'production', uuid, 1));
  await stage.run(['poll']);
  return { api, receiver, config, answer, eventIds };
}

async function statesOf(...filters: string[]): Promise<unknown[]> {
  const { stdout } = await stage.run(['deliveries', '--json', ...filters]);
  return stdout.map((line) => JSON.parse(line));
}

async function redeliver(...args: string[]) {
  const { code, stdout, stderr } = await stage.run(['redeliver', '--json', ...args]);
  return { code, stderr, lines: stdout.map((line) => JSON.parse(line)) };
}

describe('alone', () => {
  test('an event id goes to all its sinks, with the same id', async () => {
    const { receiver, answer, eventIds } = await playThree();
    answer.status = 204;
    const [eventId = ''] = eventIds;
    const { code, lines } = await redeliver(eventId);
    expect(code).toBe(0);
    expect(lines).toEqual([
      { id: expectedDeliveryId(eventId, 'hook'), eventId, sink: 'hook', result: 'delivered', detail: 'HTTP 204' },
    ]);
    expect(receiver.accepted).toEqual([eventId]);
    expect(receiver.messages.filter(({ id }) => id === eventId)).toHaveLength(2);
    expect(await statesOf('--state', 'dead')).toHaveLength(2);
  });

  test('a delivered one is delivered again', async () => {
    const { receiver, eventIds } = await playThree({ status: 204 });
    const [eventId = ''] = eventIds;
    expect(await redeliver(expectedDeliveryId(eventId, 'hook'))).toMatchObject({ code: 0 });
    expect(receiver.accepted).toHaveLength(4);
    expect(receiver.accepted.at(-1)).toBe(eventId);
  });

  test('--dead takes all that are dead, --since only those given up lately', async () => {
    const { receiver, answer, eventIds } = await playThree();
    answer.status = 204;
    expect(await redeliver('--dead', '--since', '0ms')).toMatchObject({ code: 0, lines: [] });
    const { code, lines } = await redeliver('--dead', '--sink', 'hook', '--since', '1h');
    expect(code).toBe(0);
    expect(lines).toHaveLength(3);
    expect(receiver.accepted.toSorted()).toEqual(eventIds.toSorted());
    expect(await statesOf('--state', 'delivered')).toHaveLength(3);
  });

  test('one that fails gets a new schedule, and the exit code is 1', async () => {
    const { answer, eventIds } = await playThree();
    answer.status = 500;
    const { code, lines } = await redeliver(eventIds[0] ?? '');
    expect(code).toBe(1);
    expect(lines).toMatchObject([
      {
        result: 'pending',
        detail: expect.stringMatching(/^server_error: HTTP 500; the next attempt is at \d{4}-\d\d-\d\dT[\d:.]+Z$/),
      },
    ]);
    expect(await statesOf('--state', 'pending')).toMatchObject([
      { eventId: eventIds[0], attempts: 2, nextAttemptAt: expect.any(String) },
    ]);
  });

  test('--to moves them to another sink', async () => {
    const { config, receiver, eventIds } = await playThree();
    const other = await stage.receiver();
    stage.configure({ ...config, sinks: { other: webhookTo(other) } });
    expect(await redeliver('--dead')).toMatchObject({ code: 1 });
    const { code, lines } = await redeliver('--dead', '--sink', 'hook', '--to', 'other');
    expect(code).toBe(0);
    expect(lines).toHaveLength(3);
    expect(other.accepted.toSorted()).toEqual(eventIds.toSorted());
    expect(receiver.messages).toHaveLength(3);
    expect(await statesOf('--sink', 'hook')).toEqual([]);
    expect(await statesOf('--sink', 'other', '--state', 'delivered')).toHaveLength(3);
  });

  test('--dead --to skips what the other has been told already; by its id it is repeated, with a word', async () => {
    const { config, eventIds, api } = await playThree();
    const other = await stage.receiver();
    stage.configure({ ...config, sinks: { ...config.sinks, other: webhookTo(other) } });
    await redeliver(expectedDeliveryId(eventIds[0] ?? '', 'hook'), '--to', 'other');
    api.recordings.add({ status: 'available' });
    await stage.run(['poll']);
    expect(other.accepted).toHaveLength(2);
    const { code, lines, stderr } = await redeliver('--dead', '--to', 'other');
    expect(code).toBe(0);
    expect(lines.map(({ result, count = 1 }) => [result, count])).toEqual([
      ['delivered', 1],
      ['delivered', 1],
      ['skipped', 1],
    ]);
    expect(lines.at(-1)).toEqual({ source: 'production', sink: 'other', result: 'skipped', count: 1 });
    expect(stderr.join('')).toMatch(/^Skipped is what other has been told already, or is about to be; it stays dead\./);
    expect(new Set(other.accepted).size).toBe(4);
    const moved = expectedDeliveryId(eventIds[1] ?? '', 'other');
    expect(await redeliver(moved)).toMatchObject({
      code: 0,
      lines: [{ result: 'delivered', detail: 'HTTP 204; a repeat: the sink had it already' }],
    });
    expect(other.accepted).toHaveLength(5);
  });

  test('--sink of no sink is asked wrongly; one that is gone from the config is not', async () => {
    const { config } = await playThree();
    expect(await redeliver('--dead', '--sink', 'hok')).toEqual({
      code: 2,
      lines: [],
      stderr: [
        '--sink hok: the config has no sink of this name, and no delivery is stored for one; it has hook; did you mean "hook"?',
      ],
    });
    const other = await stage.receiver();
    stage.configure({ ...config, sinks: { other: webhookTo(other) } });
    expect(await redeliver('--dead', '--sink', 'hook', '--to', 'other')).toMatchObject({ code: 0 });
    expect(await redeliver('--dead', '--to', 'othr')).toEqual({
      code: 2,
      lines: [],
      stderr: ['--to othr: the config has no enabled sink of this name; enabled are other; did you mean "other"?'],
    });
  });

  test('the uuid of a recording is answered by its deliveries', async () => {
    const { api } = await playThree();
    const open = api.recordings.add({ uuid: 'open' });
    await stage.run(['poll']);
    const [{ uuid, id }] = (await statesOf()) as [{ uuid: string; id: string }];
    expect(await redeliver(uuid)).toEqual({
      code: 2,
      lines: [],
      stderr: [
        `${uuid} is a recording, and these are its deliveries: redeliver one of them by its id, or all of what it is now by "announce ${uuid}".`,
        `  ${id}  hook  dead  recording.available`,
      ],
    });
    expect(await redeliver(open)).toMatchObject({
      code: 2,
      stderr: ['open is a recording, and no delivery of it is stored: "announce open" makes them.'],
    });
    expect(await redeliver('nobody')).toMatchObject({
      code: 2,
      stderr: [expect.stringMatching(/^"nobody" is no id; /)],
    });
  });

  test('of very many the first are printed, and the rest counted', async () => {
    const recordings = Array.from({ length: 1_002 }, (_, n) => ({ uuid: `r${n}`, status: 'available' }));
    const [api, receiver] = [
      await stage.api({ recordings }),
      await stage.receiver({ respond: () => ({ status: 413 }) }),
    ];
    const source = sourceOf(api, { firstPoll: 'announce' });
    stage.configure({ sources: { production: source }, sinks: { hook: webhookTo(receiver, { concurrency: 64 }) } });
    await stage.run(['poll']);
    const { code, lines, stderr } = await redeliver('--dead');
    expect({ code, count: lines.length }).toEqual({ code: 1, count: 1_000 });
    expect(stderr).toContain('2 more were attempted; "deliveries" shows how they stand.');
  });

  test('an id that is not stored is said to be unknown', async () => {
    await playThree();
    const id = expectedEventId('recording.available', 'production', 'nobody', 1);
    expect(await redeliver(id)).toMatchObject({ code: 1, lines: [{ id, sink: null, result: 'unknown' }] });
  });
});

test.each([
  { name: 'nothing named', args: [] },
  { name: 'ids and --dead', args: ['--dead', `evt_${'0'.repeat(32)}`] },
  { name: 'what is no id', args: ['evt_1'] },
  { name: '--since without --dead', args: [`evt_${'0'.repeat(32)}`, '--since', '1h'] },
  { name: '--since without a unit', args: ['--dead', '--since', '2'] },
  { name: '--to a sink that is not in the config', args: ['--dead', '--to', 'nowhere'] },
])('asked wrongly: $name', async ({ args }) => {
  const api = await stage.api();
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { out: { type: 'stdout' } } });
  const { code, stdout, stderr } = await stage.run(['redeliver', ...args]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: [] });
  expect(stderr.join('')).not.toBe('');
});

describe('beside a running program', () => {
  test('the owner does it and answers', async () => {
    const { receiver, answer, eventIds } = await playThree();
    const program = await stage.start(['run']);
    await stage.untilLog(program, 'running');
    answer.status = 204;
    const { code, lines } = await redeliver('--dead');
    expect(code).toBe(0);
    expect(lines.map(({ eventId }) => eventId).sort()).toEqual(eventIds.toSorted());
    expect(receiver.accepted.toSorted()).toEqual(eventIds.toSorted());
    await stage.untilLog(program, 'carried out what somebody asked for');
    expect(program.log.filter(({ msg }) => msg === 'delivered')).toHaveLength(3);
    const carriedOut = program.log.filter(({ msg }) => msg === 'carried out what somebody asked for');
    expect(carriedOut).toMatchObject([{ order: 'redeliver', dead: true, delivered: 3 }]);
    answer.status = 500;
    expect(await redeliver(eventIds[0] ?? '')).toMatchObject({ code: 1, lines: [{ result: 'pending' }] });
    const byId = { order: 'redeliver', ids: [eventIds[0]], pending: 1 };
    await stage.untilLog(program, 'carried out what somebody asked for', (line) => 'ids' in line);
    expect(program.log.findLast(({ msg }) => msg === 'carried out what somebody asked for')).toMatchObject(byId);
  });

  test('--to moves them, and the owner forgets the old ones', async () => {
    const { config, eventIds } = await playThree();
    const other = await stage.receiver();
    const program = await stage.start(['run'], {
      config: { ...config, sinks: { ...config.sinks, other: webhookTo(other) } },
    });
    await stage.untilLog(program, 'running');
    expect(await redeliver('--dead', '--to', 'other')).toMatchObject({ code: 0 });
    expect(other.accepted.toSorted()).toEqual(eventIds.toSorted());
    expect(await statesOf('--sink', 'hook')).toEqual([]);
  });

  test('a planned retry is replaced', async () => {
    const { receiver, answer, eventIds } = await playThree({ status: 500 });
    answer.status = 204;
    const program = await stage.start(['run']);
    await stage.untilLog(program, 'running');
    const { lines } = await redeliver(...eventIds);
    const answered = lines.filter(({ result }) => result === 'delivered').length;
    await stage.until('all have arrived', () => receiver.accepted.length >= 3);
    program.kill('SIGTERM');
    await program.ended;
    expect(answered).toBeGreaterThan(0);
    expect(await statesOf('--state', 'delivered')).toHaveLength(3);
  });
});

describe('a sink that said 410', () => {
  test('gets nothing more, until a redelivery lifts it and the rest follows', async () => {
    const answer = { status: 410 };
    const { api, receiver, eventIds } = await playThree(answer);
    const program = await stage.start(['run']);
    await stage.untilLog(program, /^a trial failed: the sink stays suspended/);
    const later = api.recordings.add({ status: 'available' });
    await stage.untilLog(program, 'event', ({ recording }) => recording === later);
    const arrived = receiver.messages.length;
    const polls = api.requestCount;
    await stage.until('two more polls were made', () => api.requestCount >= polls + 2);
    expect(receiver.messages).toHaveLength(arrived);
    expect(await statesOf()).toEqual(
      Array.from({ length: 4 }, () => expect.objectContaining({ state: 'pending', attempts: 0, nextAttemptAt: null })),
    );
    const { stderr } = await stage.run(['deliveries', '--sink', 'hook']);
    expect(stderr.join('\n')).toMatch(/^4 wait for hook, which is suspended \(gone: HTTP 410\)/);

    answer.status = 204;
    expect(await redeliver(eventIds[0] ?? '')).toMatchObject({ code: 0, lines: [{ result: 'delivered' }] });
    await stage.until('the rest follows', () => receiver.accepted.length === 4);
    expect(new Set(receiver.accepted).size).toBe(4);
  });

  test('and is tried once at a start', async () => {
    const answer = { status: 410 };
    const { receiver } = await playThree(answer);
    const arrived = receiver.messages.length;
    answer.status = 204;
    const program = await stage.start(['run']);
    expect(await stage.untilLog(program, /^deliveries wait from before/)).toMatchObject({ level: 'info', waiting: 3 });
    await stage.until('all have arrived', () => receiver.accepted.length === 3);
    expect(receiver.messages).toHaveLength(arrived + 3);
    expect(program.isRunning).toBe(true);
  });
});
