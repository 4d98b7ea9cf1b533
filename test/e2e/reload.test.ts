import type { TLSSocket } from 'node:tls';
import { AUTHORITY, issuedCertificate } from '../support/certificate.js';
import type { Program } from '../support/child-program.js';
import { CLIENT_SECRET, createStage, sourceOf, uuidOf, webhookTo } from '../support/stage.js';
import { type Behaviour, greet, startZoo } from '../support/zoo.js';

const stage = createStage();

const PARKED = 'deliveries wait for a sink that is disabled or not in the config';

async function startRunning(server?: object) {
  const api = await stage.api();
  const first = await stage.receiver();
  const second = await stage.receiver();
  const source = { production: sourceOf(api) };
  stage.configure({ sources: source, sinks: { first: webhookTo(first) }, ...(server && { server }) });
  const program = await stage.start(['run']);
  await stage.untilLog(program, /^first poll complete/);
  return { api, first, second, source, program };
}

async function reload(program: Program, config: unknown): Promise<void> {
  const before = reloads(program);
  stage.configure(config);
  program.kill('SIGHUP');
  await stage.until('the config is reloaded', () => reloads(program) > before);
}

function reloads({ log }: Program): number {
  return log.filter(({ msg }) => msg === 'config reloaded').length;
}

test('a file with mistakes is reported, and the old config stays', async () => {
  const { api, first, source, program } = await startRunning({ listen: '127.0.0.1:0' });
  const { page } = await stage.untilLog(program, 'running');
  const told = async () => {
    const get = (path: string) => fetch(`${page}${path}`);
    const [ready, status, metrics] = [await get('readyz'), await get('api/status'), await get('metrics')];
    const { config } = (await status.json()) as { readonly config: { readonly refused: unknown } };
    const metric = /^recording_notifier_config_last_reload_successful (\d)$/m.exec(await metrics.text())?.[1];
    return { status: ready.status, ready: await ready.json(), refused: config.refused, metric };
  };
  const well = { status: 200, ready: { ready: true, reasons: [] }, refused: null, metric: '1' };
  expect(await told()).toEqual(well);
  stage.configure(
    `sources: { production: { shedule: x } }\nsinks: {}\nstoer: "${CLIENT_SECRET}"\na: 1\nb: 2\nc: 3\nd: 4\n`,
  );
  program.kill('SIGHUP');
  const { problems } = await stage.untilLog(program, 'the config has mistakes; the old one stays');
  expect(problems).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^config\/notifier\.yaml:1:\d+: sources\.production\.shedule: .*schedule/),
    ]),
  );
  const words = expect.stringMatching(
    new RegExp(
      `^The last reload was refused at \\S+Z: ${(problems as unknown[]).length} errors; the program goes on with the config of \\S+Z\\.$`,
    ),
  );
  const refused = { at: expect.any(String), words, errors: (problems as unknown[]).length };
  const now = await told();
  expect(now).toEqual({
    ...{ status: 200, ready: { ready: true, reasons: [], notices: [words] }, metric: '0' },
    refused: { ...refused, problems: (problems as unknown[]).slice(0, 5) },
  });
  expect(JSON.stringify(now)).not.toContain(CLIENT_SECRET);
  const uuid = api.recordings.add({ status: 'available' });
  await first.waitFor(1);
  expect(first.messages.map(uuidOf)).toEqual([uuid]);
  await reload(program, { sources: source, sinks: { first: webhookTo(first) } });
  expect(await told()).toEqual(well);
});

test('a signal that comes while it is starting is not its end', async () => {
  const [api, receiver] = [await stage.api(), await stage.receiver()];
  const config = { sources: { production: sourceOf(api) }, sinks: { hook: webhookTo(receiver) } };
  const program = await stage.start(['run'], { config });
  await stage.untilLog(program, /^a new store was made/);
  program.kill('SIGHUP');
  await stage.untilLog(program, 'config reloaded');
});

