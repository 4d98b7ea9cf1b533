import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { builtDist } from '../support/build.js';
import { expectedDeliveryId, expectedEventId } from '../support/expected-id.js';
import { createStage, sourceOf, webhookTo } from '../support/stage.js';

/** Lists change nothing, so one story is enough to look at. */
const played = createStage(afterAll);
const empty = createStage();

const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

function parsed(lines: readonly string[]): unknown[] {
  return lines.map((line) => JSON.parse(line));
}

/** One recording that was there before and one that came later, told to three sinks that take it differently. */
async function playOne() {
  const api = await played.api();
  const [fine, failing, refusing] = [
    await played.receiver(),
    await played.receiver({ respond: () => ({ status: 500 }) }),
    await played.receiver({ respond: () => ({ status: 413 }) }),
  ];
  played.configure({
    sources: { production: sourceOf(api) },
    sinks: { fine: webhookTo(fine), failing: webhookTo(failing), refusing: webhookTo(refusing) },
  });
  const before = api.recordings.add({ status: 'available', roomId: 'lobby', meetingId: 'm-1' });
  await played.run(['poll']);
  const later = api.recordings.add({ status: 'available', roomId: 'Größe <7>', meetingId: 'm-2' });
  const open = api.recordings.add({ roomId: 'lobby', meetingId: 'm-3' });
  await played.run(['poll']);
  return { before, later, open };
}

let story: Awaited<ReturnType<typeof playOne>>;

beforeAll(async () => {
  story = await playOne();
});

