import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { looked } from '../../src/commands/doctor-report.js';
import { EVENT_TYPES } from '../../src/core/event.js';
import { freePort } from '../support/free-port.js';
import { createManualClock } from '../support/manual-clock.js';
import { createStage, sourceOf, webhookTo } from '../support/stage.js';
import { addressOf, cleanServers, describeWith, newAddress } from '../support/store-servers.js';

const stage = createStage();

afterAll(cleanServers);

/** Hears of everything, so that there is nothing to point out. */
const OUT = { type: 'stdout', events: Object.keys(EVENT_TYPES) };

interface Line {
  readonly section: string;
  readonly what: string;
  readonly result: string;
  readonly detail: string;
}

async function examined(env: Readonly<Record<string, string>> = {}) {
  const { code, stdout } = await stage.run(['doctor', '--json'], { env });
  const lines: Line[] = stdout.map((line) => JSON.parse(line));
  const of = (section: string, what?: string) =>
    lines
      .filter((line) => line.section === section && (what === undefined || line.what === what))
      .map(({ result, detail }) => `${result} ${detail}`);
  return { code, of, sections: [...new Set(lines.map(({ section }) => section))] };
}

test('before the first run: all is well, and nothing is made or sent', async () => {
  const [api, receiver] = [await stage.api(), await stage.receiver()];
  stage.configure({
    sources: { production: sourceOf(api) },
    sinks: { out: OUT, hook: webhookTo(receiver), lines: { type: 'file', path: 'all.jsonl' } },
  });
  const { code, of, sections } = await examined({ HTTPS_PROXY: '', TZ: 'UTC' });
  expect(code).toBe(0);
  expect(sections).toEqual([
    'program',
    'config',
    'environment',
    'disk',
    'store',
    'clock',
    'sources',
    'sinks',
    'server',
  ]);
  expect(of('program', 'version')).toEqual([
    expect.stringMatching(/^ok recording-notifier \d.*, Node \d.*, SQLite 3\./),
  ]);
  expect(of('config')).toEqual([expect.stringMatching(/^ok .*notifier\.yaml is valid: 1 source, 3 sinks$/)]);
  expect(of('environment', 'proxies')).toEqual(['ok none is set']);
  expect(of('disk', 'store')).toEqual([expect.stringMatching(/^(ok|warn) .* free/)]);
  expect(of('disk', 'sinks.lines')).toHaveLength(1);
  expect(of('store')).toEqual(['ok does not exist yet; "run" makes it']);
  expect(of('clock')).toEqual(['ok its clock and this one agree, within 30 s']);
  expect(of('sources')).toEqual([expect.stringMatching(/^ok answers; its first page has 0 recordings, in \d+ ms$/)]);
  expect(of('sinks', 'hook')).toEqual([]);
  expect(of('sinks', 'sinks.hook')).toEqual([expect.stringMatching(/^ok can be reached/)]);
  expect(of('server')).toEqual(['ok server.listen is off']);
  expect([existsSync(join(stage.folder, 'state')), existsSync(join(stage.folder, 'all.jsonl'))]).toEqual([
    false,
    false,
  ]);
  expect([api.requestCount, receiver.messages]).toEqual([1, []]);
});

test('for a person, it says first what is in it, and colours only where they are wanted', async () => {
  const api = await stage.api();
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { out: OUT } });
  const { stdout } = await stage.run(['doctor']);
  expect(stdout.slice(0, 4)).toEqual([
    expect.stringMatching(/^recording-notifier \d.* doctor, \d{4}-/),
    'Names hosts, folders, sources and sinks; holds no secret and nothing of a recording.',
    '',
    'Program',
  ]);
  expect(stdout[4]).toMatch(/^ {2}ok {4}version: /);
  const coloured = await stage.run(['doctor'], { env: { FORCE_COLOR: '1' } });
  expect(coloured.stdout[4]).toContain('  \u001b[32mok  \u001b[39m  version: ');
});

