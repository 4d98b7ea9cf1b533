import { join } from 'node:path';
import {
  ConfigError,
  createNotifier,
  defineSink,
  type EventType,
  type NotifierEvent,
  type NotifierOptions,
  OwnedError,
  type RecordingEvent,
  z,
} from '../../src/index.js';
import { createMemoryLog } from '../support/memory-log.js';
import { CLIENT_SECRET, createStage, sourceOf } from '../support/stage.js';

const stage = createStage();

const NEVER = { schedule: '0 0 1 1 *', whileProcessing: 'off' };

/** Keeps what it gets. */
function keepingSink() {
  const events: NotifierEvent[] = [];
  const sink = defineSink({
    type: 'keep',
    settings: z.strictObject({ label: z.string() }),
    async deliver(event, { settings }) {
      events.push(event);
      return { kind: 'delivered', receipt: `kept as ${settings.label}` };
    },
  });
  return { sink, events };
}

async function stagedNotifier() {
  const api = await stage.api();
  const log = createMemoryLog();
  const { sink, events } = keepingSink();
  const notifier = await createNotifier({
    sources: { production: { ...sourceOf(api, NEVER) } },
    sinks: { box: { type: 'keep', label: 'mine' } },
    store: 'memory',
    sinkTypes: [sink],
    log,
  });
  await notifier.poll();
  return { api, log, notifier, delivered: events };
}

test('a listener gets the event once, with the URL just seen; the sinks get it too', async () => {
  const { api, notifier, delivered } = await stagedNotifier();
  const heard: RecordingEvent[] = [];
  notifier.on('recording.available', (event) => heard.push(event));
  const uuid = api.recordings.add({ status: 'available' });
  await notifier.poll();
  const [report] = await notifier.poll();
  await notifier.stop();
  expect(heard).toHaveLength(1);
  expect(heard[0]).toMatchObject({ type: 'recording.available', source: 'production', data: { recording: { uuid } } });
  expect(heard[0]?.data.recording.url).toMatch(`${api.url}/files/${uuid}.mp4?`);
  expect(heard[0]?.data.recording.urlExpiresAt).toMatch(/Z$/);
  expect(delivered).toEqual(heard);
  expect(report).toMatchObject({ source: 'production', result: 'complete', rows: 1, events: 0 });
});

test('a sink and a source are kept still by their names, and go on', async () => {
  const api = await stage.api();
  const { sink, events } = keepingSink();
  const notifier = await createNotifier({
    sources: { production: { ...sourceOf(api, NEVER) }, same: { ...sourceOf(api, NEVER) } },
    sinks: { box: { type: 'keep', label: 'mine' }, same: { type: 'keep', label: 'other', enabled: false } },
    store: 'memory',
    sinkTypes: [sink],
    log: createMemoryLog(),
  });
  await notifier.poll();
  const paused = await notifier.pause('box');
  expect(paused).toEqual({ kind: 'sink', name: 'box', result: 'paused', since: expect.stringMatching(/Z$/) });
  expect(await notifier.pause('box')).toEqual({ ...paused, result: 'already_paused' });
  await notifier.pause('same', 'source');
  api.recordings.add({ status: 'available' });
  expect((await notifier.poll()).map(({ source }) => source)).toEqual(['production']);
  expect(events).toEqual([]);
  expect(await notifier.resume('box', 'sink')).toEqual({ ...paused, result: 'resumed' });
  await notifier.poll();
  expect(events).toHaveLength(1);
  expect(await notifier.resume('box')).toEqual({ kind: 'sink', name: 'box', result: 'not_paused', since: null });
  await expect(notifier.pause('bocks')).rejects.toThrow(
    'There is no sink or source "bocks"; the sinks are box, same, the sources are production, same.',
  );
  await expect(notifier.resume('same')).rejects.toThrow(
    `"same" is a sink and a source; say which: resume(name, 'sink') or resume(name, 'source').`,
  );
  await notifier.stop();
  await expect(notifier.pause('box')).rejects.toThrow('the notifier is stopped');
});

test('the heartbeat follows each complete poll, and none that failed', async () => {
  const [api, pings] = [await stage.api(), await stage.receiver()];
  const notifier = await createNotifier({
    sources: { production: { ...sourceOf(api, NEVER) } },
    sinks: { out: { type: 'stdout' } },
    heartbeat: `${pings.url}ping-token`,
    store: 'memory',
    log: createMemoryLog(),
  });
  await notifier.poll();
  expect(pings.messages).toMatchObject([{ method: 'GET', path: '/ping-token' }]);
  api.fault({ kind: 'unauthorized' });
  await notifier.poll();
  expect(pings.messages).toHaveLength(1);
  await notifier.start();
  await pings.waitFor(2);
  await notifier.stop();
});

