import { createStage } from '../support/stage.js';

const stage = createStage();

const source = { auth: { clientId: 'client', secret: 'secret' } };
const CONFIG = {
  sources: { production: source, staging: source },
  sinks: {
    all: { type: 'stdout' },
    lobby: { type: 'stdout', only: { sources: ['prod*'], rooms: ['lobby', 'vip-*'], meetings: ['*'] } },
    ops: { type: 'stdout', events: ['source.failing', 'sink.failing'], only: { sources: ['staging'] } },
    asleep: { type: 'stdout', enabled: false },
  },
};

function routes(args: readonly string[], config: object = CONFIG) {
  return stage.run(['routes', ...args], { config });
}

/** Of each sink whether it gets it, and of the keys that do not say yes what they say. */
async function answersTo(args: readonly string[], config: object = CONFIG) {
  const { code, stdout } = await routes([...args, '--json'], config);
  expect(code).toBe(0);
  return Object.fromEntries(
    stdout
      .map((line) => JSON.parse(line))
      .map(({ sink, gets, keys }) => [
        sink,
        [gets, ...keys.filter(({ fits }: { fits: unknown }) => fits !== true).map(({ key }: { key: string }) => key)],
      ]),
  );
}

test('a person reads for every sink what each key says that is set', async () => {
  const { code, stdout, stderr } = await routes(['--source', 'production', '--room', 'vip-7']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
  expect(stdout).toEqual([
    'recording.available of source production, room vip-7, any meeting:',
    'all: yes',
    '  events         yes      recording.available is in recording.available',
    '  only           yes      not set: every source, room and meeting',
    'lobby: depends',
    '  events         yes      recording.available is in recording.available',
    '  only.sources   yes      "production" fits "prod*"',
    '  only.rooms     yes      "vip-7" fits "vip-*"',
    '  only.meetings  depends  depends on --meeting: takes "*"',
    'ops: no',
    '  events         no       recording.available is not in source.failing and sink.failing',
    '  only.sources   no       "production" fits none of "staging"',
    'asleep: no',
    '  events         yes      recording.available is in recording.available',
    '  only           yes      not set: every source, room and meeting',
    '  enabled        no       false: new events make no deliveries for it',
  ]);
});

test.each([
  { args: [], lobby: [null, 'only.sources', 'only.rooms', 'only.meetings'] },
  { args: ['--source', 'staging'], lobby: [false, 'only.sources', 'only.rooms', 'only.meetings'] },
  { args: ['--source', 'production', '--room', 'lobby', '--meeting', 'm'], lobby: [true] },
  { args: ['--source', 'production', '--room', 'lobby', '--meeting', ''], lobby: [true] },
  { args: ['--source', 'production', '--room', '', '--meeting', 'm'], lobby: [false, 'only.rooms'] },
  { args: ['--source', 'production', '--room', 'Lobby', '--meeting', 'm'], lobby: [false, 'only.rooms'] },
])('a program gets yes, no, or that it depends: $args', async ({ args, lobby }) => {
  expect(await answersTo(args)).toMatchObject({ all: [true], lobby, asleep: [false, 'enabled'] });
});

test('events of operators are of no room, and those of sinks of no source', async () => {
  expect(await answersTo(['--event', 'source.failing'])).toMatchObject({
    ops: [null, 'only.sources'],
    all: [false, 'events'],
  });
  expect(await answersTo(['--event', 'sink.failing'])).toMatchObject({ ops: [true], all: [false, 'events'] });
});

test('of a type that has no room, nothing is said about rooms', async () => {
  const { stdout } = await routes(['--event', 'source.failing']);
  expect(stdout.slice(1, 4)).toEqual([
    'all: no',
    '  events         no       source.failing is not in recording.available',
    '  only           yes      not set: every source',
  ]);
  const ofSinks = await routes(['--event', 'sink.failing']);
  expect(ofSinks.stdout.join('\n')).not.toContain('only');
});

test('a program gets every key, whether it is set or not', async () => {
  const { stdout } = await routes(['--json']);
  const { keys } = JSON.parse(stdout[0] ?? '');
  expect(keys.map(({ key, wanted }: { key: string; wanted: unknown }) => [key, wanted])).toEqual([
    ['events', ['recording.available']],
    ['only.sources', null],
    ['only.rooms', null],
    ['only.meetings', null],
    ['enabled', [true]],
  ]);
});

test('the one source of a config need not be named', async () => {
  const config = { ...CONFIG, sources: { production: source } };
  expect(await answersTo(['--room', 'lobby', '--meeting', 'm'], config)).toMatchObject({ lobby: [true] });
});

test.each([
  { args: ['--source', 'prod'], want: 'The config has no source "prod"; it has production and staging.' },
  {
    args: ['--event', 'sink.failing', '--source', 'staging'],
    want: 'Events of type sink.failing are of no source; leave out --source.',
  },
  {
    args: ['--event', 'source.failing', '--room', 'lobby'],
    want: 'Events of type source.failing are of no room or meeting; leave out --room and --meeting.',
  },
  { args: ['--event', 'recording.gone'], want: /'recording\.gone' is invalid/ },
])('asked wrongly: $args', async ({ args, want }) => {
  const { code, stderr } = await routes(args);
  expect(code).toBe(2);
  expect(stderr[0]).toEqual(typeof want === 'string' ? want : expect.stringMatching(want));
});