test('a faulty config is reported, and the rest is looked at all the same', async () => {
  stage.configure('sources: {}\nsinks: { a: { type: nonsense } }\n');
  const { code, of, sections } = await examined();
  expect(code).toBe(1);
  expect(sections).toEqual(['program', 'config', 'environment', 'disk']);
  expect(of('config')).toEqual([
    expect.stringMatching(/^fail config\/notifier\.yaml:1:\d+: sources: /),
    expect.stringMatching(/^fail config\/notifier\.yaml:2:\d+: sinks\.a\.type: /),
    'warn store, sources, sinks and server are not looked at before it is valid',
  ]);
});

test('beside a running program: who owns the store, its counts, its server, and its last poll', async () => {
  const api = await stage.api();
  api.recordings.add({ status: 'available' });
  const config = {
    sources: { production: sourceOf(api) },
    sinks: { out: OUT },
    server: { listen: `127.0.0.1:${await freePort()}`, token: 'server-token-2c9e4f7a1b' },
  };
  const program = await stage.start(['run'], { config, printsUrls: true });
  await stage.untilLog(program, /^first poll complete/);
  const { code, of } = await examined();
  expect(code).toBe(0);
  expect(of('store', 'store')).toEqual([
    expect.stringMatching(/^ok sqlite:.*, a running program owns it$/),
    expect.stringMatching(new RegExp(`^ok version \\d+, made .*; owner process ${program.pid} on .*, since `)),
    expect.stringMatching(/^ok its file has .*B$/),
  ]);
  expect(of('store', 'recordings')).toEqual(['ok 1 remembered']);
  expect(of('server')).toEqual([expect.stringMatching(/^ok http:\/\/127\.0\.0\.1:\d+ answers, and is ready$/)]);
  expect(of('sources', 'sources.production')).toEqual([
    expect.stringMatching(/^ok answers; its first page has 1 recordings/),
    expect.stringMatching(/^ok last poll (now|\d+ seconds? ago): Polls work\.$/),
  ]);
});

test('after a program that was killed: that it ended without a word; after one that was stopped, when', async () => {
  const api = await stage.api();
  const config = { sources: { production: sourceOf(api) }, sinks: { out: OUT } };
  const killed = await stage.start(['run'], { config });
  await stage.untilLog(killed, /^first poll complete/);
  killed.kill('SIGKILL');
  await killed.ended;
  const { code, of } = await examined();
  expect(code).toBe(0);
  const ended = of('store', 'store').find((line) => line.startsWith('warn'));
  expect(ended).toMatch(/^warn nothing runs; the last program ended without a word, after \S+Z: it was killed, /);
  const stopped = await stage.start(['run']);
  await stage.untilLog(stopped, 'running');
  stopped.kill('SIGTERM');
  await stopped.ended;
  expect((await examined()).of('store', 'store')).toEqual([
    expect.stringMatching(/nobody owns it$/),
    expect.stringMatching(/; last owner process \d+ on .*, since .*, ended (now|\d+ seconds? ago)$/),
    expect.stringMatching(/^ok its file has/),
  ]);
});