test('what a first poll announces carries its URL as well', async () => {
  const api = await stage.api();
  const uuid = api.recordings.add({ status: 'available' });
  const notifier = await createNotifier({
    sources: { production: { ...sourceOf(api, NEVER), firstPoll: 'announce' } },
    sinks: { out: { type: 'stdout', events: ['recording.stuck'] } },
    store: 'memory',
    log: createMemoryLog(),
  });
  const urls: (string | null)[] = [];
  notifier.on('recording.available', ({ data }) => urls.push(data.recording.url));
  await notifier.poll();
  await notifier.stop();
  expect(urls).toEqual([expect.stringContaining(uuid)]);
});

test('listeners come and go: once, off, and each by its type', async () => {
  const { api, notifier } = await stagedNotifier();
  const heard: string[] = [];
  const gone = () => heard.push('gone');
  notifier
    .once('recording.available', () => heard.push('once'))
    .on('recording.available', gone)
    .on('recording.processing', () => heard.push('processing'))
    .off('recording.available', gone);
  api.recordings.add({ status: 'available' });
  await notifier.poll();
  api.recordings.add({ status: 'available' });
  api.recordings.add({ status: 'processing' });
  await notifier.poll();
  await notifier.stop();
  expect(heard).toEqual(['once', 'processing']);
});

test('a listener that throws, rejects or changes its event harms nothing, and is logged', async () => {
  const { api, log, notifier, delivered } = await stagedNotifier();
  const heard: RecordingEvent[] = [];
  notifier
    .on('recording.available', () => {
      throw new Error('thrown');
    })
    .on('recording.available', async () => {
      throw new Error('rejected');
    })
    .on('recording.available', (event) => {
      Object.assign(event.data.recording, { uuid: 'changed' });
    })
    .on('recording.available', (event) => heard.push(event));
  const uuid = api.recordings.add({ status: 'available' });
  const [report] = await notifier.poll();
  await notifier.stop();
  expect(report).toMatchObject({ result: 'complete', events: 1 });
  expect([heard[0], delivered[0]]).toMatchObject([
    { data: { recording: { uuid } } },
    { data: { recording: { uuid } } },
  ]);
  const failures = log.lines.filter(({ message }) => message.startsWith('a listener failed'));
  expect(failures.map(({ level, fields }) => [level, fields['error']])).toEqual([
    ['error', new Error('thrown')],
    ['error', new Error('rejected')],
  ]);
  expect(JSON.stringify(log.lines)).not.toContain('Signature=');
});

test('started, it polls by itself and delivers; stopped, it stays so', async () => {
  const { api, notifier, delivered } = await stagedNotifier();
  const heard = new Promise((resolve) => notifier.once('recording.available', resolve));
  api.recordings.add({ status: 'available' });
  await notifier.start();
  await notifier.start();
  await heard;
  await Promise.all([notifier.stop(), notifier.stop()]);
  expect(delivered).toHaveLength(1);
  await expect(notifier.start()).rejects.toThrow('the notifier is stopped');
  await expect(notifier.poll()).rejects.toThrow('the notifier is stopped');
});

test('it listens to nothing of the process that it is in', async () => {
  const listening = () => [
    process.stdout.listenerCount('error'),
    ...['SIGTERM', 'SIGINT', 'SIGHUP', 'exit', 'uncaughtException'].map((event) => process.listenerCount(event)),
  ];
  const before = listening();
  const { notifier } = await stagedNotifier();
  await notifier.start();
  expect(listening()).toEqual(before);
  await notifier.stop();
});

test('one that was never started stops at once', async () => {
  const { notifier } = await stagedNotifier();
  await notifier.stop();
});

test('a config file is read as the command line reads it, and its mistakes have their place', async () => {
  const api = await stage.api();
  const sinks = { out: { type: 'stdout', events: ['recording.stuck'] } };
  stage.configure({ sources: { production: sourceOf(api, NEVER) }, sinks, store: 'memory' }, 'good.yaml');
  stage.configure('sources: { production: { auth: { clientId: a } } }\nsinks: {}\n', 'bad.yaml');
  const notifier = await createNotifier({ configFile: join(stage.folder, 'good.yaml'), log: createMemoryLog() });
  expect(await notifier.poll()).toMatchObject([{ source: 'production', result: 'complete' }]);
  await notifier.stop();
  const refused = createNotifier({ configFile: join(stage.folder, 'bad.yaml') });
  await expect(refused).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(/bad\.yaml:2:8: sinks: is empty/),
    problems: expect.arrayContaining([expect.objectContaining({ line: 2, path: ['sinks'] })]),
  });
});

test('a store has one owner; who comes later can try again', async () => {
  const api = await stage.api();
  const options: NotifierOptions = {
    sources: { production: { ...sourceOf(api, NEVER) } },
    sinks: { out: { type: 'stdout', events: ['recording.stuck'] } },
    store: `sqlite:${join(stage.folder, 'state.sqlite')}`,
    log: createMemoryLog(),
  };
  const [first, second] = [await createNotifier(options), await createNotifier(options)];
  await first.start();
  await expect(second.start()).rejects.toBeInstanceOf(OwnedError);
  await first.stop();
  await second.start();
  await second.stop();
});

