import { expectedDeliveryId, expectedEventId } from '../support/expected-id.js';
import { createStage, sourceOf, webhookTo } from '../support/stage.js';

/** Explaining changes nothing, so one story is enough to look at. */
const stage = createStage(afterAll);

/** One recording of the first poll and one that came later, told to sinks that take it differently; then the config changes. */
async function play() {
  const api = await stage.api();
  const [fine, failing, refusing, gone] = [
    await stage.receiver(),
    await stage.receiver({ respond: () => ({ status: 500 }) }),
    await stage.receiver({ respond: () => ({ status: 413 }) }),
    await stage.receiver({ respond: () => ({ status: 410 }) }),
  ];
  const sinks = {
    fine: webhookTo(fine, { events: ['recording.available', 'recording.processing'] }),
    failing: webhookTo(failing, { retries: ['5m', '1h'] }),
    refusing: webhookTo(refusing),
    gone: webhookTo(gone),
    'other-rooms': webhookTo(fine, { only: { rooms: ['support-*', 'x'] } }),
    off: webhookTo(fine, { enabled: false }),
  };
  const sources = { production: sourceOf(api) };
  stage.configure({ sources, sinks: { ...sinks, old: webhookTo(failing) } });
  const before = api.recordings.add({ status: 'available', roomId: 'lobby', meetingId: 'm-1' });
  await stage.run(['poll']);
  const later = api.recordings.add({ roomId: 'Größe\u001b[2J', meetingId: 'm-2' });
  await stage.run(['poll']);
  api.recordings.setStatus(later, 'available');
  await stage.run(['poll']);
  stage.configure({ sources, sinks: { ...sinks, fresh: webhookTo(fine) } });
  return { before, later, api };
}

let story: Awaited<ReturnType<typeof play>>;

beforeAll(async () => {
  story = await play();
});

/** What changes from run to run made plain. */
function plain(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z \(([^)]*\bago|now)\)/g, 'THEN')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z \(in \d+ (\w+)\)/g, 'IN-$1')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'DATE')
      .replaceAll(/\b\d+ ms/g, 'N ms')
      .replaceAll(/\S+ \S+cli\.js /g, 'PROGRAM '),
  );
}

function available(uuid: string) {
  const event = expectedEventId('recording.available', 'production', uuid, 1);
  return { event, of: (sink: string) => expectedDeliveryId(event, sink) };
}