test('a source whose polls fail is told in sentences, by when it was polled and for how long in vain', async () => {
  const api = await stage.api();
  const words = 'The last 9 polls were not complete: HTTP 401';
  const source = { name: 'production', state: 'failing', words, overdueSeconds: 300 };
  await using server = createServer((_, response) => {
    const sources = [
      { ...source, lastPollAt: new Date().toISOString(), nextPollAt: new Date(Date.now() + 600_000).toISOString() },
    ];
    response.end(JSON.stringify({ ready: true, reasons: [], sources }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const listen = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { out: OUT }, server: { listen } });
  expect((await examined()).of('sources', 'sources.production')).toContainEqual(
    expect.stringMatching(
      /^fail last poll [^,]*, the next in \d+ \w+: The last 9 polls .* HTTP 401\. No poll was complete for 300 s; look at the log of "run"\.$/,
    ),
  );
});

test('what is suspended, dead, paused or unreachable is named, with what to do', async () => {
  const [api, gone, refusing] = [
    await stage.api(),
    await stage.receiver({ respond: () => ({ status: 410 }) }),
    await stage.receiver({ respond: () => ({ status: 413 }) }),
  ];
  stage.configure({
    sources: { production: sourceOf(api) },
    sinks: {
      gone: webhookTo(gone),
      refusing: webhookTo(refusing),
      out: OUT,
      idle: { type: 'webhook', url: 'http://127.0.0.1:1/', enabled: false },
    },
  });
  await stage.run(['poll']);
  api.recordings.add({ status: 'available' });
  await stage.run(['poll'], { printsUrls: true });
  await stage.run(['pause', 'refusing']);
  await api.close();
  const { code, of } = await examined();
  expect(code).toBe(1);
  expect(of('sinks', 'sinks.gone')).toEqual([
    expect.stringMatching(/^ok can be reached/),
    expect.stringMatching(/^fail is suspended since .*: gone: .*redeliver one of its deliveries$/),
  ]);
  expect(of('sinks', 'sinks.idle')).toEqual(['ok is disabled']);
  expect(of('store', 'deliveries')).toEqual([
    expect.stringMatching(/^ok \d+ delivered, 1 pending, the oldest for gone, made (now|\d+ seconds? ago)$/),
    expect.stringMatching(/^warn 1 dead: "deliveries --state dead" lists them/),
  ]);
  expect(of('store', 'sinks.refusing')).toEqual([expect.stringMatching(/^warn sink refusing is paused since/)]);
  expect(of('sources')).toEqual([expect.stringMatching(/^fail .*ECONNREFUSED.*check the network/)]);
  expect(of('clock')).toEqual(['ok nobody was there to compare it with']);
});

test.each([
  {
    name: 'behind',
    shiftMs: -300_000,
    want: /^warn this clock is (29\d|30\d) s ahead of its own; set this machine's clock/,
  },
  { name: 'ahead', shiftMs: 300_000, want: /^warn this clock is (29\d|30\d) s behind its own/ },
])('a platform whose clock is $name is a finding', async ({ shiftMs, want }) => {
  await using server = createServer((_, response) => {
    response.setHeader('date', new Date(Date.now() + shiftMs).toUTCString());
    response.end('[]');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stage.configure({
    sources: { production: { baseUrl: url, auth: { clientId: 'a', secret: 'b' } } },
    sinks: { out: OUT },
  });
  const { code, of } = await examined();
  expect(code).toBe(0);
  expect(of('clock')).toEqual([expect.stringMatching(want)]);
});

test.each([
  {
    name: 'a proxy, by its name alone',
    env: { HTTPS_PROXY: 'http://u:client-secret-6b1d@127.0.0.1:9' },
    what: 'proxies',
    want: 'ok HTTPS_PROXY set',
  },
  {
    name: 'certificates that are not checked',
    env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    what: 'TLS',
    want: /^warn NODE_TLS_REJECT_UNAUTHORIZED is 0/,
  },
])('of the environment it tells $name', async ({ env, what, want }) => {
  const api = await stage.api();
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { out: OUT } });
  expect((await examined(env)).of('environment', what)).toEqual([expect.stringMatching(want)]);
});

test('what listens where the program should is told from the program', async () => {
  const [api, receiver] = [await stage.api(), await stage.receiver()];
  stage.configure({
    sources: { production: sourceOf(api) },
    sinks: { out: OUT },
    server: { listen: `127.0.0.1:${receiver.port}` },
  });
  expect((await examined()).of('server')).toEqual([
    expect.stringMatching(/^warn something else answers at .*server\.listen/),
  ]);
});

/** A program of ours as its server tells of it. */
async function toldBy(source: object, ready: object = {}, sink: object = {}) {
  const api = await stage.api();
  const answers: Readonly<Record<string, object>> = {
    '/readyz': { ready: true, reasons: [], ...ready },
    '/api/status': {
      sources: [{ name: 'production', ...source }],
      sinks: [{ name: 'out', state: 'working', words: 'Deliveries arrive.', since: null, lastError: null, ...sink }],
    },
  };
  await using server = createServer((request, response) => {
    response.end(JSON.stringify(answers[request.url ?? ''] ?? {}));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  stage.configure({
    sources: { production: sourceOf(api) },
    sinks: { out: OUT },
    server: { listen: `127.0.0.1:${(server.address() as AddressInfo).port}` },
  });
  return await examined();
}

test.each([
  { name: 'a poll that takes a while is none', overdue: false, overdueSeconds: 12, want: /^ok no poll yet: / },
  {
    ...{ name: 'five minutes without a complete one are', overdue: true, overdueSeconds: 312 },
    want: /^fail no poll yet: .* No poll was complete for 312 s; look at the log of "run"\.$/,
  },
])('what /readyz calls overdue is so here: $name', async ({ overdue, overdueSeconds, want }) => {
  const words = 'The first poll since the start is under way.';
  const { of } = await toldBy({ state: 'starting', words, since: null, lastPollAt: null, overdueSeconds, overdue });
  expect(of('sources', 'sources.production')[1]).toMatch(want);
});

test('what fails is told in the words of the running program, and since when', async () => {
  const since = new Date(Date.now() - 7_200_000).toISOString();
  const failing = { state: 'failing', since, lastPollAt: null, overdueSeconds: 0, overdue: false };
  const { of } = await toldBy(
    { ...failing, words: 'The last 3 polls were not complete: status 500' },
    {},
    { state: 'failing', since, words: 'The last 2 attempts failed.', lastError: 'timeout: no answer' },
  );
  expect(of('sources', 'sources.production')[1]).toBe(
    'warn no poll yet: The last 3 polls were not complete: status 500 (since 2 hours ago).',
  );
  expect(of('sinks', 'sinks.out')).toContain(
    'warn The last 2 attempts failed. timeout: no answer (since 2 hours ago).',
  );
});

test('a reload that was refused is told by the program that goes on without it', async () => {
  const notice = 'The last reload was refused at T: 2 errors; the program goes on with the config of T0.';
  const { of, code } = await toldBy({}, { notices: [notice] });
  expect(code).toBe(0);
  expect(of('server')).toEqual([
    expect.stringMatching(/^ok .* answers, and is ready/),
    `warn ${notice} The file is valid by now: SIGHUP reloads it.`,
  ]);
});

describe.each(['redis', 'postgres'] as const)('a store on %s', (kind) => {
  describeWith(kind, `the clock of ${kind}`, () => {
    test('is compared with ours, and it is said who owned the store', async () => {
      const api = await stage.api();
      const { url, prefix } = newAddress(kind);
      const full = new URL(url);
      full.searchParams.set('prefix', prefix);
      expect(addressOf(full.href).prefix).toBe(prefix);
      stage.configure({ sources: { production: sourceOf(api) }, sinks: { out: OUT }, store: full.href });
      await stage.run(['poll']);
      const { code, of } = await examined();
      expect(code).toBe(0);
      expect(of('clock', 'store')).toEqual(['ok its clock and this one agree, within 30 s']);
      expect(of('store', 'store')).toContainEqual(
        expect.stringMatching(/^ok version \d+, made .*; last owner process \d+/),
      );
    });
  });
});

test('what hangs is a finding after ten seconds, and what breaks is one at once', async () => {
  const clock = createManualClock();
  const hanging = looked('hook', () => new Promise(() => {}), clock);
  clock.advance(10_000);
  expect(await hanging).toEqual([
    { what: 'hook', result: 'fail', detail: expect.stringMatching(/^no answer within 10 s/) },
  ]);
  const broken = looked('hook', () => Promise.reject(new Error('it broke')), clock);
  expect(await broken).toEqual([{ what: 'hook', result: 'fail', detail: 'it broke' }]);
});