test('recordings: a line for each that polls have shown', async () => {
  const { before, later, open } = story;
  const { code, stdout, stderr } = await played.run(['recordings', '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
  const common = { source: 'production', firstSeenAt: ISO };
  expect(parsed(stdout)).toHaveLength(3);
  expect(parsed(stdout)).toEqual(
    expect.arrayContaining([
      {
        ...common,
        uuid: before,
        roomId: 'lobby',
        meetingId: 'm-1',
        status: 'available',
        availableAt: ISO,
        occurrence: 1,
      },
      {
        ...common,
        uuid: later,
        roomId: 'Größe <7>',
        meetingId: 'm-2',
        status: 'available',
        availableAt: ISO,
        occurrence: 1,
      },
      {
        ...common,
        uuid: open,
        roomId: 'lobby',
        meetingId: 'm-3',
        status: 'processing',
        availableAt: null,
        occurrence: 0,
      },
    ]),
  );
  const table = await played.run(['recordings']);
  expect(table.stdout[0]).toMatch(/^source +uuid +roomId +meetingId +status +firstSeenAt +availableAt +occurrence$/);
  expect(table.stdout).toHaveLength(4);
});

describe('deliveries', () => {
  test('a line for each, pending, delivered and dead', async () => {
    const { later } = story;
    const { code, stdout } = await played.run(['deliveries', '--json']);
    expect(code).toBe(0);
    const eventId = expectedEventId('recording.available', 'production', later, 1);
    const common = {
      eventId,
      type: 'recording.available',
      source: 'production',
      uuid: later,
      createdAt: ISO,
      attempts: 1,
      uncountedAttempts: 0,
    };
    expect(parsed(stdout)).toHaveLength(3);
    expect(parsed(stdout)).toEqual(
      expect.arrayContaining([
        {
          ...common,
          sink: 'fine',
          id: expectedDeliveryId(eventId, 'fine'),
          state: 'delivered',
          nextAttemptAt: null,
          lastError: null,
        },
        {
          ...common,
          sink: 'failing',
          id: expectedDeliveryId(eventId, 'failing'),
          state: 'pending',
          nextAttemptAt: ISO,
          lastError: 'server_error: HTTP 500',
        },
        {
          ...common,
          sink: 'refusing',
          id: expectedDeliveryId(eventId, 'refusing'),
          state: 'dead',
          nextAttemptAt: null,
          lastError: 'payload_too_large: HTTP 413',
        },
      ]),
    );
  });

  test('--state and --sink narrow, and both hold', async () => {
    const sinksOf = async (...filters: string[]) => {
      const { stdout } = await played.run(['deliveries', '--json', ...filters]);
      return parsed(stdout).map((row) => (row as { sink: string }).sink);
    };
    expect(await sinksOf('--state', 'pending')).toEqual(['failing']);
    expect(await sinksOf('--state', 'delivered')).toEqual(['fine']);
    expect(await sinksOf('--state', 'dead')).toEqual(['refusing']);
    expect(await sinksOf('--state', 'held')).toEqual([]);
    expect(await sinksOf('--sink', 'fine')).toEqual(['fine']);
    expect(await sinksOf('--sink', 'fine', '--state', 'dead')).toEqual([]);
    const { stderr } = await played.run(['deliveries', '--sink', 'fine', '--state', 'dead']);
    expect(stderr).toEqual(['No delivery is stored that fits; without --state and --sink all are listed.']);
    const alone = 'No program runs on this store: what waits goes out when "run" or "poll" is started.';
    expect((await played.run(['deliveries', '--sink', 'failing'])).stderr).toEqual([alone]);
    expect((await played.run(['deliveries'])).stderr.at(-1)).toBe(alone);
    const { stderr: ofNobody } = await played.run(['deliveries', '--sink', 'finer']);
    expect(ofNobody).toEqual([
      'No delivery is stored for "finer", and the config has no sink of this name; it has fine, failing and refusing.',
    ]);
  });

  test('a state that is none is refused', async () => {
    expect(await played.run(['deliveries', '--state', 'lost'])).toMatchObject({ code: 2, stdout: [] });
  });
});

test('both work beside a running program', async () => {
  const program = await played.start(['run']);
  await played.untilLog(program, 'running');
  for (const command of ['recordings', 'deliveries']) {
    const { code, stdout } = await played.run([command, '--json']);
    expect({ code, count: stdout.length }).toEqual({ code: 0, count: 3 });
  }
  expect(program.isRunning).toBe(true);
});

test.each([['recordings'], ['deliveries'], ['redeliver', '--dead']])(
  '%s makes no store, and says how one comes to be',
  async (...args) => {
    const api = await empty.api();
    empty.configure({ sources: { production: sourceOf(api) }, sinks: { out: { type: 'stdout' } } });
    const { code, stdout, stderr } = await empty.run(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: [] });
    expect(stderr.join('\n')).toMatch(/no store at .*state\/notifier\.sqlite yet: "recording-notifier run" makes one/);
    expect(existsSync(join(empty.folder, 'state'))).toBe(false);
  },
);

test.each([['recordings'], ['deliveries'], ['redeliver', '--dead']])(
  '%s says that there is nothing to see in memory',
  async (...args) => {
    const api = await empty.api();
    empty.configure({ sources: { production: sourceOf(api) }, sinks: { out: { type: 'stdout' } }, store: 'memory' });
    const { code, stderr } = await empty.run(args);
    expect(code).toBe(1);
    expect(stderr.join('\n')).toMatch(/memory/);
  },
);

test('deliveries of a sink say of that one alone what waits, and that it is disabled', async () => {
  const [api, receiver] = [await empty.api(), await empty.receiver({ respond: () => ({ status: 500 }) })];
  const [one, other] = [webhookTo(receiver), webhookTo(receiver)];
  const off = webhookTo(receiver, { enabled: false });
  const source = sourceOf(api);
  empty.configure({ sources: { production: source }, sinks: { one, other, off } });
  await empty.run(['poll']);
  api.recordings.add({ status: 'available' });
  await empty.run(['poll']);
  empty.configure({ sources: { production: source }, sinks: { one: { ...one, enabled: false }, other, off } });
  const of = async (sink: string) => (await empty.run(['deliveries', '--sink', sink])).stderr.join('\n');
  expect(await of('one')).toMatch(/^1 wait for one, which is disabled or not in the config\.\nNo program runs/);
  expect(await of('other')).toMatch(/^No program runs/);
  expect(await of('off')).toMatch(
    /^off has enabled: false, so new events make no delivery for it, and nothing waits for it\.$/m,
  );
});

test('deliveries, for a person: the newest first', async () => {
  const [api, receiver] = [await empty.api(), await empty.receiver()];
  empty.configure({ sources: { production: sourceOf(api) }, sinks: { hook: webhookTo(receiver) } });
  await empty.run(['poll']);
  const uuids: string[] = [];
  for (const _ of [1, 2, 3]) {
    uuids.push(api.recordings.add({ status: 'available' }));
    await empty.run(['poll']);
  }
  const { stdout } = await empty.run(['deliveries']);
  const listed = stdout.slice(1).map((line) => uuids.find((uuid) => line.includes(uuid)));
  expect(listed).toEqual(uuids.toReversed());
});

test('a reader that has seen enough ends a list without a complaint', async () => {
  const recordings = Array.from({ length: 3_000 }, (_, n) => ({ uuid: `r${n}`, status: 'available' }));
  const api = await empty.api({ recordings });
  empty.configure({ sources: { production: sourceOf(api) }, sinks: { out: { type: 'stdout' } } });
  await empty.run(['poll']);
  const cli = join(await builtDist(), 'cli.js');
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', '{ "$0" "$1" recordings --json; echo "code $?" >&2; } | head -n 1', process.execPath, cli],
    { cwd: empty.folder, encoding: 'utf8' },
  );
  expect(stdout.trim().split('\n')).toHaveLength(1);
  expect(stderr).toBe('code 0\n');
});