test('the whole story of a recording, in words', async () => {
  const { later } = story;
  const processing = expectedEventId('recording.processing', 'production', later, 1);
  const { event, of } = available(later);
  const { code, stdout, stderr } = await stage.run(['explain', later]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
  expect(plain(stdout)).toEqual([
    `recording ${later}`,
    '  source      production',
    '  room        Größe�[2J',
    '  meeting     m-2',
    '  recorded    DATE',
    '  first seen  THEN, as processing',
    '  status      available, since THEN',
    '',
    `recording.processing, occurrence 1  ${processing}`,
    '  seen        THEN',
    '  before      not seen before',
    '  fine: delivered at THEN, after 1 attempt',
    `    ${expectedDeliveryId(processing, 'fine')}`,
    '    THEN  N ms  delivered: HTTP 204',
    '  failing, refusing, gone, other-rooms, fresh: not made: events does not have recording.processing',
    '  off: not made: the sink is disabled, and new events make no delivery for it',
    '',
    `recording.available, occurrence 1  ${event}`,
    '  seen        THEN',
    '  before      processing',
    '  fine: delivered at THEN, after 1 attempt',
    `    ${of('fine')}`,
    '    THEN  N ms  delivered: HTTP 204',
    '  failing: pending, failed so far with server_error: HTTP 500',
    `    ${of('failing')}`,
    '    THEN  N ms  server_error: HTTP 500',
    '    Next: attempt 2 of 3, at IN-minutes.',
    `    To try it now: PROGRAM redeliver ${of('failing')}`,
    '  refusing: dead: given up at THEN, after 1 attempt: payload_too_large: HTTP 413. The receiver answered 413; the same body is not tried again.',
    `    ${of('refusing')}`,
    '    THEN  N ms  payload_too_large: HTTP 413',
    `    To send it again: PROGRAM redeliver ${of('refusing')}`,
    '    It is kept until IN-days.',
    '  gone: pending: the sink is suspended since THEN: gone: HTTP 410. The receiver answered 410: it wants no more, and is not tried by time.',
    `    ${of('gone')}`,
    '    THEN  N ms  gone: HTTP 410',
    '    One delivery is tried at a start, at a reload and when somebody redelivers, but not by time; once one arrives, the rest follows.',
    '    What waits is kept for 30 days, then given up.',
    `    To try it now: PROGRAM redeliver ${of('gone')}`,
    '  old: pending: the config has no sink of this name',
    `    ${of('old')}`,
    '    THEN  N ms  server_error: HTTP 500',
    '    What waits is kept for 30 days, then given up.',
    `    To send it elsewhere: PROGRAM redeliver ${of('old')} --to SINK`,
    '  other-rooms: not made: the room is "Größe\\u001b[2J", and sinks.other-rooms.only.rooms has "support-*" and "x"',
    '  off: not made: the sink is disabled, and new events make no delivery for it',
    '  fresh: not made: the sink was not in the config then, or its events, only or enabled were other ones',
    `    To send it: PROGRAM announce ${later} --sink fresh`,
    '',
    'No program runs on this store: what waits goes out when "run" or "poll" is started.',
  ]);
});

test('a recording that a first poll remembered was told to nobody, and can be announced', async () => {
  const { before } = story;
  const { stdout } = await stage.run(['explain', before]);
  expect(plain(stdout).slice(5)).toEqual([
    '  first seen  THEN, as available; a first poll remembered it and told nobody',
    '  status      available, since THEN',
    '',
    `recording.available, occurrence 1  ${available(before).event}`,
    '  seen        THEN',
    '  fine, failing, refusing, gone, fresh: not made: a first poll saw it, which remembers and tells nobody',
    `    To send it: PROGRAM announce ${before}`,
    '  other-rooms: not made: the room is "lobby", and sinks.other-rooms.only.rooms has "support-*" and "x"',
    '  off: not made: the sink is disabled, and new events make no delivery for it',
    '',
  ]);
});

test.each([
  { name: 'an event', id: () => available(story.later).event, want: () => [available(story.later).event] },
  { name: 'a delivery', id: () => available(story.later).of('old'), want: () => [available(story.later).event] },
  {
    name: 'an event without deliveries',
    id: () => available(story.before).event,
    want: () => [available(story.before).event],
  },
  {
    name: 'a delivery that was never made',
    id: () => available(story.before).of('fine'),
    want: () => [available(story.before).event],
  },
])('of an id only its own event is told: $name', async ({ id, want }) => {
  const { code, stdout } = await stage.run(['explain', id(), '--json']);
  const lines = stdout.map((line) => JSON.parse(line));
  expect(code).toBe(0);
  expect(lines.map(({ kind }) => kind)).toEqual(['recording', 'event', ...lines.slice(2).map(() => 'delivery')]);
  expect(lines.filter(({ kind }) => kind === 'event').map(({ eventId }) => eventId)).toEqual(want());
});

test('--json has a line for each sink, with the facts beside the words', async () => {
  const { later } = story;
  const { event, of } = available(later);
  const { stdout } = await stage.run(['explain', event, '--json']);
  const ISO = expect.stringMatching(/^\d{4}-.*Z$/);
  const common = { kind: 'delivery', eventId: event, type: 'recording.available', source: 'production', uuid: later };
  const lines = stdout.map((line) => JSON.parse(line));
  expect(lines.find(({ sink }) => sink === 'failing')).toEqual({
    ...common,
    id: of('failing'),
    sink: 'failing',
    state: 'pending',
    attempts: 1,
    uncountedAttempts: 0,
    nextAttemptAt: ISO,
    lastError: 'server_error: HTTP 500',
    createdAt: ISO,
    why: 'pending, failed so far with server_error: HTTP 500',
    next: [expect.stringMatching(/^Next: attempt 2 of 3/), expect.stringMatching(/redeliver dlv_/)],
    history: [{ at: ISO, durationMs: expect.any(Number), reason: 'server_error', detail: 'HTTP 500' }],
  });
  // It suspended its sink, and used up none.
  expect(lines.find(({ sink }) => sink === 'gone')).toMatchObject({
    ...{ state: 'pending', attempts: 0, uncountedAttempts: 1, lastError: 'gone: HTTP 410' },
  });
  expect(lines.find(({ sink }) => sink === 'off')).toEqual({
    ...common,
    id: null,
    sink: 'off',
    state: 'none',
    attempts: 0,
    uncountedAttempts: 0,
    nextAttemptAt: null,
    lastError: null,
    createdAt: null,
    why: 'not made: the sink is disabled, and new events make no delivery for it',
    next: [],
    history: [],
  });
});

test.each([
  { name: 'a uuid cut off', id: () => story.later.slice(0, 13), want: () => `Did you mean ${story.later}?` },
  { name: 'a uuid in capitals', id: () => story.later.toUpperCase(), want: () => `Did you mean ${story.later}?` },
  { name: 'a uuid like no other', id: () => '~none', want: () => 'No poll has shown it' },
  { name: 'an event', id: () => `evt_${'0'.repeat(32)}`, want: () => 'Looked at every stored delivery', rest: 0 },
])('what is not known is said to be so: $name', async ({ id, want, rest = 1 }) => {
  const { code, stdout, stderr } = await stage.run(['explain', id()]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: [] });
  expect(stderr).toEqual([
    expect.stringContaining(`Nothing is known of ${id()}. ${want()}`),
    ...Array(rest).fill('No program runs on this store, so nothing is polled just now.'),
  ]);
});

