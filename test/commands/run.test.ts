import { createStage, leaksOf, sourceOf, uuidOf, webhookTo } from '../support/stage.js';

const stage = createStage();

async function openOne(more: object = {}) {
  const [api, receiver] = [await stage.api(), await stage.receiver()];
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { hook: webhookTo(receiver) }, ...more });
  return { api, receiver };
}

async function startOwner() {
  const opened = await openOne();
  const owner = await stage.start(['run']);
  await stage.untilLog(owner, /^first poll complete/);
  return { ...opened, owner };
}

test.each([
  { args: ['run'], advice: '"run --wait 60s" waits until it lets go' },
  { args: ['poll'], advice: 'that program polls and delivers, so this one is not needed' },
  { args: ['run', '--wait', '100ms'], advice: '"run --wait 60s" waits until it lets go' },
])(
  'a second owner ends with 1, and its log says who the first is and what would do: $args',
  async ({ args, advice }) => {
    const { owner } = await startOwner();
    const { code, stdout, stderr } = await stage.run(args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: [] });
    expect(JSON.parse(stderr.at(-1) ?? '')).toMatchObject({
      level: 'error',
      problem: expect.stringMatching(
        `owned by process ${owner.pid} on \\S+ since \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z; ${advice}$`,
      ),
    });
    expect(owner.isRunning).toBe(true);
  },
);

test.each(['SIGTERM', 'SIGKILL'] as const)('--wait takes over when the owner ends by %s', async (signal) => {
  const { api, receiver, owner } = await startOwner();
  const next = await stage.start(['run', '--wait', '60s']);
  const line = await stage.untilLog(next, /^waiting for the store/);
  expect(line).toMatchObject({ owner: { pid: owner.pid } });
  owner.kill(signal);
  await owner.ended;
  await stage.untilLog(next, 'running');
  const uuid = api.recordings.add({ status: 'available' });
  await receiver.waitFor(1);
  expect(receiver.messages.map(uuidOf)).toEqual([uuid]);
});

test('a new store is told of, with its path and what the first poll will do', async () => {
  const { owner } = await startOwner();
  expect(owner.log.find(({ msg }) => msg.startsWith('a new store was made'))).toMatchObject({
    level: 'warn',
    store: `sqlite:${stage.folder}/state/notifier.sqlite`,
    firstPoll: { production: 'remember' },
  });
});

test('wrong credentials do not end it: it works once they are right', async () => {
  const { api, receiver } = await openOne();
  const wrong = { clientId: 'client', secret: 'expired-secret' };
  stage.configure({ sources: { production: sourceOf(api, { auth: wrong }) }, sinks: { hook: webhookTo(receiver) } });
  const program = await stage.start(['run']);
  const { reason } = await stage.untilLog(program, 'poll failed');
  expect(reason).toMatch(/source production: .*401.*renew .*sources\.production\.auth\.secret/);
  stage.configure({ sources: { production: sourceOf(api) }, sinks: { hook: webhookTo(receiver) } });
  program.kill('SIGHUP');
  await stage.untilLog(program, /^first poll complete/);
  const uuid = api.recordings.add({ status: 'available' });
  await receiver.waitFor(1);
  expect(receiver.messages.map(uuidOf)).toEqual([uuid]);
  expect(program.stderr.join('\n')).not.toMatch(/expired-secret|\bat \S+:\d+:\d+/);
});

test('firstPoll: announce tells what is there', async () => {
  const { api, receiver } = await openOne();
  const sources = { production: sourceOf(api, { firstPoll: 'announce' }) };
  const uuid = api.recordings.add({ status: 'available' });
  api.recordings.add();
  const program = await stage.start(['run'], { config: { sources, sinks: { hook: webhookTo(receiver) } } });
  await receiver.waitFor(1);
  await stage.untilLog(program, 'delivered');
  expect(receiver.messages.map(uuidOf)).toEqual([uuid]);
});

test('a memory store works for as long as it runs', async () => {
  const { api, receiver } = await openOne({ store: 'memory' });
  const program = await stage.start(['run']);
  await stage.untilLog(program, /^first poll complete/);
  const uuid = api.recordings.add({ status: 'available' });
  await receiver.waitFor(1);
  expect(receiver.messages.map(uuidOf)).toEqual([uuid]);
});

test('the stdout sink writes one JSON line an event, URL included, and nothing else is on stdout', async () => {
  const api = await stage.api();
  const config = {
    sources: { production: sourceOf(api) },
    sinks: { out: { type: 'stdout', events: ['recording.processing', 'recording.available'] } },
  };
  const program = await stage.start(['run'], { config, printsUrls: true });
  await stage.untilLog(program, /^first poll complete/);
  const uuid = api.recordings.add({ meetingId: 'm-1' });
  await stage.until('it has gone into processing', () => program.stdout.length === 1);
  api.recordings.setStatus(uuid, 'available');
  await stage.until('it is available', () => program.stdout.length === 2);
  expect(program.stdout.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ type: 'recording.processing', source: 'production' }),
    expect.objectContaining({
      type: 'recording.available',
      data: {
        recording: expect.objectContaining({ uuid, url: expect.stringMatching(/^http:.*Signature=/) }),
        previousStatus: 'processing',
        occurrence: 1,
      },
    }),
  ]);
  // The search for secrets, which every test ends with, finds what is there.
  expect(leaksOf(program)).toHaveLength(1);
});