test('an event that does not exist is refused', async () => {
  const { notifier } = await stagedNotifier();
  expect(() => notifier.on('recording.avaliable' as EventType, () => undefined)).toThrow('there is no event');
  await notifier.stop();
});

test('every mistake of a config is reported, each with its key', async () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const created = createNotifier({
    sources: { production: { baseUrl: 'ftp://x', auth: { clientId: 'a', secret: CLIENT_SECRET }, timeout: 30 } },
    sinks: { out: { type: 'stdot' }, hook: { type: 'webhook', url: () => 'x' }, own: { type: './missing.mjs' } },
    store: 'memory',
    network: cyclic,
  });
  const error = await created.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as Error).message.split('\n')).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^config: sources\.production\.baseUrl: the value is not an http URL/),
      expect.stringMatching(/^config: sources\.production\.timeout: "30" has no unit; write 30s$/),
      expect.stringMatching(/^config: sinks\.out\.type: "stdot" is not a type of sink; did you mean "stdout"\?$/),
      expect.stringMatching(/^config: sinks\.hook\.url: found a function/),
      expect.stringMatching(/^config: sinks\.own\.type: "\.\/missing\.mjs" cannot be loaded: there is no such file/),
      expect.stringMatching(/is nested too deeply; it may hold itself$/),
    ]),
  );
  expect((error as Error).message).not.toContain(CLIENT_SECRET);
});

const SINKS = { out: { type: 'stdout' } };

test.each([
  {
    name: 'a whole set of keys',
    config: { sources: { p: { auth: { clientId: undefined, secret: undefined } } }, sinks: SINKS },
    want: ['sources.p.auth.clientId', 'sources.p.auth.secret'],
  },
  {
    name: 'one of a set',
    config: { sources: { p: { auth: { clientId: 'a', secret: undefined } } }, sinks: SINKS },
    want: ['sources.p.auth.secret'],
  },
  { name: 'the set', config: { sources: { p: { auth: undefined } }, sinks: SINKS }, want: ['sources.p.auth'] },
  {
    name: 'a key of a sink, and its type',
    config: {
      sources: { p: { auth: { token: 'a', apiKey: 'b' } } },
      sinks: { hook: { type: 'webhook', url: undefined }, own: { type: undefined as never } },
    },
    want: ['sinks.hook.url', 'sinks.own.type'],
  },
  {
    name: 'an entry of a list',
    config: {
      sources: { p: { auth: { token: 'a', apiKey: 'b' } } },
      sinks: { mail: { type: 'email', smtp: 'smtp://localhost', from: 'a@b.c', to: [undefined] } },
    },
    want: ['sinks.mail.to[0]'],
  },
])('undefined in place of a value is reported as that: $name', async ({ config, want }) => {
  const error = await createNotifier({ ...config, store: 'memory' }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  const line = (path: string) => `config: ${path}: undefined; is the environment variable set?`;
  expect((error as Error).message.split('\n')).toEqual(want.map(line));
});

test('undefined in place of what may be left out is the same as leaving it out', async () => {
  const sources = { p: { auth: { token: 'a', apiKey: 'b', clientId: undefined }, timeout: undefined } };
  await (await createNotifier({ sources, sinks: SINKS, store: 'memory' })).stop();
});

test.each([
  { name: 'no type', definition: { deliver: () => undefined }, want: 'a sink type needs a type' },
  { name: 'no deliver', definition: { type: 'mine' }, want: 'a sink type needs deliver' },
  {
    name: 'a rate that is none',
    definition: { type: 'mine', deliver: () => undefined, rate: 'fast' },
    want: 'has a rate',
  },
  {
    name: 'a deliverDigest that is none',
    definition: { type: 'mine', deliver: () => undefined, deliverDigest: true },
    want: 'has a deliverDigest',
  },
  {
    name: 'settings of another kind',
    definition: { type: 'mine', deliver: () => undefined, settings: { parse: () => 1 } },
    want: 'no schema of zod 4',
  },
])('defineSink refuses: $name', ({ definition, want }) => {
  expect(() => defineSink(definition as never)).toThrow(want);
});

test("a sink type of one's own cannot take the name of one that ships", async () => {
  const taken = defineSink({ type: 'webhook', deliver: async () => ({ kind: 'delivered', receipt: 'ok' }) });
  const created = createNotifier({ sources: {}, sinks: {}, sinkTypes: [taken] });
  await expect(created).rejects.toThrow('"webhook" ships already');
});

test('settings that code alone can check are checked', async () => {
  const even = z.custom<number>((value) => Number(value) % 2 === 0, 'is not even');
  const sink = defineSink({
    type: 'mine',
    settings: z.strictObject({ even }),
    deliver: async () => ({ kind: 'delivered', receipt: 'ok' }),
  });
  const sources = { production: { auth: { clientId: 'a', secret: 'b' } } };
  const created = createNotifier({ sources, sinks: { own: { type: 'mine', even: 3 } }, sinkTypes: [sink] });
  await expect(created).rejects.toThrow('config: sinks.own.even: "3" is not even');
});