test('what keeps polls from showing a recording is said, of one that is not known and of one in processing', async () => {
  const [api, shut] = [await stage.api(), await stage.api({ credentials: { token: 'a', apiKey: 'b' } })];
  const sources = { production: sourceOf(api), beta: sourceOf(shut) };
  stage.configure({ sources, sinks: { out: { type: 'stdout' } }, store: 'sqlite:state/kept.sqlite' });
  const uuid = api.recordings.add({});
  expect((await stage.run(['poll'])).code).toBe(1);
  await stage.run(['pause', 'production']);
  const paused = 'production is paused since THEN and not polled: PROGRAM resume production';
  const unknown = await stage.run(['explain', '~none']);
  expect(plain(unknown.stderr).slice(1)).toEqual([
    paused,
    'The first poll of beta is not over.',
    expect.stringMatching(/^Polls of beta fail since THEN: unauthorized: .*401.*\.$/),
    'No program runs on this store, so nothing is polled just now.',
  ]);
  const { stdout } = await stage.run(['explain', uuid]);
  expect(plain(stdout).filter((line) => line.startsWith('  next'))).toEqual([
    '  next        The platform says processing: recording.available comes with the poll that shows it available.',
    `  next        ${paused}`,
  ]);
});

test('a recording of a source that the config does not have any more is known all the same', async () => {
  const { before, api } = story;
  stage.configure({ sources: { other: sourceOf(api) }, sinks: { out: { type: 'stdout' } } }, 'other.yaml');
  const { code, stdout } = await stage.run(['explain', before, '--config', 'other.yaml']);
  expect(code).toBe(0);
  expect(stdout.slice(0, 2)).toEqual([
    `recording ${before}`,
    '  source      production, which the config no longer has',
  ]);
});

test('beside a running program nothing is said of none; another config file is part of the commands', async () => {
  const { later, api } = story;
  const receiver = await stage.receiver({ respond: () => ({ status: 500 }) });
  const config = {
    sources: { production: sourceOf(api) },
    sinks: { failing: webhookTo(receiver, { retries: ['1h'] }) },
  };
  stage.configure(config, 'other.yaml');
  const program = await stage.start(['run', '--config', 'other.yaml']);
  await stage.untilLog(program, 'running');
  const { stdout } = await stage.run(['explain', later, '--config', 'other.yaml']);
  expect(plain(stdout)).toContain(
    `    To try it now: PROGRAM redeliver ${available(later).of('failing')} --config other.yaml`,
  );
  expect(stdout.join('\n')).not.toContain('No program runs');
});

test('what went in a digest says which, as Slack got it, with how many others', async () => {
  const api = await stage.api();
  const chat = await stage.receiver({ respond: () => ({ status: 200, body: 'ok' }) });
  stage.configure({
    sources: { production: sourceOf(api) },
    sinks: { chat: { type: 'slack', url: chat.url, includeUrl: false, digest: {} } },
    store: 'sqlite:state/digest.sqlite',
  });
  await stage.run(['poll']);
  const [uuid] = [api.recordings.add({ status: 'available' }), api.recordings.add({ status: 'available' })];
  await stage.run(['poll']);
  const [digest] = /dig_[0-9a-f]{32}/.exec(chat.messages[0]?.body ?? '') ?? [];
  const { stdout } = await stage.run(['explain', uuid]);
  const lines = plain(stdout);
  expect(lines).toContain(`  chat: delivered at THEN, after 1 attempt, in digest ${digest} with 1 other`);
  expect(lines).toContain(`    THEN  N ms  delivered: HTTP 200  in ${digest}`);
  expect(await stage.run(['explain', digest ?? ''])).toMatchObject({
    code: 1,
    stderr: [expect.stringContaining('explain one of the events')],
  });
  const listed = (await stage.run(['deliveries', '--json'])).stdout.map((line) => JSON.parse(line));
  expect(listed.map((row) => row.digest)).toEqual([digest, digest]);
});