test('a new sink is used from then on, and a client certificate that was renewed', async () => {
  const { api, first, second, source, program } = await startRunning();
  const greeted: string[] = [];
  const greetAndNote: Behaviour = (socket, request) => {
    greeted.push(String((socket as TLSSocket).getPeerCertificate().subject.CN));
    greet(socket, request);
  };
  const server = { ...issuedCertificate('service'), ca: AUTHORITY, requestCert: true, rejectUnauthorized: true };
  const { port, arrivals, close } = await startZoo(greetAndNote, server);
  const keep = ({ cert, key }: { cert: string; key: string }) => {
    stage.configure(AUTHORITY, 'tls/ca.pem');
    stage.configure(cert, 'tls/cert.pem');
    stage.configure(key, 'tls/key.pem');
  };
  keep(issuedCertificate('client'));
  const tls = { ca: '${file:tls/ca.pem}', cert: '${file:tls/cert.pem}', key: '${file:tls/key.pem}' };
  const secure = { type: 'webhook', url: `https://127.0.0.1:${port}/`, tls };
  const config = { sources: source, sinks: { first: webhookTo(first), second: webhookTo(second), secure } };
  await reload(program, config);
  const uuid = api.recordings.add({ status: 'available' });
  await Promise.all([first.waitFor(1), second.waitFor(1), arrivals.reach(1)]);
  expect([...first.messages, ...second.messages].map(uuidOf)).toEqual([uuid, uuid]);
  keep(issuedCertificate('renewed'));
  await reload(program, config);
  api.recordings.add({ status: 'available' });
  await arrivals.reach(2);
  expect(greeted).toEqual(['client', 'renewed']);
  await close();
});

test('a new source has a first poll of its own, and the others go on', async () => {
  const { api, first, source, program } = await startRunning();
  const other = await stage.api({ recordings: [{ status: 'available' }] });
  await reload(program, { sources: { ...source, other: sourceOf(other) }, sinks: { first: webhookTo(first) } });
  await stage.untilLog(program, /^first poll complete/, (line) => line['source'] === 'other');
  const uuids = [other, api].map(({ recordings }) => recordings.add({ status: 'available' }));
  await first.waitFor(2);
  expect(first.messages.map(uuidOf).sort()).toEqual(uuids.sort());
});

test.each([
  { name: 'removed', sinksOf: (sinks: object) => ({ ...sinks }) },
  {
    name: 'disabled',
    sinksOf: (sinks: object, waiting: object) => ({ ...sinks, waiting: { ...waiting, enabled: false } }),
  },
])('deliveries of a sink that is $name wait, are counted, and go on when it is back', async ({ sinksOf }) => {
  const { api, first, source, program } = await startRunning();
  let isBack = false;
  const receiver = await stage.receiver({ respond: () => ({ status: isBack ? 204 : 500 }) });
  const waiting = webhookTo(receiver, { retries: Array.from({ length: 50 }, () => '2s') });
  const sinks = { first: webhookTo(first) };
  await reload(program, { sources: source, sinks: { ...sinks, waiting } });
  const uuids = [1, 2].map(() => api.recordings.add({ status: 'available' }));
  await stage.until('both have failed', () => program.log.filter(({ msg }) => msg === 'attempt failed').length === 2);

  await reload(program, { sources: source, sinks: sinksOf(sinks, waiting) });
  expect(program.log.filter(({ msg }) => msg === PARKED)).toMatchObject([{ sink: 'waiting', waiting: 2 }]);
  const uuid = api.recordings.add({ status: 'available' });
  await first.waitFor(3);
  const arrived = receiver.messages.length;
  const { stderr } = await stage.run(['deliveries']);
  expect(stderr).toEqual(['2 wait for waiting, which is disabled or not in the config.']);
  const check = await stage.run(['check']);
  expect(check.stdout.join('\n')).toMatch(/notice +sinks\.waiting: 2 deliveries wait for it/);
  expect(receiver.messages).toHaveLength(arrived);

  isBack = true;
  await reload(program, { sources: source, sinks: { ...sinks, waiting } });
  await stage.until('both have arrived', () => receiver.accepted.length === 2);
  expect(receiver.messages.slice(arrived).map(uuidOf).sort()).toEqual(uuids.sort());
  expect(receiver.messages.map(uuidOf)).not.toContain(uuid);
});
